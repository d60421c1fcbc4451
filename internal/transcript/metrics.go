package transcript

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the pipeline's counters. No label holds an id or a text.
type Metrics struct {
	received *prometheus.CounterVec   // inbox, kind, result: stored | duplicate | failed
	handled  *prometheus.CounterVec   // inbox, result: ok | failed | given_up
	sent     *prometheus.CounterVec   // inbox, result: sent or a reason
	doubles  *prometheus.CounterVec   // inbox: repeats after an unknown outcome
	wait     *prometheus.HistogramVec // inbox: seconds from stored to handled
	reply    *prometheus.HistogramVec // inbox: seconds from stored to its answer sent
}

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
		doubles:  counter("sends_repeated_total", "Sends repeated after an unknown outcome: the person may have got them twice.", "inbox"),
		wait:     histogram("handle_seconds", "From stored to handled."),
		reply:    histogram("reply_seconds", "From stored to its answer accepted by the platform."),
	}
	if r != nil {
		r.MustRegister(m.received, m.handled, m.sent, m.doubles, m.wait, m.reply)
	}
	return m
}

func (m *Metrics) handledIn(e *Entry, result string, now time.Time) {
	m.handled.WithLabelValues(string(e.In.Inbox), result).Inc()
	m.wait.WithLabelValues(string(e.In.Inbox)).Observe(now.Sub(e.At).Seconds())
}
