package wechat_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/wechat"
	"kefu/adapters/wechat/wechatsim"
	"kefu/internal/sim"
)

func says(text string) adaptertest.AnswerFunc {
	return func(context.Context, adapters.Message, int) (string, bool, error) { return text, true, nil }
}

// never is a core that is not done in time.
func never(ctx context.Context, _ adapters.Message, _ int) (string, bool, error) {
	<-ctx.Done()
	return "", false, nil
}

func say(t testing.TB, s *wechatsim.Sim, text string) string {
	t.Helper()
	id, err := s.Say(t.Context(), sim.Say{From: person, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	return id
}

func own(s *wechatsim.Sim) (texts []string) {
	for _, p := range s.Posts(0) {
		if p.From == "" {
			texts = append(texts, p.Via+": "+p.Text)
		}
	}
	return texts
}

func wantReply(t testing.TB, s *wechatsim.Sim, text string) {
	t.Helper()
	if got := own(s); !slices.Equal(got, []string{"passive: " + text}) {
		t.Errorf("the account said %q, want the reply %q", got, text)
	}
	if r := s.Refusals(); len(r) != 0 {
		t.Errorf("the platform refused %v", r)
	}
}

// passive is the configuration of an account without the customer-service API.
func passive() wechat.Config {
	c := plainConfig()
	c.ServiceAPI = new(false)
	return c
}

// request serves one delivery as the platform does: it hangs up after cut. took is how long the request was open.
func request(a http.Handler, body string, at time.Time, cut time.Duration) (status int, answer string, took time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), cut)
	defer cancel()
	w := httptest.NewRecorder()
	began := time.Now()
	a.ServeHTTP(w, post(query(token, at), body).WithContext(ctx))
	return w.Code, w.Body.String(), time.Since(began)
}

// inBubble runs an adapter on the bubble's clock.
func inBubble(t *testing.T, c wechat.Config, answer adaptertest.AnswerFunc, run func(t *testing.T, a *wechat.Adapter, g *adaptertest.Gateway)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g := adaptertest.NewGateway()
		g.AnswerWith(answer)
		env, _ := adaptertest.NewEnv(t, g)
		run(t, newAdapter(t, c, env), g)
	})
}

func TestLateAnswerIsAcknowledgedInTime(t *testing.T) {
	inBubble(t, plainConfig(), never, func(t *testing.T, a *wechat.Adapter, g *adaptertest.Gateway) {
		status, answer, took := request(a, file(t, "text"), time.Now(), 5*time.Second)
		if status != http.StatusOK || answer != "success" || took != 4500*time.Millisecond {
			t.Errorf("answered %d %q after %v, want 200 success after 4.5s", status, answer, took)
		}
		if len(g.Received()) != 1 {
			t.Errorf("received %d times, want once", len(g.Received()))
		}
	})
}

func TestPassiveOnlyLeavesTwoRequestsOpen(t *testing.T) {
	inBubble(t, passive(), never, func(t *testing.T, a *wechat.Adapter, g *adaptertest.Gateway) {
		for i, want := range []struct {
			answer string
			took   time.Duration
		}{
			{"", 5 * time.Second},
			{"", 5 * time.Second},
			{"success", 4500 * time.Millisecond},
		} {
			_, answer, took := request(a, file(t, "text"), time.Now(), 5*time.Second)
			if answer != want.answer || took != want.took {
				t.Errorf("request %d: answered %q after %v, want %q after %v", i+1, answer, took, want.answer, want.took)
			}
		}
		if got := g.Attempts(); !slices.Equal(got, []int{1, 2, 3}) {
			t.Errorf("attempts = %v, want 1 2 3", got)
		}
	})
}

func TestPassiveOnlyWithoutACutEndsInAFailure(t *testing.T) {
	inBubble(t, passive(), never, func(t *testing.T, a *wechat.Adapter, _ *adaptertest.Gateway) {
		status, _, took := request(a, file(t, "text"), time.Now(), time.Hour)
		if status != http.StatusServiceUnavailable || took != 6400*time.Millisecond {
			t.Errorf("answered %d after %v, want 503 after 6.4s", status, took)
		}
	})
}

