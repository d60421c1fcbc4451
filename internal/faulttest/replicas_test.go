package faulttest_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"kefu/internal/playground"
	"kefu/internal/sim"
)

var claimsFlag = flag.Bool("faults.claims", false, "hold what replicas do within 1 s and 10 s against the clock; wants a machine that does nothing else")

// generous is how long things may take where the machine may be busy with anything.
const generous = 90 * time.Second

// claim is how long something may take.
func claim(d time.Duration) time.Duration {
	if *claimsFlag {
		return d
	}
	return generous
}

// TestReplicaSet is three gateways behind a round-robin balancer without sticky sessions, on a MongoDB server and a Redis; one of them polls Telegram.
// It runs alone, as TestReplicas does.
func TestReplicaSet(t *testing.T) {
	w := newWorld(t, layout{entries: 60, replicas: 3, polling: true})
	defer w.observe(t.Context())()
	c := &crowd{t: t, w: w}
	t.Run("one replica polls", c.onePolls)
	t.Run("an edit is seen by all", c.editIsSeen)
	t.Run("another replica repeats a passive reply", c.passiveElsewhere)
	t.Run("a killed replica's work is taken over", c.takenOver)
	t.Run("a rolling restart loses nothing", c.rolling)
}

// crowd asks questions, each a new customer.
type crowd struct {
	t *testing.T
	w *world

	mu    sync.Mutex
	asked []asked
}

type asked struct {
	home  chatKey
	token string
}

func (c *crowd) ask(t *testing.T, platform string) asked {
	t.Helper()
	c.w.skip(len(c.w.gateways)) // entries whose codes are others after the edits
	n, home := c.w.newcomer(func(n int) chatKey { return homeOn(platform, n) })
	entry := n % c.w.corpus.Size()
	text := c.w.corpus.Entries()[entry].Texts()[0]
	if _, err := c.w.speak(t.Context(), said{customer: n, sort: sortQuestion, platform: platform, chat: home.chat, text: text}, sim.Say{From: home.chat, Name: fmt.Sprintf("c%d", n)}); err != nil {
		t.Fatal(err)
	}
	a := asked{home, fmt.Sprintf("KF%06d", entry)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, a)
	return a
}

// askAll asks a question on every platform.
func (c *crowd) askAll(t *testing.T) []asked {
	t.Helper()
	var all []asked
	for _, platform := range inboxes {
		all = append(all, c.ask(t, platform))
	}
	return all
}

// answers counts the answers to a question.
func (c *crowd) answers(a asked) int { return len(c.w.board.seen(a.home, a.token)) }

// answered waits until every question has its answer, and says how long that took.
func (c *crowd) answered(t *testing.T, within time.Duration, all ...asked) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	began := time.Now()
	for _, a := range all {
		if err := await(ctx, func() bool { return c.answers(a) > 0 }); err != nil {
			t.Errorf("%s was not answered to %v within %v", a.token, a.home, within)
		}
	}
	return time.Since(began)
}

// atMost checks how often the questions were answered, once everything is worked off.
func (c *crowd) atMost(t *testing.T, most int, all ...asked) {
	t.Helper()
	settle(t, c.w)
	for _, a := range all {
		if n := c.answers(a); n < 1 || n > most {
			t.Errorf("%s was answered to %v %d times", a.token, a.home, n)
		}
	}
}

// onePolls sees to it that the platform, which ends a poll when another comes, never has reason to, and that each update is answered once.
func (c *crowd) onePolls(t *testing.T) {
	var all []asked
	for range 4 {
		all = append(all, c.ask(t, playground.TelegramInbox))
	}
	c.answered(t, generous, all...)
	c.atMost(t, 1, all...)
	if n := c.w.Telegram.Refusals()["409"]; n > 0 {
		t.Errorf("%d polls got in each other's way", n)
	}
}

