package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/feishu"
	"kefu/adapters/wechat"
	"kefu/internal/coord"
	"kefu/internal/coord/local"
)

// tokenPlatform stands for WeChat or Feishu: it gives out numbered tokens and refuses the first with a code.
type tokenPlatform struct {
	issue, accept string // answers, of a number and of nothing
	refuse        string
	issued, sends atomic.Int32
	gate          chan struct{} // closed once every sender has been refused
	refused       atomic.Int32
	senders       int32
}

func (p *tokenPlatform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.Copy(io.Discard, r.Body)
	if strings.Contains(r.URL.Path, "token") {
		_, _ = fmt.Fprintf(w, p.issue, p.issued.Add(1))
		return
	}
	p.sends.Add(1)
	if !strings.HasSuffix(r.URL.Query().Get("access_token")+r.Header.Get("Authorization"), "token-1") {
		_, _ = io.WriteString(w, p.accept)
		return
	}
	if p.refused.Add(1) == p.senders {
		close(p.gate)
	}
	select { // nobody hears of the refusal before everybody has used the token
	case <-p.gate:
	case <-r.Context().Done():
		return
	}
	_, _ = io.WriteString(w, p.refuse)
}

// A token that the platform no longer takes is replaced once, however many sends of however many replicas are told so at the same time, and every send succeeds.
func TestRefusedTokenIsReplacedOnceForAll(t *testing.T) {
	const replicas, each = 2, 12
	secret := adapters.Secret(strings.Repeat("s", 32))
	type kind struct {
		issue, accept, refuse string
		codes                 []int
		adapter               func(base string, env adapters.Env) (adapters.Adapter, error)
	}
	kinds := map[string]kind{
		"wechat": {
			`{"access_token":"token-%d","expires_in":7200}`, `{"errcode":0}`, `{"errcode":%d,"errmsg":"x"}`, []int{40001, 40014, 42001},
			func(base string, env adapters.Env) (adapters.Adapter, error) {
				return wechat.New("wx", wechat.Config{AppID: "wx0123456789abcdef", AppSecret: secret, Token: "token", Mode: wechat.ModePlain, APIBase: base}, env)
			},
		},
		"feishu": {
			`{"code":0,"tenant_access_token":"token-%d","expire":7200}`, `{"code":0,"data":{"message_id":"om_1"}}`, `{"code":%d,"msg":"x"}`, []int{99991661, 99991663, 99991664, 99991671},
			func(base string, env adapters.Env) (adapters.Adapter, error) {
				return feishu.New("fs", feishu.Config{AppID: "cli_1", AppSecret: secret, VerificationToken: "v", APIBase: base}, env)
			},
		},
	}
	for name, k := range kinds {
		for _, code := range k.codes {
			t.Run(fmt.Sprintf("%s/%d", name, code), func(t *testing.T) {
				p := &tokenPlatform{issue: k.issue, accept: k.accept, refuse: fmt.Sprintf(k.refuse, code), gate: make(chan struct{}), senders: replicas * each}
				server := httptest.NewServer(p)
				t.Cleanup(server.Close)
				shared := local.New(local.Options{})
				t.Cleanup(func() { _ = shared.Close() })
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				var sending sync.WaitGroup
				for range replicas {
					env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
					env.Tokens = coord.NewTokens(shared, time.Now)
					env.HTTP = &http.Client{Timeout: time.Minute}
					a, err := k.adapter(server.URL, env)
					if err != nil {
						t.Fatal(err)
					}
					for i := range each {
						sending.Go(func() {
							if _, err := a.Send(ctx, adapters.Outgoing{Key: fmt.Sprint(i), Chat: "ou_1", Text: "hello"}); err != nil {
								t.Errorf("send: %v", err)
							}
						})
					}
				}
				sending.Wait()
				if issued, sends := p.issued.Load(), p.sends.Load(); issued != 2 || sends != 2*replicas*each {
					t.Errorf("%d tokens were asked for and %d sends made, want 2 and %d", issued, sends, 2*replicas*each)
				}
			})
		}
	}
}
