package httpapi

import (
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/semaphore"

	"kefu/adapters"
)

// Limits shed what no platform sends. In each, 0 is no limit. A bucket of PerIP or PerInbox holds five seconds' worth.
type Limits struct {
	// PerIP is how many webhook requests one address may make per second. An IPv6 caller counts as its /64 network. Loopback callers are not counted: they are a
	// reverse proxy that is not among TrustedProxies, so that one bucket would hold every platform.
	PerIP int
	// PerInbox is how many webhook requests per second one inbox takes. What the adapter refuses as not authentic does not count, lest forgers use it up.
	PerInbox int
	// InFlight is how many webhook requests are handled at once. An official account may take 5 s to answer each.
	InFlight int
}

// Reasons of Options.Shed.
const (
	ShedAddress = "address" // PerIP
	ShedInbox   = "inbox"   // PerInbox
	ShedFull    = "full"    // InFlight
)

const (
	// smallBody is the largest announced body, in bytes, of an ordinary request; deliveries of the platforms have a few thousand.
	smallBody = 64 << 10
	// largeShare of InFlight is how many larger bodies, or bodies of unknown length, are read at once: both shares together bound the memory.
	largeShare = 16
	// bodyWithin is how long a webhook's body may take to arrive: no platform waits longer than that for the whole answer.
	bodyWithin = 5 * time.Second
	// answerWithin is how long an answer may take to be made and read.
	answerWithin = 30 * time.Second
)

// limiter decides about webhook requests before anything of them is read but their head.
type limiter struct {
	addresses    *buckets[netip.Prefix]
	inboxes      *buckets[adapters.InboxName]
	small, large *semaphore.Weighted // nil = no limit
	shed         func(reason string)
}

func newLimiter(l Limits, now func() time.Time, shed func(string)) *limiter {
	if now == nil {
		now = time.Now
	}
	if shed == nil {
		shed = func(string) {}
	}
	lim := &limiter{addresses: newBuckets[netip.Prefix](l.PerIP, now), inboxes: newBuckets[adapters.InboxName](l.PerInbox, now), shed: shed}
	if l.InFlight > 0 {
		lim.small = semaphore.NewWeighted(int64(l.InFlight))
		lim.large = semaphore.NewWeighted(int64(max(l.InFlight/largeShare, 1)))
	}
	return lim
}

// byAddress answers 429 to an address that calls too often.
func (l *limiter) byAddress(c *gin.Context) (ok bool) {
	caller, counted := callerOf(c)
	if !counted {
		return true
	}
	wait, ok := l.addresses.take(caller)
	if !ok {
		l.refuse(c, http.StatusTooManyRequests, wait, ShedAddress)
	}
	return ok
}

// callerOf returns the network a request counts for. What has no address (a socket) or comes from this machine is not counted.
func callerOf(c *gin.Context) (netip.Prefix, bool) {
	addr, err := netip.ParseAddr(c.ClientIP())
	if err != nil || addr.Unmap().IsLoopback() {
		return netip.Prefix{}, false
	}
	bits := 64
	if addr = addr.Unmap(); addr.Is4() {
		bits = 32
	}
	p, err := addr.Prefix(bits)
	return p, err == nil
}

// handle runs fn within the limits of an inbox and of what is handled at once.
func (l *limiter) handle(c *gin.Context, inbox adapters.InboxName, fn func()) {
	wait, ok := l.inboxes.take(inbox)
	if !ok {
		l.refuse(c, http.StatusTooManyRequests, wait, ShedInbox)
		return
	}
	if slots := l.slots(c.Request); slots != nil {
		if !slots.TryAcquire(1) {
			l.inboxes.giveBack(inbox)
			l.refuse(c, http.StatusServiceUnavailable, time.Second, ShedFull)
			return
		}
		defer slots.Release(1)
	}
	fn()
	if c.Writer.Status() == http.StatusUnauthorized {
		l.inboxes.giveBack(inbox)
	}
}

func (l *limiter) slots(r *http.Request) *semaphore.Weighted {
	if r.ContentLength < 0 || r.ContentLength > smallBody {
		return l.large
	}
	return l.small
}

func (l *limiter) refuse(c *gin.Context, status int, wait time.Duration, reason string) {
	l.shed(reason)
	c.Header("Retry-After", strconv.Itoa(max(int(math.Ceil(wait.Seconds())), 1)))
	c.String(status, http.StatusText(status)+"\n")
}

// hurry bounds the time a client has for its body and for reading the answer. Writers without a connection have no deadlines to set.
func hurry(w http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(w)
	now := time.Now()
	_ = rc.SetWriteDeadline(now.Add(answerWithin))
	if r.Body != nil && r.Body != http.NoBody { // without a body the server is already listening for the client's leaving
		_ = rc.SetReadDeadline(now.Add(bodyWithin))
	}
}
