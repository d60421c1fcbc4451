package handoff_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/handoff"
	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/tickets"
)

var people = []handoff.Member{
	{Inbox: "fs", ID: "ou_1", Name: "小王", Role: handoff.RoleAgent},
	{Inbox: "fs", ID: "ou_2", Name: "小李", Role: handoff.RoleLead},
	{Inbox: "fs", ID: "ou_3", Name: "编辑", Role: handoff.RoleEditor},
	{Inbox: "tg", ID: "7", Role: handoff.RoleAdmin},
}

var support = handoff.Desk{Name: "support", Inbox: "fs", Chat: "oc_1"}

// record is a transcript in which every message of a thread belongs to the topic of the thread's name.
type record struct {
	entries  map[string]transcript.Entry
	together bool
}

func (record) History(context.Context, string, int) ([]transcript.Entry, error) { return nil, nil }

func (record) TopicOf(_ context.Context, m *adapters.Message) (string, error) {
	return string(m.Thread), nil
}

func (r record) Quoted(_ context.Context, m *adapters.Message) (*transcript.Entry, error) {
	e, ok := r.entries[string(m.ReplyTo)]
	if !ok {
		return nil, nil
	}
	return &e, nil
}

func (r record) Entry(_ context.Context, id string) (transcript.Entry, error) {
	e, ok := r.entries[id]
	if !ok {
		return e, docstore.ErrNotFound
	}
	return e, nil
}

func (record) Editable(context.Context, adapters.InboxName, adapters.ChatID, *adapters.Message) (string, error) {
	return "", nil
}

func (record) QuotedFor(context.Context, *adapters.Message, adapters.InboxName, adapters.ChatID) (*transcript.Quote, error) {
	return nil, nil
}

func (record) AlbumHead(context.Context, *adapters.Message) (string, error) { return "", nil }

func (record) Allowance(context.Context, adapters.InboxName, adapters.ChatID) (transcript.Allowance, error) {
	return transcript.Allowance{Push: true}, nil
}

func (r record) Undecided(_ context.Context, id string) (bool, error) {
	return r.entries[id].State != transcript.StateHandled, nil
}

func (r record) Together() bool { return r.together }

// room is a desk with everything under it.
type room struct {
	desks  *handoff.Desks
	convs  *handoff.Conversations
	roster *handoff.Roster
	record record
	store  *docstore.Store
}

func now() time.Time { return time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC) }

func open(t *testing.T) *room {
	t.Helper()
	return openWith(t, false)
}

// openWith says whether plans carry what they change; then nobody writes it but the test.
func openWith(t *testing.T, together bool) *room {
	t.Helper()
	d, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	store := docstore.New(d)
	t.Cleanup(func() { _ = store.Close() })
	words, err := texts.New("")
	if err != nil {
		t.Fatal(err)
	}
	tk, err := tickets.New(t.Context(), store, now)
	if err != nil {
		t.Fatal(err)
	}
	r := &room{record: record{entries: map[string]transcript.Entry{}, together: together}, store: store}
	if r.convs, err = handoff.NewConversations(t.Context(), store, r.record, now); err != nil {
		t.Fatal(err)
	}
	dir := handoff.NewDirectory([]handoff.Desk{support}, people)
	if r.roster, err = handoff.NewRoster(t.Context(), store, dir, now); err != nil {
		t.Fatal(err)
	}
	r.desks = handoff.New(handoff.Options{
		Directory: dir, Conversations: r.convs, Roster: r.roster, Tickets: tk, Record: r.record, Words: words, Language: "en", Now: now,
	})
	return r
}

