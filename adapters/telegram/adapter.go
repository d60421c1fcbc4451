package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"kefu/adapters"
)

// Adapter is one Telegram bot.
type Adapter struct {
	inbox  adapters.InboxName
	cfg    Config
	env    adapters.Env
	client *client
	poller *client // without a time-out of its own
	files  *client // the same, and follows no redirects
	self   atomic.Pointer[Account]
}

// Account is what the platform says about the bot.
type Account struct {
	ID       int64
	Username string // without "@"
	// ReadsGroups says that privacy mode is off. While it is on, the bot sees of a group only commands, mentions and replies to itself, unless it is an administrator there.
	ReadsGroups bool
}

// New builds the adapter. It calls nobody, so it works while the platform is down.
func New(inbox adapters.InboxName, cfg Config, env adapters.Env) (*Adapter, error) {
	cfg.Defaults()
	var problems []error
	cfg.Validate(func(path, message string) { problems = append(problems, fmt.Errorf("%s %s", path, message)) })
	if len(problems) > 0 {
		return nil, fmt.Errorf("telegram inbox %s: %w", inbox, errors.Join(problems...))
	}
	a := &Adapter{inbox: inbox, cfg: cfg, env: env, client: newClient(cfg, env.HTTP)}
	patient := *env.HTTP
	patient.Timeout = 0
	a.poller = newClient(cfg, &patient)
	strict := patient
	strict.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a.files = newClient(cfg, &strict)
	return a, nil
}

// Inbox implements adapters.Adapter.
func (a *Adapter) Inbox() adapters.InboxName { return a.inbox }

// Features states the limits of https://core.telegram.org/bots/api#sendmessage and https://core.telegram.org/bots/faq; the
// budgets there are called approximate; one message a second to a chat may come in short bursts. A keyboard may hold more buttons than MaxChoices, but nobody reads more.
func (a *Adapter) Features() adapters.Features {
	return adapters.Features{
		MaxText:     maxText,
		TextUnit:    adapters.UnitUTF16,
		MaxChoices:  8,
		Media:       mediaLimits(),
		MaxCaption:  maxCaption,
		MaxFetch:    maxFetch,
		MessageIDs:  true,
		Threads:     true,
		Edit:        true,
		React:       true,
		Quotes:      true,
		PushAllowed: true,
		PerAccount:  []adapters.Rate{{Count: 30, Per: time.Second}},
		PerChat:     adapters.Rate{Count: 3, Per: 3 * time.Second},
		PerGroup:    adapters.Rate{Count: 20, Per: time.Minute},
	}
}

// Send implements adapters.Adapter. Telegram has no idempotency key: what ended as unknown may have arrived.
func (a *Adapter) Send(ctx context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	sent, err := a.post(ctx, out)
	if unformatted(err) && len(out.Spans) > 0 {
		sent, err = a.post(ctx, plain(out))
	}
	if err != nil {
		return adapters.Receipt{}, err
	}
	if sent.MessageID <= 0 || sent.Chat == nil {
		return adapters.Receipt{}, &adapters.SendError{Reason: adapters.ReasonUnknown, Err: errors.New("send: accepted without a message in the answer")}
	}
	return adapters.Receipt{ID: messageID(sent.MessageID), Thread: sent.topic()}, nil
}

func (a *Adapter) post(ctx context.Context, out adapters.Outgoing) (sent message, err error) {
	if out.Media != nil {
		return a.sendMedia(ctx, out)
	}
	err = a.client.call(ctx, "sendMessage", sendParams(out), &sent)
	return sent, err
}

// Edit implements adapters.Editor. Buttons that out does not name disappear.
func (a *Adapter) Edit(ctx context.Context, id adapters.MessageID, out adapters.Outgoing) error {
	err := a.edit(ctx, id, out)
	if unformatted(err) && len(out.Spans) > 0 {
		err = a.edit(ctx, id, plain(out))
	}
	if says(err, "message is not modified") {
		return nil
	}
	return err
}

func (a *Adapter) edit(ctx context.Context, id adapters.MessageID, out adapters.Outgoing) error {
	p := textParams(out)
	p["message_id"] = string(id)
	return a.client.call(ctx, "editMessageText", p, nil)
}

// OpenThread implements adapters.ThreadOpener. Head is left to the caller: a topic hangs from no message.
func (a *Adapter) OpenThread(ctx context.Context, r adapters.ThreadRequest) (adapters.ThreadID, adapters.Receipt, error) {
	var topic struct {
		ThreadID int64 `json:"message_thread_id"`
	}
	params := tgbotapi.Params{"chat_id": string(r.Chat), "name": cut(r.Title, maxTitle)}
	err := a.client.call(ctx, "createForumTopic", params, &topic)
	switch {
	case says(err, "not a forum"), says(err, "forum_missing"), says(err, "not a supergroup"):
		return "", adapters.Receipt{}, nil
	case err != nil:
		return "", adapters.Receipt{}, err
	case topic.ThreadID <= generalTopic:
		return "", adapters.Receipt{}, &adapters.SendError{Reason: adapters.ReasonUnknown, Err: errors.New("createForumTopic: accepted without a topic in the answer")}
	}
	return adapters.ThreadID(strconv.FormatInt(topic.ThreadID, 10)), adapters.Receipt{}, nil
}

