package bot

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"kefu/adapters"
	"kefu/handoff"
	"kefu/internal/richtext"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
)

// What buttons under the bot's messages send back.
const (
	choiceHuman  = "human"
	choiceTicket = "ticket"
	choiceNone   = "none"
	choicePick   = "pick:" // + FAQ entry id
)

func (e *Engine) left(ctx context.Context, t *turn) (bool, error) {
	if t.m.Event != adapters.EventStop {
		return false, nil
	}
	t.c.Left = true
	t.decision = "contact left"
	if t.c.Case != nil {
		t.posts = append(e.Desks.Notice(t.c, texts.CustomerLeft), e.Desks.Card(ctx, t.c)...)
	}
	return true, nil
}

// ignored takes notices that want no answer, and edits of what was answered already.
func (e *Engine) ignored(_ context.Context, t *turn) (bool, error) {
	switch t.m.Kind {
	case adapters.KindEvent:
		switch t.m.Event {
		case adapters.EventStart, adapters.EventScan, adapters.EventMenu:
			return false, nil
		}
	case adapters.KindEdit:
		if t.c.Case != nil {
			return false, nil
		}
	default:
		return false, nil
	}
	t.decision = "ignored " + string(t.m.Kind) + " " + string(t.m.Event)
	return true, nil
}

// returned brings the card up to date for a contact who can be written to again.
func (e *Engine) returned(ctx context.Context, t *turn) []transcript.Post {
	if !t.back {
		return nil
	}
	return e.Desks.Card(ctx, t.c)
}

func (e *Engine) started(ctx context.Context, t *turn) (bool, error) {
	scanned := t.m.Event == adapters.EventScan
	if t.m.Event != adapters.EventStart && !scanned {
		return false, nil
	}
	if scanned && t.c.Dialog.Greeted {
		t.decision = "scanned again"
		if t.c.Case == nil {
			t.say(texts.GreetingReply)
		}
		return true, nil
	}
	t.decision = "welcome"
	if t.c.Case != nil {
		t.posts = append(e.Desks.Notice(t.c, texts.CustomerBack), e.returned(ctx, t)...)
		return true, nil
	}
	t.c.Dialog = handoff.Dialog{Flood: t.c.Dialog.Flood, Rated: t.c.Dialog.Rated}
	t.greet()
	return true, nil
}

// fetched takes a word that says nothing but "go on", where words wait for the contact: they go out with it. Anything else is a message as well.
func (e *Engine) fetched(ctx context.Context, t *turn) (bool, error) {
	if t.m.Kind != adapters.KindMessage || len(t.m.Attachments) > 0 || !e.fetches[normalize(t.text)] {
		return false, nil
	}
	a, err := e.Desks.Record.Allowance(ctx, t.c.Inbox, t.c.Chat)
	if err != nil || a.Push || !a.Waiting {
		return false, err
	}
	t.decision = "fetches what waits"
	return true, nil
}

func (e *Engine) identify(_ context.Context, t *turn) (bool, error) {
	if name, _ := handoff.ParseCommand(t.m); name != "id" || t.m.Kind != adapters.KindMessage {
		return false, nil
	}
	t.decision = "identified"
	t.c.Dialog.Greeted = true
	t.post(e.Desks.Identify(t.m))
	return true, nil
}

// inCase relays to the agents. A contact who still waits may cancel, and hears so when they ask for a person again.
func (e *Engine) inCase(ctx context.Context, t *turn) (bool, error) {
	if t.c.Case == nil || e.Desks.Abandon(t.c) {
		return false, nil
	}
	if t.c.Status == handoff.StatusWaiting && e.intents.of(t.text) == intentCancel {
		t.decision = "waiting canceled"
		t.posts = e.Desks.Cancel(ctx, t.c)
		t.say(texts.CancelDone)
		return true, nil
	}
	impatient := t.c.Status == handoff.StatusWaiting && e.intents.of(first(t.m.Choice, t.text)) == intentHuman
	if t.m.Kind == adapters.KindCallback {
		t.decision = "stale button while a person serves"
		if impatient {
			t.decision = "waits already"
			t.say(texts.HandoffAlreadyWaiting)
		}
		return true, nil
	}
	t.decision = "relayed to desk"
	posts, err := e.Desks.Relay(ctx, t.c, t.m)
	t.posts = append(posts, e.returned(ctx, t)...)
	if impatient && err == nil {
		t.say(texts.HandoffAlreadyWaiting)
	}
	return true, err
}

