package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"kefu/adapters"
)

const (
	pollHold    = 25 * time.Second // how long the platform may keep a poll open
	pollSlack   = 10 * time.Second // for the answer to arrive
	pollBatch   = 100
	pollWorkers = 16 // chats of one batch received at the same time
	// conflictPause is slow on purpose: two pollers that hurry end each other's polls for ever.
	conflictPause = 15 * time.Second
	firstPause    = 500 * time.Millisecond
	longestPause  = 30 * time.Second
)

// Listen polls for updates until ctx ends; with TransportWebhook it only waits. At most one process may poll for a bot.
// It returns an error when the platform refuses the token, since no repetition cures that.
func (a *Adapter) Listen(ctx context.Context) error {
	if a.cfg.Transport != TransportPolling {
		<-ctx.Done()
		return nil
	}
	l := &loop{adapter: a, hold: holdTime(a.env.HTTP)}
	for ctx.Err() == nil {
		err := l.step(ctx)
		if err == nil {
			l.failures = 0
			continue
		}
		if ctx.Err() != nil {
			return nil
		}
		if adapters.ReasonOf(err) == adapters.ReasonUnauthorized {
			return fmt.Errorf("telegram inbox %s: the platform refuses the token, check it with @BotFather: %w", a.inbox, err)
		}
		l.rest(ctx, err)
	}
	return nil
}

// loop is the state of one Listen.
type loop struct {
	adapter   *Adapter
	hold      time.Duration
	unhooked  bool  // deleteWebhook was accepted
	announced bool  // the menu of commands was tried
	offset    int64 // first update wanted; 0 = the earliest not confirmed
	failures  int
	conflicts int
}

// step makes one poll and receives what it brought.
func (l *loop) step(ctx context.Context) error {
	if !l.unhooked {
		if err := l.adapter.client.call(ctx, "deleteWebhook", nil, nil); err != nil {
			return err
		}
		l.unhooked = true
		if !l.announced {
			l.announced = true
			l.adapter.announce(ctx)
		}
	}
	batch, err := l.poll(ctx)
	if err != nil {
		return err
	}
	l.conflicts = 0
	if len(batch) == 0 {
		// Everything is confirmed. Forgetting the offset survives the platform's restart of its numbering after a quiet week.
		l.offset = 0
		return nil
	}
	return l.receive(ctx, batch)
}

func (l *loop) poll(ctx context.Context) ([]update, error) {
	ctx, cancel := context.WithTimeout(ctx, l.hold+pollSlack)
	defer cancel()
	params := tgbotapi.Params{
		"limit":           strconv.Itoa(pollBatch),
		"timeout":         strconv.Itoa(int(l.hold / time.Second)),
		"allowed_updates": allowedUpdates,
	}
	params.AddNonZero64("offset", l.offset)
	var raw []json.RawMessage
	if err := l.adapter.poller.call(ctx, "getUpdates", params, &raw); err != nil {
		return nil, err
	}
	batch := make([]update, 0, len(raw))
	for _, r := range raw {
		u, err := decode(r)
		if err != nil {
			l.adapter.env.Log.Warn("unreadable update skipped", "inbox", l.adapter.inbox)
			continue
		}
		batch = append(batch, u)
	}
	if len(batch) == 0 && len(raw) > 0 {
		return nil, &adapters.SendError{Reason: adapters.ReasonUnknown, Err: errors.New("getUpdates: no update in the answer has a number")}
	}
	return batch, nil
}

// receive hands a batch on: chats in parallel, each in order. The offset moves up to the first update that was not received;
// what comes after it is polled again and recognized by its id.
func (l *loop) receive(ctx context.Context, batch []update) error {
	var (
		wg    sync.WaitGroup
		slots = make(chan struct{}, pollWorkers)
		errs  = make([]error, len(batch))
	)
	for _, line := range byChat(batch) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			for _, i := range line {
				if errs[i] = l.adapter.take(ctx, batch[i]); errs[i] != nil {
					return // what comes later in this chat waits
				}
			}
		})
	}
	wg.Wait()
	for i, u := range batch {
		if errs[i] != nil {
			return errs[i]
		}
		l.offset = u.ID + 1
	}
	return nil
}

// take receives one polled update and stops the progress bar of a pressed button.
func (a *Adapter) take(ctx context.Context, u update) error {
	if err := a.receive(ctx, u); err != nil {
		return err
	}
	if u.Callback == nil || u.Callback.ID == "" {
		return nil
	}
	if err := a.client.call(ctx, "answerCallbackQuery", tgbotapi.Params{"callback_query_id": u.Callback.ID}, nil); err != nil {
		a.env.Log.Debug("callback not answered", "inbox", a.inbox, "error", err)
	}
	return nil
}

// byChat groups the indexes of a batch by chat, in order.
func byChat(batch []update) [][]int {
	var lines [][]int
	at := map[int64]int{}
	for i, u := range batch {
		chat := u.chat()
		n, ok := at[chat]
		if !ok {
			n = len(lines)
			at[chat] = n
			lines = append(lines, nil)
		}
		lines[n] = append(lines[n], i)
	}
	return lines
}

func (u update) chat() int64 {
	m := u.Message
	switch {
	case u.Edited != nil:
		m = u.Edited
	case u.Callback != nil:
		m = u.Callback.Message
	case u.Member != nil:
		return u.Member.Chat.ID
	}
	if m == nil || m.Chat == nil {
		return 0
	}
	return m.Chat.ID
}

// rest waits after a failed step: as long as the platform asks, slowly while another poller is about, else longer each time.
func (l *loop) rest(ctx context.Context, err error) {
	pause := min(firstPause<<min(l.failures, 10), longestPause)
	pause -= rand.N(pause / 4)
	l.failures++
	var se *adapters.SendError
	refused := errors.As(err, &se)
	log := l.adapter.env.Log.With("inbox", l.adapter.inbox, "error", err)
	switch {
	case refused && se.Code == strconv.Itoa(http.StatusConflict):
		// Either somebody set a webhook, or another process polls; deleting the webhook again cures the first.
		l.unhooked = false
		l.conflicts++
		pause = conflictPause
		log.Warn("another process receives this bot's updates: stop it, or give one of the two its own bot", "conflicts", l.conflicts, "next", pause)
	case refused && se.RetryAfter > 0:
		pause = se.RetryAfter
		log.Warn("polling too fast", "next", pause)
	default:
		log.Warn("polling failed", "next", pause)
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// holdTime keeps a poll shorter than the time the shared transport waits for headers.
func holdTime(c *http.Client) time.Duration {
	if t, ok := c.Transport.(*http.Transport); ok && t.ResponseHeaderTimeout > 0 {
		return max(min(pollHold, t.ResponseHeaderTimeout-2*time.Second), time.Second)
	}
	return pollHold
}
