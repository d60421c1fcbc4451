package adaptertest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"kefu/adapters"
	"kefu/internal/sim"
)

// maxBody is the largest delivery the contract lets through.
const maxBody = 1 << 20

func webhookChecks() []check {
	signsTime := func(f facts) bool { return f.Webhook != nil && f.Stale != nil }
	return []check{
		{name: "the same delivery twice has one id", when: hasWebhook, run: checkSameDelivery},
		{name: "a delivery repeated after the acknowledgement has the same id", when: hasWebhook, run: checkDuplicate},
		{name: "503 while the store is down", when: hasWebhook, run: checkStoreDown},
		{name: "401 for a bad signature", when: hasWebhook, run: checkBadSignature},
		{name: "401 for a stale delivery", when: signsTime, run: checkStale},
		{name: "400 for a malformed body", when: hasWebhook, run: checkMalformed},
		{name: "413 for a body over 1 MiB", when: hasWebhook, run: checkTooLarge},
		{name: "405 for another method", when: hasWebhook, run: checkMethod},
		{name: "hostile bodies do no harm", when: hasWebhook, run: checkHostile},
		{name: "deliveries at once", when: hasWebhook, run: checkConcurrentDeliveries},
	}
}

// delivery is a request taken apart, so that it can be made again and changed.
type delivery struct {
	method, target string
	header         http.Header
	body           []byte
}

func (h *harness) take(r *http.Request) delivery {
	h.Helper()
	d := delivery{method: r.Method, target: r.URL.RequestURI(), header: r.Header.Clone()}
	if r.Body == nil {
		return d
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		h.Fatalf("reading the subject's request: %v", err)
	}
	d.body = body
	return d
}

// serve hands d to the webhook in this goroutine and returns the status; -1 after a panic.
func (h *harness) serve(d delivery) (status int) {
	h.Helper()
	defer func() {
		if p := recover(); p != nil {
			h.Errorf("the webhook panicked on %d bytes: %v", len(d.body), p)
			status = -1
		}
	}()
	r := httptest.NewRequestWithContext(h.within(), d.method, d.target, bytes.NewReader(d.body))
	r.Header = d.header.Clone()
	r.Header.Del("Content-Length")
	w := httptest.NewRecorder()
	h.Webhook.ServeHTTP(w, r)
	for _, secret := range h.Secrets {
		if strings.Contains(w.Body.String(), secret) {
			h.Errorf("the webhook's answer holds a secret")
		}
	}
	return w.Code
}

func (h *harness) wantStatus(d delivery, want int) {
	h.Helper()
	if got := h.serve(d); got != want {
		h.Errorf("status = %d, want %d", got, want)
	}
}

func (h *harness) wantNothing() {
	h.Helper()
	if got := h.gateway.Received(); len(got) != 0 {
		h.Errorf("something was received: %+v", got)
	}
}

func checkSameDelivery(h *harness) {
	d := h.take(h.Genuine(h.text("twice")))
	h.wantStatus(d, http.StatusOK)
	h.wantStatus(d, http.StatusOK)
	got := h.gateway.Received()
	if len(got) != 2 {
		h.Fatalf("received %d times, want both: recognizing a repeated delivery is the core's business", len(got))
	}
	if got[0].ID != got[1].ID {
		h.Errorf("one delivery has two IDs: %q and %q", got[0].ID, got[1].ID)
	}
}

func checkDuplicate(h *harness) {
	h.Platform.Faults().Plan(once(func(op string) bool { return op == "deliver" }, sim.FaultDuplicate))
	_, first := h.say(sim.Say{From: h.Customer, Text: h.text("delivered twice")}, adapters.KindMessage)
	n := 0
	again, ok := h.gateway.Wait(h.within(), func(m adapters.Message) bool {
		n++
		return n > 1 && m.Text == first.Text
	})
	if !ok {
		h.Fatal("the simulator did not deliver a second time")
	}
	if again.ID != first.ID {
		h.Errorf("the repeated delivery has ID %q, the first %q", again.ID, first.ID)
	}
}

func checkStoreDown(h *harness) {
	d := h.take(h.Genuine(h.text("store is down")))
	h.gateway.FailNext(1)
	h.wantStatus(d, http.StatusServiceUnavailable)
	h.wantNothing()
	h.wantStatus(d, http.StatusOK)
	if n := len(h.gateway.Received()); n != 1 {
		h.Errorf("received %d messages after the store recovered, want 1", n)
	}
}

