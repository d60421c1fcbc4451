//go:build faults

package faulttest_test

import (
	"slices"
	"testing"
	"time"
)

// TestEmbedded is one gateway with embedded storage.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	s := size{messages: 180, faults: 15, span: 7 * time.Second, people: 18, linger: 7500 * time.Millisecond}.withFlags()
	w := newWorld(t, layout{entries: 150})
	perform(t, w, s, slices.Concat(processFaults, apiFaults))
}

// TestReplicas is two gateways behind a balancer, on a MongoDB server and a Redis.
func TestReplicas(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	if redis == nil {
		t.Skip("no redis-server on the path: install it to test replicas")
	}
	s := size{messages: 30, faults: 12, span: 7 * time.Second, people: 6, linger: 11 * time.Second}.withFlags()
	w := newWorld(t, layout{entries: 60, redis: redis})
	kinds := []string{faultStoreCut, faultStoreLag, faultRedisCut, faultFlush, faultRedis}
	if *countFlag > 0 {
		kinds = append(kinds, apiFaults...)
	}
	perform(t, w, s, slices.Concat(processFaults, kinds))
}
