package editor

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/handoff"
	"kefu/internal/docstore"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
)

// patience is how long a dialog waits for the next answer.
const patience = 30 * time.Minute

// session is what one person is in the middle of in one chat.
type session struct {
	// Asked is what the ids of the latest question's posts begin with; Token is in its buttons.
	Asked string `json:"asked,omitempty"`
	Token string `json:"token,omitempty"`
	// Also is the same for what was said since without asking anew: quoting that counts too.
	Also string `json:"also,omitempty"`
	// Thread is where the question stands; "" = the chat itself.
	Thread adapters.ThreadID `json:"thread,omitempty"`
	Menu   []option          `json:"menu,omitempty"` // what may be chosen there
	// Language is that of the first command whose words said so. It stays: who speaks one language also writes answers in others.
	Language string `json:"language,omitempty"`
	// Chosen says that the person asked for that language, which then counts more than what their platform says.
	Chosen bool  `json:"chosen,omitempty"`
	Form   *form `json:"form,omitempty"`
	// Until is when Asked, Menu and Form end.
	Until time.Time `json:"until,omitzero"`
	Plans []kept    `json:"plans,omitempty"`
}

// option is one thing that can be chosen.
type option struct {
	Do    string   `json:"do"` // a verb of the table, or what a form does
	Arg   string   `json:"arg,omitempty"`
	Page  int      `json:"page,omitempty"`
	Texts []string `json:"texts,omitempty"`
	Label string   `json:"label"`
	// Button is what its button says, "" = the label.
	Button string `json:"button,omitempty"`
	// Word options are chosen by their word or button; the others by number too.
	Word bool `json:"word,omitempty"`
}

// kept is the latest plan of one lane of messages.
type kept struct {
	Lane string          `json:"lane"`
	Plan transcript.Plan `json:"plan"`
}

// maxKept bounds the lanes; a person writes in few threads between a decision and its posts.
const maxKept = 4

func (s *session) keep(lane string, p transcript.Plan) {
	s.Plans = slices.DeleteFunc(s.Plans, func(k kept) bool { return k.Lane == lane })
	s.Plans = append(s.Plans, kept{lane, p})
	if over := len(s.Plans) - maxKept; over > 0 {
		s.Plans = slices.Delete(s.Plans, 0, over)
	}
}

// end forgets what was asked.
func (s *session) end() {
	s.Asked, s.Token, s.Also, s.Thread, s.Menu, s.Form = "", "", "", "", nil, nil
}

// inputKind says how a person addresses the console.
type inputKind int

const (
	commanded inputKind = iota // "/faq ..."
	pressed                    // a button of ours
	said                       // words; in a group they quote our question
)

// input is one message for the console.
type input struct {
	m      *adapters.Message
	by     handoff.Member
	kind   inputKind
	args   string
	text   string // what was said
	topic  string // of a case, in a group
	quotes string // id of the post of ours that is quoted
	// threaded says that it quotes the first message of its thread, as all others there may.
	threaded bool
}

func (in *input) sessionID() string {
	return string(in.m.Inbox) + "|" + string(in.m.Chat) + "|" + string(in.m.From.ID)
}

func (c *Console) asked(ctx context.Context, in *input) (bool, error) {
	d, err := c.sessions.Get(ctx, in.sessionID())
	if errors.Is(err, docstore.ErrNotFound) {
		return false, nil
	}
	return d.Value.Asked != "" && c.Now().Before(d.Value.Until), err
}

// decide changes the person's session for one message and keeps the plan in the same swap; a message decided before gets the plan made then.
func (c *Console) decide(ctx context.Context, in *input) (plan transcript.Plan, taken bool, err error) {
	_, err = c.sessions.Upsert(ctx, in.sessionID(), func(s *session, _ bool) error {
		if i := slices.IndexFunc(s.Plans, func(k kept) bool { return k.Plan.For == in.m.ID }); i >= 0 {
			plan, taken = s.Plans[i].Plan, true
			return docstore.ErrNoChange
		}
		ok, err := c.Record.Undecided(ctx, in.m.ID)
		if err == nil && !ok {
			err = fmt.Errorf("message was handled by another worker: %w", docstore.ErrConflict)
		}
		if err != nil {
			return err
		}
		known := c.Knowledge.Revision()
		t := &turn{Console: c, ctx: ctx, input: in, s: s, lang: c.languageOf(ctx, in, s)}
		switch taken, err = t.take(); {
		case err != nil:
			return err
		case !taken && !t.dropped:
			return docstore.ErrNoChange
		case !taken:
			return nil
		}
		if c.Knowledge.Revision() != known {
			c.takeEffect(ctx)
		}
		s.Until = docstore.Millis(c.Now().Add(patience))
		plan = transcript.Plan{For: in.m.ID, Posts: t.posts, Decision: t.decision}
		s.keep(string(in.m.Inbox)+"|"+string(in.m.Chat)+"|"+string(in.m.Thread), plan)
		return nil
	})
	return plan, taken, err
}

// takeEffect makes a change count before anybody is told that it does; the index would follow by itself a moment later.
func (c *Console) takeEffect(ctx context.Context) {
	if err := c.Index.Refresh(ctx); err != nil {
		c.Log.WarnContext(ctx, "a change of the knowledge base takes effect later", "err", err)
	}
}

// languageOf is the language a person is answered in: a desk's in a group, else their own; where nobody knows that, the language of their commands.
func (c *Console) languageOf(ctx context.Context, in *input, s *session) string {
	if in.m.Group {
		return c.Language
	}
	if s.Chosen {
		return s.Language
	}
	if s.Language == "" && in.kind == commanded && c.Speaks != nil {
		s.Language = c.spoken(in.args)
	}
	if kept, err := c.Conversations.Conversation(ctx, transcript.ConversationID(in.m.Inbox, in.m.Chat)); err == nil && kept.Language != "" {
		return kept.Language
	}
	if strings.HasPrefix(strings.ToLower(in.m.From.Language), "en") {
		return "en"
	}
	return cmp.Or(s.Language, c.Language)
}

// spoken is the language of a command, "" = its words are too few, or need not be the person's own.
func (c *Console) spoken(args string) string {
	if lang := c.Speaks(args); lang == texts.Chinese {
		return lang
	}
	verb, words, _ := strings.Cut(args, " ")
	if slices.Contains([]string{"add", "new", "test", "search", "find"}, strings.ToLower(verb)) {
		return c.Speaks(words)
	}
	return ""
}

// short is a stable id of 10 characters made from a longer one, to fit a button.
func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:10])
}

// same says whether two texts are the same to a person.
func same(a, b string) bool { return kb.Normalize(a) == kb.Normalize(b) }
