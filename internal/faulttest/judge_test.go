package faulttest_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"kefu/internal/playground"
)

// sort of message somebody said.
type sort string

const (
	sortQuestion sort = "question" // must be answered, or relayed where a case is open
	sortHuman    sort = "human"    // must be answered by the word that a person comes
	sortText     sort = "text"     // of a customer with a case: must reach the case's thread
	sortReply    sort = "reply"    // of an agent: must reach the customer
	sortNote     sort = "note"     // of an agent: must not reach anybody
)

// said is one message of a person.
type said struct {
	customer int // whose conversation it belongs to
	sort     sort
	platform string // where it was said
	chat     string // private chat or group
	id       string // the platform's
	text     string
	token    string // what its answer or relay is known by
}

// arrival is how the deliveries of one message went.
type arrival struct {
	begun time.Time // the first attempt
	acked time.Time // the one answered with 2xx that counts; zero = never
	tries int       // the number of that one
}

// event is one fault that was really made.
type event struct {
	kind     string
	platform string // of faults of a platform
	op       string
	at       time.Time
	end      time.Time // of faults that last
	next     time.Time // of the death of a gateway: when it was about to be started again
}

// record is all the judge may look at.
type record struct {
	*board   // what people saw
	said     []said
	homes    []chatKey          // private chat by customer
	arrivals map[string]arrival // by arrivalKey
	events   []event
	resent   map[int][]time.Time // by customer: when the agent had a reply in doubt sent again
}

// arrivalKey names a message among deliveries. Telegram's numbers are unique within a chat only; Feishu's deliveries name private chats in another way.
func arrivalKey(platform, chat, id string) string {
	if platform == playground.FeishuInbox {
		chat = ""
	}
	return platform + "|" + chat + "|" + id
}

func (r *record) arrival(s said) arrival { return r.arrivals[arrivalKey(s.platform, s.chat, s.id)] }

// verdict is what the judge found.
type verdict struct {
	messages, delivered int
	told                int            // customers' words the desk may not have got, and the customer was told
	explained           map[string]int // doubles by the kind of fault
	reordered           int            // neighbors the platform itself delivered out of order or at once
	lost                []string
	doubled             []string // without a fault that explains them
	disorder            []string
	wrong               []string // at a wrong person or thread
	leaked              []string // notes outside the desk
}

// judge compares what was said with what was seen.
func judge(r *record) *verdict {
	j := newJudging(r)
	j.places()
	j.losses()
	j.doubles()
	j.order()
	return j.verdict
}

func newJudging(r *record) *judging {
	return &judging{record: r, verdict: &verdict{explained: map[string]int{}}, owners: map[string]int{}, used: map[int]bool{}, severed: map[string]bool{}, heeded: map[string]bool{}}
}

// missing returns the private chats of customers on WeChat, which counts sends, where something that must come has not.
func (r *record) missing() (homes []chatKey) {
	j := newJudging(r)
	j.places()
	for _, s := range r.said {
		home := r.homes[s.customer]
		if home.platform != playground.WeChatInbox || s.sort == sortNote || s.sort == sortText || r.arrival(s).acked.IsZero() || slices.Contains(homes, home) {
			continue
		}
		if private, group := j.outcomes(s); len(private)+len(group) == 0 {
			homes = append(homes, home)
		}
	}
	return homes
}

type judging struct {
	*record
	*verdict
	owners  map[string]int  // platform|thread -> customer
	used    map[int]bool    // events that explain a double already
	heeded  map[string]bool // notices that stand for a reply already
	severed map[string]bool // the same of events that explain one of each chat
}

func (j *judging) threadKey(s sighting) string { return s.platform + "|" + s.thread }

// places finds what stands where it does not belong.
func (j *judging) places() {
	expected := map[chatKey]map[string]bool{}
	customer := map[string]int{}
	for _, s := range j.said {
		if s.sort != sortQuestion && s.sort != sortHuman {
			customer[s.token] = s.customer
		}
		if s.sort != sortQuestion && s.sort != sortReply {
			continue
		}
		at := j.homes[s.customer]
		if expected[at] == nil {
			expected[at] = map[string]bool{}
		}
		expected[at][s.token] = true
	}
	for at, found := range j.private {
		for token := range found {
			switch {
			case phrases[token] != "" || expected[at][token]:
			case strings.HasPrefix(token, "[n"):
				j.leaked = append(j.leaked, fmt.Sprintf("note %s at %v", token, at))
			default:
				j.wrong = append(j.wrong, fmt.Sprintf("%s at %v", token, at))
			}
		}
	}
	for token, found := range j.groups {
		c, known := customer[token]
		switch {
		case !known: // fixed words and relayed questions
		case !strings.HasPrefix(token, "[t"):
			j.wrong = append(j.wrong, fmt.Sprintf("%s said by the account in a group", token))
		default:
			for _, s := range found {
				if owner, ok := j.owners[j.threadKey(s)]; ok && owner != c {
					j.wrong = append(j.wrong, fmt.Sprintf("%s in the thread of customer %d", token, owner))
				}
				j.owners[j.threadKey(s)] = c
			}
		}
	}
}

