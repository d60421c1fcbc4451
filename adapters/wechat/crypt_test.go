package wechat_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/wechat"
	"kefu/adapters/wechat/wechatsim"
)

// sampleKey is the EncodingAESKey of the platform's sample programs (cryptoDemo.zip, linked from 消息加解密说明).
const sampleKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

// vector is a delivery published by the platform.
type vector struct {
	name, token, key, appID          string
	timestamp, nonce, msgSignature   string
	encrypted                        string
	wantText, wantNative, wantPerson string
	wantRaw                          string // part of the raw delivery, of an unknown event
}

var vectors = []vector{
	{
		name: "python sample", token: "spamtest", key: sampleKey, appID: "wx2c2769f8efd9abc2",
		timestamp: "1409735669", nonce: "1320562132", msgSignature: "5d197aaffba7e9b25a30732f161a50dee96bd5fa",
		encrypted: "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE=",
		wantText:  "abcdteT", wantNative: "6054768590064713728", wantPerson: "oyORnuP8q7ou2gfYjqLzSIWZf0rs",
	},
	{
		name: "c++ sample", token: "spamtest", key: sampleKey, appID: "wx2c2769f8efd9abc2",
		timestamp: "1410349438", nonce: "298025754", msgSignature: "003fee52ecc56afb46c00b5c7721be87860ce785",
		encrypted: "mfBCs65c67CeJw22u4VT2TD73q5H06+ocrAIxswCaeZ/d/Lw0msSZFHY0teqgSYiI1zR2gD2DKrB3TIrmX/liNSDrGqS8jSI/WPeKB5VPr7Ezr7gomZAyGCwJSgT1TRFWPfONGJMxuj2nk4faTuspAuVIFQ6SHwZuJBZC7mcJp7Cgr9cUhATQWDbOPaE7ukZBTV2YqyzH+UI2AK+J1S47cE79k1RX8t0hcTz/O0hlK8DGXKnvYv88qKQcI7z4iaajqHfRVZKBNyOODabs+It+ZfM3dWTeFcPgDbGtIEnpt/EDtuuA/zMvtkaKdHdswPnVZQ+xdwbYr3ldGvfT8HlEYEgkgKaThxTFobVlwzu2ZkXCjicbP3xdr15Iq48ObgzPpqYuZ3IEoyggZDKClquk0u0orMck4GTF/XyE8yGzc4=",
		wantText:  "abcdteT", wantNative: "6057404712141979648", wantPerson: "oyORnuP8q7ou2gfYjqLzSIWZf0rs",
	},
	{
		name: "document, event with a key of zeros", token: "AAAAA", key: strings.Repeat("A", 43), appID: "wx134c8103faa5a59e",
		timestamp: "1715943329", nonce: "1590219412", msgSignature: "6c12a4205838198b8fa631b3220723bb07f1015c",
		encrypted: "D7yzvUNAL930rd28wf21s4hvXhz0L6Uit/p2Di6C5DHyYGpEgdBRnKjBec34JwoQXicwaZC7fOVihW80F4VtsdvE//1vr7oAbqjDv8KenVp+ajKYpJnyQ4zMRhIC+a31fCVOMC03FfzV/QuC94kBP55a+Za3sJgvAn+ZbsNqZI5DkyuzkhQN8OBqCzFhizGmy0xpM0MEA4agpvE+RuNO1rhHTtuJB5yltw1FiYzecSXJ+y/D2r81VkRn2eYjh2ltsoyfbDR7Is6ookXIFxTfyeNyeHxMeT4KN5WpCDmSbTcUYrbBUlkGLJ9n/rU8YOywma6G7aTb7KZKOqCxgfoUlYEZPk4FUL/TK7ShriFDMVCLyjQJ15Ob++agDWtcxhfUfe6HIoIpRW8mKNBQiY/Jd1svvuskA1wLef1RTtzKfMpagSCX/laZINmdnX4zrF6kIaR9P4xQrWXbsTFHTYe0Mg==",
		wantRaw:   "debug_demo",
	},
}

func (v vector) config(mode wechat.Mode) wechat.Config {
	c := wechat.Config{AppID: v.appID, AppSecret: "3c6e0b8a9c15224a8228b9a98ca1531d", Token: adapters.Secret(v.token), AESKey: adapters.Secret(v.key), Mode: mode}
	c.Defaults()
	return c
}

func (v vector) now() time.Time {
	sec, _ := strconv.ParseInt(v.timestamp, 10, 64)
	return time.Unix(sec, 0)
}

func (v vector) query() url.Values {
	return url.Values{
		"timestamp": {v.timestamp}, "nonce": {v.nonce}, "encrypt_type": {"aes"}, "msg_signature": {v.msgSignature},
		"signature": {sign(v.token, v.timestamp, v.nonce)},
	}
}

func (v vector) body() string {
	return "<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName><Encrypt><![CDATA[" + v.encrypted + "]]></Encrypt></xml>"
}

