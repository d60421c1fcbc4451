package wechat

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

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
	pushes   atomic.Bool // the account has the customer-service API
	gateway  adapters.Gateway
	nudge    *Template // nil = none
	quiet    quiet     // who shall not be shown "typing" now
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
	a := &Adapter{
		inbox: inbox, gateway: env.Gateway, env: env, nudge: cfg.Template,
		vault:    vault{appID: cfg.AppID, mode: cfg.Mode, tokens: cfg.tokens(), keys: keys, window: cfg.TimeWindow, now: env.Now},
		client:   client{base: trimBase(cfg.APIBase), appID: cfg.AppID, secret: cfg.AppSecret, http: staying(env.HTTP), outside: newOutside(), tokens: env.Tokens},
		attempts: attempts{now: env.Now},
		quiet:    quiet{now: env.Now},
	}
	a.pushes.Store(cfg.serviceAPI())
	return a, nil
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
		PushAllowed: a.pushes.Load(),
		Media:       a.media(),
		MaxFetch:    maxFetch,
		Nudge:       a.nudge != nil,
	}
}

// media is what can be sent: an answer inside a delivery is text only.
func (a *Adapter) media() map[adapters.AttachmentKind]adapters.MediaLimit {
	if !a.pushes.Load() {
		return nil
	}
	return mediaLimits()
}

// Send implements adapters.Adapter by a customer-service message. The platform takes no idempotency key and returns no id.
func (a *Adapter) Send(ctx context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	err := a.check(out)
	if err == nil {
		err = a.send(ctx, out)
	}
	if hasCode(err, codeNoRight) && a.pushes.CompareAndSwap(true, false) {
		a.env.Log.Error("the account has no customer-service API: it answers only inside deliveries from now on", "inbox", a.inbox, "code", codeNoRight)
	}
	return adapters.Receipt{}, err
}

func (a *Adapter) check(out adapters.Outgoing) error {
	switch {
	case !a.pushes.Load():
		return refuse(adapters.ReasonUnauthorized, "the account has no customer-service API")
	case out.Group || out.Thread != "":
		return refuse(adapters.ReasonRejected, "official accounts have no groups and threads")
	case out.Chat == "":
		return refuse(adapters.ReasonUnreachable, "no recipient")
	case out.Media != nil:
		return checkMedia(out.Media)
	}
	switch text := render(out); {
	case blank(text):
		return refuse(adapters.ReasonRejected, "empty text")
	case len(text) > maxText:
		return refuse(adapters.ReasonRejected, fmt.Sprintf("text of %d bytes, the limit is %d", len(text), maxText))
	}
	return nil
}

func (a *Adapter) send(ctx context.Context, out adapters.Outgoing) error {
	to := string(out.Chat)
	if out.Media == nil {
		return a.client.post(ctx, pathSend, message.NewCustomerTextMessage(to, render(out)))
	}
	word := mediaWord(out.Media)
	id, err := a.client.upload(ctx, word, out.Media)
	if err != nil {
		return err
	}
	return a.client.post(ctx, pathSend, customerMedia(to, word, id, out.Media.Name))
}

// customerMedia is the message that shows uploaded media. The SDK's type for video cannot leave the thumbnail out.
func customerMedia(to, word, id, name string) any {
	switch word {
	case "voice":
		return message.NewCustomerVoiceMessage(to, id)
	case "video":
		return map[string]any{"touser": to, "msgtype": message.MsgTypeVideo, "video": map[string]string{"media_id": id, "title": sendable(name)}}
	}
	return message.NewCustomerImgMessage(to, id)
}

func refuse(reason adapters.Reason, why string) *adapters.SendError {
	return &adapters.SendError{Reason: reason, Err: errors.New(why)}
}

// Probe implements adapters.Prober by asking for an access token. A passive-only account without a secret has nothing to check.
func (a *Adapter) Probe(ctx context.Context) error {
	if !a.pushes.Load() && a.client.secret == "" {
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
	_ adapters.MediaOpener   = (*Adapter)(nil)
	_ adapters.Nudger        = (*Adapter)(nil)
	_ adapters.Inspector     = (*Adapter)(nil)
)