// outcomes returns where a message's answer or relay stands, first of all the first.
func (j *judging) outcomes(s said) (private, group []sighting) {
	switch s.sort {
	case sortQuestion:
		return j.seen(j.homes[s.customer], s.token), j.relays(s)
	case sortHuman, sortReply:
		return j.seen(j.homes[s.customer], s.token), nil
	case sortText:
		return nil, j.inGroups(s.token)
	default:
		return nil, nil
	}
}

// relays returns where a question stands in the customer's thread, or, when it stands in none that is known to be theirs, in a thread of nobody's since it was asked: others
// ask the same.
func (j *judging) relays(s said) (own []sighting) {
	var unowned []sighting
	for _, at := range j.inGroups(relayed(s.text)) {
		switch owner, ok := j.owners[j.threadKey(at)]; {
		case ok && owner == s.customer:
			own = append(own, at)
		case !ok && !at.at.Before(j.arrival(s).begun):
			unowned = append(unowned, at)
		}
	}
	if len(own) > 0 {
		return own
	}
	return unowned
}

func (j *judging) losses() {
	missing := map[int][]string{}
	for _, s := range j.said {
		j.messages++
		if j.arrival(s).acked.IsZero() {
			continue
		}
		j.delivered++
		private, group := j.outcomes(s)
		if len(private)+len(group) > 0 || s.sort == sortNote {
			continue
		}
		what := fmt.Sprintf("%s %q of customer %d at %v, message %s", s.sort, s.text, s.customer, j.homes[s.customer], s.id)
		if s.sort == sortReply && j.inDoubt(s) {
			j.told++ // and whether to send it again was the author's to say
			continue
		}
		if s.sort == sortText {
			missing[s.customer] = append(missing[s.customer], what)
			continue
		}
		j.lost = append(j.lost, what)
	}
	for _, c := range slices.Sorted(maps.Keys(missing)) {
		told := min(len(j.seen(j.homes[c], tokenTold)), len(missing[c]))
		j.told += told
		j.lost = append(j.lost, missing[c][told:]...)
	}
}

// inDoubt says whether the author of a reply was told, in the customer's thread, that one may not have arrived, for each reply once. In a thread every post replies to the
// root, so which one is meant only the platform's page shows.
func (j *judging) inDoubt(s said) bool {
	for thread, owner := range j.owners {
		if owner != s.customer {
			continue
		}
		_, id, _ := strings.Cut(thread, "|")
		for _, notice := range j.resendable(id) {
			if !j.heeded[notice.id] && notice.at.After(j.arrival(s).begun) {
				j.heeded[notice.id] = true
				return true
			}
		}
	}
	return false
}

// doubles finds what was sent more than once. Only the fixed words that may come again are left out.
func (j *judging) doubles() {
	for _, at := range slices.SortedFunc(maps.Keys(j.private), func(a, b chatKey) int {
		return cmp.Or(cmp.Compare(a.platform, b.platform), cmp.Compare(a.chat, b.chat))
	}) {
		for _, token := range slices.Sorted(maps.Keys(j.private[at])) {
			if token == tokenTold {
				continue
			}
			j.double(token, j.private[at][token])
		}
	}
	for _, token := range slices.Sorted(maps.Keys(j.groups)) {
		if strings.HasPrefix(token, "[t") {
			j.double(token, j.groups[token])
		}
	}
}

func (j *judging) double(token string, found []sighting) {
	if len(found) < 2 {
		return
	}
	what := fmt.Sprintf("%s %d times at %s %s:", token, len(found), found[0].platform, found[0].chat)
	for _, at := range found {
		what += at.at.Format(" 15:04:05.000") + " by " + at.via
	}
	if len(found) > 2 {
		j.doubled = append(j.doubled, what)
		return
	}
	kind, ok := j.explain(found[0], token)
	if !ok {
		j.doubled = append(j.doubled, what+j.around(found[0]))
		return
	}
	j.explained[kind]++
}

