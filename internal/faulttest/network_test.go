package faulttest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// wire is the network between the gateways and one server: a proxy that can be cut, slowed and made to swallow what it is given.
type wire struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
}

func startWire(t testing.TB, name, target string) *wire {
	t.Helper()
	silent := zerolog.Nop()
	p := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), silent), name, "127.0.0.1:0", target)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return &wire{t, p}
}

func (w *wire) addr() string { return w.proxy.Listen }

// cut breaks every connection and refuses new ones until restore.
func (w *wire) cut() { w.proxy.Stop() }

func (w *wire) restore() {
	if err := w.proxy.Start(); err != nil {
		w.t.Errorf("%s: %v", w.proxy.Name, err)
	}
}

// toxic is what happens to the answers on a wire.
type toxic string

const (
	toxicLatency toxic = `"type": "latency", "attributes": {"latency": 150, "jitter": 100}`
	toxicReset   toxic = `"type": "reset_peer", "attributes": {"timeout": 0}`
	toxicStall   toxic = `"type": "timeout", "attributes": {"timeout": 0}` // nothing comes through, the connection stays
)

// spoil lets answers suffer until heal.
func (w *wire) spoil(what toxic) {
	json := fmt.Sprintf(`{"name": "spoilt", "stream": "downstream", %s}`, what)
	if _, err := w.proxy.Toxics.AddToxicJson(strings.NewReader(json)); err != nil {
		w.t.Errorf("%s: %v", w.proxy.Name, err)
	}
}

func (w *wire) heal() { w.proxy.Toxics.ResetToxics(context.Background()) }
