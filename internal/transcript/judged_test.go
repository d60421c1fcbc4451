package transcript_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/internal/transcript"
)

// line is what became of one line.
type line struct {
	text   string
	post   transcript.Post
	queued time.Time
	tried  time.Time // when the platform was first called with it
	sent   time.Time // when it took it; zero = never
	before time.Time // when the line before it in its conversation was sent; zero = it is the first
}

func (l *line) key() string { return string(l.post.Message.Chat) + "|" + l.post.Topic.Title }

// problems is everything that should not have come of a traffic.
func (o *outcome) problems() (problems []string) {
	for _, p := range o.platforms {
		problems = append(append(problems, p.broken...), o.misplaced(p)...)
		lines := o.follow(p)
		problems = append(append(problems, overtaken(p, lines)...), o.idle(p, lines)...)
	}
	return problems
}

// misplaced compares what each conversation of a platform was sent with what it should have been, in order.
func (o *outcome) misplaced(p *limited) (problems []string) {
	want, got := map[string][]string{}, map[string][]string{}
	for _, m := range o.lines {
		if l := (line{post: o.plans[m.ID]}); m.Inbox == p.inbox {
			want[l.key()] = append(want[l.key()], m.Text)
		}
	}
	for _, d := range p.accepted() {
		key := string(d.chat) + "|" + string(d.thread)
		got[key] = append(got[key], strings.Split(d.text, "\n")...)
	}
	for key := range want {
		if !slices.Equal(got[key], want[key]) {
			problems = append(problems, fmt.Sprintf("%s %s was sent %q, want %q", p.inbox, key, differing(got[key], want[key]), differing(want[key], got[key])))
		}
		delete(got, key)
	}
	for key := range got {
		problems = append(problems, fmt.Sprintf("%s %s was sent %q, want nothing", p.inbox, key, got[key]))
	}
	return problems
}

// differing is what of some lines stands behind what both begin with.
func differing(lines, others []string) []string {
	n := 0
	for n < min(len(lines), len(others)) && lines[n] == others[n] {
		n++
	}
	return lines[n:]
}

// follow finds when each line was sent.
func (o *outcome) follow(p *limited) (lines []*line) {
	tried, sent := map[string]time.Time{}, map[string]time.Time{}
	for _, d := range p.calls {
		for text := range strings.SplitSeq(d.text, "\n") {
			if tried[text].IsZero() {
				tried[text] = d.at
			}
			if !d.refused {
				sent[text] = d.at
			}
		}
	}
	last := map[string]*line{}
	for _, m := range o.lines {
		if m.Inbox != p.inbox {
			continue
		}
		l := &line{text: m.Text, post: o.plans[m.ID], queued: o.queued[m.Text], tried: tried[m.Text], sent: sent[m.Text]}
		if b := last[l.key()]; b != nil {
			l.before = b.sent
		}
		last[l.key()] = l
		lines = append(lines, l)
	}
	return lines
}

// overtaken finds urgent lines that waited while something routine went to their group.
func overtaken(p *limited, lines []*line) (problems []string) {
	for _, u := range lines {
		for _, r := range lines {
			if u.post.Urgent && !r.post.Urgent && r.post.Message.Chat == u.post.Message.Chat && r.key() != u.key() && !urgentFollows(lines, r) && !pausedAt(p, r.tried) &&
				r.tried.After(u.queued) && r.tried.Before(u.tried) {
				problems = append(problems, fmt.Sprintf("%s is urgent and waited from %s to %s, while %s went at %s", u.text, clockOf(u.queued), clockOf(u.tried), r.text, clockOf(r.tried)))
			}
		}
	}
	return problems
}

// pausedAt says that the platform ordered a pause at that instant: what would have gone together with it could not.
func pausedAt(p *limited, at time.Time) bool {
	return slices.ContainsFunc(p.pauses, func(q pause) bool { return q.began.Equal(at) })
}

// urgentFollows says that something urgent stood behind r in its conversation when it was sent: it had to make way.
func urgentFollows(lines []*line, r *line) bool {
	return slices.ContainsFunc(lines, func(u *line) bool {
		return u.post.Urgent && u.key() == r.key() && !u.queued.After(r.tried) && !u.tried.Before(r.tried)
	})
}

// reaction is how soon something goes once it may, at the latest: a lane that is in other hands is tried again this much later.
const reaction = 60 * time.Millisecond

// idle finds lines that waited although nothing stood in their way: no pause, no budget spent, nothing before them in their conversation, no moment for more lines to go with them.
func (o *outcome) idle(p *limited, lines []*line) (problems []string) {
	for _, l := range lines {
		from := l.queued
		if l.before.After(from) {
			from = l.before
		}
		if l.sent.IsZero() || l.sent.Equal(l.before) || l.sent.Sub(from) <= reaction {
			continue
		}
		if at := l.sent.Add(-reaction); !o.held(p, lines, l, from, at) {
			problems = append(problems, fmt.Sprintf("%s to %s could go at %s and went at %s", l.text, l.key(), clockOf(at), clockOf(l.sent)))
		}
	}
	return problems
}

// held says whether something kept a line from going at some time.
func (o *outcome) held(p *limited, lines []*line, l *line, from, at time.Time) bool {
	out := l.post.Message
	if slices.ContainsFunc(p.pauses, func(q pause) bool {
		return (q.chat == "" || q.chat == out.Chat) && !at.Before(q.began) && at.Before(q.ends)
	}) {
		return true
	}
	routine := !l.post.Urgent
	if routine && out.Group && slices.ContainsFunc(lines, func(u *line) bool { return urgentAt(u, l, at) }) {
		return true
	}
	for _, r := range p.features.PerAccount {
		if full(r, 0, p.used(r, "", at, true)) {
			return true
		}
	}
	r := p.rate(out.Group)
	if r.Count == 0 {
		return false
	}
	used := p.used(r, out.Chat, at, true)
	if !out.Group {
		return full(r, 0, used)
	}
	window := min(3*time.Second, r.Per/time.Duration(r.Count))
	return full(r, spare(r, routine), used) || routine && full(r, r.Count/2, used) && at.Sub(from) < window
}

// urgentAt says that something urgent for the same group waited at some time, or was just sent.
func urgentAt(u, l *line, at time.Time) bool {
	const precedence = 250 * time.Millisecond
	return u.post.Urgent && u.post.Message.Chat == l.post.Message.Chat && !u.queued.After(at) && at.Sub(u.sent) < precedence
}

// spare is what routine leaves of a budget for the urgent.
func spare(r adapters.Rate, routine bool) int {
	if !routine {
		return 0
	}
	return min(max(r.Count/10, 1), r.Count-1)
}

func full(r adapters.Rate, spare, used int) bool { return used >= r.Count-spare }

func clockOf(t time.Time) string { return t.Format("15:04:05.000") }