func TestPublishedDeliveries(t *testing.T) {
	for _, v := range vectors {
		for _, mode := range []wechat.Mode{wechat.ModeSafe, wechat.ModeCompatible} {
			t.Run(v.name+" "+string(mode), func(t *testing.T) {
				g := adaptertest.NewGateway()
				env, _ := adaptertest.NewEnv(t, g)
				env.Now = v.now
				a := newAdapter(t, v.config(mode), env)
				if status, _ := serve(a, post(v.query(), v.body())); status != http.StatusOK {
					t.Fatalf("status = %d, want 200", status)
				}
				got := g.Received()
				if len(got) != 1 {
					t.Fatalf("received %d messages, want 1", len(got))
				}
				m := got[0]
				if v.wantRaw != "" {
					if m.Event != adapters.EventDeliverNote || !strings.Contains(string(m.Raw), v.wantRaw) {
						t.Errorf("received %+v, want a notice with %q", m, v.wantRaw)
					}
					return
				}
				if m.Text != v.wantText || string(m.From.ID) != v.wantPerson || v.wantNative != "" && string(m.Native) != v.wantNative {
					t.Errorf("received %q (%s) from %q, want %q (%s) from %q", m.Text, m.Native, m.From.ID, v.wantText, v.wantNative, v.wantPerson)
				}
			})
		}
	}
}

func TestPublishedAddressCheck(t *testing.T) {
	c := plainConfig()
	c.Token = "AAAAA"
	g := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, g)
	env.Now = func() time.Time { return time.Unix(1714037059, 0) }
	a := newAdapter(t, c, env)
	r := httptest.NewRequest(http.MethodGet, "/?signature=899cf89e464efb63f54ddac96b0a0a235f53aa78&timestamp=1714037059&nonce=486452656&echostr=4375120948345356249", nil)
	if status, body := serve(a, r); status != http.StatusOK || body != "4375120948345356249" {
		t.Errorf("answered %d %q, want 200 and the echo", status, body)
	}
}

func TestForgedDeliveriesAreRefused(t *testing.T) {
	v := vectors[0]
	plain := strings.ReplaceAll(file(t, "text"), "退货", "forged")
	tests := []struct {
		name   string
		mode   wechat.Mode
		change func(url.Values) (body string)
		want   int
	}{
		{"no signature", wechat.ModeSafe, func(q url.Values) string { q.Del("signature"); return v.body() }, 401},
		{"no msg_signature", wechat.ModeSafe, func(q url.Values) string { q.Del("msg_signature"); return v.body() }, 401},
		{"msg_signature of another body", wechat.ModeSafe, func(url.Values) string { return strings.Replace(v.body(), "hyzA", "hyzB", 1) }, 401},
		{"plain text in safe mode", wechat.ModeSafe, func(url.Values) string { return plain }, 401},
		{"plain text in compatible mode", wechat.ModeCompatible, func(url.Values) string { return plain }, 401},
		{"plain text and a query that says so", wechat.ModeSafe, func(q url.Values) string { q.Set("encrypt_type", "raw"); q.Del("msg_signature"); return plain }, 401},
		{"another nonce", wechat.ModeSafe, func(q url.Values) string { q.Set("nonce", "1"); return v.body() }, 401},
		{"another timestamp", wechat.ModeSafe, func(q url.Values) string { q.Set("timestamp", "1409735670"); return v.body() }, 401},
		{"an echo on a delivery", wechat.ModeSafe, func(q url.Values) string { q.Set("echostr", "reflect-me"); q.Del("msg_signature"); return v.body() }, 401},
		{"encrypted to an account in plain mode", wechat.ModePlain, func(url.Values) string { return v.body() }, 400},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := adaptertest.NewGateway()
			env, _ := adaptertest.NewEnv(t, g)
			env.Now = v.now
			a := newAdapter(t, v.config(test.mode), env)
			q := v.query()
			body := test.change(q)
			status, answer := serve(a, post(q, body))
			if status != test.want || len(g.Received()) != 0 {
				t.Errorf("status = %d and %d received, want %d and nothing", status, len(g.Received()), test.want)
			}
			if strings.Contains(answer, "reflect-me") {
				t.Errorf("the answer reflects the query: %q", answer)
			}
		})
	}
}

// The plain half of a compatible delivery is not signed: what counts is the encrypted half.
func TestCompatibleDeliveryIsReadFromItsEncryptedHalf(t *testing.T) {
	v := vectors[0]
	g := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, g)
	env.Now = v.now
	a := newAdapter(t, v.config(wechat.ModeCompatible), env)
	body := strings.Replace(v.body(), "<Encrypt>", "<FromUserName>oForged</FromUserName><MsgType>text</MsgType><Content>forged</Content><MsgId>1</MsgId><Encrypt>", 1)
	serve(a, post(v.query(), body))
	if got := g.Received(); len(got) != 1 || got[0].Text != v.wantText || string(got[0].From.ID) != v.wantPerson {
		t.Errorf("received %+v, want the encrypted half", got)
	}
}

