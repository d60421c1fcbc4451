package faulttest_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// process is one gateway, which may be killed and started again. One goroutine at a time may use it.
type process struct {
	addr  string
	env   []string
	clock time.Duration // what its clock is off by, also after the next start
	log   logBuffer

	cmd     *exec.Cmd
	orders  io.WriteCloser
	answers *bufio.Reader
	ended   chan struct{}
	err     error // of its end
}

// logBuffer keeps the end of what processes say.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

const keptLog = 1 << 20

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.b.Len() > keptLog {
		l.b.Reset()
	}
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (p *process) start() error {
	cmd := exec.Command(os.Args[0]) //nolint:noctx // its life is the run's, which ends it by signals
	cmd.Env = append(append(os.Environ(), p.env...), envClock+"="+p.clock.String())
	cmd.Stderr = &p.log
	orders, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	answers, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdout = theirs
	if err := errors.Join(cmd.Start(), theirs.Close()); err != nil {
		return errors.Join(err, answers.Close())
	}
	p.cmd, p.orders, p.answers, p.ended = cmd, orders, bufio.NewReader(answers), make(chan struct{})
	go func() {
		defer close(p.ended)
		p.err = cmd.Wait()
		_ = answers.Close()
	}()
	return nil
}

// end sends a signal and waits for the end of the process.
func (p *process) end(s os.Signal) error {
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.ended
	p.cmd = nil
	return p.err
}

// dies waits until the process ends by itself, and returns when it said its last words: the system may take long to be done with it.
func (p *process) dies(ctx context.Context) (time.Time, error) {
	said := make(chan time.Time, 1)
	go func() {
		_, _ = p.answers.ReadString('\n')
		said <- time.Now()
	}()
	var last time.Time
	select {
	case last = <-said:
	case <-ctx.Done():
		return last, ctx.Err()
	}
	select {
	case <-p.ended:
		p.cmd = nil
		return last, nil
	case <-ctx.Done():
		return last, ctx.Err()
	}
}

// order tells the process to do something and returns its answer.
func (p *process) order(words ...string) (string, error) {
	if p.cmd == nil {
		return "", errors.New("the process does not run")
	}
	if _, err := fmt.Fprintln(p.orders, strings.Join(words, " ")); err != nil {
		return "", err
	}
	answer, err := p.answers.ReadString('\n')
	answer = strings.TrimSpace(answer)
	if after, failed := strings.CutPrefix(answer, "error: "); failed {
		return "", errors.New(after)
	}
	return answer, err
}

// healthy waits until the process answers, ready to serve or not.
func (p *process) healthy(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.addr+"/healthz", nil)
		if err != nil {
			return err
		}
		if resp, err := (&http.Client{Timeout: time.Second}).Do(req); err == nil {
			_ = resp.Body.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the gateway does not come up: %s", &p.log)
		case <-p.ended:
			return fmt.Errorf("the gateway ended with %w: %s", p.err, &p.log)
		case <-tick.C:
		}
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// balancer sends each request to the next gateway; one that refuses connections is passed over.
type balancer struct {
	targets []string
	turn    atomic.Int64
	hear    atomic.Pointer[func(served)] // hears of each request; nil = nobody
}

// served is one request and who answered it.
type served struct {
	path, target string
	bytes        int64 // of the answer
}

// RoundTrip implements http.RoundTripper.
func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	first := int(b.turn.Add(1))
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	for i := range b.targets {
		out := r.Clone(r.Context())
		out.URL.Host = b.targets[(first+i)%len(b.targets)]
		out.Body = io.NopCloser(bytes.NewReader(body)) // an attempt that fails closes it
		var resp *http.Response
		if resp, err = http.DefaultTransport.RoundTrip(out); err == nil {
			if hear := b.hear.Load(); hear != nil {
				(*hear)(served{r.URL.Path, out.URL.Host, resp.ContentLength})
			}
			return resp, nil
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, err // it may have got the request: the platform shall repeat it
		}
	}
	return nil, err
}

// startBalancer serves until the test ends and returns the address.
func startBalancer(t testing.TB, b *balancer) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: &httputil.ReverseProxy{
			Rewrite:      func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.Host = "http", r.In.Host },
			Transport:    b,
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		},
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = front.Serve(l)
	}()
	t.Cleanup(func() {
		_ = front.Close()
		<-done
	})
	return l.Addr().String()
}
