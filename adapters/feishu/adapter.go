package feishu

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	larkcore "github.com/larksuite/oapi-sdk-go/v3/core"
	larkim "github.com/larksuite/oapi-sdk-go/v3/service/im/v1"

	"kefu/adapters"
)

// idempotentFor is the platform's hour of uuid protection, less five minutes for clocks and a call under way.
const idempotentFor = 55 * time.Minute

// Adapter is one app. It is safe for concurrent use.
type Adapter struct {
	inbox  adapters.InboxName
	env    adapters.Env
	client *client
	verify verifier
	self   *self
	people *people

	transport Transport
}

// New builds an adapter and does not call the platform. It fails where cfg does not validate.
func New(inbox adapters.InboxName, cfg Config, env adapters.Env) (*Adapter, error) {
	cfg.Defaults()
	var problems []error
	cfg.Validate(func(path, message string) { problems = append(problems, fmt.Errorf("%s %s", path, message)) })
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("feishu inbox %s: %w", inbox, err)
	}
	c := newClient(cfg, env)
	return &Adapter{
		inbox: inbox, env: env, client: c, verify: newVerifier(cfg), transport: cfg.Transport,
		people: newPeople(c, env),
		self:   &self{known: cfg.BotOpenID, given: cfg.BotOpenID != "", ask: c.ownID, now: env.Now},
	}, nil
}

// Inbox implements adapters.Adapter.
func (a *Adapter) Inbox() adapters.InboxName { return a.inbox }

// Features implements adapters.Adapter. The budgets are the documented ones of the message API. The 5 per second to a group are shared by all
// its bots. Quotes is false because of threads, see Send.
func (a *Adapter) Features() adapters.Features {
	return adapters.Features{
		MaxText: maxText, TextUnit: adapters.UnitRune, MaxChoices: maxChoices,
		Media: mediaLimits(), MaxFetch: maxFetch,
		MessageIDs: true, Threads: true, Edit: true, React: true,
		IdempotentFor: idempotentFor,
		PushAllowed:   true,
		PerAccount:    []adapters.Rate{{Count: 50, Per: time.Second}, {Count: 1000, Per: time.Minute}},
		PerChat:       adapters.Rate{Count: 5, Per: time.Second},
		PerGroup:      adapters.Rate{Count: 5, Per: time.Second},
	}
}

// Send implements adapters.Adapter. In a thread ReplyTo has no effect, because the platform lets every message of a thread
// answer its root. A quoted message that is gone, a chat without threads, and formatting the platform cannot read cost a second call under the same uuid.
func (a *Adapter) Send(ctx context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	sent, err := a.post(ctx, out)
	if unformatted(err, out) {
		return a.post(ctx, out.Plain(fits))
	}
	return sent, err
}

// unformatted says that the platform could not make a card or a post of out, and took nothing. Of a post it says no more than that a parameter is wrong.
func unformatted(err error, out adapters.Outgoing) bool {
	return len(out.Spans) > 0 && refusedWith(err, codeCard, codeParameter)
}

func fits(text string) bool { return utf8.RuneCountInString(text) <= maxText }

func (a *Adapter) post(ctx context.Context, out adapters.Outgoing) (adapters.Receipt, error) {
	r, err := a.prepare(ctx, out)
	if err != nil {
		return adapters.Receipt{}, err
	}
	switch {
	case out.Thread != "":
		sent, err := a.client.reply(ctx, string(out.Thread), r, uuid(out.Key), true)
		if refusedWith(err, codeNoThreads) {
			sent, err = a.client.reply(ctx, string(out.Thread), r, uuid(out.Key), false)
		}
		return sent, err
	case out.ReplyTo != "":
		sent, err := a.client.reply(ctx, string(out.ReplyTo), r, uuid(out.Key), false)
		if refusedWith(err, codeWithdrawn, codeNotFound, codeDeleted) {
			sent, err = a.client.create(ctx, out.Chat, r, uuid(out.Key))
		}
		return sent, err
	default:
		return a.client.create(ctx, out.Chat, r, uuid(out.Key))
	}
}

// prepare gives a message the platform's form; media are uploaded first.
func (a *Adapter) prepare(ctx context.Context, out adapters.Outgoing) (rendered, error) {
	if out.Media != nil {
		return a.client.renderMedia(ctx, out)
	}
	return render(out, false)
}

