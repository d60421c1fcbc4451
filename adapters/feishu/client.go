package feishu

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	larkcore "github.com/larksuite/oapi-sdk-go/v3/core"
	larkim "github.com/larksuite/oapi-sdk-go/v3/service/im/v1"

	"kefu/adapters"
)

const (
	callTimeout = 5 * time.Second
	maxAnswer   = 1 << 20
	botInfoPath = "/open-apis/bot/v3/info"
	// tokenMargin is how long before its end a token is replaced: the platform issues a new one from 30 minutes before, and both are valid.
	tokenMargin = 5 * time.Minute
)

// client makes the platform's calls. Every error is a *adapters.SendError.
type client struct {
	cfg  Config
	sdk  *larkcore.Config
	im   *larkim.V1
	http judging
	// patient has no time-out of its own: for files and the long connection.
	patient *http.Client
	tokens  adapters.Tokens
}

func newClient(cfg Config, env adapters.Env) *client {
	patient := *env.HTTP
	patient.Timeout = 0
	c := &client{cfg: cfg, http: judging{env.HTTP}, patient: &patient, tokens: env.Tokens}
	c.sdk = &larkcore.Config{
		BaseUrl:      cfg.APIBase,
		AppId:        cfg.AppID,
		AppSecret:    cfg.AppSecret.Reveal(), // sent by fetchToken only
		AppType:      larkcore.AppTypeSelfBuilt,
		HttpClient:   c.http,
		Logger:       silence{},
		Serializable: &larkcore.DefaultSerialization{},
	}
	c.im = larkim.New(c.sdk)
	return c
}

// do runs a call of the SDK within a deadline.
func (c *client) do(ctx context.Context, op string, call func(context.Context, larkcore.RequestOptionFunc) error) error {
	if err := ctx.Err(); err != nil {
		return notBegun(op, err)
	}
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	return c.authorized(ctx, op, func(token string) error { return call(ctx, larkcore.WithTenantAccessToken(token)) })
}

// authorized runs one call with the shared token, and once more with a fresh one where the platform says the token is stale.
func (c *client) authorized(ctx context.Context, op string, call func(token string) error) error {
	token, err := c.tokens.Token(ctx, c.tokenKey(), c.fetchToken)
	if err != nil {
		return tokenError(op, err)
	}
	err = call(token)
	if !refusedWith(err, codeNoToken, codeTenantToken, codeAppToken, codeTokenPrefix) {
		return sendError(op, err)
	}
	token, renewErr := c.tokens.Renew(ctx, c.tokenKey(), token, c.fetchToken)
	if renewErr != nil {
		return tokenError(op, renewErr)
	}
	return sendError(op, call(token))
}

func notBegun(op string, err error) error {
	return &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: fmt.Errorf("%s: not begun: %w", op, err)}
}

// tokenKey names the app on its platform: one app id means different apps on different addresses.
func (c *client) tokenKey() string {
	if c.cfg.APIBase == defaultBase {
		return "feishu|" + c.cfg.AppID
	}
	return "feishu|" + c.cfg.APIBase + "|" + c.cfg.AppID
}

func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, callTimeout)
}

// sendError names the call in the error. What is no *adapters.SendError comes from the SDK: an answer it could not read.
func sendError(op string, err error) error {
	if err == nil {
		return nil
	}
	var se *adapters.SendError
	if !errors.As(err, &se) {
		return &adapters.SendError{Reason: adapters.ReasonUnknown, Err: fmt.Errorf("%s: the answer cannot be read", op)}
	}
	named := *se
	named.Err = fmt.Errorf("%s: %w", op, se.Err)
	return &named
}

// tokenError: without a token the message was surely not accepted, whatever happened to the token call.
func tokenError(op string, err error) error {
	named := adapters.SendError{Reason: adapters.ReasonUnavailable, Err: fmt.Errorf("%s: token: %w", op, err)}
	var se *adapters.SendError
	if errors.As(err, &se) && se.Reason != adapters.ReasonUnknown {
		named.Reason, named.Code, named.RetryAfter = se.Reason, se.Code, se.RetryAfter
	}
	return &named
}