// picked takes an answer to our own question: a button, a digit, or the words of a choice while the question is open.
func (e *Engine) picked(ctx context.Context, t *turn) (bool, error) {
	q := t.c.Dialog.Clarify
	if id, ok := strings.CutPrefix(t.m.Choice, choicePick); ok {
		return true, e.answerPicked(t, pickedEntry(q, id))
	}
	if t.m.Choice == choiceNone {
		return true, e.noneMeant(ctx, t)
	}
	if t.m.Kind == adapters.KindCallback || q == nil && !t.lapsed {
		return false, nil
	}
	n, ok := digit(t.text)
	none := normalize(t.text) == normalize(t.words(texts.ClarifyNone))
	switch {
	case q == nil && (ok || none):
		t.decision = "clarify: too late"
		t.say(texts.ClarifyLapsed)
		return true, nil
	case q == nil:
		return false, nil
	case none:
		return true, e.noneMeant(ctx, t)
	case !ok:
		return e.pickedByLabel(t, q), nil
	case n == 0 || n == len(q.Choices)+1:
		return true, e.noneMeant(ctx, t)
	case n > len(q.Choices)+1:
		t.decision = "clarify: no such number"
		t.say(texts.ClarifyInvalid, "Count", len(q.Choices)+1)
		return true, nil
	}
	return true, e.answerPicked(t, kb.EntryID(strings.TrimPrefix(q.Choices[n-1].ID, choicePick)))
}

// noneMeant brings a contact to a person after none of the choices was meant.
func (e *Engine) noneMeant(ctx context.Context, t *turn) error {
	if q := t.c.Dialog.Clarify; q != nil {
		t.found(transcript.FoundNone, "", q.Question)
	}
	return e.handoff(ctx, t, handoff.ReasonUnknown)
}

// maxButton is the longest id of a button, in bytes; see adapters.Choice.
const maxButton = 64

// pickButton is the id of the button for a choice: entries' ids may be longer than a button's.
func pickButton(choice string) string {
	if len(choice) <= maxButton {
		return choice
	}
	return choicePick + "~" + short(choice)
}

// pickedEntry is the entry a button stands for.
func pickedEntry(q *handoff.Clarify, id string) kb.EntryID {
	if q != nil {
		for _, c := range q.Choices {
			if pickButton(c.ID) == choicePick+id {
				return kb.EntryID(strings.TrimPrefix(c.ID, choicePick))
			}
		}
	}
	return kb.EntryID(id)
}

// pickedByLabel takes the words of a choice typed instead of its number.
func (e *Engine) pickedByLabel(t *turn, q *handoff.Clarify) bool {
	for _, c := range q.Choices {
		if normalize(c.Label) == normalize(t.text) {
			return e.answerPicked(t, kb.EntryID(strings.TrimPrefix(c.ID, choicePick))) == nil
		}
	}
	return false
}

func (e *Engine) answerPicked(t *turn, id kb.EntryID) error {
	entry, ok := e.Knowledge.Entry(id)
	if !ok || !entry.ValidAt(e.Now()) {
		t.c.Dialog.Clarify = nil
		t.decision = "clarify: entry gone"
		t.unknown()
		return nil
	}
	question := ""
	if q := t.c.Dialog.Clarify; q != nil {
		question = q.Question
		t.found(transcript.FoundPicked, string(id), question)
	}
	t.answer(entry, question)
	t.decision = "answer " + string(id) + " chosen"
	return nil
}

