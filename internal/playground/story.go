package playground

import (
	"bufio"
	"context"
	_ "embed" // the story
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"kefu/internal/sim"
)

// A story is a text of one act a line:
//
//	amy@wechat> 怎么退货            a customer writes to the account
//	amy@wechat< ...七天...          the account's next post to that customer; "..." stands for anything
//	wang@feishu#amy> 您好           an agent writes in the thread of amy's case
//	feishu#amy< ...                 the account's next post in that thread
//	feishu#amy~ ...                 the account's next post there, which edits an earlier one
//	feishu< ...                     the account's next post in the group itself
//	wang@feishu#amy! close          an agent presses the button "close" of the latest post with buttons there
//	amy@wechat> 📎photo.jpg 看看     a customer sends a file, with words where the channel has captions
//	feishu#amy< 📎photo.jpg          the account's next post there carries the same bytes
//	amy@wechat: start               a customer subscribes, presses start or opens the chat
//	== title                        printed
//
// Line breaks in posts are written " / ". Every post of the account must be told in its place's order: a missing, extra, doubled, reordered post or one in the
// wrong thread fails the story.
type act struct {
	line  int
	who   string // "" for the account's posts
	place place
	verb  byte // > < ~ ! : =
	text  string
}

// place is where something is said: a person's private chat, a group, or a case's thread in it.
type place struct {
	channel string // wechat, wechat-passive, feishu, telegram
	person  string // of private chats
	group   bool
	label   string // whose case; "" = the group itself
}

func (p place) String() string {
	switch {
	case !p.group:
		return p.person + "@" + p.channel
	case p.label != "":
		return p.channel + "#" + p.label
	default:
		return p.channel
	}
}

var actForm = regexp.MustCompile(`^(?:(\w+)@)?(wechat-passive|wechat|feishu|telegram)(?:#(\w+))?([<>~!:]) (.*)$`)

// parseStory reads the acts of a story.
func parseStory(text string) ([]act, error) {
	var acts []act
	s := bufio.NewScanner(strings.NewReader(text))
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		if title, ok := strings.CutPrefix(line, "== "); ok {
			acts = append(acts, act{line: n, verb: '=', text: title})
			continue
		}
		m := actForm.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("story line %d: cannot read %q", n, line)
		}
		a := act{line: n, who: m[1], verb: m[4][0], text: m[5], place: place{channel: m[2], label: m[3]}}
		_, agent := agents[a.who]
		a.place.group = agent || m[1] == "" || m[3] != ""
		if !a.place.group {
			a.place.person = a.who
		}
		acts = append(acts, a)
	}
	return acts, s.Err()
}

// agents and customers of stories, by the name lines use.
var agents = map[string]string{"wang": FeishuAgent, "li": FeishuSecond, "anna": TelegramAgent, "ben": TelegramOther, "stranger": ""}

// personID is a story's person on a channel.
func personID(channel, name string) string {
	if id := agents[name]; id != "" {
		return id
	}
	switch channel {
	case "wechat", "wechat-passive":
		return "oStory_" + name
	case "feishu":
		return "ou_story_" + name
	default:
		var sum uint32
		for _, r := range name {
			sum = sum*31 + uint32(r)
		}
		return fmt.Sprintf("6%08d", sum%100_000_000)
	}
}

// teller plays a story and checks it.
type teller struct {
	w        *World
	out      io.Writer
	patience time.Duration
	pumps    map[string]*pump
	threads  map[string]string // channel#label -> thread
	labels   map[string]string // channel|thread -> label
	people   map[string]string // channel|person id -> name
}

// pump sorts the account's posts of one platform by place.
type pump struct {
	p     Platform
	after int64
	queue map[place][]sim.Post
	last  map[place]sim.Post // latest post with buttons
}

// Story is the story of "playground --script": every customer channel answered, asked back, handed over, answered by an agent, closed and ticketed, with desks on Feishu and on Telegram.
//
//go:embed story.txt
var Story string

// Tell plays the story text in the world and prints each line of the talk with its channel. It returns how many posts were expected and came, and
// an error for the first that did not come, or for what came untold.
func (w *World) Tell(ctx context.Context, text string, out io.Writer) (heard int, err error) {
	acts, err := parseStory(text)
	if err != nil {
		return 0, err
	}
	t := &teller{
		w: w, out: out, patience: 90 * time.Second, // a Telegram group takes 20 messages in any minute
		pumps: map[string]*pump{}, threads: map[string]string{}, labels: map[string]string{}, people: map[string]string{},
	}
	for inbox, p := range w.Platforms() {
		t.pumps[strings.TrimPrefix(inbox, "shop-")] = &pump{p: p, queue: map[place][]sim.Post{}, last: map[place]sim.Post{}}
	}
	for _, a := range acts {
		if err := t.play(ctx, a); err != nil {
			return heard, fmt.Errorf("story line %d: %w", a.line, err)
		}
		if a.verb == '<' || a.verb == '~' {
			heard++
		}
	}
	return heard, t.finish(ctx)
}

func (t *teller) play(ctx context.Context, a act) error {
	switch a.verb {
	case '=':
		fmt.Fprintf(t.out, "\n== %s\n", a.text)
		return nil
	case '<', '~':
		return t.hear(ctx, a)
	default:
		return t.say(ctx, a)
	}
}

