package wechat_test

import (
	"crypto/sha1"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/wechat"
)

const (
	person  = "oyORnuP8q7ou2gfYjqLzSIWZf0rs"
	gateway = "gh_97417a04a28d"
	token   = "spamtest"
)

// sentAt is the CreateTime of the files in testdata.
var sentAt = time.Unix(1409735668, 0).UTC()

func plainConfig() wechat.Config {
	c := wechat.Config{AppID: "wx2c2769f8efd9abc2", AppSecret: "3c6e0b8a9c15224a8228b9a98ca1531d", Token: token, Mode: wechat.ModePlain}
	c.Defaults()
	return c
}

// sign signs as the platform's document says, in code of its own.
func sign(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

func query(token string, at time.Time) url.Values {
	ts := strconv.FormatInt(at.Unix(), 10)
	return url.Values{"timestamp": {ts}, "nonce": {"1320562132"}, "signature": {sign(token, ts, "1320562132")}, "openid": {person}}
}

func post(q url.Values, body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/webhook/shop?"+q.Encode(), strings.NewReader(body))
}

func serve(h http.Handler, r *http.Request) (status int, body string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// receiver is an adapter over a recording gateway whose clock stands at sentAt.
func receiver(t testing.TB, c wechat.Config) (*wechat.Adapter, *adaptertest.Gateway) {
	t.Helper()
	g := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, g)
	env.Now = func() time.Time { return sentAt }
	return newAdapter(t, c, env), g
}

// quiet is for fuzzing and benchmarks, where a kept log would only grow.
func quiet(env adapters.Env) adapters.Env {
	env.Log = slog.New(slog.DiscardHandler)
	return env
}