// CloseThread implements adapters.ThreadCloser.
func (a *Adapter) CloseThread(ctx context.Context, chat adapters.ChatID, thread adapters.ThreadID) error {
	return a.setThread(ctx, "closeForumTopic", chat, thread)
}

// ReopenThread implements adapters.ThreadCloser.
func (a *Adapter) ReopenThread(ctx context.Context, chat adapters.ChatID, thread adapters.ThreadID) error {
	return a.setThread(ctx, "reopenForumTopic", chat, thread)
}

func (a *Adapter) setThread(ctx context.Context, method string, chat adapters.ChatID, thread adapters.ThreadID) error {
	if thread == "" {
		return nil
	}
	params := tgbotapi.Params{"chat_id": string(chat), "message_thread_id": string(thread)}
	err := a.client.call(ctx, method, params, nil)
	if says(err, "topic_not_modified") {
		return nil
	}
	return err
}

// React implements adapters.Reactor. A bot has one reaction per message: a later one replaces it.
func (a *Adapter) React(ctx context.Context, chat adapters.ChatID, id adapters.MessageID, reaction adapters.Reaction) error {
	e, ok := emoji[reaction]
	if !ok {
		return &adapters.SendError{Reason: adapters.ReasonRejected, Err: fmt.Errorf("no emoji for reaction %q", reaction)}
	}
	return a.client.call(ctx, "setMessageReaction", tgbotapi.Params{
		"chat_id": string(chat), "message_id": string(id), "reaction": `[{"type":"emoji","emoji":"` + e + `"}]`,
	}, nil)
}

// Typing implements adapters.Typer; it shows for five seconds at most.
func (a *Adapter) Typing(ctx context.Context, chat adapters.ChatID) error {
	return a.client.call(ctx, "sendChatAction", tgbotapi.Params{"chat_id": string(chat), "action": "typing"}, nil)
}

// Probe implements adapters.Prober.
func (a *Adapter) Probe(ctx context.Context) error {
	_, err := a.Account(ctx)
	return err
}

// Account asks the platform about the bot.
func (a *Adapter) Account(ctx context.Context) (Account, error) {
	var u tgbotapi.User
	if err := a.client.call(ctx, "getMe", nil, &u); err != nil {
		return Account{}, err
	}
	acc := Account{ID: u.ID, Username: u.UserName, ReadsGroups: u.CanReadAllGroupMessages}
	a.self.Store(&acc)
	return acc, nil
}

// username is the bot's name, asked once unless configured.
func (a *Adapter) username(ctx context.Context) (string, error) {
	if a.cfg.Username != "" {
		return a.cfg.Username, nil
	}
	if acc := a.self.Load(); acc != nil {
		return acc.Username, nil
	}
	acc, err := a.Account(ctx)
	return acc.Username, err
}

// RegisterWebhook implements adapters.Registrar. It replaces any earlier webhook and keeps what is still to be delivered.
// With TransportPolling it does nothing, for a webhook would end the polls.
func (a *Adapter) RegisterWebhook(ctx context.Context, url string) error {
	if a.cfg.Transport != TransportWebhook {
		return nil
	}
	err := a.client.call(ctx, "setWebhook", tgbotapi.Params{
		"url":             url,
		"secret_token":    a.cfg.SecretToken.Reveal(),
		"allowed_updates": allowedUpdates,
		"max_connections": "40",
	}, nil)
	if err != nil {
		return err
	}
	a.announce(ctx)
	return nil
}

// answerCallback is what stops the button's progress bar, as a call or as the answer to a webhook request.
func answerCallback(id string) []byte {
	b, err := json.Marshal(struct {
		Method string `json:"method"`
		ID     string `json:"callback_query_id"`
	}{"answerCallbackQuery", id})
	if err != nil {
		return nil // strings always marshal
	}
	return b
}

var (
	_ adapters.Adapter       = (*Adapter)(nil)
	_ adapters.Listener      = (*Adapter)(nil)
	_ adapters.WebhookServer = (*Adapter)(nil)
	_ adapters.Registrar     = (*Adapter)(nil)
	_ adapters.ThreadOpener  = (*Adapter)(nil)
	_ adapters.ThreadCloser  = (*Adapter)(nil)
	_ adapters.Editor        = (*Adapter)(nil)
	_ adapters.Reactor       = (*Adapter)(nil)
	_ adapters.Typer         = (*Adapter)(nil)
	_ adapters.Prober        = (*Adapter)(nil)
)