func TestPassiveOnlyAcknowledgesWhatNeedsNoAnswer(t *testing.T) {
	inBubble(t, passive(), nil, func(t *testing.T, a *wechat.Adapter, _ *adaptertest.Gateway) {
		status, answer, took := request(a, file(t, "text"), time.Now(), 5*time.Second)
		if status != http.StatusOK || answer != "success" || took != 0 {
			t.Errorf("answered %d %q after %v, want 200 success at once", status, answer, took)
		}
	})
}

func TestPassiveOnlyFailureIsAskedAgain(t *testing.T) {
	failing := func(context.Context, adapters.Message, int) (string, bool, error) {
		return "", false, errors.New("planned")
	}
	inBubble(t, passive(), failing, func(t *testing.T, a *wechat.Adapter, _ *adaptertest.Gateway) {
		_, answer, took := request(a, file(t, "text"), time.Now(), 5*time.Second)
		if answer != "" || took != 5*time.Second {
			t.Errorf("answered %q after %v, want nothing until the cut", answer, took)
		}
	})
}

func TestSlowStoreIsNotAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env, _ := adaptertest.NewEnv(t, nil)
		env.Gateway = &hanging{}
		a := newAdapter(t, plainConfig(), env)
		status, _, took := request(a, file(t, "text"), time.Now(), 5*time.Second)
		if status != http.StatusServiceUnavailable || took != 4500*time.Millisecond {
			t.Errorf("answered %d after %v, want 503 after 4.5s", status, took)
		}
	})
}

type hanging struct{ lastMessage }

func (*hanging) Receive(ctx context.Context, _ adapters.Message) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestAttemptsAreCountedPerMessageAndForgotten(t *testing.T) {
	inBubble(t, plainConfig(), nil, func(t *testing.T, a *wechat.Adapter, g *adaptertest.Gateway) {
		other := strings.Replace(file(t, "text"), "6054768590064713728", "6054768590064713729", 1)
		for _, body := range []string{file(t, "text"), other, file(t, "text"), file(t, "text"), file(t, "text")} {
			request(a, body, time.Now(), time.Second)
		}
		<-time.After(2 * time.Minute) // of the bubble's clock
		request(a, file(t, "text"), time.Now(), time.Second)
		if got, want := g.Attempts(), []int{1, 1, 2, 3, 3, 1}; !slices.Equal(got, want) {
			t.Errorf("attempts = %v, want %v", got, want)
		}
	})
}

// A repeat counts across the change of generations, which happens every 30 s.
func TestAttemptsSurviveTheTurnOfAGeneration(t *testing.T) {
	inBubble(t, plainConfig(), nil, func(t *testing.T, a *wechat.Adapter, g *adaptertest.Gateway) {
		request(a, file(t, "click"), time.Now(), time.Second)
		<-time.After(28 * time.Second)
		request(a, file(t, "text"), time.Now(), time.Second)
		<-time.After(5 * time.Second)
		request(a, file(t, "text"), time.Now(), time.Second)
		if got, want := g.Attempts(), []int{1, 1, 2}; !slices.Equal(got, want) {
			t.Errorf("attempts = %v, want %v", got, want)
		}
	})
}

func TestAddressCheck(t *testing.T) {
	for _, test := range []struct {
		name  string
		token string
		echo  string
		want  int
	}{
		{"genuine", token, "echo-1", 200},
		{"wrong token", "another", "echo-1", 401},
		{"nothing to repeat", token, "", 400},
		{"markup", token, "<script>alert(1)</script>", 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, _ := receiver(t, plainConfig())
			q := query(test.token, sentAt)
			q.Set("echostr", test.echo)
			w := httptest.NewRecorder()
			a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?"+q.Encode(), nil))
			if w.Code != test.want || test.want == 200 && w.Body.String() != test.echo {
				t.Errorf("answered %d %q, want %d %q", w.Code, w.Body, test.want, test.echo)
			}
			if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/plain") {
				t.Errorf("Content-Type = %q: the echo must not pass for a page", got)
			}
		})
	}
}

