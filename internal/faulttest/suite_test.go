package faulttest_test

import (
	"slices"
	"testing"
	"time"

	"kefu/internal/sim"
	"kefu/internal/transcript"
)

// shortKinds are the faults of the short form: one or two of each sort.
var shortKinds = []string{
	faultKill, faultTrap + transcript.TrapDecided, faultTrap + transcript.TrapAccepted, faultTerm, faultForward, faultBack,
	faultTopic, faultDouble, faultUnacked, string(sim.FaultAcceptThenCut), string(sim.FaultRateLimit), string(sim.FaultTokenExpired), faultAPICut, faultDisk,
}

// TestEmbedded is one gateway with embedded storage.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	s := size{messages: 150, faults: len(shortKinds), span: 5 * time.Second, people: 18}.withFlags()
	kinds := shortKinds
	if long() {
		kinds = slices.Concat(processFaults, deliveryKinds, apiFaults, networkFaults, embeddedFaults)
	}
	perform(t, newWorld(t, layout{entries: max(150, 2*s.people)}), s, kinds)
}

// TestReplicas is two gateways behind a balancer, on a MongoDB server and a Redis. It runs alone, for the server under test answers every query with a full scan: on a busy
// machine it is too slow for any gateway.
func TestReplicas(t *testing.T) {
	s := size{messages: 24, faults: 8, span: 5 * time.Second, people: 5}.withFlags()
	kinds := []string{faultKill, faultTerm, faultUnacked, faultDouble, faultStoreCut, faultRedisCut, faultFlush, faultRedis}
	if long() {
		kinds = slices.Concat(processFaults, deliveryKinds, apiFaults, networkFaults, serverFaults)
	}
	perform(t, newWorld(t, layout{entries: 60, replicas: 2}), s, kinds)
}
