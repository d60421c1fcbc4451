package wechat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/customerservice"
	"github.com/silenceper/wechat/v2/officialaccount/message"

	"kefu/adapters"
)

const (
	replyWithin = 4500 * time.Millisecond // of the platform's five seconds; the rest is for the way
	replyWindow = 48 * time.Hour
	// replyQuota is what a person's message grants. Following, scanning and choosing from the menu grant three within one minute instead:
	// https://developers.weixin.qq.com/doc/service/guide/product/kf/intro.html .
	replyQuota  = 5
	eventSends  = 3
	eventWithin = time.Minute
)

// Adapter is one official account.
type Adapter struct {
	inbox    adapters.InboxName
	service  bool // the account has the customer-service API
	gateway  adapters.Gateway
	vault    vault
	client   client
	attempts attempts
	env      adapters.Env
}

// New builds the adapter of one account. It does not call the platform. cfg should have passed Validate; New refuses only what it cannot work with.
func New(inbox adapters.InboxName, cfg Config, env adapters.Env) (*Adapter, error) {
	cfg.Defaults()
	if env.Gateway == nil || env.HTTP == nil || env.Tokens == nil || env.Now == nil || env.Log == nil {
		return nil, errors.New("wechat: the environment is incomplete")
	}
	if cfg.AppID == "" || cfg.Token == "" {
		return nil, errors.New("wechat: app_id and token are needed")
	}
	keys, err := cfg.aesKeys()
	if err != nil {
		return nil, fmt.Errorf("wechat: %w", err)
	}
	switch cfg.Mode {
	case ModePlain:
		env.Log.Warn("plain mode: the platform's signature does not cover message bodies; switch to safe mode", "inbox", inbox)
	case ModeCompatible, ModeSafe:
		if len(keys) == 0 {
			return nil, fmt.Errorf("wechat: mode %s needs aes_key", cfg.Mode)
		}
	default:
		return nil, fmt.Errorf("wechat: unknown mode %q", cfg.Mode)
	}
	if err := checkBase(cfg.APIBase); err != nil {
		return nil, fmt.Errorf("wechat: api_base %w", err)
	}
	return &Adapter{
		inbox: inbox, service: cfg.serviceAPI(), gateway: env.Gateway, env: env,
		vault:    vault{appID: cfg.AppID, mode: cfg.Mode, tokens: cfg.tokens(), keys: keys, window: cfg.TimeWindow, now: env.Now},
		client:   client{base: trimBase(cfg.APIBase), appID: cfg.AppID, secret: cfg.AppSecret, http: env.HTTP, tokens: env.Tokens},
		attempts: attempts{now: env.Now},
	}, nil
}

// Inbox implements adapters.Adapter.
func (a *Adapter) Inbox() adapters.InboxName { return a.inbox }

// Features implements adapters.Adapter.
func (a *Adapter) Features() adapters.Features {
	return adapters.Features{
		MaxText: maxText, TextUnit: adapters.UnitByte,
		InlineLink:  inlineLink,
		ReplyWithin: a.within(), ReplyAttempts: maxAttempts, ReplyWindow: replyWindow, ReplyQuota: replyQuota,
		EventQuota:  adapters.Rate{Count: eventSends, Per: eventWithin},
		PushAllowed: a.service,
	}
}

// Send implements adapters.Adapter by a customer-service text message. The platform takes no idempotency key and returns no id.
func (a *Adapter) Send(ctx context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	text := render(out)
	switch {
	case !a.service:
		return adapters.Receipt{}, refuse(adapters.ReasonUnauthorized, "the account has no customer-service API (service_api: false)")
	case out.Group || out.Thread != "":
		return adapters.Receipt{}, refuse(adapters.ReasonRejected, "official accounts have no groups and threads")
	case out.Chat == "":
		return adapters.Receipt{}, refuse(adapters.ReasonUnreachable, "no recipient")
	case blank(text):
		return adapters.Receipt{}, refuse(adapters.ReasonRejected, "empty text")
	case len(text) > maxText:
		return adapters.Receipt{}, refuse(adapters.ReasonRejected, fmt.Sprintf("text of %d bytes, the limit is %d", len(text), maxText))
	}
	return adapters.Receipt{}, a.client.post(ctx, pathSend, message.NewCustomerTextMessage(string(out.Chat), text))
}

func refuse(reason adapters.Reason, why string) *adapters.SendError {
	return &adapters.SendError{Reason: reason, Err: errors.New(why)}
}

// Typing implements adapters.Typer. The platform shows it for 15 s, and only within 30 s of the person's message.
func (a *Adapter) Typing(ctx context.Context, chat adapters.ChatID) error {
	if !a.service {
		return refuse(adapters.ReasonUnauthorized, "the account has no customer-service API (service_api: false)")
	}
	err := a.client.post(ctx, pathTyping, map[string]any{"touser": string(chat), "command": customerservice.Typing})
	if hasCode(err, codeAlreadyTyping) {
		return nil
	}
	return err
}

// Probe implements adapters.Prober by asking for an access token. A passive-only account without a secret has nothing to check.
func (a *Adapter) Probe(ctx context.Context) error {
	if !a.service && a.client.secret == "" {
		return nil
	}
	_, _, err := a.client.fetchToken(ctx, false)
	return err
}

var (
	_ adapters.Adapter       = (*Adapter)(nil)
	_ adapters.WebhookServer = (*Adapter)(nil)
	_ adapters.Typer         = (*Adapter)(nil)
	_ adapters.Prober        = (*Adapter)(nil)
)
