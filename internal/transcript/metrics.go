package transcript

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the pipeline's counters. No label holds an id or a text.
type Metrics struct {
	received *prometheus.CounterVec   // inbox, kind, result: stored | duplicate | failed | shed
	handled  *prometheus.CounterVec   // inbox, result: ok | failed | given_up
	sent     *prometheus.CounterVec   // inbox, result: sent or a reason
	doubles  *prometheus.CounterVec   // inbox: repeats after an unknown outcome
	wait     *prometheus.HistogramVec // inbox: seconds from stored to handled
	reply    *prometheus.HistogramVec // inbox: seconds from stored to its answer sent
	// passiveOnly is 1 for an inbox that lost the right to push: inbox.
	passiveOnly *prometheus.GaugeVec
	fetched     *prometheus.CounterVec   // inbox, result: sent | failed
	stages      *prometheus.HistogramVec // stage: seconds one step of the pipeline took
}

// The stages a message passes, in order; the waits are measured at the first try only.
const (
	stageStore    = "store"     // an incoming message, until it is durable
	stageWait     = "wait"      // from stored to the begin of its handling
	stageDecide   = "decide"    // the handler, with what it loads and stores
	stageCommit   = "commit"    // what follows and the mark
	stageSendWait = "send_wait" // from queued to the begin of its sending
	stageClaim    = "claim"     // the mark before the call
	stageSend     = "send"      // the platform's call
	stageRecord   = "record"    // what became of it
)

// NewMetrics registers the counters; a nil registry keeps them unregistered.
func NewMetrics(r prometheus.Registerer) *Metrics {
	buckets := []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "kefu", Name: name, Help: help}, labels)
	}
	histogram := func(name, help string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "kefu", Name: name, Help: help, Buckets: buckets}, []string{"inbox"})
	}
	m := &Metrics{
		received: counter("messages_received_total", "Deliveries by platforms.", "inbox", "kind", "result"),
		handled:  counter("messages_handled_total", "Incoming messages worked off.", "inbox", "result"),
		sent:     counter("sends_total", "Attempts to send, by outcome.", "inbox", "result"),
		fetched:  counter("attachments_fetched_total", "Attachments brought into our store (sent), or given up (failed).", "inbox", "result"),
		doubles:  counter("sends_repeated_total", "Sends repeated after an unknown outcome: the person may have got them twice.", "inbox"),
		passiveOnly: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "kefu", Name: "inbox_passive_only", Help: "1 where the platform took the right to send outside requests away while running.",
		}, []string{"inbox"}),
		wait:  histogram("handle_seconds", "From stored to handled."),
		reply: histogram("reply_seconds", "From stored to its answer accepted by the platform."),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "kefu", Name: "stage_seconds", Help: "What each step of the pipeline took: store, wait, decide, commit, send_wait, claim, send, record.",
			Buckets: prometheus.ExponentialBuckets(.0001, 1.5, 28), // 0.1 ms to 5.7 s
		}, []string{"stage"}),
	}
	if r != nil {
		r.MustRegister(m.received, m.handled, m.sent, m.doubles, m.fetched, m.passiveOnly, m.wait, m.reply, m.stages)
	}
	return m
}

func (m *Metrics) handledIn(e *Entry, result string, now time.Time) {
	m.handled.WithLabelValues(string(e.In.Inbox), result).Inc()
	m.wait.WithLabelValues(string(e.In.Inbox)).Observe(now.Sub(e.At).Seconds())
}

func (m *Metrics) took(stage string, d time.Duration) {
	m.stages.WithLabelValues(stage).Observe(max(d, 0).Seconds())
}