// How far a fault may lie from the post it left in doubt.
const (
	spoiltWithin  = time.Second           // from the decision to spoil a call to its post
	killedWithin  = 3 * time.Second       // from a post to the death of its sender
	severedWithin = time.Second           // from a post to the begin of what kept its answer away, and from its end to a post that was under way
	slack         = 50 * time.Millisecond // of what is noted at the same time
	requests      = 3                     // that WeChat makes for one message at most
)

// unkeyed are the platforms that do not recognize a repeated call.
var unkeyed = []string{playground.WeChatInbox, playground.TelegramInbox}

// explain finds the one fault that left the first of two posts in doubt. A spoilt call explains one double, what cuts many calls at once explains one of each chat or thread.
func (j *judging) explain(first sighting, token string) (kind string, ok bool) {
	if first.via == "passive" && j.lastRequest(first) {
		return "last_request", true
	}
	if !slices.Contains(unkeyed, first.platform) {
		return "", false
	}
	best := -1
	for i, e := range j.events {
		if j.used[i] || !spoils[e.kind] || e.platform != first.platform || !sends[e.op] || e.at.After(first.at) || first.at.Sub(e.at) > spoiltWithin {
			continue
		}
		if best < 0 || e.at.After(j.events[best].at) {
			best = i
		}
	}
	if best >= 0 {
		j.used[best] = true
		return j.events[best].kind, true
	}
	for i, e := range j.events {
		chat := fmt.Sprint(i, first.platform, first.chat, first.thread)
		if strings.HasPrefix(token, "[a") {
			chat += token // the bot goes on, and an agent has each sent again
		}
		if !j.severed[chat] && e.cuts(first) {
			j.severed[chat] = true
			return e.kind, true
		}
	}
	return "", false
}

// lastRequest says whether a post went out in the last request that the platform makes for a message, after a fault had spoilt those before: that it was taken is never learned.
func (j *judging) lastRequest(post sighting) bool {
	for key, a := range j.arrivals {
		if a.tries < requests || !strings.HasPrefix(key, arrivalKey(post.platform, post.chat, "")) || a.acked.Sub(post.at).Abs() > spoiltWithin {
			continue
		}
		if slices.ContainsFunc(j.events, func(e event) bool {
			return (e.platform == "" || e.platform == post.platform) && e.at.Before(a.acked) && a.begun.Before(later(e.end, e.at).Add(slack))
		}) {
			return true
		}
	}
	return false
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// around names the faults near a post that might have explained a double.
func (j *judging) around(post sighting) string {
	near := ""
	for _, e := range j.events {
		if d := e.at.Sub(post.at); (e.platform == "" || e.platform == post.platform) && d.Abs() < 5*time.Second {
			near += fmt.Sprintf(" [%s %s %s]", e.kind, e.op, e.at.Format("15:04:05.000"))
		}
	}
	return near
}

// cuts says whether an event may have kept the answer to a post from its sender.
func (e *event) cuts(post sighting) bool {
	switch {
	case deadly(e.kind): // a busy platform comes to the last words of the dead only later
		return e.at.Sub(post.at) < killedWithin && post.at.Sub(e.next) < slack
	case severs[e.kind]:
		return e.platform == post.platform && e.at.Sub(post.at) < severedWithin && post.at.Sub(e.end) < severedWithin
	}
	return false
}

// order compares neighbors of one conversation whose deliveries did not overlap.
func (j *judging) order() {
	type lane struct {
		customer int
		agent    bool
	}
	lanes := map[lane][]said{}
	for _, s := range j.said {
		if s.sort != sortNote && !j.arrival(s).acked.IsZero() {
			l := lane{s.customer, s.sort == sortReply}
			lanes[l] = append(lanes[l], s)
		}
	}
	for _, in := range lanes {
		for i := 1; i < len(in); i++ {
			if !j.arrival(in[i-1]).acked.Before(j.arrival(in[i]).begun) {
				j.reordered++
				continue
			}
			j.compare(in[i-1], in[i])
		}
	}
}

func (j *judging) compare(a, b said) {
	aPrivate, aGroup := j.outcomes(a)
	bPrivate, bGroup := j.outcomes(b)
	for _, pair := range [][2][]sighting{{aPrivate, bPrivate}, {aGroup, bGroup}} {
		if len(pair[0]) == 0 || len(pair[1]) == 0 || pair[0][0].platform != pair[1][0].platform {
			continue
		}
		first := pair[0][0]
		byHand := func(at time.Time) bool { return a.sort == sortReply && at.Before(first.at) }
		if first.seq > pair[1][0].seq && !slices.ContainsFunc(j.resent[a.customer], byHand) {
			j.disorder = append(j.disorder, fmt.Sprintf("customer %d: %q before %q", a.customer, b.text, a.text))
		}
	}
}