// fetchToken asks for the app's tenant token; the same one is returned until 30 minutes before its end
// (open.feishu.cn/document/server-docs/authentication-management/access-token/tenant_access_token_internal).
func (c *client) fetchToken(ctx context.Context) (string, time.Duration, error) {
	body := larkcore.SelfBuiltTenantAccessTokenReq{AppID: c.cfg.AppID, AppSecret: c.cfg.AppSecret.Reveal()}
	resp, err := larkcore.Request(ctx, &larkcore.ApiReq{
		HttpMethod: http.MethodPost, ApiPath: larkcore.TenantAccessTokenInternalUrlPath, Body: body,
		SupportedAccessTokenTypes: []larkcore.AccessTokenType{larkcore.AccessTokenTypeNone},
	}, c.sdk)
	if err != nil {
		return "", 0, credentialError(err)
	}
	var answer larkcore.TenantAccessTokenResp
	if err := json.Unmarshal(resp.RawBody, &answer); err != nil || answer.TenantAccessToken == "" {
		return "", 0, &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: errors.New("the token answer cannot be read")}
	}
	life := time.Duration(answer.Expire) * time.Second
	return answer.TenantAccessToken, max(life-tokenMargin, life/2), nil
}

// credentialError: the token call sends nothing but credentials, so a refusal that is not about the rate refuses them.
func credentialError(err error) error {
	var se *adapters.SendError
	if !errors.As(err, &se) {
		return &adapters.SendError{Reason: adapters.ReasonUnavailable, Err: errors.New("the token answer cannot be read")}
	}
	if se.Reason == adapters.ReasonRejected && se.Code != "" {
		se = &adapters.SendError{Reason: adapters.ReasonUnauthorized, Code: se.Code, Err: errors.New("the platform refuses app_id and app_secret")}
	}
	return se
}

// botInfo is what the platform says about the app's bot.
type botInfo struct {
	OpenID string `json:"open_id"`
	Status int    `json:"activate_status"`
}

// botInfo asks for it (open.feishu.cn/document/client-docs/bot-v3/obtain-bot-info).
func (c *client) botInfo(ctx context.Context) (botInfo, error) {
	var answer struct {
		Bot botInfo `json:"bot"`
	}
	err := c.do(ctx, "bot info", func(ctx context.Context, token larkcore.RequestOptionFunc) error {
		resp, err := larkcore.Request(ctx, &larkcore.ApiReq{
			HttpMethod: http.MethodGet, ApiPath: botInfoPath,
			SupportedAccessTokenTypes: []larkcore.AccessTokenType{larkcore.AccessTokenTypeTenant},
		}, c.sdk, token)
		if err != nil {
			return err
		}
		return json.Unmarshal(resp.RawBody, &answer)
	})
	return answer.Bot, err
}

// ownID asks for the bot's open_id.
func (c *client) ownID(ctx context.Context) (string, error) {
	bot, err := c.botInfo(ctx)
	return bot.OpenID, err
}

// judging is the HTTP client the SDK gets. Transport faults and refusals become *adapters.SendError before the SDK can retry,
// log or quote them; only accepted answers pass.
type judging struct{ client *http.Client }

// Do implements larkcore.HttpClient.
func (j judging) Do(req *http.Request) (*http.Response, error) {
	resp, err := j.client.Do(req)
	if err != nil {
		return nil, adapters.TransportError("call", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, &adapters.SendError{Reason: adapters.ReasonUnknown, Err: adapters.TransportError("answer", err).Err}
	}
	if err := judge(resp.StatusCode, resp.Header, body); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// silence is the SDK's logger: it would print to standard output, bodies included.
type silence struct{}

// Debug, Info, Warn and Error implement larkcore.Logger.
func (silence) Debug(context.Context, ...any) {}

// Info is silent.
func (silence) Info(context.Context, ...any) {}

// Warn is silent.
func (silence) Warn(context.Context, ...any) {}

// Error is silent.
func (silence) Error(context.Context, ...any) {}
