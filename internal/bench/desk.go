package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kefu/internal/sim"
)

// Desk is what was relayed between customers with open cases and the agents who serve them.
type Desk struct {
	Cases      int   `json:"cases"`
	Agents     int   `json:"agents"`
	ToAgent    Lines `json:"to_agent"`
	ToCustomer Lines `json:"to_customer"`
}

// Sound says that nothing was lost, doubled, out of order or shown in the wrong place.
func (d *Desk) Sound() bool { return d == nil || d.ToAgent.Sound() && d.ToCustomer.Sound() }

// desk is the group of the agents, with a thread for each case.
type desk struct {
	account *account
	chat    string
	agents  []string
	talks   []*caseTalk
	think   time.Duration
	timeout time.Duration
}

// caseTalk is one open case: a customer and the agent who serves it.
type caseTalk struct {
	n        int
	desk     *desk
	account  *account // the customer's
	customer string
	agent    string

	toAgent, toCustomer *book

	mu     sync.Mutex
	thread string // "" = not seen yet
}

// newDesk makes the group and the people; nil when none are asked for.
func newDesk(o *Options, accounts []*account) (*desk, error) {
	if o.Cases == 0 {
		return nil, nil
	}
	a := accounts[o.deskAccount()]
	d := &desk{account: a, think: o.Think, timeout: o.Timeout}
	var err error
	if d.chat, err = a.addGroup(); err != nil {
		return nil, fmt.Errorf("desk: %w", err)
	}
	for i := range o.Agents {
		d.agents = append(d.agents, a.personID(int64(9_000_001+i)))
	}
	a.desk = d
	return d, nil
}

// recruit opens a talk for each case; ids count on from first.
func (d *desk) recruit(o *Options, accounts []*account, first int64) {
	for i := range o.Cases {
		a := accounts[i%len(accounts)]
		k := &caseTalk{
			n: i, desk: d, account: a, customer: a.personID(first + int64(i)), agent: d.agents[i%len(d.agents)], toAgent: newBook(), toCustomer: newBook(),
		}
		a.cases[k.customer] = k
		d.talks = append(d.talks, k)
	}
}

// agentsRead takes a post of the account in the group.
func (d *desk) agentsRead(p sim.Post) {
	if p.Card || p.Edited != 0 {
		return // it may quote what was said before
	}
	for _, m := range marks(p.Text) {
		if m.side != fromCustomer || m.talk >= len(d.talks) {
			continue
		}
		k := d.talks[m.talk]
		k.toAgent.arrive(m.n, p.At, k.in(p.Thread))
	}
}

// in says whether a thread is the case's; the first one seen is.
func (k *caseTalk) in(thread string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.thread == "" {
		k.thread = thread
	}
	return thread != "" && k.thread == thread
}

func (k *caseTalk) where() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.thread
}

// customerReads takes a post of the account in the customer's chat.
func (k *caseTalk) customerReads(p sim.Post) {
	for _, m := range marks(p.Text) {
		if m.side == fromAgent && m.talk < len(k.desk.talks) {
			k.desk.talks[m.talk].toCustomer.arrive(m.n, p.At, m.talk == k.n)
		}
	}
}

// errNoCase says that a customer's words did not reach the desk.
var errNoCase = errors.New("a customer asked for a person, and the agents see no words of theirs")

// open makes every case: the customers ask for a person and say something, the agents answer.
func (d *desk) open(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(20)
	for _, k := range d.talks {
		g.Go(func() error {
			if _, err := k.account.platform.Say(ctx, sim.Say{From: k.customer, Text: "人工"}); err != nil {
				return err
			}
			if err := k.exchange(ctx, func() bool { return true }); err != nil {
				return err
			}
			if k.where() == "" {
				return fmt.Errorf("%s: %w", k.account.inbox, errNoCase)
			}
			return nil
		})
	}
	return g.Wait()
}

// talk lets all cases go on until over is closed.
func (d *desk) talk(ctx context.Context, over <-chan struct{}, random func(talk int) *rand.Rand) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, k := range d.talks {
		g.Go(func() error {
			r := random(k.n)
			for think(over, jitter(d.think, r)) {
				if err := k.exchange(ctx, func() bool { return think(over, jitter(d.think, r)) }); err != nil {
					return err
				}
			}
			return context.Cause(ctx)
		})
	}
	return g.Wait()
}

// think pauses for d and says whether the talk goes on.
func think(over <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		select {
		case <-over:
			return false
		default:
			return true
		}
	case <-over:
		return false
	}
}

// atOnce is how many lines a person writes before the other answers; several, so that their order shows.
const atOnce = 2

// exchange lets the customer write and, unless think says that it is over, the agent answer.
func (k *caseTalk) exchange(ctx context.Context, think func() bool) error {
	for range atOnce {
		n := k.toAgent.say(time.Now())
		text := fmt.Sprintf("我的订单还有一个问题，第 %d 句 %s", n+1, mark(fromCustomer, k.n, n))
		if _, err := k.account.platform.Say(ctx, sim.Say{From: k.customer, Text: text}); err != nil {
			return err
		}
	}
	if err := k.toAgent.settle(ctx, k.desk.timeout); err != nil {
		return err
	}
	thread := k.where()
	if thread == "" || !think() {
		return nil
	}
	for range atOnce {
		n := k.toCustomer.say(time.Now())
		text := fmt.Sprintf("已经为您查到了，第 %d 条 %s", n+1, mark(fromAgent, k.n, n))
		if _, err := k.desk.account.platform.Say(ctx, sim.Say{From: k.agent, Chat: k.desk.chat, Thread: thread, Text: text}); err != nil {
			return err
		}
	}
	return k.toCustomer.settle(ctx, k.desk.timeout)
}

// jitter is d give or take half of it.
func jitter(d time.Duration, r *rand.Rand) time.Duration {
	if d <= 0 {
		return d
	}
	return d/2 + time.Duration(r.Int64N(int64(d)))
}

func (d *desk) books() (toAgent, toCustomer []*book) {
	for _, k := range d.talks {
		toAgent, toCustomer = append(toAgent, k.toAgent), append(toCustomer, k.toCustomer)
	}
	return toAgent, toCustomer
}

// begin starts the counts of a new phase.
func (d *desk) begin() {
	for _, k := range d.talks {
		k.toAgent.begin()
		k.toCustomer.begin()
	}
}

func (d *desk) figures() *Desk {
	toAgent, toCustomer := d.books()
	return &Desk{Cases: len(d.talks), Agents: len(d.agents), ToAgent: sum(toAgent), ToCustomer: sum(toCustomer)}
}