func (e *Engine) intent(ctx context.Context, t *turn) (bool, error) {
	in := e.intents.of(t.text)
	if t.m.Choice != "" {
		in = e.intents.of(t.m.Choice)
	} else if in != intentNone && e.asksAbout(t) {
		in = intentNone
	}
	t.decision = "intent " + string(in)
	switch in {
	case intentHuman:
		return true, e.handoff(ctx, t, handoff.ReasonAsked)
	case intentComplaint:
		return true, e.handoff(ctx, t, handoff.ReasonComplaint)
	case intentTicket:
		return true, e.ticket(ctx, t)
	case intentCancel:
		t.say(t.cancel())
	case intentHelp:
		t.say(texts.Help)
	case intentThanks:
		t.say(texts.ThanksReply)
	case intentGreeting:
		if !t.c.Dialog.Greeted {
			t.greet()
			break
		}
		t.say(texts.GreetingReply)
	default:
		t.decision = ""
		return false, nil
	}
	return true, nil
}

// asksAbout says that a message only holds the words of an intent, and is a question of the knowledge base, such as "when are human agents there?".
func (e *Engine) asksAbout(t *turn) bool {
	if e.intents.says(t.text) {
		return false
	}
	r := e.Knowledge.Match(kb.Question{Text: t.text, Language: t.c.Language, Limit: 1})
	return len(r.Candidates) > 0 && normalize(r.Candidates[0].Text) == normalize(t.text)
}

// cancel ends what is open between bot and contact.
func (t *turn) cancel() (textID string) {
	d := &t.c.Dialog
	if d.Clarify == nil && d.Form == nil {
		return texts.CancelNothing
	}
	d.Clarify, d.Form = nil, nil
	return texts.CancelDone
}

func (e *Engine) wordless(_ context.Context, t *turn) (bool, error) {
	if t.text != "" && t.m.Kind == adapters.KindMessage {
		return false, nil
	}
	t.decision = "no words: " + string(t.m.Kind)
	if t.m.Kind == adapters.KindCallback {
		t.decision = "stale button"
		t.say(texts.ButtonStale)
		return true, nil
	}
	if t.m.Event == adapters.EventMenu {
		t.decision = "menu item nobody described"
		t.say(texts.Help)
		return true, nil
	}
	t.say(texts.UnsupportedKind)
	return true, nil
}

// faq asks the knowledge base and answers, asks back, or admits not knowing.
func (e *Engine) faq(_ context.Context, t *turn) (bool, error) {
	d := &t.c.Dialog
	d.Asked = t.text
	r := e.Knowledge.Match(kb.Question{Text: t.text, Language: t.c.Language})
	v := kb.Decide(r, e.Config.Thresholds())
	round := t.round(v.Choices)
	switch {
	case v.Decision == kb.Answer:
		t.answer(v.Choices[0].Entry, t.text)
		t.found(transcript.FoundAnswer, string(v.Choices[0].ID), "")
		t.decision = "answer"
	case v.Decision == kb.Clarify && round <= e.Config.Clarify.Rounds:
		t.clarify(v.Choices, round)
		t.found(transcript.FoundChoices, "", "")
		t.decision = "clarify"
	default:
		if v.Decision == kb.Clarify {
			t.spend()
		}
		t.unknown()
		t.found(transcript.FoundNothing, "", "")
		t.decision = "unknown"
	}
	t.decision += scores(r)
	return true, nil
}

// round is which time in a row the contact would be asked back with these choices.
func (t *turn) round(choices []kb.Candidate) int {
	d := &t.c.Dialog
	spent := slices.ContainsFunc(choices, func(c kb.Candidate) bool { return slices.Contains(d.Spent, string(c.ID)) })
	switch {
	case spent:
		return math.MaxInt
	case d.Clarify != nil:
		return d.Clarify.Round + 1
	}
	return 1
}

// spend remembers what was asked about in vain and makes a person the next thing offered: asking once more would go round in circles.
func (t *turn) spend() {
	d := &t.c.Dialog
	if d.Clarify != nil {
		d.Spent = nil
		for _, c := range d.Clarify.Choices {
			d.Spent = append(d.Spent, strings.TrimPrefix(c.ID, choicePick))
		}
	}
	d.Misses = max(d.Misses, t.e.Config.HandoffAfter-1)
}

