package bench

import (
	"context"
	"fmt"
	"sync"

	"kefu/internal/sim"
)

// customer is one simulated person and the judgment of their chat.
type customer struct {
	id      string
	account *account
	corpus  *Corpus
	tour    tour
	said    int
	// echoed says that the gateway repeats questions instead of answering them.
	echoed bool

	welcomed chan struct{} // closed when the first post came
	free     chan struct{} // signals that no question is open

	mu    sync.Mutex
	known bool
	sheet sheet
	// taken are the messages acknowledged in this phase; nil = nobody asks.
	taken map[string]bool
}

// observe takes one post of the customer's chat. Only the account's watcher calls it.
func (c *customer) observe(p sim.Post) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case p.From == c.id:
		if entry, ok := c.corpus.byText[p.Text]; ok {
			c.sheet.ask(entry, p)
		}
	case p.From != "":
		c.sheet.counts.Notices++
	case !c.known:
		c.known = true
		close(c.welcomed)
	default:
		c.hear(p)
	}
}

// hear judges a post of the account. c.mu is held.
func (c *customer) hear(p sim.Post) {
	for _, entry := range c.entries(p.Text) {
		if took, fresh := c.sheet.hear(entry, p.At); fresh {
			c.account.replied(p, took)
		}
	}
	if c.sheet.waiting() == 0 {
		select {
		case c.free <- struct{}{}:
		default:
		}
	}
}

// entries are those a post answers.
func (c *customer) entries(text string) []int {
	if entries := codes(text); len(entries) > 0 {
		return entries
	}
	if entry, ok := c.corpus.byText[text]; ok && c.echoed {
		return []int{entry}
	}
	return []int{noEntry}
}

// acknowledged notes that the gateway took a message over.
func (c *customer) acknowledged(post string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken != nil && post != "" {
		c.taken[post] = true
	}
}

// greet makes the customer known to the bot and waits for its welcome.
func (c *customer) greet(ctx context.Context) error {
	if _, err := c.account.platform.Say(ctx, sim.Say{From: c.id, Event: "start"}); err != nil {
		return err
	}
	select {
	case <-c.welcomed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: a customer got no welcome; the last delivery to the gateway ended with HTTP status %d (0 = none): %w",
			c.account.inbox, c.account.lastStatus.Load(), context.Cause(ctx))
	}
}

// ask sends the next question.
func (c *customer) ask(ctx context.Context) error {
	select {
	case <-c.free:
	default:
	}
	text := c.corpus.question(c.tour.next(), c.said)
	c.said++
	_, err := c.account.platform.Say(ctx, sim.Say{From: c.id, Text: text})
	return err
}

func (c *customer) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sheet.waiting()
}

// waitingTaken is how many open questions were acknowledged.
func (c *customer) waitingTaken() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sheet.waitingFor(c.taken)
}

func (c *customer) verdict() Verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sheet.verdict()
}

// begin starts the counts of a new phase.
func (c *customer) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sheet.begin()
	if c.taken != nil {
		c.taken = map[string]bool{}
	}
}
