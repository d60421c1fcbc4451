package coordtest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kefu/internal/coord"
)

var leaseCases = map[string]func(*testing.T, Space){
	"lease is exclusive":        leaseIsExclusive,
	"lease has one winner":      leaseHasOneWinner,
	"lease fence grows":         leaseFenceGrows,
	"lease renews itself":       leaseRenewsItself,
	"lease released twice":      leaseReleasedTwice,
	"lease of a crashed holder": leaseOfCrashedHolder,
	"lease ends with close":     leaseEndsWithClose,
}

func acquire(t *testing.T, c coord.Coord, name string) coord.Lease {
	t.Helper()
	lease, err := c.Acquire(t.Context(), name, leaseTTL)
	must(t, err)
	return lease
}

func held(t *testing.T, c coord.Coord, name string) {
	t.Helper()
	if _, err := c.Acquire(t.Context(), name, leaseTTL); !errors.Is(err, coord.ErrHeld) {
		t.Fatalf("Acquire of a held lease: %v, want ErrHeld", err)
	}
}

func leaseIsExclusive(t *testing.T, s Space) {
	a, b := s.Join(), s.Join()
	lease := acquire(t, a, "sweep")
	held(t, b, "sweep")
	held(t, a, "sweep")
	must(t, acquire(t, b, "report").Release(t.Context()))
	must(t, lease.Release(t.Context()))
	must(t, acquire(t, b, "sweep").Release(t.Context()))
}

func leaseHasOneWinner(t *testing.T, s Space) {
	replicas := []coord.Coord{s.Join(), s.Join()}
	var wins atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			_, err := replicas[i%2].Acquire(t.Context(), "one", time.Minute)
			switch {
			case err == nil:
				wins.Add(1)
			case !errors.Is(err, coord.ErrHeld):
				t.Errorf("Acquire: %v", err)
			}
		})
	}
	wg.Wait()
	if wins.Load() != 1 {
		t.Errorf("%d holders, want 1", wins.Load())
	}
}

func leaseFenceGrows(t *testing.T, s Space) {
	replicas := []coord.Coord{s.Join(), s.Join()}
	last := int64(0)
	for i := range 10 {
		lease := acquire(t, replicas[i%2], "fenced")
		if lease.Fence() <= last {
			t.Fatalf("fence %d after %d", lease.Fence(), last)
		}
		last = lease.Fence()
		must(t, lease.Release(t.Context()))
	}
}

func leaseRenewsItself(t *testing.T, s Space) {
	a, b := s.Join(), s.Join()
	lease := acquire(t, a, "long")
	for range 4 {
		pass(leaseTTL / 2)
		held(t, b, "long")
	}
	if isClosed(lease.Lost()) {
		t.Error("lease was lost")
	}
	must(t, lease.Release(t.Context()))
	if isClosed(lease.Lost()) {
		t.Error("release counts as loss")
	}
}

func leaseReleasedTwice(t *testing.T, s Space) {
	a, b := s.Join(), s.Join()
	first := acquire(t, a, "twice")
	must(t, first.Release(t.Context()))
	second := acquire(t, b, "twice")
	must(t, first.Release(t.Context()))
	held(t, a, "twice")
	must(t, second.Release(t.Context()))
}

func leaseOfCrashedHolder(t *testing.T, s Space) {
	if s.Crash == nil {
		return // nobody survives the crash of the only process
	}
	a, b := s.Join(), s.Join()
	lease := acquire(t, a, "crash")
	s.Crash(a)
	held(t, b, "crash")
	var heir coord.Lease
	eventually(t, func() (err error) {
		heir, err = b.Acquire(t.Context(), "crash", leaseTTL)
		return err
	})
	if !isClosed(lease.Lost()) {
		t.Error("another holds the lease and the crashed holder does not know")
	}
	if heir.Fence() <= lease.Fence() {
		t.Errorf("fence %d of the heir is not above %d", heir.Fence(), lease.Fence())
	}
	must(t, heir.Release(t.Context()))
}

func leaseEndsWithClose(t *testing.T, s Space) {
	a := s.Join()
	lease, err := a.Acquire(t.Context(), "close", time.Minute)
	must(t, err)
	must(t, a.Close())
	if !isClosed(lease.Lost()) {
		t.Error("the holder does not know that its lease ended")
	}
	must(t, lease.Release(context.Background()))
	if b := s.Join(); b != a {
		must(t, acquire(t, b, "close").Release(t.Context()))
	}
}