// scores writes the candidates' confidences for people who ask why.
func scores(r kb.Result) string {
	var b strings.Builder
	for i, c := range r.Candidates {
		if i == 3 {
			break
		}
		fmt.Fprintf(&b, " %s=%.2f", c.ID, c.Confidence)
	}
	fmt.Fprintf(&b, " none=%.2f", r.None)
	return b.String()
}

// answer says an entry's answer, the only words that are Markdown. Parsing takes some 20 microseconds: too little to keep its result.
func (t *turn) answer(entry *kb.Entry, question string) {
	d := &t.c.Dialog
	d.Clarify, d.Spent, d.Misses = nil, nil, 0
	t.tried(entry.Question)
	words, images := richtext.Images(entry.AnswerFor(t.c.Language, string(t.c.Inbox), t.e.Channels[t.c.Inbox]))
	text, spans := t.e.answers.Parse(words)
	ask, choices := t.askHelpful(entry, question)
	if text = strings.TrimLeft(text+ask, "\n"); text != "" {
		t.post(text, choices...)
		t.posts[len(t.posts)-1].Message.Spans = spans
	}
	for _, name := range images[:min(len(images), maxImages)] {
		t.post("")
		t.posts[len(t.posts)-1].Message.Media = &adapters.Media{Kind: adapters.AttachmentImage, Ref: kb.ImageKey(name)}
	}
}

// maxImages of an answer are sent: each may cost one of the last sends to a person.
const maxImages = 3

func (t *turn) clarify(candidates []kb.Candidate, round int) {
	q := &handoff.Clarify{Question: t.text, Round: round}
	lines := []string{t.words(texts.ClarifyIntro)}
	for i, c := range candidates {
		q.Choices = append(q.Choices, adapters.Choice{ID: choicePick + string(c.ID), Label: c.Question})
		lines = append(lines, t.words(texts.ClarifyChoice, "N", i+1, "Label", c.Question))
	}
	none := adapters.Choice{ID: choiceNone, Label: t.words(texts.ClarifyNone)}
	lines = append(lines, t.words(texts.ClarifyChoice, "N", len(candidates)+1, "Label", none.Label), t.words(texts.ClarifyFooter))
	t.c.Dialog.Clarify = q
	t.tried(t.words(texts.ClarifyIntro))
	buttons := make([]adapters.Choice, 0, len(q.Choices)+1)
	for _, c := range q.Choices {
		buttons = append(buttons, adapters.Choice{ID: pickButton(c.ID), Label: c.Label})
	}
	t.post(strings.Join(lines, "\n"), append(buttons, none)...)
}

// unknown admits not knowing; the second time in a row a person is offered first of all.
func (t *turn) unknown() {
	d := &t.c.Dialog
	d.Clarify = nil
	d.Misses++
	id := texts.Unknown
	if d.Misses >= t.e.Config.HandoffAfter {
		id = texts.UnknownOfferHuman
	}
	t.post(t.words(id), adapters.Choice{ID: choiceHuman, Label: t.words(texts.ButtonHuman)})
}

// spokenChoice is a number as people choose it: 2, "2.", "选2", "第二个", "no. 2".
var spokenChoice = regexp.MustCompile(`^(?:我?选择?|回复|序号|no|number|option)?[ .]*(?:第([0-9]{1,2}|[一二三四五六七八九])[个项条]?|([0-9]{1,2}|[一二三四五六七八九])[号项]?)吧?$`)

// digit reads a text that is nothing but a number of up to two digits, in any script's width, or the choice of one.
func digit(text string) (int, bool) {
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.M, r) { // of a keycap
			return -1
		}
		return r
	}, normalize(text))
	found := spokenChoice.FindStringSubmatch(strings.Trim(text, ".、,) "))
	if found == nil {
		return 0, false
	}
	number := found[1] + found[2]
	if i := strings.Index("一二三四五六七八九", number); i >= 0 {
		return i/len("一") + 1, true
	}
	n, err := strconv.Atoi(number)
	return n, err == nil
}
