package wechat_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/wechat"
)

// lastMessage is a gateway that keeps only the last message, for fuzzing.
type lastMessage struct{ got *adapters.Message }

func (l *lastMessage) Receive(_ context.Context, m adapters.Message) error {
	l.got = &m
	return nil
}

func (l *lastMessage) Answered(context.Context, adapters.Message, bool) {}

func (l *lastMessage) Answer(context.Context, adapters.Message, int) (string, bool, error) {
	return "", false, nil
}

// checkSound holds for whatever is received.
func checkSound(t *testing.T, m adapters.Message) {
	t.Helper()
	prefix := adapters.NewID(inbox, m.Chat, m.Kind, "")
	switch {
	case m.Chat == "" || m.Inbox != inbox || string(m.From.ID) != string(m.Chat):
		t.Fatalf("nobody's message: %+v", m)
	case !strings.HasPrefix(m.ID, prefix) || len(m.ID) == len(prefix):
		t.Fatalf("ID = %q", m.ID)
	case !utf8.ValidString(m.Text) || strings.ContainsRune(m.Text, 0):
		t.Fatalf("Text = %q", m.Text)
	case (m.Kind == adapters.KindUnknown || m.Event == adapters.EventDeliverNote) != (m.Raw != nil) || len(m.Raw) > 64<<10:
		t.Fatalf("%s with %d raw bytes", m.Kind, len(m.Raw))
	case (m.Kind == adapters.KindEvent) != (m.Event != ""):
		t.Fatalf("%s with event %q", m.Kind, m.Event)
	}
}

// FuzzSealed feeds ciphertexts under a right signature to the decrypter.
func FuzzSealed(f *testing.F) {
	for _, v := range vectors {
		sealed, err := base64.StdEncoding.DecodeString(v.encrypted)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(sealed)
	}
	f.Add([]byte{})
	f.Add(make([]byte, 31))
	f.Add(make([]byte, 32))
	env, _ := adaptertest.NewEnv(f, adaptertest.NewGateway())
	probe := &lastMessage{}
	env.Gateway, env.Now = probe, func() time.Time { return sentAt }
	c := plainConfig()
	c.Mode, c.AESKey = wechat.ModeSafe, sampleKey
	a := newAdapter(f, c, quiet(env))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		encrypted := base64.StdEncoding.EncodeToString(sealed)
		q := query(token, sentAt)
		q.Set("msg_signature", sign(token, q.Get("timestamp"), q.Get("nonce"), encrypted))
		probe.got = nil
		status, _ := serve(a, post(q, "<xml><Encrypt>"+encrypted+"</Encrypt></xml>"))
		if status != http.StatusOK && status < 400 || status >= 500 {
			t.Fatalf("status = %d", status)
		}
		if probe.got != nil {
			checkSound(t, *probe.got)
		}
	})
}

// FuzzQuery feeds anything to the verification: without the token nothing passes.
func FuzzQuery(f *testing.F) {
	f.Add("signature=899cf89e464efb63f54ddac96b0a0a235f53aa78&timestamp=1714037059&nonce=486452656&echostr=x")
	f.Add("signature=&timestamp=-1&nonce=")
	f.Add("%zz;=&timestamp=99999999999999999999")
	env, _ := adaptertest.NewEnv(f, adaptertest.NewGateway())
	a := newAdapter(f, plainConfig(), quiet(env))
	f.Fuzz(func(t *testing.T, raw string) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r := post(nil, "<xml></xml>")
			r.Method, r.URL.RawQuery = method, raw
			if status, body := serve(a, r); status != http.StatusUnauthorized {
				t.Fatalf("%s: status = %d, body %q", method, status, body)
			}
		}
	})
}
