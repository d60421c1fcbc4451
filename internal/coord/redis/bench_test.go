package redis_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"kefu/internal/coord/redis"
)

// BenchmarkQueue is 32 workers on one replica and one waker per processor.
func BenchmarkQueue(b *testing.B) {
	at := realURL(b)
	a := dial(b, redis.Options{URL: at, Prefix: b.Name()})
	client := calls(b, at)
	before := client()
	ctx, stop := context.WithCancel(b.Context())
	var handled sync.WaitGroup
	handled.Add(b.N)
	var workers sync.WaitGroup
	for range 32 {
		workers.Go(func() {
			for {
				task, err := a.Next(ctx)
				if err != nil {
					return
				}
				task.Done(0)
				handled.Done()
			}
		})
	}
	b.ResetTimer()
	keys := make(chan string, 1024)
	for range 32 {
		workers.Go(func() {
			for key := range keys {
				if err := a.Wake(ctx, key); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range b.N {
		keys <- fmt.Sprint("k", i)
	}
	close(keys)
	handled.Wait()
	b.StopTimer()
	stop()
	workers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "keys/s")
	b.ReportMetric(float64(client()-before)/float64(b.N), "calls/key")
}