func TestUnreadableSealedDeliveries(t *testing.T) {
	v := vectors[0]
	other := v.config(wechat.ModeSafe)
	other.AESKey = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
	foreign := v.config(wechat.ModeSafe)
	foreign.AppID = "wx0000000000000000"
	for name, c := range map[string]wechat.Config{"another key": other, "another account": foreign} {
		t.Run(name, func(t *testing.T) {
			g := adaptertest.NewGateway()
			env, _ := adaptertest.NewEnv(t, g)
			env.Now = v.now
			if status, _ := serve(newAdapter(t, c, env), post(v.query(), v.body())); status != http.StatusBadRequest || len(g.Received()) != 0 {
				t.Errorf("status = %d and %d received, want 400 and nothing", status, len(g.Received()))
			}
		})
	}
}

func TestTimeWindow(t *testing.T) {
	v := vectors[0]
	for _, test := range []struct {
		off    time.Duration
		window time.Duration
		want   int
	}{
		{0, 0, 200},
		{5 * time.Minute, 0, 200},
		{5*time.Minute + time.Second, 0, 401},
		{-5 * time.Minute, 0, 200},
		{-5*time.Minute - time.Second, 0, 401},
		{2 * time.Hour, 3 * time.Hour, 200},
	} {
		t.Run(test.off.String(), func(t *testing.T) {
			g := adaptertest.NewGateway()
			env, _ := adaptertest.NewEnv(t, g)
			env.Now = func() time.Time { return v.now().Add(test.off) }
			c := v.config(wechat.ModeSafe)
			if test.window != 0 {
				c.TimeWindow = test.window
			}
			if status, _ := serve(newAdapter(t, c, env), post(v.query(), v.body())); status != test.want {
				t.Errorf("status = %d, want %d", status, test.want)
			}
		})
	}
}

// A 32-bit timestamp ends in 2038.
func TestDeliveryOf2040(t *testing.T) {
	at := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	g := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, g)
	env.Now = func() time.Time { return at }
	a := newAdapter(t, plainConfig(), env)
	body := strings.Replace(file(t, "text"), "1409735668", strconv.FormatInt(at.Unix(), 10), 1)
	if status, _ := serve(a, post(query(token, at), body)); status != http.StatusOK || !g.Received()[0].SentAt.Equal(at) {
		t.Errorf("status = %d, received %+v", status, g.Received())
	}
}

// While token and key are being changed the platform still holds the old ones: deliveries pass, and the reply is made with the old ones.
func TestPreviousTokenAndKey(t *testing.T) {
	for name, change := range map[string]func(*wechat.Config){
		"token": func(c *wechat.Config) { c.TokenPrevious, c.Token = c.Token, "brandNewToken" },
		"key":   func(c *wechat.Config) { c.AESKeyPrevious, c.AESKey = c.AESKey, sampleKey },
		"both": func(c *wechat.Config) {
			c.TokenPrevious, c.Token = c.Token, "brandNewToken"
			c.AESKeyPrevious, c.AESKey = c.AESKey, sampleKey
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := account
			o.Mode = wechatsim.ModeSafe
			s := startSim(t, o)
			c := configOf(s.Account(), s.BaseURL())
			change(&c)
			g := adaptertest.NewGateway()
			g.AnswerWith(says("sealed with the old pair"))
			env, _ := adaptertest.NewEnv(t, g)
			s.SetWebhook(adaptertest.Serve(t, newAdapter(t, c, env)))
			if err := s.Verify(t.Context()); err != nil {
				t.Errorf("address check: %v", err)
			}
			say(t, s, "hello")
			wantReply(t, s, "sealed with the old pair")
		})
	}
}

func TestReplyIsSealedFresh(t *testing.T) {
	v := vectors[0]
	g := adaptertest.NewGateway()
	g.AnswerWith(says("one"))
	env, _ := adaptertest.NewEnv(t, g)
	env.Now = v.now
	a := newAdapter(t, v.config(wechat.ModeSafe), env)
	type sealed struct{ Encrypt, Nonce, TimeStamp, MsgSignature string }
	var replies [2]sealed
	for i := range replies {
		_, body := serve(a, post(v.query(), v.body()))
		if err := xml.Unmarshal([]byte(body), &replies[i]); err != nil {
			t.Fatalf("reply %q: %v", body, err)
		}
		r := replies[i]
		if want := sign(v.token, r.TimeStamp, r.Nonce, r.Encrypt); r.MsgSignature != want || r.TimeStamp != v.timestamp {
			t.Errorf("signature %s at %s, want %s", r.MsgSignature, r.TimeStamp, want)
		}
	}
	if replies[0].Encrypt == replies[1].Encrypt || replies[0].Nonce == replies[1].Nonce {
		t.Error("two replies share their random part")
	}
}
