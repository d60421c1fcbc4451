package faulttest_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// relay passes TCP connections on to a server until it is told to cut or slow them.
type relay struct {
	listener net.Listener
	target   string
	running  sync.WaitGroup

	mu    sync.Mutex
	down  bool
	delay time.Duration
	conns map[net.Conn]bool
}

func startRelay(t testing.TB, target string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: l, target: target, conns: map[net.Conn]bool{}}
	r.running.Go(r.accept)
	t.Cleanup(func() {
		_ = l.Close()
		r.cut()
		r.running.Wait()
	})
	return r
}

func (r *relay) addr() string { return r.listener.Addr().String() }

func (r *relay) accept() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		if r.keep(c) {
			r.running.Go(func() { r.join(c) })
		}
	}
}

// keep registers a connection, or closes it while the relay is cut.
func (r *relay) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down {
		_ = c.Close()
		return false
	}
	r.conns[c] = true
	return true
}

func (r *relay) drop(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
	_ = c.Close()
}

func (r *relay) join(client net.Conn) {
	defer r.drop(client)
	server, err := net.DialTimeout("tcp", r.target, time.Second)
	if err != nil || !r.keep(server) {
		return
	}
	defer r.drop(server)
	r.running.Go(func() {
		r.copy(client, server)
		_ = client.Close()
		_ = server.Close()
	})
	r.copy(server, client)
}

// copy passes bytes on, each read of them later by the delay.
func (r *relay) copy(to io.Writer, from io.Reader) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			r.mu.Lock()
			delay := r.delay
			r.mu.Unlock()
			if delay > 0 {
				<-time.After(delay)
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// cut breaks every connection and refuses new ones until restore.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = true
	for c := range r.conns {
		_ = c.Close()
	}
}

func (r *relay) restore() { r.slow(0) }

// slow holds each packet back.
func (r *relay) slow(delay time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down, r.delay = false, delay
}
