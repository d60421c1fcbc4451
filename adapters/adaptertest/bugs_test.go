package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"kefu/adapters"
)

// bug is one way in which an adapter can be wrong.
type bug struct {
	check, name string // the check that must see it

	features func(*adapters.Features)
	send     func(context.Context, *fake, adapters.Outgoing) (adapters.Receipt, error)
	edit     func(context.Context, *fake, adapters.MessageID, adapters.Outgoing) error
	typing   func(context.Context, *fake, adapters.ChatID) error
	receive  func(context.Context, func(context.Context, adapters.Message) error, adapters.Message) error
	answer   func(words string, ok bool, err error) string
	status   map[int]int
	probe    error
	noIDs    bool // reactions and closing forget the id
	noRenew  bool
	sameKey  bool // tokens are cached under one name
	noReopen bool // closed threads stay closed
	trusting bool // signatures are not checked
	timeless bool // times are not checked
	panics   bool

	upload    func(in io.Reader, size int64) (io.Reader, int64)
	unlimited bool // sizes are not checked
	fetches   func(context.Context, *fake, adapters.Attachment)
	stream    func(*adapters.MediaStream)
	opened    func(error) error
	recall    func(context.Context, *fake, adapters.MessageID) error
}

// changes returns a receive hook that alters the message.
func changes(change func(*adapters.Message)) func(context.Context, func(context.Context, adapters.Message) error, adapters.Message) error {
	return func(ctx context.Context, next func(context.Context, adapters.Message) error, m adapters.Message) error {
		change(&m)
		return next(ctx, m)
	}
}

// alters returns a send hook that alters the outgoing message.
func alters(change func(*adapters.Outgoing)) func(context.Context, *fake, adapters.Outgoing) (adapters.Receipt, error) {
	return func(ctx context.Context, f *fake, out adapters.Outgoing) (adapters.Receipt, error) {
		change(&out)
		return f.post(ctx, out)
	}
}

// errs returns a send hook that alters the error.
func errs(change func(*adapters.SendError) error) func(context.Context, *fake, adapters.Outgoing) (adapters.Receipt, error) {
	return func(ctx context.Context, f *fake, out adapters.Outgoing) (adapters.Receipt, error) {
		receipt, err := f.post(ctx, out)
		var se *adapters.SendError
		if errors.As(err, &se) {
			return receipt, change(se)
		}
		return receipt, err
	}
}

func reason(r adapters.Reason) func(context.Context, *fake, adapters.Outgoing) (adapters.Receipt, error) {
	return errs(func(se *adapters.SendError) error { return &adapters.SendError{Reason: r, Err: se} })
}

func twice(ctx context.Context, f *fake, out adapters.Outgoing) (adapters.Receipt, error) {
	if _, err := f.post(ctx, out); err != nil {
		return f.post(ctx, out)
	}
	out.Key += "again"
	return f.post(ctx, out)
}

func swallow(ctx context.Context, next func(context.Context, adapters.Message) error, m adapters.Message) error {
	_ = next(ctx, m)
	return nil
}

func newKey(out *adapters.Outgoing) { out.Key += time.Now().String() }

func numbered() func(*adapters.Message) {
	var n atomic.Int64
	return func(m *adapters.Message) { m.ID += fmt.Sprint(n.Add(1)) }
}