func (c *crowd) editIsSeen(t *testing.T) {
	for i, p := range c.w.gateways {
		question, changed := c.w.corpus.Entries()[i].Texts()[0], fmt.Sprintf("KF%06d", 900_000+i)
		if _, err := p.order(orderAnswer, fmt.Sprintf("KF%06d", i), changed+" 新的回答"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), claim(time.Second))
		began := time.Now()
		for n, other := range c.w.gateways {
			var answer string
			err := await(ctx, func() bool {
				answer, _ = other.order(orderMatch, question)
				return len(answer) >= len(changed) && answer[:len(changed)] == changed
			})
			if err != nil {
				t.Errorf("replica %d still answers %q after the edit at replica %d", n, answer, i)
			}
		}
		cancel()
		t.Logf("an edit at replica %d was seen by all after %v", i, time.Since(began).Round(time.Millisecond))
	}
}

// skip leaves out the customers who would ask about the first n entries.
func (w *world) skip(n int) {
	for w.newcomers()%w.corpus.Size() < n {
		w.newcomer(func(n int) chatKey { return homeOn(playground.WeChatInbox, n) })
	}
}

func (w *world) newcomers() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.homes)
}

// passiveElsewhere loses the answer of the first request, so that the platform asks again, which leads to the next replica. A machine may be too busy to answer in time, then
// the words are pushed; so it is tried until both requests carried them.
func (c *crowd) passiveElsewhere(t *testing.T) {
	deadline := time.Now().Add(generous)
	for time.Now().Before(deadline) {
		var mu sync.Mutex
		var requests []served
		hear := func(s served) {
			mu.Lock()
			defer mu.Unlock()
			requests = append(requests, s)
		}
		c.w.balancer.hear.Store(&hear)
		lost := false
		c.w.WeChat.Faults().Plan(func(op string) sim.Fault {
			if op != "deliver" || lost {
				return sim.FaultNone
			}
			lost = true
			return sim.FaultAcceptThenCut
		})
		a := c.ask(t, playground.WeChatInbox)
		c.answered(t, generous, a)
		c.w.WeChat.Faults().Plan(nil)
		c.w.balancer.hear.Store(nil)
		c.atMost(t, 1, a)
		mu.Lock()
		carried := slices.DeleteFunc(slices.Clone(requests), func(s served) bool { return s.bytes < int64(len("success"))+1 })
		mu.Unlock()
		if len(carried) < 2 {
			continue
		}
		if carried[0].target == carried[1].target {
			t.Fatal("both requests went to one replica")
		}
		if via := c.w.board.seen(a.home, a.token)[0].via; via != "passive" {
			t.Errorf("the answer came by %s", via)
		}
		return
	}
	t.Error("no request was answered in time")
}

// takenOver kills one replica after the other just when it was given work, the one that polls among them.
func (c *crowd) takenOver(t *testing.T) {
	for i, p := range c.w.gateways {
		all := slices.Concat(c.askAll(t), c.askAll(t))
		if err := p.end(os.Kill); err == nil {
			t.Error("a killed process ended well")
		}
		all = append(all, c.askAll(t)...)
		took := c.answered(t, claim(10*time.Second), all...)
		t.Logf("all was answered %v after replica %d was killed", took.Round(time.Millisecond), i)
		c.again(t, p)
		c.atMost(t, 2, all...)
	}
}

func (c *crowd) again(t *testing.T, p *process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), generous)
	defer cancel()
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	if err := p.healthy(ctx); err != nil {
		t.Fatal(err)
	}
}

// waiting is how many people ask at most before one of them is answered, lest a machine that is too slow for the server under test fall behind for good.
const waiting = 6

// rolling stops and starts one replica after the other while people ask.
func (c *crowd) rolling(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all []asked
	done := make(chan struct{})
	go func() {
		defer close(done)
		for wait(ctx, 250*time.Millisecond) {
			if n := len(all); n < waiting || c.answers(all[n-waiting]) > 0 {
				all = append(all, c.ask(t, inboxes[n%len(inboxes)]))
			}
		}
	}()
	for _, p := range c.w.gateways {
		if err := p.end(syscall.SIGTERM); err != nil {
			t.Errorf("a replica stopped with %v: %s", err, &p.log)
		}
		c.again(t, p)
	}
	cancel()
	<-done
	c.answered(t, generous, all...)
	c.atMost(t, 1, all...)
	t.Logf("%d questions were asked meanwhile", len(all))
}
