package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"time"

	"kefu/internal/config"
	"kefu/kb"
)

// Where the gateway of a run is.
const (
	WhereChild  = "child process"
	WhereInside = "this process"
	WhereRemote = "remote"
)

// under is the gateway under test.
type under struct {
	where   string
	base    string          // of its webhooks
	metrics string          // address of its metrics; "" = unknown
	ended   <-chan struct{} // closed when it is gone; nil = not ours to watch
	stop    func() error
}

// stopWithin is how long a child may take to finish what it has in hand.
const stopWithin = 20 * time.Second

// startGateway brings up the gateway the options ask for, with its database in dir.
func startGateway(ctx context.Context, o *Options, accounts []*account, dir string) (*under, error) {
	if o.Target != "" {
		return &under{where: WhereRemote, base: strings.TrimRight(o.Target, "/"), metrics: o.Metrics, stop: func() error { return nil }}, nil
	}
	text, err := configFile(accounts, "127.0.0.1:0", "127.0.0.1:0", dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "bench.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	s := ServeOptions{Config: path, FAQ: o.FAQ, Seed: o.Seed, KeepLimits: o.KeepLimits, CPUProfile: o.CPUProfile, Build: o.Build}
	if o.InProcess {
		return startInside(ctx, s)
	}
	return startChild(ctx, o, s)
}

// startInside runs the gateway in this process.
func startInside(ctx context.Context, s ServeOptions) (*under, error) {
	input, hold := io.Pipe()
	output, out := io.Pipe()
	ended := make(chan struct{})
	var failed error
	go func() {
		defer close(ended)
		failed = Serve(context.WithoutCancel(ctx), s, input, out)
		_ = out.Close()
	}()
	stop := func() error {
		_ = hold.Close()
		<-ended
		return failed
	}
	return newUnder(WhereInside, output, ended, stop)
}

// newUnder waits until the gateway tells that it serves.
func newUnder(where string, output io.Reader, ended <-chan struct{}, stop func() error) (*under, error) {
	r, err := readReady(output)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return &under{where: where, base: "http://" + r.Addr, metrics: "http://" + r.Admin + "/metrics", ended: ended, stop: stop}, nil
}

// startChild runs the gateway in a child process, which ends when its standard input does.
func startChild(ctx context.Context, o *Options, s ServeOptions) (*under, error) {
	line := append(append([]string(nil), o.Child...), ServeArgs(s)...)
	cmd := exec.CommandContext(context.WithoutCancel(ctx), line[0], line[1:]...)
	cmd.Stderr = o.Log
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the gateway: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = input.Close() })()
	ended := make(chan struct{})
	var failed error
	wait := sync.OnceFunc(func() { // only when nobody reads the output any more
		failed = cmd.Wait()
		close(ended)
	})
	stop := func() error {
		_ = input.Close()
		late := time.AfterFunc(stopWithin, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		wait()
		if failed != nil {
			return fmt.Errorf("gateway process: %w", failed)
		}
		return nil
	}
	u, err := newUnder(WhereChild, output, ended, stop)
	if err == nil {
		go wait()
	}
	return u, err
}

// ready is what a gateway tells when it serves.
type ready struct {
	Addr  string `json:"addr"`
	Admin string `json:"admin"`
}

func readReady(r io.Reader) (ready, error) {
	line, err := bufio.NewReader(r).ReadBytes('\n')
	if err != nil {
		return ready{}, fmt.Errorf("the gateway did not start: %w", err)
	}
	var out ready
	if err := json.Unmarshal(line, &out); err != nil {
		return ready{}, fmt.Errorf("the gateway did not start: %w", err)
	}
	return out, nil
}

// ServeOptions are what the gateway's process is told.
type ServeOptions struct {
	Config     string // path of the configuration file
	FAQ        int
	Seed       uint64
	KeepLimits bool
	CPUProfile string // "" = none
	Build      Build
}

// ServeArgs are the arguments ParseServe reads.
func ServeArgs(s ServeOptions) []string {
	return []string{s.Config, strconv.Itoa(s.FAQ), strconv.FormatUint(s.Seed, 10), strconv.FormatBool(s.KeepLimits), s.CPUProfile}
}

// ParseServe reads what ServeArgs wrote.
func ParseServe(args []string) (ServeOptions, error) {
	if len(args) != 5 {
		return ServeOptions{}, errors.New("the gateway's process takes 5 arguments")
	}
	faq, err1 := strconv.Atoi(args[1])
	seed, err2 := strconv.ParseUint(args[2], 10, 64)
	keep, err3 := strconv.ParseBool(args[3])
	s := ServeOptions{Config: args[0], FAQ: faq, Seed: seed, KeepLimits: keep, CPUProfile: args[4]}
	return s, errors.Join(err1, err2, err3)
}

// Serve is the gateway's side: it builds a gateway with the FAQ in it, writes a line to out when it is about to serve, and serves until
// input ends or ctx does.
func Serve(ctx context.Context, s ServeOptions, input io.Reader, out io.Writer) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, input)
		cancel()
	}()
	cfg, err := config.Load(s.Config, nil)
	if err != nil {
		return err
	}
	g, err := s.Build(ctx, cfg, !s.KeepLimits)
	if err != nil {
		return err
	}
	if err := stock(ctx, g, NewCorpus(s.FAQ, s.Seed)); err != nil {
		return errors.Join(err, g.Close())
	}
	stop, err := profile(s.CPUProfile)
	if err != nil {
		return errors.Join(err, g.Close())
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := json.NewEncoder(out).Encode(ready{Addr: g.Addr(), Admin: g.AdminAddr()}); err != nil {
		return errors.Join(err, g.Close())
	}
	return g.Run(ctx)
}

// stock fills the knowledge base and lets the index learn before anything is measured.
func stock(ctx context.Context, g Gateway, c *Corpus) error {
	if _, err := kb.Import(ctx, g.FAQ(), c.Rows(), "bench"); err != nil {
		return fmt.Errorf("FAQ: %w", err)
	}
	if err := g.Index().Refresh(ctx); err != nil {
		return fmt.Errorf("FAQ: %w", err)
	}
	g.Index().Train(ctx)
	return nil
}

// profile starts a CPU profile; the function returned ends it.
func profile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("profile: %w", err), f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

// usage is what a process has used.
type usage struct {
	cpu      float64 // seconds since its start
	resident int64   // bytes
}

// measure reads the usage from the gateway's metrics.
func (u *under) measure(ctx context.Context) (usage, error) {
	if u.metrics == "" {
		return usage{}, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.metrics, nil)
	if err != nil {
		return usage{}, fmt.Errorf("metrics: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return usage{}, fmt.Errorf("metrics: %w", err)
	}
	defer resp.Body.Close()
	return readUsage(resp.Body)
}

// readUsage finds the two figures every Prometheus client library for Go tells on Linux and Windows.
func readUsage(r io.Reader) (usage, error) {
	var out usage
	found := 0
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue
		}
		switch name {
		case "process_cpu_seconds_total":
			out.cpu = value
			found++
		case "process_resident_memory_bytes":
			out.resident = int64(value)
			found++
		}
	}
	if err := lines.Err(); err != nil {
		return usage{}, fmt.Errorf("metrics: %w", err)
	}
	if found != 2 {
		return usage{}, errors.New("metrics: they tell nothing of CPU time and memory")
	}
	return out, nil
}