func checkBadSignature(h *harness) {
	h.wantStatus(h.take(h.BadSignature()), http.StatusUnauthorized)
	h.wantNothing()
}

func checkStale(h *harness) {
	h.wantStatus(h.take(h.Stale()), http.StatusUnauthorized)
	h.wantNothing()
}

func checkMalformed(h *harness) {
	requests := h.Malformed()
	if len(requests) == 0 {
		h.Fatal("the subject names no malformed delivery")
	}
	for i, r := range requests {
		d := h.take(r)
		if got := h.serve(d); got != http.StatusBadRequest {
			h.Errorf("malformed delivery %d: status = %d, want 400: %.200q", i, got, d.body)
		}
	}
	h.wantNothing()
}

func checkTooLarge(h *harness) {
	d := h.take(h.Genuine(h.text("too large")))
	d.body = append(d.body, bytes.Repeat([]byte(" "), maxBody+1-len(d.body))...)
	h.wantStatus(d, http.StatusRequestEntityTooLarge)
	h.wantNothing()
}

func checkMethod(h *harness) {
	d := h.take(h.Genuine(h.text("method")))
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete} {
		d.method = method
		if got := h.serve(d); got != http.StatusMethodNotAllowed {
			h.Errorf("%s: status = %d, want 405", method, got)
		}
	}
	h.wantNothing()
}

// checkHostile sends damaged bodies under genuine headers. Where the signature covers no body they pass for authentic, so that any answer
// but a failure of ours will do.
func checkHostile(h *harness) {
	d := h.take(h.Genuine(h.text("hostile")))
	for i, body := range hostileBodies(d.body) {
		bad := d
		bad.body = body
		began := time.Now()
		status := h.serve(bad)
		if status >= 500 || status >= 300 && status < 400 {
			h.Errorf("hostile body %d: status = %d: %.80q", i, status, body)
		}
		if took := time.Since(began); took > 2*time.Second {
			h.Errorf("hostile body %d took %v: %.80q", i, took, body)
		}
	}
}

func hostileBodies(genuine []byte) [][]byte {
	const depth = 10_000
	bodies := [][]byte{
		nil, []byte(" "), []byte("\x00"), []byte("null"), []byte("{}"), []byte("[]"), []byte(`""`), []byte("1e999"), []byte("<xml></xml>"), []byte("<xml/>"),
		[]byte("\xff\xfe\xfd"), []byte("{\"encrypt\":\"\"}"), []byte("{\"encrypt\":\"AAAA\"}"), []byte("<xml><Encrypt>AAAA</Encrypt></xml>"),
		[]byte(strings.Repeat("[", depth)), []byte(strings.Repeat(`{"a":`, depth)), []byte(strings.Repeat("<a>", depth)),
		[]byte(strings.Repeat("[", depth) + strings.Repeat("]", depth)), []byte(strings.Repeat("<a>", depth) + strings.Repeat("</a>", depth)),
		[]byte(`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xml><Content>&b;</Content></xml>`),
		[]byte(`{"update_id":-1,"message":{}}`), []byte(`{"update_id":1,"message":{"chat":null,"from":null,"date":-1}}`), []byte(`{"schema":"2.0","header":null,"event":[]}`),
		append(slices.Clone(genuine), genuine...),
	}
	step := max(1, len(genuine)/64)
	for i := 0; i < len(genuine); i += step {
		flipped := slices.Clone(genuine)
		flipped[i] ^= 0x80
		bodies = append(bodies, genuine[:i], flipped, slices.Delete(slices.Clone(genuine), i, i+1))
	}
	return bodies
}

func checkConcurrentDeliveries(h *harness) {
	const n = 16
	deliveries := make([]delivery, n)
	for i := range deliveries {
		deliveries[i] = h.take(h.Genuine(h.text("at once")))
	}
	var wg sync.WaitGroup
	for _, d := range deliveries {
		wg.Go(func() {
			r := httptest.NewRequestWithContext(h.Context(), d.method, d.target, bytes.NewReader(d.body))
			r.Header = d.header
			w := httptest.NewRecorder()
			h.Webhook.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				h.Errorf("status = %d, want 200", w.Code)
			}
		})
	}
	wg.Wait()
	ids := map[string]bool{}
	for _, m := range h.gateway.Received() {
		ids[m.ID] = true
	}
	if len(ids) != n {
		h.Errorf("received %d different messages, want %d", len(ids), n)
	}
}
