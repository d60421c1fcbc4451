package faulttest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/telegram"
	"kefu/internal/app"
	"kefu/internal/bench"
	"kefu/internal/config"
	"kefu/internal/coord/local"
	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/internal/playground"
	"kefu/internal/transcript"
	"kefu/kb"
)

// What a child process is told by its environment. With the first of them set, the test binary is the gateway.
const (
	envConfig   = "FAULTTEST_CONFIG"
	envEntries  = "FAULTTEST_ENTRIES"
	envMongo    = "FAULTTEST_MONGO"
	envDatabase = "FAULTTEST_DATABASE"
	envRedis    = "FAULTTEST_REDIS"
	envClock    = "FAULTTEST_CLOCK" // what its clock is off by
	envPolling  = "FAULTTEST_POLLING"
)

func TestMain(m *testing.M) {
	if os.Getenv(envConfig) == "" {
		os.Exit(m.Run())
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}

// corpusSeed makes the same knowledge base in every process.
const corpusSeed = 1

// clockWindow is how old and how early deliveries may be: more than the clocks jump, so that a jump does not merely turn every platform away.
const clockWindow = 24 * time.Hour

// child is a gateway that takes orders on its standard input, one by line, and answers each with one line.
type child struct {
	app    *app.App
	driver docstore.Driver
	offset atomic.Int64 // of the clock, in nanoseconds
	trap   atomic.Value // string: the step at which to die
	last   sync.Once    // words
}

// serve runs the gateway until SIGTERM, or until its parent is gone.
func serve() (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg, err := configured()
	if err != nil {
		return err
	}
	c := &child{}
	c.trap.Store("")
	if _, err := c.do(ctx, "clock", os.Getenv(envClock)); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	c.app, err = app.New(ctx, cfg, app.Options{
		Log: log, NoBudgets: true, Now: c.now, Trap: c.step, Opened: func(d docstore.Driver) { c.driver = d },
	})
	if err != nil {
		return err
	}
	if err := stock(ctx, c.app); err != nil {
		return errors.Join(err, c.app.Close())
	}
	go func() {
		c.obey(ctx, os.Stdin, os.Stdout)
		stop()
	}()
	return c.app.Run(ctx)
}

func configured() (*config.Config, error) {
	cfg, err := config.Load(os.Getenv(envConfig), nil)
	if err != nil {
		return nil, err
	}
	if uri := os.Getenv(envMongo); uri != "" {
		cfg.Storage.Mongo.URI, cfg.Storage.Mongo.Database = adapters.Secret(uri), os.Getenv(envDatabase)
		cfg.Storage.Redis.URL = adapters.Secret(os.Getenv(envRedis))
	}
	cfg.Bot.Flood.Messages = 0 // the customers here write as fast as they can
	for i := range cfg.Inboxes {
		in := &cfg.Inboxes[i]
		switch {
		case in.WeChat != nil:
			in.WeChat.TimeWindow = clockWindow
		case in.Feishu != nil:
			in.Feishu.MaxAge, in.Feishu.MaxAhead = clockWindow, clockWindow
		case in.Telegram != nil && os.Getenv(envPolling) != "":
			in.Telegram.Transport = telegram.TransportPolling
		}
	}
	for i := range cfg.Desks {
		if cfg.Desks[i].Name == playground.TelegramDesk {
			cfg.Desks[i].Inboxes = []adapters.InboxName{playground.TelegramInbox}
		}
	}
	return cfg, nil
}

// stock fills the knowledge base at the first start.
func stock(ctx context.Context, a *app.App) error {
	if entries, _ := a.Index().Size(); entries == 0 {
		n, err := strconv.Atoi(os.Getenv(envEntries))
		if err != nil {
			return err
		}
		if _, err := kb.Import(ctx, a.FAQ(), bench.NewCorpus(n, corpusSeed).Rows(), "faults"); err != nil {
			return err
		}
		if err := a.Index().Refresh(ctx); err != nil {
			return err
		}
	}
	a.Index().Train(ctx)
	return nil
}

// now is the clock of this process. Without the runtime's steady reading it jumps as a machine's clock does.
func (c *child) now() time.Time {
	return time.Now().Round(0).Add(time.Duration(c.offset.Load()))
}

// step dies at the step of the pipeline that was ordered, as by kill -9, and says so.
func (c *child) step(step string) error {
	if c.trap.Load() == step {
		c.last.Do(func() { _, _ = fmt.Println(step) })
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return nil
}

func (c *child) obey(ctx context.Context, in io.Reader, out io.Writer) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		words := strings.SplitN(lines.Text(), " ", 3)
		answer, err := c.do(ctx, words...)
		if err != nil {
			answer = "error: " + err.Error()
		}
		_, _ = fmt.Fprintln(out, strings.ReplaceAll(answer, "\n", " "))
	}
}

// The orders.
const (
	orderClock   = "clock"   // by how much the clock is off from now on
	orderTrap    = "trap"    // die at this step of the pipeline
	orderPages   = "pages"   // bound the database file, 0 = not
	orderPending = "pending" // how many entries are not worked off
	orderAnswer  = "answer"  // change the answer of the entry with this code
	orderMatch   = "match"   // the answer to a question as this process knows it
)

func (c *child) do(ctx context.Context, words ...string) (string, error) {
	words = append(words, "", "")
	switch words[0] {
	case orderClock:
		if words[1] == "" {
			return "", nil
		}
		d, err := time.ParseDuration(words[1])
		if err == nil {
			c.offset.Store(int64(d))
		}
		return "", err
	case orderTrap:
		c.trap.Store(words[1])
		return "", nil
	case orderPages:
		n, err := strconv.Atoi(words[1])
		if err != nil {
			return "", err
		}
		return "", c.driver.(*sqlite.Driver).LimitPages(ctx, n)
	case orderPending:
		return c.pending(ctx)
	case orderAnswer:
		return "", c.answer(ctx, words[1], words[2])
	case orderMatch:
		found := c.app.Index().Match(kb.Question{Text: words[1]}).Candidates
		if len(found) == 0 {
			return "", nil
		}
		return found[0].Entry.Answer, nil
	}
	return "", fmt.Errorf("unknown order %q", words[0])
}

func (c *child) pending(ctx context.Context) (string, error) {
	nobody := local.New(local.Options{})
	defer nobody.Close()
	record, err := transcript.New(ctx, transcript.Options{Store: c.app.Store(), Coord: nobody, Process: "looker"})
	if err != nil {
		return "", err
	}
	n, err := record.Pending(ctx)
	return strconv.FormatInt(n, 10), err
}

func (c *child) answer(ctx context.Context, code, answer string) error {
	entries, _, err := c.app.FAQ().List(ctx, kb.Filter{})
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.Contains(e.Answer, code) {
			_, err := c.app.FAQ().Edit(ctx, e.ID, "faults", func(e *kb.Entry) error { e.Answer = answer; return nil })
			return err
		}
	}
	return fmt.Errorf("no entry %s", code)
}

// The clock of a child jumps both ways, and an order that cannot be followed is answered.
func TestOrders(t *testing.T) {
	t.Parallel()
	c := &child{}
	c.trap.Store("")
	var out strings.Builder
	c.obey(t.Context(), strings.NewReader("clock 3h\nnonsense\nclock x\n"), &out)
	if off := time.Until(c.now()); off < 2*time.Hour || off > 4*time.Hour {
		t.Errorf("the clock is off by %v, want 3h", off)
	}
	if want := "\nerror: unknown order \"nonsense\"\nerror: time: invalid duration \"x\"\n"; out.String() != want {
		t.Errorf("answered %q, want %q", out.String(), want)
	}
}