// openCase hands the conversation of a contact to the desk and returns its topic.
func (r *room) openCase(t *testing.T, contact string) string {
	t.Helper()
	m := adapters.Message{ID: "open-" + contact, Inbox: "wx", Chat: adapters.ChatID(contact)}
	var topic string
	_, err := r.convs.Decide(t.Context(), "wx|"+contact, &m, func(c *handoff.Conversation) (transcript.Plan, error) {
		c.Inbox, c.Chat, c.Name, c.Language = "wx", m.Chat, contact, "en"
		o, err := r.desks.Open(t.Context(), c, handoff.Opening{Reason: handoff.ReasonAsked, Question: "why"})
		topic = c.Case.ID
		return transcript.Plan{Posts: o.Posts}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return topic
}

func fromAgent(id, topic, person, text string) *adapters.Message {
	return &adapters.Message{
		ID: id, Inbox: "fs", Chat: "oc_1", Group: true, Thread: adapters.ThreadID(topic), Kind: adapters.KindMessage,
		Native: adapters.MessageID(id), From: adapters.Person{ID: adapters.PersonID(person)}, Text: text,
	}
}

// toContact returns what a plan says to the contact.
func toContact(p transcript.Plan) []string {
	var said []string
	for _, post := range p.Posts {
		if post.Inbox == "wx" {
			said = append(said, post.Message.Text)
		}
	}
	return said
}

// Of two agents who answer at once one has the case and the other's words are held, every time.
func TestOneOfTwoAgentsWins(t *testing.T) {
	r := open(t)
	for round := range 20 {
		contact := fmt.Sprintf("c%d", round)
		topic := r.openCase(t, contact)
		var plans [2]transcript.Plan
		var wg sync.WaitGroup
		for i, person := range []string{"ou_1", "ou_2"} {
			wg.Go(func() {
				m := fromAgent(fmt.Sprintf("%s-%d", contact, i), topic, person, "words of "+person)
				var err error
				if plans[i], err = r.desks.Handle(t.Context(), support, m); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		relayed := 0
		for i, person := range []string{"ou_1", "ou_2"} {
			if strings.Contains(strings.Join(toContact(plans[i]), "\n"), "words of "+person) {
				relayed++
			}
		}
		c, err := r.convs.Conversation(t.Context(), "wx|"+contact)
		if err != nil {
			t.Fatal(err)
		}
		if relayed != 1 || len(c.Case.Held) != 1 {
			t.Fatalf("round %d: %d replies went to the contact, %d are held; want 1 and 1", round, relayed, len(c.Case.Held))
		}
		if c.Case.Held[0].By.Same(*c.Case.Agent) {
			t.Fatalf("round %d: the winner's words are held", round)
		}
	}
}

// A message decided before yields its first plan, whatever happened to the conversation since.
func TestDecidedOnce(t *testing.T) {
	r := open(t)
	topic := r.openCase(t, "c")
	m := fromAgent("m1", topic, "ou_1", "hello")
	first, err := r.desks.Handle(t.Context(), support, m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.desks.Handle(t.Context(), support, fromContact(r, t, "c")); err != nil {
		t.Fatal(err)
	}
	again, err := r.desks.Handle(t.Context(), support, m)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("decided otherwise the second time:\n%s", diff)
	}
}

// fromContact changes the conversation in the contact's own lane and returns a harmless message for the desk.
func fromContact(r *room, t *testing.T, contact string) *adapters.Message {
	t.Helper()
	m := adapters.Message{ID: "later-" + contact, Inbox: "wx", Chat: adapters.ChatID(contact)}
	_, err := r.convs.Decide(t.Context(), "wx|"+contact, &m, func(c *handoff.Conversation) (transcript.Plan, error) {
		c.Name = "renamed"
		return transcript.Plan{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fromAgent("talk", "", "ou_1", "lunch?")
}

// No note and no command ever reaches the contact.
func TestNothingInternalLeaks(t *testing.T) {
	r := open(t)
	topic := r.openCase(t, "c")
	if _, err := r.desks.Handle(t.Context(), support, fromAgent("claim", topic, "ou_1", "/claim")); err != nil {
		t.Fatal(err)
	}
	secret := "SECRET"
	for i, text := range []string{
		"//" + secret, "// " + secret, "/note " + secret, "/NOTE " + secret, "/备注 " + secret, "/note\n" + secret, "  // " + secret,
		"/nonsense " + secret, "/history " + secret, "/info " + secret, "/t 1001 comment " + secret, "/", "/note", "／note " + secret, "／／" + secret, "／备注 " + secret, "/／" + secret,
		"、、" + secret, "、note " + secret, "\u200b//" + secret, "\ufeff /note " + secret, "\u200e／／" + secret,
	} {
		p, err := r.desks.Handle(t.Context(), support, fromAgent(fmt.Sprintf("n%d", i), topic, "ou_1", text))
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Join(toContact(p), "\n"); strings.Contains(said, secret) {
			t.Errorf("%q was sent to the contact", text)
		}
	}
}

// A command that is edited afterwards does not run a second time.
func TestEditedCommandRunsOnce(t *testing.T) {
	r := open(t)
	topic := r.openCase(t, "c")
	m := fromAgent("m1", topic, "ou_1", "/ticket broken")
	m.Kind = adapters.KindEdit
	p, err := r.desks.Handle(t.Context(), support, m)
	if err != nil || len(p.Posts) != 0 {
		t.Errorf("posted %+v (%v)", p.Posts, err)
	}
}

func TestResend(t *testing.T) {
	r := open(t)
	topic := r.openCase(t, "c")
	origin := transcript.Origin{Inbox: "fs", Chat: "oc_1", ID: "m9", Topic: topic}
	failed := transcript.Entry{ID: "e1", Conversation: "wx|c", State: transcript.StateUnknown, Reason: adapters.ReasonUnknown, Post: &transcript.Post{
		Inbox: "wx", Author: transcript.AuthorPerson, Origin: &origin, Message: adapters.Outgoing{Chat: "c", Text: "once more"},
	}}
	notices := r.desks.Undelivered(t.Context(), &failed)
	if len(notices) != 1 || notices[0].Topic.Key != topic || len(notices[0].Message.Choices) != 1 {
		t.Fatalf("the agent was told by %+v", notices)
	}
	r.record.entries["e1"] = failed
	r.record.entries["n1"] = transcript.Entry{Post: &notices[0]}
	press := fromAgent("press", topic, "ou_1", "")
	press.Kind, press.Choice, press.ReplyTo = adapters.KindCallback, notices[0].Message.Choices[0].ID, "n1"
	p, err := r.desks.Handle(t.Context(), support, press)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"once more"}, toContact(p)); diff != "" {
		t.Error(diff)
	}
	press.ID = "pressed again"
	again, err := r.desks.Handle(t.Context(), support, press)
	if err != nil {
		t.Fatal(err)
	}
	if p.Posts[0].ID == "" || p.Posts[0].ID != again.Posts[0].ID {
		t.Errorf("pressed twice it is two messages: %q, %q", p.Posts[0].ID, again.Posts[0].ID)
	}
	press.ID, press.Thread = "pressed elsewhere", adapters.ThreadID(r.openCase(t, "somebody else"))
	if p, err = r.desks.Handle(t.Context(), support, press); err != nil || toContact(p) != nil {
		t.Errorf("the words went to another contact: %q (%v)", toContact(p), err)
	}
}

// A command to send what is held means the agent's own words.
func TestHeldIsOnesOwn(t *testing.T) {
	r := open(t)
	topic := r.openCase(t, "c")
	say := func(id, person, text string) transcript.Plan {
		t.Helper()
		p, err := r.desks.Handle(t.Context(), support, fromAgent(id, topic, person, text))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	say("1", "ou_1", "mine")
	say("2", "ou_2", "held words")
	if said := toContact(say("3", "ou_1", "/send")); said != nil {
		t.Errorf("an agent sent another's words: %q", said)
	}
	if diff := cmp.Diff([]string{"held words"}, toContact(say("4", "ou_2", "/send"))); diff != "" {
		t.Error(diff)
	}
}

// A contact is told in their own language that the desk does not get their words, or their case at all.
func TestContactIsToldInTheirLanguage(t *testing.T) {
	r := open(t)
	m := adapters.Message{ID: "m", Inbox: "wx", Chat: "c"}
	_, err := r.convs.Decide(t.Context(), "wx|c", &m, func(c *handoff.Conversation) (transcript.Plan, error) {
		c.Language = "zh-CN"
		return transcript.Plan{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, author := range map[string]transcript.Author{"words": transcript.AuthorPerson, "card|wx|c#1": transcript.AuthorBot} {
		posts := r.desks.Undelivered(t.Context(), &transcript.Entry{ID: id, State: transcript.StateFailed, Reason: adapters.ReasonUnreachable, Post: &transcript.Post{
			Inbox: "fs", Author: author, Topic: transcript.Topic{Key: "wx|c#1"}, Message: adapters.Outgoing{Chat: "oc_1", Group: true},
		}})
		if len(posts) != 1 || posts[0].Message.Chat != "c" || !strings.ContainsFunc(posts[0].Message.Text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("%s: the contact was told by %+v", id, posts)
		}
	}
}

func TestCleanName(t *testing.T) {
	for name, want := range map[string]string{
		"小王": "小王", "a\n客服: pay here": "a 客服: pay here", "\u202eevil\u200b": "evil", "  x  y ": "x y",
	} {
		if got := handoff.CleanName(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
	if n := len([]rune(handoff.CleanName(strings.Repeat("长", 500)))); n > 64 {
		t.Errorf("a name of %d characters", n)
	}
}

// Somebody is told about every message that does not arrive, and notices about notices end.
func TestUndelivered(t *testing.T) {
	r := open(t)
	tests := map[string]struct {
		post   transcript.Post
		reason adapters.Reason
		want   string // inbox the notice goes to, "" = nobody
	}{
		"agent's words":         {transcript.Post{Inbox: "wx", Author: transcript.AuthorPerson, Origin: &transcript.Origin{Inbox: "fs", Topic: "wx|c#1"}, Message: adapters.Outgoing{Chat: "c"}}, adapters.ReasonRejected, "fs"},
		"contact's words":       {transcript.Post{Inbox: "fs", Author: transcript.AuthorPerson, Topic: transcript.Topic{Key: "wx|c#1"}, Message: adapters.Outgoing{Chat: "oc_1", Group: true}}, adapters.ReasonUnauthorized, "wx"},
		"bot's words":           {transcript.Post{Inbox: "wx", Author: transcript.AuthorBot, Message: adapters.Outgoing{Chat: "c"}}, adapters.ReasonRejected, "fs"},
		"bot, person blocked":   {transcript.Post{Inbox: "wx", Author: transcript.AuthorBot, Message: adapters.Outgoing{Chat: "c"}}, adapters.ReasonUnreachable, ""},
		"a notice in a topic":   {transcript.Post{Inbox: "fs", Author: transcript.AuthorBot, Topic: transcript.Topic{Key: "wx|c#1"}, Message: adapters.Outgoing{Chat: "oc_1", Group: true}}, adapters.ReasonRejected, ""},
		"a notice in a group":   {transcript.Post{Inbox: "fs", Author: transcript.AuthorBot, Message: adapters.Outgoing{Chat: "oc_1", Group: true}}, adapters.ReasonRejected, ""},
		"an edit of the card":   {transcript.Post{Inbox: "fs", Author: transcript.AuthorBot, Verb: transcript.VerbEdit, Message: adapters.Outgoing{Chat: "oc_1", Group: true}}, adapters.ReasonRejected, ""},
		"a reaction":            {transcript.Post{Inbox: "fs", Author: transcript.AuthorBot, Verb: transcript.VerbReact, Message: adapters.Outgoing{Chat: "oc_1", Group: true}}, adapters.ReasonRejected, ""},
		"an account of no desk": {transcript.Post{Inbox: "wx", Author: transcript.AuthorPerson, Topic: transcript.Topic{Key: "no topic of ours"}, Message: adapters.Outgoing{Group: true}}, adapters.ReasonRejected, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			posts := r.desks.Undelivered(t.Context(), &transcript.Entry{ID: "e", State: transcript.StateFailed, Reason: test.reason, Post: &test.post})
			got := ""
			for _, p := range posts {
				got += string(p.Inbox)
				if p.Message.Text == "" {
					t.Error("a notice without words")
				}
			}
			if got != test.want {
				t.Errorf("told %q, want %q", got, test.want)
			}
		})
	}
}

func TestRoutes(t *testing.T) {
	dir := handoff.NewDirectory([]handoff.Desk{
		{Name: "rest"},
		{Name: "default", Default: true},
		{Name: "wechat", Inboxes: []adapters.InboxName{"wx"}},
		{Name: "returns", Categories: []string{"退货"}},
		{Name: "elsewhere", Inboxes: []adapters.InboxName{"tg"}, Categories: []string{"退货"}},
	}, nil)
	tests := []struct {
		inbox    adapters.InboxName
		category string
		want     string
	}{
		{"wx", "", "wechat default rest returns"},
		{"wx", "退货", "returns wechat default rest"},
		{"fs", "", "default rest returns"},
		{"fs", "物流", "default rest returns"},
	}
	for _, test := range tests {
		var got []string
		for _, k := range dir.Routes(test.inbox, test.category) {
			got = append(got, k.Name)
		}
		if g := strings.Join(got, " "); g != test.want {
			t.Errorf("%s %q: %s, want %s", test.inbox, test.category, g, test.want)
		}
	}
}

// People are on duty until they say otherwise.
func TestDuty(t *testing.T) {
	r := open(t)
	anyone := func() bool {
		t.Helper()
		on, err := r.roster.Anyone(t.Context(), support)
		if err != nil {
			t.Fatal(err)
		}
		return on
	}
	if !anyone() {
		t.Error("nobody is on duty before anybody said anything")
	}
	for i, d := range []handoff.Duty{handoff.DutyOff, handoff.DutyBusy} {
		if err := r.roster.Set(t.Context(), people[i], d); err != nil {
			t.Fatal(err)
		}
	}
	if anyone() {
		t.Error("one is off, one is busy, yet somebody takes cases")
	}
	if err := r.roster.Set(t.Context(), people[1], handoff.DutyOn); err != nil {
		t.Fatal(err)
	}
	if !anyone() {
		t.Error("somebody came back and takes no cases")
	}
}

func TestParseCommand(t *testing.T) {
	tests := []struct{ text, name, args string }{
		{"/note hello", "note", "hello"},
		{"  /note   two words ", "note", "two words"},
		{"/note\nnew line", "note", "new line"},
		{"//quick", "note", "quick"},
		{"／／全角", "note", "全角"},
		{"／note x", "note", "x"},
		{"/备注 中文", "note", "中文"},
		{"/备注　全角空格", "note", "全角空格"},
		{"/CLOSE done", "close", "done"},
		{"/t 1001 state open", "t", "1001 state open"},
		{"hello /note", "", ""},
		{"/", "", ""},
		{"", "", ""},
		{"http://x", "", ""},
	}
	for _, test := range tests {
		name, args := handoff.ParseCommand(&adapters.Message{Kind: adapters.KindMessage, Text: test.text})
		if name != test.name || args != test.args {
			t.Errorf("%q: %q %q, want %q %q", test.text, name, args, test.name, test.args)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	for _, s := range []string{"/note x", "//x", "/备注\u3000x", "/\x00", "\u202e/note"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, _ := handoff.ParseCommand(&adapters.Message{Kind: adapters.KindMessage, Text: s})
		if strings.HasPrefix(strings.TrimSpace(s), "//") && name != "note" {
			t.Errorf("%q is no note", s)
		}
	})
}

// An edit brings its media along where they are others than before, and only then.
func TestEditedMedia(t *testing.T) {
	r := open(t)
	photo := adapters.Attachment{Kind: adapters.AttachmentImage, Ref: "p1", Size: 100}
	again, other := photo, photo
	again.Ref, other.Ref, other.Size = "p1-by-another-name", "p2", 200
	c := &handoff.Conversation{ID: "wx|c", Inbox: "wx", Chat: "c", Name: "Tom", Case: &handoff.Case{ID: "wx|c#1", Desk: support.Name}}
	m := adapters.Message{Inbox: "wx", Chat: "c", Native: "7", Kind: adapters.KindMessage, Text: "broken", Attachments: []adapters.Attachment{photo}}
	m.ID = adapters.NewID("wx", "c", m.Kind, "7")
	first := m
	r.record.entries[m.ID] = transcript.Entry{ID: m.ID, In: &first}
	m.Kind, m.ID = adapters.KindEdit, adapters.NewID("wx", "c", adapters.KindEdit, "7@1")
	for name, row := range map[string]struct {
		native adapters.MessageID
		now    adapters.Attachment
		media  int
	}{"the same": {"7", again, 0}, "another": {"7", other, 1}, "of a message nobody knows": {"8", other, 0}} {
		m.Native, m.Attachments = row.native, []adapters.Attachment{row.now}
		posts, err := r.desks.Relay(t.Context(), c, &m)
		if err != nil || len(posts) != 1 {
			t.Fatalf("%s: %d posts, %v", name, len(posts), err)
		}
		got := 0
		if posts[0].Message.Media != nil {
			got = 1
		}
		if got != row.media || !strings.Contains(posts[0].Message.Text, "(edited)") {
			t.Errorf("%s: %d media with %q, want %d", name, got, posts[0].Message.Text, row.media)
		}
	}
}

// Agents read whose words a customer passes on.
func TestForwardedWords(t *testing.T) {
	r := open(t)
	c := &handoff.Conversation{ID: "wx|c", Inbox: "wx", Chat: "c", Name: "Tom", Case: &handoff.Case{ID: "wx|c#1", Desk: support.Name}}
	for forwarded, want := range map[string]string{"": "Tom: look", "Anna": "Tom: (forwarded from Anna)\nlook"} {
		m := adapters.Message{Inbox: "wx", Chat: "c", Native: "7", Kind: adapters.KindMessage, Text: "look", Forwarded: forwarded}
		posts, err := r.desks.Relay(t.Context(), c, &m)
		if err != nil || len(posts) != 1 || posts[0].Message.Text != want {
			t.Errorf("from %q: %+v, %v, want %q", forwarded, posts, err, want)
		}
	}
	if got := r.desks.Readable(&adapters.Message{Forwarded: "Anna"}); got != "" {
		t.Errorf("an empty message reads %q", got)
	}
}