func (t *teller) say(ctx context.Context, a act) error {
	p := t.pumps[a.place.channel]
	s := sim.Say{From: personID(a.place.channel, a.who), Name: a.who, Text: a.text}
	t.people[a.place.channel+"|"+s.From] = a.who
	if a.place.group {
		s.Chat = groupOf(a.place.channel)
		s.Thread = t.threads[a.place.channel+"#"+a.place.label]
	}
	if a.verb == '>' {
		if err := attach(a.place.channel, &s); err != nil {
			return err
		}
	}
	switch a.verb {
	case ':':
		s.Event, s.Text = a.text, ""
	case '!':
		post, ok := p.last[a.place]
		if !ok {
			return fmt.Errorf("no post with buttons at %s", a.place)
		}
		data, ok := buttonData(post, a.text)
		if !ok {
			return fmt.Errorf("no button %q under %q", a.text, flat(post.Text))
		}
		s.Press, s.ReplyTo, s.Text = data, post.ID, ""
	}
	if _, err := p.p.Say(ctx, s); err != nil {
		return fmt.Errorf("%s at %s: %w", a.who, a.place, err)
	}
	t.print(a.place, a.who, a.verb, a.text)
	return nil
}

func buttonData(p sim.Post, wanted string) (string, bool) {
	for _, b := range p.Buttons {
		if b.Data == wanted || b.Label == wanted || strings.HasPrefix(b.Data, wanted+":") {
			return b.Data, true
		}
	}
	return "", false
}

func groupOf(channel string) string {
	if channel == "telegram" {
		return TelegramGroup
	}
	return FeishuGroup
}

// hear waits for the next post at a place and compares it.
func (t *teller) hear(ctx context.Context, a act) error {
	ctx, cancel := context.WithTimeout(ctx, t.patience)
	defer cancel()
	p := t.pumps[a.place.channel]
	for {
		t.sort(a.place.channel, p)
		t.bind(a.place, p)
		if q := p.queue[a.place]; len(q) > 0 {
			p.queue[a.place] = q[1:]
			return t.compare(a, q[0])
		}
		posts := p.p.Wait(ctx, p.after)
		if len(posts) == 0 {
			return fmt.Errorf("at %s nothing came within %s, wanted %q%s", a.place, t.patience, a.text, t.untold())
		}
	}
}

func (t *teller) compare(a act, got sim.Post) error {
	edited := got.Edited > 0
	if want := a.verb == '~'; edited != want {
		return fmt.Errorf("at %s: post %q is an edit: %v, wanted %v", a.place, flat(got.Text), edited, want)
	}
	if !matches(a.text, seen(got)) {
		return fmt.Errorf("at %s:\n  wanted %q\n  got    %q", a.place, a.text, seen(got))
	}
	t.print(a.place, "", a.verb, seen(got))
	return nil
}

// sort takes new posts of the account into the queues of their places.
func (t *teller) sort(channel string, p *pump) {
	for _, post := range p.p.Posts(p.after) {
		p.after = post.Seq
		if post.From != "" {
			continue
		}
		at := place{channel: channel}
		if post.Group {
			at.group = true
			at.label = t.label(channel, post.Thread)
		} else {
			at.person = t.people[channel+"|"+post.Chat]
		}
		p.queue[at] = append(p.queue[at], post)
		if len(post.Buttons) > 0 {
			p.last[at] = post
		}
	}
}

// newThread marks the label of a thread that no line of the story has spoken of yet.
const newThread = "new:"

// label names the case of a thread. On Feishu the first post of a case is the root of its thread and stands in the group itself.
func (t *teller) label(channel, thread string) string {
	if thread == "" {
		return ""
	}
	if l, ok := t.labels[channel+"|"+thread]; ok {
		return l
	}
	return newThread + thread
}

// bind gives the new thread of a channel to the case whose thread the story speaks of for the first time.
func (t *teller) bind(at place, p *pump) {
	if at.label == "" || t.threads[at.channel+"#"+at.label] != "" {
		return
	}
	for from, posts := range p.queue {
		thread, isNew := strings.CutPrefix(from.label, newThread)
		if !isNew || len(posts) == 0 {
			continue
		}
		t.labels[at.channel+"|"+thread], t.threads[at.channel+"#"+at.label] = at.label, thread
		p.queue[at], p.last[at] = posts, p.last[from]
		delete(p.queue, from)
		delete(p.last, from)
		return
	}
}

// finish fails for every post that the story did not tell.
func (t *teller) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.patience)
	defer cancel()
	for channel, p := range t.pumps {
		if err := p.p.Settled(ctx); err != nil {
			return fmt.Errorf("%s has deliveries that were never accepted: %w", channel, err)
		}
	}
	for channel, p := range t.pumps {
		t.sort(channel, p)
	}
	if extra := t.untold(); extra != "" {
		return errors.New("posts the story does not tell:" + extra)
	}
	return nil
}

func (t *teller) untold() string {
	var b strings.Builder
	for _, p := range t.pumps {
		for at, queue := range p.queue {
			for _, post := range queue {
				fmt.Fprintf(&b, "\n  at %s: %q", at, flat(post.Text))
			}
		}
	}
	return b.String()
}

func (t *teller) print(at place, who string, verb byte, text string) {
	arrow := map[byte]string{'>': "->", '<': "<-", '~': "<~", '!': "->", ':': "->"}[verb]
	if who == "" {
		who = "kefu"
	}
	switch verb {
	case '!':
		text = "[" + text + "]"
	case ':':
		text = "(" + text + ")"
	}
	fmt.Fprintf(t.out, "%-20s %-6s %s %s\n", at, who, arrow, text)
}

// flat writes a post in one line.
func flat(text string) string {
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", " / ")
}

// matches compares a post with a pattern in which "..." stands for anything.
func matches(pattern, text string) bool {
	parts := strings.Split(pattern, "...")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}
