package handoff

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/transcript"
)

// Status says who answers the contact.
type Status string

// The statuses of a conversation.
const (
	StatusBot     Status = "bot"     // the bot answers
	StatusWaiting Status = "waiting" // a case is open, no agent has it yet
	StatusServed  Status = "served"  // an agent has the case; the bot is silent
)

// Conversation is the exchange with one contact.
type Conversation struct {
	ID       string             `json:"id"`
	Inbox    adapters.InboxName `json:"inbox"`
	Chat     adapters.ChatID    `json:"chat"`
	Person   adapters.Person    `json:"person"`
	Name     string             `json:"name"` // what agents read; never empty
	Language string             `json:"language"`
	Status   Status             `json:"status"`
	Case     *Case              `json:"case,omitempty"` // the open case
	Last     *Case              `json:"last,omitempty"` // the case closed last
	Cases    int                `json:"cases"`          // cases opened so far
	Left     bool               `json:"left,omitempty"` // unsubscribed or blocked us: unreachable until they write again
	Dialog   Dialog             `json:"dialog"`
	// Plans are the latest decisions, one per lane they were made in.
	Plans     []lanePlan `json:"plans,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

// Dialog is the bot's memory of a conversation; it lives here because the conversation changes as one document.
type Dialog struct {
	Greeted bool     `json:"greeted,omitempty"`
	Misses  int      `json:"misses,omitempty"` // questions in a row without an answer
	Clarify *Clarify `json:"clarify,omitempty"`
	Form    *Form    `json:"form,omitempty"`
	// Asked is the last question and Tried what the bot said to it, for the agent's card.
	Asked string   `json:"asked,omitempty"`
	Tried []string `json:"tried,omitempty"`
	Flood Flood    `json:"flood,omitzero"`
	// Answers counts those given, Votes are the latest answers that may be rated, Unhelpful how many were rated badly without a person being offered.
	Answers   int    `json:"answers,omitempty"`
	Votes     []Vote `json:"votes,omitempty"`
	Unhelpful int    `json:"unhelpful,omitempty"`
	// Spent are the entries that were asked about in vain until the rounds were over: nobody is asked about them again before another answer came.
	Spent []string `json:"spent,omitempty"`
	// Rated are the answers the contact rated last; they outlive the rest of the dialog.
	Rated []Rating `json:"rated,omitempty"`
	// Heard is when the contact wrote or pressed last: after a long silence what was asked before is over.
	Heard time.Time `json:"heard,omitzero"`
}

// Rating says that a contact rated an entry's answer.
type Rating struct {
	Entry string    `json:"entry"`
	At    time.Time `json:"at"`
}

// Vote is an answer a contact may rate.
type Vote struct {
	Token    string `json:"token"` // in its buttons
	Entry    string `json:"entry"`
	Question string `json:"question"`
	// Open says that it was asked just now, so that words or a digit rate it too.
	Open bool `json:"open,omitempty"`
}

// Flood counts a contact's messages in the running window.
type Flood struct {
	Since time.Time `json:"since,omitzero"`
	Count int       `json:"count,omitempty"`
}

// Clarify is a question back to the contact that is still open.
type Clarify struct {
	Question string            `json:"question"`
	Choices  []adapters.Choice `json:"choices"` // ID is the FAQ entry's id
	Round    int               `json:"round"`   // from 1
}

// Form is a form half filled in.
type Form struct {
	Kind   string            `json:"kind"`
	Step   int               `json:"step"`
	Fields map[string]string `json:"fields,omitempty"`
}

// Case is a conversation handed to a desk.
type Case struct {
	ID       string    `json:"id"` // "conversation id#n", the topic's key
	Desk     string    `json:"desk"`
	Reason   string    `json:"reason"` // asked | unknown | complaint | reopened
	Question string    `json:"question,omitempty"`
	Tried    []string  `json:"tried,omitempty"`
	OpenedAt time.Time `json:"opened_at"`
	// Agent has the case; nil while waiting.
	Agent     *Member   `json:"agent,omitempty"`
	ClaimedAt time.Time `json:"claimed_at,omitzero"`
	Held      []Held    `json:"held,omitempty"`
	Ticket    int64     `json:"ticket,omitempty"`
	ClosedAt  time.Time `json:"closed_at,omitzero"`
	ClosedBy  string    `json:"closed_by,omitempty"`
	Summary   string    `json:"summary,omitempty"`
}

// Held is a second agent's reply, kept until that agent says what to do with it.
type Held struct {
	ID    string           `json:"id"` // short, fits a button
	Text  string           `json:"text"`
	Media []adapters.Media `json:"media,omitempty"`
	By    Member           `json:"by"`
	// Quotes is the contact's message it answers, as their platform knows it.
	Quotes adapters.MessageID `json:"quotes,omitempty"`
	Origin transcript.Origin  `json:"origin"`
}

// lanePlan is a decision and the lane of messages it was made in: a lane's next message comes only after the plan was carried out.
type lanePlan struct {
	Lane string          `json:"lane"`
	Plan transcript.Plan `json:"plan"`
}

// maxPlans bounds the plans kept; more lanes than this never decide about one conversation between a plan and its posts.
const maxPlans = 4

// plan returns what was decided for an incoming message before.
func (c *Conversation) plan(in string) (transcript.Plan, bool) {
	i := slices.IndexFunc(c.Plans, func(p lanePlan) bool { return p.Plan.For == in })
	if i < 0 {
		return transcript.Plan{}, false
	}
	return c.Plans[i].Plan, true
}

func (c *Conversation) keep(lane string, p transcript.Plan) {
	c.Plans = slices.DeleteFunc(c.Plans, func(k lanePlan) bool { return k.Lane == lane })
	c.Plans = append(c.Plans, lanePlan{Lane: lane, Plan: p})
	if over := len(c.Plans) - maxPlans; over > 0 {
		c.Plans = slices.Delete(c.Plans, 0, over)
	}
}

// Ledger knows which messages still wait to be decided about.
type Ledger interface {
	// Undecided says whether nobody has carried out a decision about a message yet.
	Undecided(ctx context.Context, message string) (bool, error)
	// Together says that Plan.Ops are stored with the plan's posts and the mark on its message, all or none.
	Together() bool
}

// Conversations stores conversations. It is safe for concurrent use.
type Conversations struct {
	store  *docstore.Store
	docs   *docstore.Collection[Conversation]
	ledger Ledger
	now    func() time.Time
}

// NewConversations opens the collection.
func NewConversations(ctx context.Context, s *docstore.Store, l Ledger, now func() time.Time) (*Conversations, error) {
	docs, err := docstore.Open(ctx, s, "conversations",
		docstore.Index[Conversation]{Name: "open", Values: 2, Key: func(c *Conversation) []any {
			if c.Case == nil {
				return nil
			}
			return []any{c.Case.Desk, c.Case.OpenedAt}
		}})
	if err != nil {
		return nil, err
	}
	return &Conversations{store: s, docs: docs, ledger: l, now: now}, nil
}

// Conversation loads one, or docstore.ErrNotFound.
func (s *Conversations) Conversation(ctx context.Context, id string) (Conversation, error) {
	d, err := s.docs.Get(ctx, id)
	return d.Value, err
}

// Restore stores conversations as they are, for tools that bring history in. Those whose ids are taken stay as they were.
func (s *Conversations) Restore(ctx context.Context, all ...Conversation) error {
	ops := make([]docstore.Op, len(all))
	for i := range all {
		ops[i] = s.docs.InsertOp(all[i].ID, &all[i])
	}
	if _, err := s.store.Write(ctx, ops...); err != nil {
		return fmt.Errorf("restore conversations: %w", err)
	}
	return nil
}

// Open lists the open cases of a desk, the oldest first.
func (s *Conversations) Open(ctx context.Context, desk string, limit int) ([]Conversation, error) {
	docs, err := s.docs.Find(ctx, docstore.Query{Index: "open", Eq: []any{desk}, Limit: limit})
	if err != nil {
		return nil, err
	}
	out := make([]Conversation, len(docs))
	for i, d := range docs {
		out[i] = d.Value
	}
	return out, nil
}

// leave notes that the platform no longer brings anything to a contact. changed is false when that was known, or there is no such conversation.
func (s *Conversations) leave(ctx context.Context, id string) (c Conversation, changed bool, err error) {
	c, err = s.docs.Update(ctx, id, func(v *Conversation) error {
		if changed = !v.Left; !changed {
			return docstore.ErrNoChange
		}
		v.Left = true
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return c, false, nil
	}
	return c, changed, err
}

// Decide changes a conversation for one incoming message and keeps the plan in the same swap. For a message decided before it returns the plan made then.
// fn may run more than once: what it does elsewhere must be idempotent by the message's id. A conversation that does not exist yet is passed with its ids only.
//
// Where the ledger stores plans together with what they carry, the swap is left to it: the plan holds the change, and the mark on the message is the fence. Elsewhere the swap is made here.
//
// It is the fence against a worker that was overtaken: a message whose decision was carried out is no longer decided about, which is docstore.ErrConflict. The
// ledger is asked after the conversation was loaded and before it is swapped, so a decision that slips in between makes the swap fail.
func (s *Conversations) Decide(ctx context.Context, id string, m *adapters.Message, fn func(c *Conversation) (transcript.Plan, error)) (transcript.Plan, error) {
	if s.ledger.Together() {
		return s.decideWith(ctx, id, m, fn)
	}
	var plan transcript.Plan
	_, err := s.docs.Upsert(ctx, id, func(c *Conversation, exists bool) error {
		if kept, ok := c.plan(m.ID); ok {
			plan = kept
			return docstore.ErrNoChange
		}
		if err := s.undecided(ctx, m); err != nil {
			return err
		}
		if !exists {
			*c = s.begin(id)
		}
		var err error
		if plan, err = s.apply(c, m, fn); err != nil {
			return err
		}
		c.keep(string(m.Inbox)+"|"+string(m.Chat)+"|"+string(m.Thread), plan)
		return nil
	})
	return plan, err
}

// decideWith decides and leaves the swap to the write that carries the plan out. A new conversation is stored first, since only a replace can find out that it came too late.
func (s *Conversations) decideWith(ctx context.Context, id string, m *adapters.Message, fn func(c *Conversation) (transcript.Plan, error)) (transcript.Plan, error) {
	d, err := s.docs.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		begun := s.begin(id)
		if _, err := s.docs.Insert(ctx, id, &begun); err != nil {
			return transcript.Plan{}, err
		}
		d, err = s.docs.Get(ctx, id)
	}
	if err != nil {
		return transcript.Plan{}, err
	}
	if kept, ok := d.Value.plan(m.ID); ok { // by a version that stored it first
		return kept, nil
	}
	d.Value.Plans = nil
	plan, err := s.apply(&d.Value, m, fn)
	if err != nil {
		return transcript.Plan{}, err
	}
	plan.Ops = append(plan.Ops, s.docs.ReplaceOp(d.ID, d.Version, &d.Value))
	return plan, nil
}

func (s *Conversations) begin(id string) Conversation {
	return Conversation{ID: id, Status: StatusBot, CreatedAt: docstore.Millis(s.now())}
}

func (s *Conversations) apply(c *Conversation, m *adapters.Message, fn func(c *Conversation) (transcript.Plan, error)) (transcript.Plan, error) {
	plan, err := fn(c)
	if err != nil {
		return transcript.Plan{}, err
	}
	plan.For, c.UpdatedAt = m.ID, docstore.Millis(s.now())
	return plan, nil
}

func (s *Conversations) undecided(ctx context.Context, m *adapters.Message) error {
	ok, err := s.ledger.Undecided(ctx, m.ID)
	if err == nil && !ok {
		err = fmt.Errorf("message was handled by another worker: %w", docstore.ErrConflict)
	}
	return err
}

// caseConversation returns the conversation id inside a case id.
func caseConversation(caseID string) string {
	if i := strings.LastIndexByte(caseID, '#'); i > 0 {
		return caseID[:i]
	}
	return caseID
}

// Alias is a stable short code for a contact whose platform tells no name.
func Alias(c *Conversation) string {
	sum := sha256.Sum256([]byte(c.ID))
	return base32.StdEncoding.EncodeToString(sum[:])[:4]
}

// shortID is a stable id of 10 characters made from a longer one.
func shortID(s string) string {
	sum := sha256.Sum256([]byte(s))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:10])
}

func caseID(c *Conversation) string { return fmt.Sprintf("%s#%d", c.ID, c.Cases) }
