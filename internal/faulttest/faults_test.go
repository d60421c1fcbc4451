package faulttest_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"kefu/internal/sim"
	"kefu/internal/transcript"
)

// The kinds of fault. Those of a platform's API bear the simulator's names, deaths at a step of the pipeline that of the step.
const (
	faultKill     = "kill"    // kill -9 of a gateway at any moment, started again
	faultTrap     = "kill@"   // kill -9 of a gateway at a step of the pipeline, started again
	faultTerm     = "sigterm" // polite stop, started again
	faultForward  = "clock_forward"
	faultBack     = "clock_back"
	faultTopic    = "topic"     // somebody deletes a case's thread
	faultDouble   = "duplicate" // a delivery comes twice
	faultHold     = "hold"      // a delivery is overtaken by the next
	faultUnsent   = "unsent"    // a delivery is lost on its way and repeated
	faultUnacked  = "unacked"   // a delivery's acknowledgement is lost, so it is repeated
	faultAPICut   = "api_cut"   // a platform cannot be reached, open connections break
	faultAPIReset = "api_reset" // a platform's answers are lost with their connections
	faultAPIStall = "api_stall" // a platform's answers do not come
	faultAPISlow  = "api_slow"
	faultDisk     = "disk_full"
	faultHeld     = "store_held" // another process holds the database's lock
	faultStoreCut = "store_cut"
	faultStoreLag = "store_slow"
	faultRedisCut = "redis_cut"
	faultRedisLag = "redis_slow"
	faultFlush    = "redis_flush"
	faultRedis    = "redis_restart"
)

// Faults by what it takes to make them.
var (
	processFaults = []string{
		faultKill, faultTrap + transcript.TrapDecided, faultTrap + transcript.TrapPosted, faultTrap + transcript.TrapClaimed, faultTrap + transcript.TrapAccepted,
		faultTerm, faultForward, faultBack,
	}
	deliveryKinds = []string{faultTopic, faultDouble, faultHold, faultUnsent, faultUnacked}
	apiFaults     = []string{
		string(sim.FaultRateLimit), string(sim.FaultServerError), string(sim.FaultAcceptThenCut), string(sim.FaultAcceptThen5xx),
		string(sim.FaultReset), string(sim.FaultSlow), string(sim.FaultBadJSON), string(sim.FaultTokenExpired),
	}
	networkFaults  = []string{faultAPICut, faultAPIReset, faultAPIStall, faultAPISlow}
	embeddedFaults = []string{faultDisk, faultHeld}
	serverFaults   = []string{faultStoreCut, faultStoreLag, faultRedisCut, faultRedisLag, faultFlush, faultRedis}
)

var deliveryFaults = map[string]sim.Fault{
	faultDouble: sim.FaultDuplicate, faultHold: sim.FaultHold, faultUnsent: sim.FaultReset, faultUnacked: sim.FaultAcceptThenCut,
}

// spoils are the faults after which the platform has accepted one call whose sender cannot know it.
var spoils = map[string]bool{
	string(sim.FaultAcceptThenCut): true, string(sim.FaultAcceptThen5xx): true, string(sim.FaultSlow): true, string(sim.FaultBadJSON): true,
}

// severs are the faults that leave the calls under way just then in doubt, one of each chat or thread, and how they hit: for as long as they last, or at their end.
var severs = map[string]bool{faultAPICut: true, faultAPIReset: true, faultAPIStall: true}

// doubtful are all that leave the sender of a call in doubt.
func doubtful(kind string) bool {
	return spoils[kind] || severs[kind] || kind == string(sim.FaultServerError) || kind == string(sim.FaultReset)
}

// deadly are the faults that end a gateway without a word.
func deadly(kind string) bool { return kind == faultKill || strings.HasPrefix(kind, faultTrap) }

// sends are the API's operations that show people a message.
var sends = map[string]bool{
	"sendMessage": true, "/cgi-bin/message/custom/send": true,
	"/open-apis/im/v1/messages": true, "/open-apis/im/v1/messages/:message_id/reply": true,
}

// planned is a fault of the schedule.
type planned struct {
	kind, platform string
	at             time.Duration
}

// schedule spreads count faults over a span: each kind once before any comes again, in an order the seed decides.
func schedule(random *rand.Rand, kinds []string, count int, span time.Duration) []planned {
	platforms := slices.Clone(inboxes)
	random.Shuffle(len(platforms), func(a, b int) { platforms[a], platforms[b] = platforms[b], platforms[a] })
	turn := map[bool]int{} // doubtful faults and the others go around the platforms, each by themselves
	var deck []string
	plan := make([]planned, max(count, len(kinds)))
	for i := range plan {
		if len(deck) == 0 {
			deck = slices.Clone(kinds)
			random.Shuffle(len(deck), func(a, b int) { deck[a], deck[b] = deck[b], deck[a] })
		}
		slot := float64(span) / float64(len(plan))
		turn[doubtful(deck[0])]++
		plan[i] = planned{kind: deck[0], platform: platforms[turn[doubtful(deck[0])]%len(platforms)], at: time.Duration(slot * (float64(i) + random.Float64()))}
		deck = deck[1:]
	}
	return plan
}
