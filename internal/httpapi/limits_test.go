package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/internal/httpapi"
)

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// call is one webhook request as the handler sees it.
type call struct {
	from, forwarded string
	inbox           string // default "a"
	body            string
	length          int64 // announced; 0 = that of body
}

func (c call) request(t *testing.T) *http.Request {
	inbox := c.inbox
	if inbox == "" {
		inbox = "a"
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhook/"+inbox, strings.NewReader(c.body))
	r.RemoteAddr = c.from
	if c.forwarded != "" {
		r.Header.Set("X-Forwarded-For", c.forwarded)
	}
	if c.length != 0 {
		r.ContentLength = c.length
	}
	return r
}

func (c call) on(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, c.request(t))
	return w
}

// accepting answers 200, or 401 to the body "forged".
var accepting = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	b := make([]byte, 6)
	if n, _ := r.Body.Read(b); string(b[:n]) == "forged" {
		w.WriteHeader(http.StatusUnauthorized)
	}
})

func public(o httpapi.Options) http.Handler {
	if o.Webhooks == nil {
		o.Webhooks = map[adapters.InboxName]http.Handler{"a": accepting, "b": accepting}
	}
	return httpapi.Public(o)
}

// Each row calls until the first refusal; a bucket holds five seconds' worth.
func TestPerIP(t *testing.T) {
	const limit, full = 2, 10
	tests := []struct {
		name    string
		proxies []string
		calls   func(i int) call
		allowed int // out of 30
	}{
		{"one address", nil, func(int) call { return call{from: "203.0.113.7:5000"} }, full},
		{"one address, other ports", nil, func(i int) call { return call{from: fmt.Sprintf("203.0.113.7:%d", 5000+i)} }, full},
		{"many addresses", nil, func(i int) call { return call{from: fmt.Sprintf("203.0.113.%d:1", i)} }, 30},
		{"one network of IPv6", nil, func(i int) call { return call{from: fmt.Sprintf("[2001:db8::%x]:1", i+1)} }, full},
		{"many networks of IPv6", nil, func(i int) call { return call{from: fmt.Sprintf("[2001:db8:0:%x::1]:1", i)} }, 30},
		{"unknown inboxes count too", nil, func(int) call { return call{from: "203.0.113.7:1", inbox: "none"} }, full},
		{"a header of a stranger changes nothing", nil, func(i int) call { return call{from: "203.0.113.7:1", forwarded: fmt.Sprintf("198.51.100.%d", i)} }, full},
		{"a proxy we trust tells who called", []string{"10.0.0.1"}, func(i int) call { return call{from: "10.0.0.1:1", forwarded: fmt.Sprintf("198.51.100.%d", i)} }, 30},
		{"behind it one caller", []string{"10.0.0.0/8"}, func(int) call { return call{from: "10.0.0.1:1", forwarded: "198.51.100.7"} }, full},
		{"who invents hops before the proxy", []string{"10.0.0.1"}, func(i int) call {
			return call{from: "10.0.0.1:1", forwarded: fmt.Sprintf("192.0.2.%d, 198.51.100.7", i)}
		}, full},
		{"this machine", nil, func(int) call { return call{from: "127.0.0.1:1"} }, 30},
		{"this machine is a proxy we trust", []string{"127.0.0.1"}, func(int) call { return call{from: "127.0.0.1:1", forwarded: "198.51.100.7"} }, full},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := &clock{at: time.Unix(1_790_000_000, 0)}
			shed := map[string]int{}
			h := public(httpapi.Options{
				Limits: httpapi.Limits{PerIP: limit}, TrustedProxies: tt.proxies, Now: now.now, Shed: func(reason string) { shed[reason]++ },
			})
			allowed := 0
			for i := range 30 {
				w := tt.calls(i).on(t, h)
				if w.Code != http.StatusTooManyRequests {
					allowed++
				} else if w.Header().Get("Retry-After") != "1" {
					t.Errorf("Retry-After %q, want 1", w.Header().Get("Retry-After"))
				}
			}
			if allowed != tt.allowed || shed[httpapi.ShedAddress] != 30-tt.allowed {
				t.Errorf("%d of 30 allowed, want %d; told of %v", allowed, tt.allowed, shed)
			}
		})
	}
}

// A caller that was refused is served again when it waited, and one that is idle for long gets no more than a full bucket.
func TestBucketsFill(t *testing.T) {
	now := &clock{at: time.Unix(1_790_000_000, 0)}
	h := public(httpapi.Options{Limits: httpapi.Limits{PerIP: 2}, Now: now.now})
	allowed := func() (n int) {
		for (call{from: "203.0.113.7:1"}).on(t, h).Code == http.StatusOK {
			n++
		}
		return n
	}
	var got []int
	for _, wait := range []time.Duration{0, 500 * time.Millisecond, 2 * time.Second, 4 * time.Second, 4 * time.Second, 7 * time.Second, time.Hour} {
		now.pass(wait)
		got = append(got, allowed())
	}
	if diff := cmp.Diff([]int{10, 1, 4, 8, 8, 10, 10}, got); diff != "" {
		t.Errorf("requests taken (-want +got):\n%s", diff)
	}
}

// What is not authentic leaves the inbox's own budget alone, and one inbox does not use up another's.
func TestPerInbox(t *testing.T) {
	now := &clock{at: time.Unix(1_790_000_000, 0)}
	h := public(httpapi.Options{Limits: httpapi.Limits{PerInbox: 2}, Now: now.now})
	for range 100 {
		if w := (call{from: "203.0.113.7:1", body: "forged"}).on(t, h); w.Code != http.StatusUnauthorized {
			t.Fatalf("a forged request got %d", w.Code)
		}
	}
	served := map[string]int{}
	for range 30 {
		for _, inbox := range []string{"a", "b"} {
			if (call{from: "127.0.0.1:1", inbox: inbox}).on(t, h).Code == http.StatusOK {
				served[inbox]++
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"a": 10, "b": 10}, served); diff != "" {
		t.Errorf("served (-want +got):\n%s", diff)
	}
}

// More requests at once than allowed are shed with 503; when one ends the next is served. Large bodies have a small share of their own.
func TestInFlight(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	waiting := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-leave
	})
	h := public(httpapi.Options{Limits: httpapi.Limits{InFlight: 32}, Webhooks: map[adapters.InboxName]http.Handler{"a": waiting}})
	var open sync.WaitGroup
	hold := func(n int, c call) {
		for range n {
			open.Go(func() { c.on(t, h) })
			<-entered
		}
	}
	shed := func(c call) {
		t.Helper()
		if w := c.on(t, h); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" {
			t.Errorf("one more than allowed got %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
		}
	}
	large, chunked, small := call{from: "127.0.0.1:1", length: 100_000}, call{from: "127.0.0.1:1", length: -1}, call{from: "127.0.0.1:1", body: "x"}
	hold(2, large)
	shed(large)
	shed(chunked)
	hold(32, small)
	shed(small)
	leave <- struct{}{}
	leave <- struct{}{}
	for range 32 {
		leave <- struct{}{}
	}
	open.Wait()
	hold(32, small)
	close(leave)
	open.Wait()
}

// Without limits nothing is shed.
func TestNoLimits(t *testing.T) {
	h := public(httpapi.Options{})
	for range 20_000 {
		if w := (call{from: "203.0.113.7:1"}).on(t, h); w.Code != http.StatusOK {
			t.Fatalf("status %d", w.Code)
		}
	}
}