func TestHostileXML(t *testing.T) {
	deep := strings.Repeat("<a>", 10_000)
	for name, body := range map[string]string{
		"deep":          "<xml><FromUserName>o1</FromUserName>" + deep + strings.Repeat("</a>", 10_000) + "</xml>",
		"deep and open": "<xml>" + deep,
		"document type": `<!DOCTYPE xml SYSTEM "http://127.0.0.1/x"><xml><FromUserName>o1</FromUserName></xml>`,
		"entity":        `<xml><FromUserName>&lol;</FromUserName></xml>`,
		"gbk":           "<?xml version=\"1.0\" encoding=\"GBK\"?><xml><FromUserName>o1</FromUserName></xml>",
		"json":          `{"FromUserName":"o1"}`,
		"empty":         "",
	} {
		t.Run(name, func(t *testing.T) {
			a, g := receiver(t, plainConfig())
			if status, _ := serve(a, post(query(token, sentAt), body)); status != http.StatusBadRequest || len(g.Received()) != 0 {
				t.Errorf("status = %d and %d received, want 400 and nothing", status, len(g.Received()))
			}
		})
	}
}

func TestReplies(t *testing.T) {
	long := strings.Repeat("好", 683) // 2,049 bytes
	tests := []struct{ name, answer, want string }{
		{"text", "您好 <b>, <a> & ]]> 😀", "您好 <b>, <a> & ]]> 😀"},
		{"link", "看 <a href=\"https://example.com\">链接</a>。", "看 链接。"},
		{"lines", "a\nb\n", "a\nb\n"},
		{"control characters", "a\x00b\x08c\u2028d\xff", "abc\nd\ufffd"},
		{"longest", strings.Repeat("x", 2048), strings.Repeat("x", 2048)},
		{"too long", long, strings.Repeat("好", 681) + "…"},
	}
	for _, mode := range []wechatsim.Mode{wechatsim.ModePlain, wechatsim.ModeCompatible, wechatsim.ModeSafe} {
		for _, test := range tests {
			t.Run(string(mode)+" "+test.name, func(t *testing.T) {
				o := account
				o.Mode = mode
				s, g, _ := online(t, o)
				g.AnswerWith(says(test.answer))
				say(t, s, "question")
				wantReply(t, s, test.want)
				if p := s.Posts(0); test.name == "link" && p[len(p)-1].Markup != "看 <a href=\"https://example.com\">链接</a>。" {
					t.Errorf("the reply looks like %q", p[len(p)-1].Markup)
				}
			})
		}
	}
}

func TestBlankAnswerIsAcknowledged(t *testing.T) {
	s, g, _ := online(t, account)
	g.AnswerWith(says(" \n"))
	say(t, s, "question")
	if got := own(s); len(got) != 0 || len(s.Posts(0)) != 1 {
		t.Errorf("the account said %q", got)
	}
}

// The third of three requests still carries the answer of an account without the customer-service API.
func TestPassiveOnlyAnswersOnTheThirdRequest(t *testing.T) {
	o := account
	o.PassiveOnly, o.Cut = true, 500*time.Millisecond
	s, g, _ := online(t, o)
	g.AnswerWith(func(ctx context.Context, m adapters.Message, attempt int) (string, bool, error) {
		if attempt < 3 {
			return never(ctx, m, attempt)
		}
		return "at last", true, nil
	})
	say(t, s, "question")
	wantReply(t, s, "at last")
	if got := g.Attempts(); !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("attempts = %v, want 1 2 3", got)
	}
}

// online joins a simulator and an adapter over HTTP.
func online(t testing.TB, o wechatsim.Options) (*wechatsim.Sim, *adaptertest.Gateway, *wechat.Adapter) {
	t.Helper()
	s := startSim(t, o)
	g := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, g)
	a := newAdapter(t, configOf(s.Account(), s.BaseURL()), env)
	s.SetWebhook(adaptertest.Serve(t, a))
	return s, g, a
}