// OpenThread implements adapters.ThreadOpener: Head becomes the root, and the first reply to it opens the thread. An empty Head
// is replaced by the title.
func (a *Adapter) OpenThread(ctx context.Context, req adapters.ThreadRequest) (adapters.ThreadID, adapters.Receipt, error) {
	head := req.Head
	if head.Card == nil && head.Text == "" {
		head.Text = req.Title
	}
	head.Thread = ""
	r, err := render(head, true)
	if err != nil {
		return "", adapters.Receipt{}, err
	}
	sent, err := a.client.create(ctx, req.Chat, r, uuid(firstOf(req.Key, head.Key)))
	if err != nil {
		return "", adapters.Receipt{}, err
	}
	thread := adapters.ThreadID(sent.ID)
	return thread, adapters.Receipt{ID: sent.ID, Thread: thread}, nil
}

// Edit implements adapters.Editor: cards are patched, texts are put. A card may become a text (its buttons vanish); a text
// cannot become a card.
func (a *Adapter) Edit(ctx context.Context, id adapters.MessageID, out adapters.Outgoing) error {
	if id == "" || out.Media != nil {
		return rejected("edit: no message id, or media, which cannot be edited")
	}
	err := a.edit(ctx, id, out)
	if unformatted(err, out) {
		return a.edit(ctx, id, out.Plain(fits))
	}
	return err
}

func (a *Adapter) edit(ctx context.Context, id adapters.MessageID, out adapters.Outgoing) error {
	root := out.Thread != "" && string(out.Thread) == string(id)
	r, err := render(out, root)
	if err != nil {
		return err
	}
	if r.kind == msgCard {
		return a.client.patch(ctx, string(id), r)
	}
	err = a.client.update(ctx, string(id), r)
	if !refusedWith(err, codeWrongType) {
		return err
	}
	if r, err = renderCard(out, button{}); err != nil {
		return err
	}
	return a.client.patch(ctx, string(id), r)
}

// Recall implements adapters.Recaller. The company's admin decides for how long a message can be withdrawn.
func (a *Adapter) Recall(ctx context.Context, _ adapters.ChatID, id adapters.MessageID) error {
	if id == "" {
		return rejected("recall: no message id")
	}
	err := a.client.withdraw(ctx, string(id))
	if refusedWith(err, codeWithdrawn, codeNotFound, codeDeleted) {
		return nil
	}
	return err
}

// emojis are names of open.feishu.cn/document/uAjLw4CM/ukTMukTMukTM/reference/im-v1/message-reaction/emojis-introduce.
var emojis = map[adapters.Reaction]string{
	adapters.ReactionDone:    "DONE",
	adapters.ReactionFailed:  "CrossMark",
	adapters.ReactionWaiting: "OnIt",
	adapters.ReactionUnsure:  "THINKING",
}

// React implements adapters.Reactor. A reaction whose meaning is new shows as OnIt.
func (a *Adapter) React(ctx context.Context, _ adapters.ChatID, id adapters.MessageID, reaction adapters.Reaction) error {
	if id == "" {
		return rejected("react: no message id")
	}
	return a.client.react(ctx, string(id), firstOf(emojis[reaction], "OnIt"))
}

// Probe implements adapters.Prober: the credentials give a token, and the app has a bot.
func (a *Adapter) Probe(ctx context.Context) error {
	_, err := a.client.botInfo(ctx)
	return err
}

func (a *Adapter) parser(ctx context.Context) parser {
	return parser{
		ctx: ctx, people: a.people, inbox: a.inbox, now: a.env.Now, local: a.env.Local,
		isSelf: func(m *larkim.MentionEvent) bool { return a.self.mentionedBy(ctx, m) },
	}
}

var _ larkcore.HttpClient = judging{}

var (
	_ adapters.Adapter       = (*Adapter)(nil)
	_ adapters.WebhookServer = (*Adapter)(nil)
	_ adapters.Listener      = (*Adapter)(nil)
	_ adapters.ThreadOpener  = (*Adapter)(nil)
	_ adapters.Editor        = (*Adapter)(nil)
	_ adapters.Reactor       = (*Adapter)(nil)
	_ adapters.Recaller      = (*Adapter)(nil)
	_ adapters.MediaOpener   = (*Adapter)(nil)
	_ adapters.Inspector     = (*Adapter)(nil)
	_ adapters.Prober        = (*Adapter)(nil)
)
