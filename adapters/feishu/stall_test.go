package feishu

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestStall: a download lives as long as something comes, and no longer.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := newStall(fetchStart, cancel)
		for range 10 {
			<-time.After(fetchStart - time.Second)
			s.reset(fetchStart)
		}
		if ctx.Err() != nil {
			t.Error("given up while bytes came")
		}
		<-time.After(fetchStart + time.Second)
		synctest.Wait()
		if ctx.Err() == nil {
			t.Error("a call in which nothing moves goes on")
		}
		s.end()
		s.reset(time.Second) // a read that ends late starts nothing
		<-time.After(time.Minute)
	})
}
