package faulttest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"kefu/internal/playground"
	"kefu/internal/sim"
)

// patience is how long people wait for one another before they go on.
const patience = 15 * time.Second

// customer is one person who writes, together with the agent who serves them.
type customer struct {
	w       *world
	d       *director
	random  *rand.Rand
	pace    <-chan time.Time // everybody's messages together
	enough  func() bool      // nothing new is to be begun
	n       int
	home    chatKey
	entry   int // next question
	texts   int // texts, replies and notes so far
	thread  string
	latest  string // message of the customer
	pressed map[string]bool
}

// The agents of the desks.
type desk struct{ platform, group, agent string }

var desks = map[string]desk{
	playground.WeChatInbox:   {playground.FeishuInbox, playground.FeishuGroup, playground.FeishuAgent},
	playground.FeishuInbox:   {playground.FeishuInbox, playground.FeishuGroup, playground.FeishuAgent},
	playground.TelegramInbox: {playground.TelegramInbox, playground.TelegramGroup, playground.TelegramAgent},
}

// maxQuestions bounds what one customer asks: each asks other entries than their neighbors.
const maxQuestions = 8

// homeOn is the private chat of the n-th customer.
func homeOn(platform string, n int) chatKey {
	switch platform {
	case playground.WeChatInbox:
		return chatKey{platform, fmt.Sprintf("oFault_%d", n)}
	case playground.FeishuInbox:
		return chatKey{platform, fmt.Sprintf("ou_fault_%d", n)}
	default:
		return chatKey{platform, fmt.Sprint(610_000_000 + n)}
	}
}

func newCustomer(w *world, d *director, seed uint64, pace <-chan time.Time, enough func() bool) *customer {
	c := &customer{w: w, d: d, pace: pace, enough: enough, pressed: map[string]bool{}}
	c.n, c.home = w.newcomer(func(n int) chatKey { return homeOn(inboxes[n%len(inboxes)], n) })
	c.random = rand.New(rand.NewPCG(seed, uint64(c.n)))
	c.entry = c.n * maxQuestions % w.corpus.Size()
	return c
}

// live is everything the customer does: questions, and for some of them a talk with an agent in the middle.
func (c *customer) live(ctx context.Context) error {
	asks := 1 + c.random.IntN(maxQuestions/2)
	for range asks {
		if c.enough() {
			return nil
		}
		if err := c.ask(ctx); err != nil {
			return err
		}
	}
	if c.random.IntN(2) == 0 || c.enough() {
		return nil
	}
	if err := c.serve(ctx); err != nil || c.enough() {
		return err
	}
	return c.ask(ctx)
}

