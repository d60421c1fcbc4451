package coordtest

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"kefu/internal/coord"
)

var valueCases = map[string]func(*testing.T, Space){
	"value is shared":   valueIsShared,
	"value ends":        valueEnds,
	"value without ttl": valueWithoutTTL,
}

var topicCases = map[string]func(*testing.T, Space){
	"topic reaches every replica": topicReachesEveryReplica,
	"topic ends with context":     topicEndsWithContext,
}

func value(t *testing.T, c coord.Coord, key, want string) {
	t.Helper()
	got, err := c.Get(t.Context(), key)
	must(t, err)
	if got != want {
		t.Fatalf("value of %s is %q, want %q", key, got, want)
	}
}

func valueIsShared(t *testing.T, s Space) {
	a, b := s.Join(), s.Join()
	must(t, a.Ping(t.Context()))
	value(t, b, "k", "")
	must(t, a.Set(t.Context(), "k", "one", time.Minute))
	value(t, b, "k", "one")
	must(t, b.Set(t.Context(), "k", "二 \x00", time.Minute))
	value(t, a, "k", "二 \x00")
	must(t, a.Delete(t.Context(), "k"))
	value(t, b, "k", "")
	must(t, a.Delete(t.Context(), "k"))
}

func valueEnds(t *testing.T, s Space) {
	const short = 200 * time.Millisecond
	a := s.Join()
	must(t, a.Set(t.Context(), "long", "v", time.Hour))
	began := time.Now()
	must(t, a.Set(t.Context(), "short", "v", short))
	got, err := a.Get(t.Context(), "short")
	must(t, err)
	if took := time.Since(began); got != "v" && took < short {
		t.Errorf("%q after %s of %s", got, took, short)
	}
	pass(short + 100*time.Millisecond)
	value(t, a, "short", "")
	value(t, a, "long", "v")
}

func valueWithoutTTL(t *testing.T, s Space) {
	a := s.Join()
	for _, ttl := range []time.Duration{0, -time.Second} {
		must(t, a.Set(t.Context(), "k", "old", time.Minute))
		must(t, a.Set(t.Context(), "k", "new", ttl))
		value(t, a, "k", "")
	}
}

// mailbox keeps what a subscriber heard.
type mailbox struct {
	mu    sync.Mutex
	texts []string
}

func (m *mailbox) add(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.texts = append(m.texts, text)
}

func (m *mailbox) has(want int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.texts) != want {
		return fmt.Errorf("heard %q, want %d texts", m.texts, want)
	}
	for i, text := range m.texts {
		if text != strconv.Itoa(i) {
			return fmt.Errorf("heard %q out of order", m.texts)
		}
	}
	return nil
}

func topicReachesEveryReplica(t *testing.T, s Space) {
	a, b := s.Join(), s.Join()
	var atA, atB, other mailbox
	must(t, a.Subscribe(t.Context(), "faq", atA.add))
	must(t, b.Subscribe(t.Context(), "faq", atB.add))
	must(t, b.Subscribe(t.Context(), "faq2", other.add))
	for i := range 10 {
		must(t, a.Publish(t.Context(), "faq", strconv.Itoa(i)))
	}
	eventually(t, func() error { return atA.has(10) })
	eventually(t, func() error { return atB.has(10) })
	if err := other.has(0); err != nil {
		t.Error(err)
	}
}

func topicEndsWithContext(t *testing.T, s Space) {
	a := s.Join()
	var ended, stays mailbox
	ctx, cancel := context.WithCancel(t.Context())
	must(t, a.Subscribe(ctx, "faq", ended.add))
	must(t, a.Subscribe(t.Context(), "faq", stays.add))
	must(t, a.Publish(t.Context(), "faq", "0"))
	eventually(t, func() error { return ended.has(1) })
	cancel()
	must(t, a.Publish(t.Context(), "faq", "1"))
	eventually(t, func() error { return stays.has(2) })
	if err := ended.has(1); err != nil {
		t.Error(err)
	}
	var again mailbox
	must(t, a.Subscribe(t.Context(), "faq", again.add))
	must(t, a.Publish(t.Context(), "faq", "0"))
	eventually(t, func() error { return again.has(1) })
}
