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
	"strconv"

	"kefu/internal/config"
	"kefu/kb"
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