// turn waits for the next message's time.
func (c *customer) turn(ctx context.Context) error {
	select {
	case <-c.pace:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// say writes to the account.
func (c *customer) say(ctx context.Context, sort sort, text, token string) error {
	if err := c.turn(ctx); err != nil {
		return err
	}
	s := said{customer: c.n, sort: sort, platform: c.home.platform, chat: c.home.chat, text: text, token: token}
	s, err := c.w.speak(ctx, s, sim.Say{From: c.home.chat, Name: fmt.Sprintf("c%d", c.n)})
	c.latest = s.id
	return err
}

// ask asks a question nobody near asks. Half of the time the answer is waited for.
func (c *customer) ask(ctx context.Context) error {
	entry := c.entry
	c.entry = (c.entry + 1) % c.w.corpus.Size()
	wordings := c.w.corpus.Entries()[entry].Texts()
	text := wordings[c.random.IntN(len(wordings))]
	token := fmt.Sprintf("KF%06d", entry)
	if err := c.say(ctx, sortQuestion, text, token); err != nil {
		return err
	}
	if c.random.IntN(2) == 0 {
		return nil
	}
	return c.until(ctx, func() bool { return len(c.w.board.seen(c.home, token)) > 0 })
}

// until waits for something to be seen, for as long as people do, or until the platform says that it did not deliver what was said last.
func (c *customer) until(ctx context.Context, done func() bool) error {
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = await(patient, func() bool { return done() || c.w.board.undelivered(c.latest) }) // the judge tells what never came
	return ctx.Err()
}

// serve is a case from its opening to its end.
func (c *customer) serve(ctx context.Context) error {
	if err := c.say(ctx, sortHuman, "人工", tokenWaiting); err != nil {
		return err
	}
	if err := c.until(ctx, func() bool { return len(c.w.board.seen(c.home, tokenWaiting)) > 0 }); err != nil {
		return err
	}
	if len(c.w.board.seen(c.home, tokenWaiting)) == 0 {
		return nil // the platform gave the message up
	}
	rounds := 1 + c.random.IntN(2)
	for i := 0; i < rounds; i++ {
		if heard, err := c.round(ctx); err != nil || !heard {
			return err // an agent who has not heard all does not end the case
		}
		if c.thread != "" && c.d.wantsTopic() {
			if err := c.deleteThread(); err != nil {
				return err
			}
			rounds++ // the talk goes on
		}
	}
	return c.close(ctx)
}

// mark makes the next mark of this conversation.
func (c *customer) mark(letter string) string {
	c.texts++
	return fmt.Sprintf("[%s%d.%d]", letter, c.n, c.texts)
}

// round is what the customer says, then the agent, if it was heard at the desk.
func (c *customer) round(ctx context.Context) (heard bool, err error) {
	var last string
	var texts []string
	for range 1 + c.random.IntN(2) {
		last = c.mark("t")
		texts = append(texts, last)
		if err := c.say(ctx, sortText, "订单情况 "+last, last); err != nil {
			return false, err
		}
	}
	told := len(c.w.board.seen(c.home, tokenTold))
	unheard := func(mark string) bool { return len(c.w.board.inGroups(mark)) == 0 }
	reached := func() bool { return !slices.ContainsFunc(texts, unheard) } // one may overtake the other
	err = c.until(ctx, func() bool { return reached() || len(c.w.board.seen(c.home, tokenTold)) > told })
	if err != nil || !reached() {
		return false, err
	}
	found := c.w.board.inGroups(last)
	c.thread = found[len(found)-1].thread
	if c.random.IntN(2) == 0 {
		note := c.mark("n")
		if err := c.write(ctx, sortNote, "//内部讨论 "+note, note); err != nil {
			return false, err
		}
	}
	return true, c.reply(ctx)
}

// write is what the agent says in the thread.
func (c *customer) write(ctx context.Context, sort sort, text, token string) error {
	if err := c.turn(ctx); err != nil {
		return err
	}
	k := desks[c.home.platform]
	s := said{customer: c.n, sort: sort, platform: k.platform, chat: k.group, text: text, token: token}
	_, err := c.w.speak(ctx, s, sim.Say{From: k.agent, Name: "agent", Chat: k.group, Thread: c.thread})
	return err
}

// reply answers the customer once or twice and sees to it that it arrives.
func (c *customer) reply(ctx context.Context) error {
	var marks []string
	for range 1 + c.random.IntN(2) {
		mark := c.mark("a")
		if err := c.write(ctx, sortReply, "已经查到 "+mark, mark); err != nil {
			return err
		}
		marks = append(marks, mark)
	}
	var failed error
	err := c.until(ctx, func() bool {
		failed = c.resend(ctx)
		missing := func(mark string) bool { return len(c.w.board.seen(c.home, mark)) == 0 }
		return failed != nil || !slices.ContainsFunc(marks, missing)
	})
	return errors.Join(err, failed)
}

// reading is how long an agent takes to see a notice and press its button: longer than what broke one send breaks the next.
const reading = 2 * time.Second

// resend presses the button under notices that a reply may not have arrived, each once.
func (c *customer) resend(ctx context.Context) error {
	k := desks[c.home.platform]
	for _, notice := range c.w.board.resendable(c.thread) {
		if c.pressed[notice.id] || time.Since(notice.at) < reading {
			continue
		}
		c.pressed[notice.id] = true
		c.w.pressed(c.n)
		id, err := c.w.platforms[k.platform].Say(ctx, sim.Say{From: k.agent, Chat: k.group, ReplyTo: notice.id, Press: "resend"})
		if err != nil {
			return err
		}
		if k.platform != playground.FeishuInbox {
			continue // that platform repeats a press by itself
		}
		if !wait(ctx, time.Second) {
			return ctx.Err()
		}
		c.pressed[notice.id] = c.w.acked(k.platform, k.group, id)
	}
	return nil
}

// deleteThread makes somebody delete the thread of the case.
func (c *customer) deleteThread() error {
	k := desks[c.home.platform]
	c.d.happened(event{kind: faultTopic, platform: k.platform, at: time.Now()})
	if k.platform == playground.FeishuInbox {
		return c.w.Feishu.Withdraw(c.thread, true)
	}
	return c.w.Telegram.DeleteTopic(k.group, c.thread)
}

// close ends the case.
func (c *customer) close(ctx context.Context) error {
	if c.thread == "" {
		return nil
	}
	k := desks[c.home.platform]
	if _, err := c.w.platforms[k.platform].Say(ctx, sim.Say{From: k.agent, Chat: k.group, Thread: c.thread, Text: "/close"}); err != nil {
		return err
	}
	return c.until(ctx, func() bool { return len(c.w.board.seen(c.home, tokenClosed)) > 0 })
}
