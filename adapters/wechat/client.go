package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/silenceper/wechat/v2/credential"

	"kefu/adapters"
)

const (
	pathToken  = "/cgi-bin/stable_token"
	pathSend   = "/cgi-bin/message/custom/send"
	pathTyping = "/cgi-bin/message/custom/typing"

	callTimeout = 5 * time.Second // of a call whose context has no deadline
	maxAnswer   = 1 << 20

	// tokenMargin is taken off a token's life: the platform renews it five minutes before it ends, when both are valid.
	tokenMargin = 5 * time.Minute
)

// client calls the platform's API for one account. It is safe for concurrent use.
type client struct {
	base   string
	appID  string
	secret adapters.Secret
	http   *http.Client
	// outside fetches from addresses the platform names.
	outside *http.Client
	tokens  adapters.Tokens
}

// post calls path with the account's token.
func (c *client) post(ctx context.Context, path string, in any) error {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	return c.withToken(ctx, func(token string) error { return c.postWith(ctx, path, token, in) })
}

// withToken makes a call with the account's token, and once more when the platform refuses that token.
func (c *client) withToken(ctx context.Context, call func(token string) error) error {
	token, err := c.token(ctx)
	if err != nil {
		return err
	}
	if err = call(token); !tokenRefused(err) {
		return err
	}
	token, renewErr := c.renew(ctx, token)
	if renewErr != nil {
		return renewErr
	}
	return call(token)
}

func (c *client) postWith(ctx context.Context, path, token string, in any) error {
	body, err := c.call(ctx, path, url.Values{"access_token": {token}}, in)
	if err != nil {
		return err
	}
	var a answer
	if json.Unmarshal(body, &a) != nil || a.ErrCode == nil {
		return &adapters.SendError{Reason: adapters.ReasonUnknown, Err: fmt.Errorf("%s: unreadable answer", path)}
	}
	return nil
}

// call posts in as JSON and returns the body of an answer whose errcode is 0 or absent. Every error is a *adapters.SendError.
func (c *client) call(ctx context.Context, path string, query url.Values, in any) ([]byte, error) {
	payload, err := encode(in)
	if err != nil {
		return nil, &adapters.SendError{Reason: adapters.ReasonRejected, Err: fmt.Errorf("%s: %w", path, err)}
	}
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(payload))
	if err != nil {
		return nil, &adapters.SendError{Reason: adapters.ReasonRejected, Err: fmt.Errorf("%s: bad address", path)}
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, adapters.TransportError(path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, &adapters.SendError{Reason: adapters.ReasonUnknown, Err: fmt.Errorf("%s: answer cut off", path)}
	}
	return body, refusal(path, resp.StatusCode, body)
}

// encode writes JSON as the platform wants it: without \uXXXX escapes (40033).
func encode(in any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(in); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return b.Bytes(), nil
}

// key names the account on its platform: one app id means different accounts on different addresses.
func (c *client) key() string {
	if c.base == DefaultAPIBase {
		return "wechat|" + c.appID
	}
	return "wechat|" + c.base + "|" + c.appID
}

func (c *client) token(ctx context.Context) (string, error) {
	token, err := c.tokens.Token(ctx, c.key(), func(ctx context.Context) (string, time.Duration, error) {
		return c.fetchToken(ctx, false)
	})
	return token, beforeSend(err)
}

// renew replaces a refused token. The platform returns the same token until shortly before its end, so if that one was refused a new one must be forced
// (20 times a day at most, 30 s apart: https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken).
func (c *client) renew(ctx context.Context, stale string) (string, error) {
	token, err := c.tokens.Renew(ctx, c.key(), stale, func(ctx context.Context) (string, time.Duration, error) {
		token, ttl, err := c.fetchToken(ctx, false)
		if err == nil && token == stale {
			return c.fetchToken(ctx, true)
		}
		return token, ttl, err
	})
	return token, beforeSend(err)
}

// beforeSend classifies a failure of what comes before a message, getting a token or handing media over: whatever became of that call, the message itself was not sent.
func beforeSend(err error) error {
	if err == nil {
		return nil
	}
	var se *adapters.SendError
	if errors.As(err, &se) && se.Reason != adapters.ReasonUnknown {
		return se
	}
	return &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: fmt.Errorf("before sending: %w", err)}
}

func (c *client) fetchToken(ctx context.Context, force bool) (string, time.Duration, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	body, err := c.call(ctx, pathToken, nil, map[string]any{
		"grant_type": "client_credential", "appid": c.appID, "secret": c.secret.Reveal(), "force_refresh": force,
	})
	if err != nil {
		return "", 0, err
	}
	var r credential.ResAccessToken
	if json.Unmarshal(body, &r) != nil || r.AccessToken == "" || r.ExpiresIn <= 0 {
		return "", 0, &adapters.SendError{Reason: adapters.ReasonUnknown, Err: fmt.Errorf("%s: unreadable answer", pathToken)}
	}
	return r.AccessToken, usable(time.Duration(r.ExpiresIn) * time.Second), nil
}

// usable is how long a token with this much life left is kept.
func usable(left time.Duration) time.Duration {
	if left > 2*tokenMargin {
		return left - tokenMargin
	}
	return left / 2
}

func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, callTimeout)
}
