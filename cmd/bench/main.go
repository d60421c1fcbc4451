// Command bench measures a gateway with simulated customers on simulated platforms.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"kefu/internal/app"
	"kefu/internal/bench"
	"kefu/internal/config"
)

// The commands that make this program what is measured: the gateway, or the bare handler beside it.
const (
	serveCommand = "serve-gateway"
	bareCommand  = "serve-bare"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := dispatch(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == bareCommand {
		o, err := bench.ParseBare(args[1:])
		if err != nil {
			return err
		}
		return serveBare(context.WithoutCancel(ctx), o, os.Stdin, os.Stdout)
	}
	if len(args) > 0 && args[0] == serveCommand {
		s, err := bench.ParseServe(args[1:])
		if err != nil {
			return err
		}
		s.Build = build
		// Ctrl-C reaches parent and child alike; the parent ends this one in its own time.
		return bench.Serve(context.WithoutCancel(ctx), s, os.Stdin, os.Stdout)
	}
	return run(ctx, args, os.Stdout, os.Stderr)
}

func build(ctx context.Context, cfg *config.Config, noBudgets bool) (bench.Gateway, error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return app.New(ctx, cfg, app.Options{Log: log, NoBudgets: noBudgets})
}

// output says what to print besides measuring.
type output struct {
	json        bool
	writeConfig string
	writeFAQ    string
}

// generatorGC makes simulators and customers collect less often than a program normally does: they share the processors with what is measured.
const generatorGC = 400

// errUnsound ends the program with status 1 after the result was printed.
var errUnsound = errors.New("not sound: something was lost, doubled, out of order, in the wrong place or met by a notice of outage, or memory grew")

// usage stands before the flags; package bench says what the figures mean.
const usage = `bench measures a gateway with simulated customers on simulated platforms.

  bench --channels telegram --customers 64 --duration 20s --faq 10000 --baseline      throughput, beside a bare handler
  bench --channels telegram,wechat,feishu --customers 60 --duration 20s --load 0.5    latencies at half of the peak
  bench --channels telegram,feishu --customers 40 --duration 20s --cases 100 --agents 20
  bench --customers 40 --duration 20s --load 0.5 --soak 10m --faq 10000
  bench --channels telegram --customers 40 --duration 15s --overload 2
  bench --channels telegram --customers 40 --duration 20s --stored 2000000 --contacts 200000
  bench --customers 40 --duration 15s --compare-aes

`

func run(ctx context.Context, args []string, out, log io.Writer) error {
	o, to, err := parse(args, log)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	o.Build, o.Child, o.Bare, o.Log = build, []string{self, serveCommand}, []string{self, bareCommand}, log
	if to.writeConfig != "" || to.writeFAQ != "" {
		return write(o, to, out)
	}
	if !o.InProcess {
		debug.SetGCPercent(generatorGC)
	}
	r, err := bench.Run(ctx, o)
	if err != nil {
		return err
	}
	report := r.WriteText
	if to.json {
		report = r.WriteJSON
	}
	if err := report(out); err != nil {
		return err
	}
	if !r.Sound() {
		return errUnsound
	}
	return nil
}

func parse(args []string, log io.Writer) (o bench.Options, to output, err error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(log)
	f.Usage = func() {
		fmt.Fprint(log, usage)
		f.PrintDefaults()
	}
	channels := f.String("channels", "telegram,wechat", "platforms to simulate, of telegram, wechat and feishu")
	inboxes := f.String("inboxes", "", "names of the target's inboxes, one per account; default telegram-1,...,wechat-1,...")
	loadFlags(f, &o)
	phaseFlags(f, &o)
	gatewayFlags(f, &o)
	f.BoolVar(&to.json, "json", false, "print one JSON object")
	f.StringVar(&to.writeConfig, "write-config", "", "write a configuration for a gateway to be used with --target to this file, and exit")
	f.StringVar(&to.writeFAQ, "write-faq", "", "write the knowledge base for it as CSV to this file, and exit")
	if err := f.Parse(args); err != nil {
		return o, to, err
	}
	if f.NArg() > 0 {
		return o, to, fmt.Errorf("unknown argument %q", f.Arg(0))
	}
	for _, c := range split(*channels) {
		o.Channels = append(o.Channels, config.Channel(c))
	}
	o.Inboxes = split(*inboxes)
	if o.Messages == 0 && o.Duration == 0 {
		o.Messages = 50
	}
	if o.Listen == "" && (o.Target != "" || to.writeConfig != "") {
		o.Listen = "127.0.0.1:7080"
	}
	return o, to, nil
}

func loadFlags(f *flag.FlagSet, o *bench.Options) {
	f.IntVar(&o.Customers, "customers", 20, "customers in all")
	f.IntVar(&o.Messages, "messages", 0, "questions of each customer; default 50, or as many as fit into --duration")
	f.DurationVar(&o.Duration, "duration", 0, "how long questions are sent, in each phase")
	f.Float64Var(&o.Rate, "rate", 0, "send so many messages per second in all without waiting for answers; 0 = each customer waits")
	f.IntVar(&o.Accounts, "accounts", 1, "accounts per platform")
	f.IntVar(&o.FAQ, "faq", 1000, "entries of the generated knowledge base")
	f.Uint64Var(&o.Seed, "seed", 1, "what the knowledge base and the order of questions depend on")
	f.DurationVar(&o.Timeout, "timeout", 30*time.Second, "how long an answer is waited for")
	f.DurationVar(&o.Linger, "linger", 2*time.Second, "how long to listen for doubled answers at the end of each phase")
	f.BoolVar(&o.KeepLimits, "limits", false, "leave the platforms' limits and the gateway's send budgets on")
	f.StringVar(&o.WeChatMode, "wechat-mode", "safe", "how official accounts deliver: plain, compatible or safe")
	f.IntVar(&o.Cases, "cases", 0, "customers more who have an open case and talk with an agent in a group")
	f.IntVar(&o.Agents, "agents", 0, "agents who share the cases")
	f.DurationVar(&o.Think, "think", 5*time.Second, "mean pause of customers with a case, and of agents, before they write again")
}

func phaseFlags(f *flag.FlagSet, o *bench.Options) {
	f.Float64Var(&o.Load, "load", 0, "measure the peak, then send this share of it, such as 0.5")
	f.DurationVar(&o.Soak, "soak", 0, "send for so long at --load times the peak, or at --rate, and fail when memory, goroutines or file handles grow")
	f.Float64Var(&o.Overload, "overload", 0, "measure the peak, send this multiple of it for --duration (default 15 s), such as 2, and watch the recovery")
	f.BoolVar(&o.Baseline, "baseline", false, "also measure a bare handler that stores nothing, and print ours as a ratio; use it with --channels telegram")
	f.BoolVar(&o.CompareAES, "compare-aes", false, "measure official accounts in plain and in safe mode, in turn, and print the difference")
	f.IntVar(&o.Rounds, "rounds", 3, "how often --compare-aes measures each mode")
}

func gatewayFlags(f *flag.FlagSet, o *bench.Options) {
	f.IntVar(&o.Stored, "stored", 0, "messages put into the store before anything is measured")
	f.IntVar(&o.Contacts, "contacts", 0, "contacts these are of")
	f.StringVar(&o.Mongo, "mongo", "", "address of a MongoDB to use instead of the embedded store")
	f.StringVar(&o.Database, "database", "", "name of the database in it; default kefu_bench_ and something random, which is left there")
	f.StringVar(&o.Redis, "redis", "", "address of a Redis to use with --mongo")
	f.StringVar(&o.Data, "data", "", "folder of the gateway's database; default a temporary one that is removed at the end")
	f.BoolVar(&o.InProcess, "in-process", false, "run the gateway in this process instead of one of its own")
	f.StringVar(&o.CPUProfile, "cpuprofile", "", "write a CPU profile of the gateway to this file")
	f.StringVar(&o.Target, "target", "", "address of a gateway that runs already, such as http://127.0.0.1:8080")
	f.StringVar(&o.Metrics, "metrics", "", "address of the target's metrics, such as http://127.0.0.1:8081/metrics")
	f.StringVar(&o.Listen, "listen", "", "address of the first simulator, the others take the ports behind it; default 127.0.0.1:7080 with --target and --write-config, else free ports")
}

// split takes a list apart; an empty one has no elements.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// write makes the files for a gateway that is measured as a target.
func write(o bench.Options, to output, out io.Writer) error {
	for _, w := range []struct {
		path  string
		write func(io.Writer, bench.Options) error
	}{{to.writeConfig, bench.WriteConfig}, {to.writeFAQ, bench.WriteFAQ}} {
		if w.path == "" {
			continue
		}
		f, err := os.OpenFile(w.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if err := errors.Join(w.write(f, o), f.Close()); err != nil {
			return err
		}
		fmt.Fprintln(out, "wrote", w.path)
	}
	return nil
}
