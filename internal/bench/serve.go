package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"

	"kefu/internal/config"
)

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
	Config     string `json:"config"` // path of the configuration file
	FAQ        int    `json:"faq"`
	Seed       uint64 `json:"seed"`
	KeepLimits bool   `json:"keep_limits"`
	CPUProfile string `json:"cpu_profile"` // "" = none
	// Fill puts the knowledge base, and Stored messages of Contacts contacts of Inbox, into the store, and serves nothing.
	Fill     bool   `json:"fill"`
	Inbox    string `json:"inbox"`
	Stored   int    `json:"stored"`
	Contacts int    `json:"contacts"`
	Build    Build  `json:"-"`
}

// ServeArgs are the arguments ParseServe reads.
func ServeArgs(s ServeOptions) []string { return jsonArg(s) }

// ParseServe reads what ServeArgs wrote.
func ParseServe(args []string) (ServeOptions, error) { return parseArg[ServeOptions](args) }

func jsonArg(v any) []string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain fields always marshal
	}
	return []string{string(b)}
}

func parseArg[T any](args []string) (v T, err error) {
	if len(args) != 1 {
		return v, errors.New("a child process takes 1 argument")
	}
	if err := json.Unmarshal([]byte(args[0]), &v); err != nil {
		return v, fmt.Errorf("read arguments: %w", err)
	}
	return v, nil
}

// Serve is the gateway's side: it builds a gateway, writes a line to out when it is about to serve, and serves until input ends or ctx does. With
// ServeOptions.Fill it only fills the store, and tells out about it.
func Serve(ctx context.Context, s ServeOptions, input io.Reader, out io.Writer) (err error) {
	if s.Fill {
		return Fill(ctx, s, out)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, input)
		cancel()
	}()
	g, err := s.build(ctx)
	if err != nil {
		return err
	}
	g.Index().Train(ctx) // before anything is measured
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

func (s *ServeOptions) build(ctx context.Context) (Gateway, error) {
	cfg, err := config.Load(s.Config, nil)
	if err != nil {
		return nil, err
	}
	return s.Build(ctx, cfg, !s.KeepLimits)
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
