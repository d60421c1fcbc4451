package app

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"kefu/bot"
	"kefu/kb"
)

// timing measures what the pipeline does not see of a message's way; the steps between are transcript's stage_seconds.
type timing struct {
	receive prometheus.Histogram // a webhook request, from its head to its answer
	match   prometheus.Histogram // one search of the knowledge base
}

func newTiming(r prometheus.Registerer) timing {
	histogram := func(name, help string, first float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "kefu", Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(first, 1.5, 28),
		})
	}
	t := timing{
		receive: histogram("receive_seconds", "Webhook requests, from their head to their answer.", .0001),
		match:   histogram("match_seconds", "Searches of the knowledge base.", .00001),
	}
	r.MustRegister(t.receive, t.match)
	return t
}

func (t timing) webhook(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		h.ServeHTTP(w, r)
		t.receive.Observe(time.Since(began).Seconds())
	})
}

// timedIndex measures the knowledge base.
type timedIndex struct {
	bot.Knowledge
	match prometheus.Histogram
}

var _ bot.Knowledge = timedIndex{}

// Match implements bot.Knowledge.
func (x timedIndex) Match(q kb.Question) kb.Result {
	began := time.Now()
	r := x.Knowledge.Match(q)
	x.match.Observe(time.Since(began).Seconds())
	return r
}
