package local_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"kefu/internal/coord"
	"kefu/internal/coord/coordtest"
	"kefu/internal/coord/local"
)

func BenchmarkQueue(b *testing.B) {
	c := local.New(local.Options{})
	defer c.Close()
	keys := make([]string, 4096)
	for i := range keys {
		keys[i] = "conversation-" + time.Duration(i).String()
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := c.Wake(b.Context(), keys[i%len(keys)]); err != nil {
			b.Fatal(err)
		}
		task, err := c.Next(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		task.Done(0)
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "keys/s")
}

func TestCloseEndsNext(t *testing.T) {
	c := local.New(local.Options{})
	failed := make(chan error, 1)
	go func() {
		_, err := c.Next(context.Background())
		failed <- err
	}()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; !errors.Is(err, coord.ErrClosed) {
		t.Errorf("Next after Close: %v, want ErrClosed", err)
	}
}

func TestConformance(t *testing.T) {
	coordtest.Run(t, coordtest.Options{
		In: func(t *testing.T, f func(*testing.T)) { synctest.Test(t, f) },
		Open: func(t *testing.T) coordtest.Space {
			c := local.New(local.Options{})
			t.Cleanup(func() { _ = c.Close() })
			return coordtest.Space{Join: func() coord.Coord { return c }, ClaimAfter: time.Second}
		},
	})
}