func bugs() []bug {
	var dropped, lost atomic.Int64
	var global atomic.Pointer[fake]
	list := []bug{
		{check: "features match the interfaces", name: "an Editor that is not claimed", features: func(f *adapters.Features) { f.Edit = false }},
		{check: "features are sensible", name: "no MaxText", features: func(f *adapters.Features) { f.MaxText = 0 }},
		{check: "features are sensible", name: "a budget without a period", features: func(f *adapters.Features) { f.PerChat.Count = 5 }},
		{check: "two accounts share nothing", name: "one client for all", send: func(ctx context.Context, f *fake, out adapters.Outgoing) (adapters.Receipt, error) {
			global.CompareAndSwap(nil, f)
			return global.Load().post(ctx, out)
		}},
		{check: "two accounts share nothing", name: "one token for all", sameKey: true, noRenew: true},
		{check: "probe accepts the account", name: "always fails", probe: errors.New("no")},

		{check: "a text arrives once, normalized", name: "an id of its own form", receive: changes(func(m *adapters.Message) { m.ID = "7" })},
		{check: "a text arrives once, normalized", name: "the person as chat", receive: changes(func(m *adapters.Message) { m.Chat = adapters.ChatID(m.From.ID) })},
		{check: "a text arrives once, normalized", name: "no time", receive: changes(func(m *adapters.Message) { m.SentAt = time.Time{} })},
		{check: "a text arrives once, normalized", name: "received twice", receive: func(ctx context.Context, next func(context.Context, adapters.Message) error, m adapters.Message) error {
			return errors.Join(next(ctx, m), next(ctx, m))
		}},
		{check: "every text arrives untouched", name: "trims", receive: changes(func(m *adapters.Message) { m.Text = strings.TrimSpace(m.Text) })},
		{check: "every text arrives untouched", name: "loses what is beyond 16 bits", receive: changes(func(m *adapters.Message) {
			m.Text = strings.Map(func(r rune) rune {
				if r > 0xffff {
					return -1
				}
				return r
			}, m.Text)
		})},
		{check: "two messages have two ids", name: "the text as key", receive: changes(func(m *adapters.Message) { m.ID = adapters.NewID(m.Inbox, m.Chat, m.Kind, m.Text) })},
		{check: "first contact is an event", name: "another event", receive: changes(func(m *adapters.Message) { m.Event = adapters.EventMenu })},
		{check: "a failing store makes the platform redeliver", name: "swallows the error", receive: swallow},
		{check: "a group message is marked as such", name: "no mention", receive: changes(func(m *adapters.Message) { m.Mentioned = false })},
		{check: "a group message is marked as such", name: "looks private", receive: changes(func(m *adapters.Message) { m.Group = false })},

		{check: "the same delivery twice has one id", name: "a counter in the id", receive: changes(numbered())},
		{check: "a delivery repeated after the acknowledgement has the same id", name: "a counter in the id", receive: changes(numbered())},
		{check: "503 while the store is down", name: "swallows the error", receive: swallow},
		{check: "503 while the store is down", name: "says 500", status: map[int]int{503: 500}},
		{check: "401 for a bad signature", name: "trusts everybody", trusting: true},
		{check: "401 for a stale delivery", name: "looks at no clock", timeless: true},
		{check: "400 for a malformed body", name: "acknowledges", status: map[int]int{400: 200}},
		{check: "413 for a body over 1 MiB", name: "says 400", status: map[int]int{413: 400}},
		{check: "405 for another method", name: "takes all", status: map[int]int{405: 200}},
		{check: "hostile bodies do no harm", name: "panics", panics: true, trusting: true},
		{check: "hostile bodies do no harm", name: "says 500", status: map[int]int{401: 500}},
		{check: "deliveries at once", name: "drops one", receive: func(ctx context.Context, next func(context.Context, adapters.Message) error, m adapters.Message) error {
			if dropped.Add(1) == 3 {
				return nil
			}
			return next(ctx, m)
		}},

		{check: "an answer rides on the delivery", name: "cuts", answer: func(w string, _ bool, _ error) string { return w[:10] }},
		{check: "nothing to answer posts nothing", name: "dots", answer: func(string, bool, error) string { return "..." }},
		{check: "a failing answer still acknowledges", name: "tells the error", answer: func(_ string, _ bool, err error) string { return err.Error() }},

		{check: "a text is posted once", name: "sends twice", send: twice},
		{check: "a text is posted once", name: "no receipt", send: func(ctx context.Context, f *fake, out adapters.Outgoing) (adapters.Receipt, error) {
			_, err := f.post(ctx, out)
			return adapters.Receipt{}, err
		}},
		{check: "a text is posted once", name: "logs the body", send: func(ctx context.Context, f *fake, out adapters.Outgoing) (adapters.Receipt, error) {
			f.env.Log.InfoContext(ctx, "sending", "text", out.Text)
			return f.post(ctx, out)
		}},
		{check: "a text is posted once", name: "logs a secret", send: func(ctx context.Context, f *fake, out adapters.Outgoing) (adapters.Receipt, error) {
			f.env.Log.DebugContext(ctx, "sending", "secret", fakeSecret)
			return f.post(ctx, out)
		}},
		{check: "every text is posted untouched", name: "escapes", send: alters(func(o *adapters.Outgoing) { o.Text = strings.ReplaceAll(o.Text, "&", "&amp;") })},
		{check: "formatting is seen", name: "plain", send: alters(func(out *adapters.Outgoing) { out.Spans = nil })},
		{check: "formatting is seen", name: "offsets in characters", send: alters(func(out *adapters.Outgoing) {
			for i, s := range out.Spans {
				if s.Start > 0 && s.Start < len(out.Text) {
					out.Spans[i].Start = len([]rune(out.Text[:s.Start]))
				}
			}
		})},
		{check: "formatting is seen", name: "refuses odd spans", send: func(ctx context.Context, f *fake, out adapters.Outgoing) (adapters.Receipt, error) {
			if len(adapters.FitSpans(out.Text, out.Spans)) < len(out.Spans) {
				return adapters.Receipt{}, &adapters.SendError{Reason: adapters.ReasonRejected}
			}
			return f.post(ctx, out)
		}},
		{check: "a text of MaxText is accepted", name: "claims more than the platform takes", features: func(f *adapters.Features) { f.MaxText++ }},
		{check: "a text of MaxText is accepted", name: "counts another unit", features: func(f *adapters.Features) { f.TextUnit = adapters.UnitRune }},
		{check: "a text over MaxText is not cut", name: "cuts", send: alters(func(o *adapters.Outgoing) { o.Text = o.Text[:min(len(o.Text), fakeMaxText)] })},
		{check: "a chat that cannot be written to", name: "success", send: errs(func(*adapters.SendError) error { return nil })},
		{check: "a chat that cannot be written to", name: "a plain error", send: errs(func(se *adapters.SendError) error { return errors.New(se.Error()) })},
		{check: "a chat that cannot be written to", name: "a reason of its own", send: reason("nobody")},
		{check: "a chat that cannot be written to", name: "a secret in the error", send: errs(func(se *adapters.SendError) error {
			return &adapters.SendError{Reason: se.Reason, Err: errors.New("POST /bot" + fakeSecret)}
		})},
		{check: "a card shows all its words", name: "facts are lost", send: alters(func(o *adapters.Outgoing) {
			if o.Card != nil {
				o.Card = &adapters.Card{Title: o.Card.Title, Body: o.Card.Body}
			}
		})},
		{check: "choices are buttons that come back", name: "one is lost", send: alters(func(o *adapters.Outgoing) { o.Choices = o.Choices[:max(0, len(o.Choices)-1)] })},
		{check: "choices are buttons that come back", name: "a long id is cut", receive: changes(func(m *adapters.Message) { m.Choice = m.Choice[:min(len(m.Choice), 32)] })},
		{check: "one key is one message", name: "a new key each time", send: alters(newKey)},
		{check: "an edit replaces the post", name: "does nothing", edit: func(context.Context, *fake, adapters.MessageID, adapters.Outgoing) error { return nil }},
		{check: "an edit replaces the post", name: "posts anew", edit: func(ctx context.Context, f *fake, _ adapters.MessageID, out adapters.Outgoing) error {
			_, err := f.post(ctx, out)
			return err
		}},
		{check: "reactions are accepted", name: "forgets the message", noIDs: true},
		{check: "typing is harmless", name: "posts", typing: func(ctx context.Context, f *fake, chat adapters.ChatID) error {
			_, err := f.post(ctx, adapters.Outgoing{Chat: chat, Text: "..."})
			return err
		}},
		{check: "sends at once", name: "loses one", send: func(ctx context.Context, f *fake, out adapters.Outgoing) (adapters.Receipt, error) {
			if lost.Add(1) == 3 {
				return adapters.Receipt{ID: "m0"}, nil
			}
			return f.post(ctx, out)
		}},
		{check: "a canceled context sends nothing", name: "does not listen to it", send: func(ctx context.Context, f *fake, out adapters.Outgoing) (adapters.Receipt, error) {
			return f.post(context.WithoutCancel(ctx), out)
		}},

		{check: "a text is posted to a group", name: "goes to the private chat", send: alters(func(o *adapters.Outgoing) { o.Chat = "c-ada" })},
		{check: "a thread is opened, written into and heard from", name: "writes beside it", send: alters(func(o *adapters.Outgoing) { o.Thread = "" })},
		{check: "a thread is opened, written into and heard from", name: "hears it as the group", receive: changes(func(m *adapters.Message) { m.Thread = "" })},
		{check: "a deleted thread is thread_gone", name: "unreachable", send: reason(adapters.ReasonUnreachable)},
		{check: "a thread is closed and open again", name: "forgets the thread", noIDs: true},
		{check: "a thread is closed and open again", name: "stays closed", noReopen: true},

		{check: "fault rate_limit", name: "no RetryAfter", send: errs(func(se *adapters.SendError) error { return &adapters.SendError{Reason: se.Reason} })},
		{check: "fault rate_limit", name: "rejected", send: reason(adapters.ReasonRejected)},
		{check: "fault server_error", name: "unavailable", send: reason(adapters.ReasonUnavailable)},
		{check: "fault reset", name: "tries again by itself", send: func(ctx context.Context, f *fake, out adapters.Outgoing) (adapters.Receipt, error) {
			receipt, err := f.post(ctx, out)
			if err != nil {
				_, _ = f.post(ctx, out)
			}
			return receipt, err
		}},
		{check: "fault accept_cut", name: "unavailable", send: reason(adapters.ReasonUnavailable)},
		{check: "fault accept_5xx", name: "unavailable", send: reason(adapters.ReasonUnavailable)},
		{check: "fault bad_json", name: "success", send: errs(func(*adapters.SendError) error { return nil })},
		{check: "fault slow", name: "waits longer than the caller", send: func(ctx context.Context, f *fake, out adapters.Outgoing) (adapters.Receipt, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longest+longest/10)
			defer cancel()
			return f.post(ctx, out)
		}},
		{check: "an expired token is renewed", name: "gives up", noRenew: true},
		{check: "a repeat after an unknown outcome is safe", name: "a new key each time", send: alters(newKey)},

		{check: "a refused connection is unavailable", name: "unknown", send: reason(adapters.ReasonUnknown)},
		{check: "what is not the platform's answer is unknown", name: "success", send: errs(func(*adapters.SendError) error { return nil })},
		{check: "what is not the platform's answer is unknown", name: "the token in the error", send: errs(func(se *adapters.SendError) error {
			return &adapters.SendError{Reason: se.Reason, Err: errors.New("Bearer " + fixedToken)}
		})},
		{check: "a connection cut after the request is unknown", name: "unavailable", send: reason(adapters.ReasonUnavailable)},
	}
	return append(list, mediaBugs()...)
}
