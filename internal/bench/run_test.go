package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kefu/internal/app"
	"kefu/internal/bench"
	"kefu/internal/config"
	"kefu/internal/transcript"
	"kefu/kb"
)

// The commands that make the test binary a child process.
const (
	serveCommand = "serve-gateway"
	bareCommand  = "serve-bare"
)

func TestMain(m *testing.M) {
	if len(os.Args) < 2 {
		os.Exit(m.Run())
	}
	var err error
	switch os.Args[1] {
	case serveCommand:
		var s bench.ServeOptions
		if s, err = bench.ParseServe(os.Args[2:]); err == nil {
			s.Build = build
			err = bench.Serve(context.Background(), s, os.Stdin, os.Stdout)
		}
	case bareCommand:
		err = serveBare(os.Args[2:])
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func build(ctx context.Context, cfg *config.Config, noBudgets bool) (bench.Gateway, error) {
	return app.New(ctx, cfg, app.Options{NoBudgets: noBudgets})
}

var both = []config.Channel{config.ChannelTelegram, config.ChannelWeChat}

// small is a run of a second or two.
func small(t *testing.T) bench.Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return bench.Options{
		Customers: 5, Messages: 4, Channels: both, Accounts: 1, FAQ: 30, Seed: 1, Timeout: 20 * time.Second, Linger: 200 * time.Millisecond,
		Data: t.TempDir(), Build: build, Child: []string{self, serveCommand}, Bare: []string{self, bareCommand}, Log: t.Output(),
	}
}

func measure(t *testing.T, o bench.Options) *bench.Result {
	t.Helper()
	r, err := bench.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sound fails unless asked questions were all answered rightly, once and in order.
func sound(t *testing.T, r *bench.Result, asked int) {
	t.Helper()
	if want := (bench.Verdict{Asked: asked, Answered: asked}); r.All.Verdict != want || !r.Sound() {
		t.Errorf("verdict = %+v, want %+v", r.All.Verdict, want)
	}
	if r.All.Acknowledged != asked {
		t.Errorf("%d acknowledged, want %d", r.All.Acknowledged, asked)
	}
	plausible(t, &r.Phase)
}

func plausible(t *testing.T, p *bench.Phase) {
	t.Helper()
	for _, f := range append(p.Channels, p.All) {
		if f.AnsweredPer <= 0 || f.Ack.P50 <= 0 || f.Reply.P99 < f.Reply.P50 || f.Reply.P50 < f.Ack.P50/2 {
			t.Errorf("implausible figures: %+v", f)
		}
	}
}

func TestChildProcess(t *testing.T) {
	o := small(t)
	o.CPUProfile = filepath.Join(t.TempDir(), "cpu.pprof")
	r := measure(t, o)
	sound(t, r, 20)
	if r.Gateway != bench.WhereChild || len(r.Channels) != 2 || r.Channels[0].Asked != 12 || r.Channels[1].Asked != 8 {
		t.Errorf("result = %+v", r)
	}
	if r.End.ResidentBytes < 10<<20 {
		t.Errorf("memory = %d bytes, want that of a gateway", r.End.ResidentBytes)
	}
	if info, err := os.Stat(o.CPUProfile); err != nil || info.Size() == 0 {
		t.Errorf("CPU profile: %v, %v", info, err)
	}
}

func TestInProcess(t *testing.T) {
	o := small(t)
	o.InProcess = true
	o.Accounts = 2
	r := measure(t, o)
	sound(t, r, 20)
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"rate limits and quotas were switched off", "send budgets were switched off", "simulators and customers included", "wechat", "lost"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table says nothing of %q:\n%s", want, &text)
		}
	}
}

func TestOpenLoop(t *testing.T) {
	o := small(t)
	o.InProcess, o.Channels = true, both[:1] // an official account's platform may itself deliver out of order on a slow machine
	o.Rate, o.Messages, o.Duration = 100, 0, 500*time.Millisecond
	r := measure(t, o)
	if r.All.Asked < 25 || r.All.Asked > 55 {
		t.Errorf("%d questions in half a second at 100/s", r.All.Asked)
	}
	sound(t, r, r.All.Asked)
}

func TestSameDataAgain(t *testing.T) {
	o := small(t)
	o.InProcess, o.Channels = true, both[:1]
	sound(t, measure(t, o), 20)
	sound(t, measure(t, o), 20)
}

// TestTarget measures a gateway that was started with the files written for it.
func TestTarget(t *testing.T) {
	o := small(t)
	o.Channels, o.Listen, o.Cases, o.Agents = every, freePorts(t, len(every)), 2, 1
	var text, faq bytes.Buffer
	if err := errors.Join(bench.WriteConfig(&text, o), bench.WriteFAQ(&faq, o)); err != nil {
		t.Fatal(err)
	}
	rows, err := kb.ReadCSV(&faq, time.UTC)
	if err != nil || len(rows) != o.FAQ {
		t.Fatalf("FAQ: %d rows, %v", len(rows), err)
	}
	path := filepath.Join(t.TempDir(), "kefu.yaml")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, []string{"KEFU_HTTP_LISTEN=127.0.0.1:0", "KEFU_HTTP_ADMIN_LISTEN=127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := app.New(t.Context(), cfg, app.Options{NoBudgets: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kb.Import(t.Context(), gateway.FAQ(), rows, "test"); err != nil {
		t.Fatal(err)
	}
	if err := gateway.Index().Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- gateway.Run(ctx) }()
	o.Target, o.Metrics = "http://"+gateway.Addr(), "http://"+gateway.AdminAddr()+"/metrics"
	r := measure(t, o)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	sound(t, r, 20)
	if r.Gateway != bench.WhereRemote || r.BudgetsSwitched || r.End.ResidentBytes == 0 {
		t.Errorf("result = %+v", r)
	}
}

// freePorts returns the first of n free ports in a row.
func freePorts(t *testing.T, n int) string {
	t.Helper()
	for range 50 {
		first := freeAddress(t)
		host, port, _ := net.SplitHostPort(first)
		at, _ := strconv.Atoi(port)
		free := true
		for i := 1; i < n && free; i++ {
			l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(host, strconv.Itoa(at+i)))
			if free = err == nil; free {
				_ = l.Close()
			}
		}
		if free {
			return first
		}
	}
	t.Fatal("no free ports in a row")
	return ""
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// liar is a gateway for one Telegram account that answers right but for some questions, counted from 1.
type liar struct {
	api       string // where it sends
	corpus    *bench.Corpus
	misbehave func(n int, answer string) []string

	mu sync.Mutex
	n  int
}

func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var update struct {
		Message struct {
			Text string
			Chat struct{ ID int64 }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&update); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, text := range l.answers(update.Message.Text) {
		body, _ := json.Marshal(map[string]any{"chat_id": update.Message.Chat.ID, "text": text})
		req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, l.api+"/sendMessage", bytes.NewReader(body))
		if err != nil {
			continue
		}
		req.Header.Set("Content-Type", "application/json")
		if resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	}
}

func (l *liar) answers(text string) []string {
	if strings.HasPrefix(text, "/start") {
		return []string{"welcome"}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	for _, e := range l.corpus.Entries() {
		for _, t := range e.Texts() {
			if t == text {
				return l.misbehave(l.n, e.Answer)
			}
		}
	}
	return []string{"what?"}
}

func TestLiesAreFound(t *testing.T) {
	var kept string
	for _, test := range []struct {
		name      string
		misbehave func(n int, answer string) []string
		want      bench.Verdict
	}{
		{"honest", func(_ int, a string) []string { return []string{a} }, bench.Verdict{Asked: 6, Answered: 6}},
		{"third lost", func(n int, a string) []string {
			if n == 3 {
				return nil
			}
			return []string{a}
		}, bench.Verdict{Asked: 6, Answered: 5, Lost: 1}},
		{"all but the last doubled", func(n int, a string) []string {
			if n == 6 {
				return []string{a}
			}
			return []string{a, a}
		}, bench.Verdict{Asked: 6, Answered: 6, Doubled: 5}},
		{"second after the third", func(n int, a string) []string {
			switch n {
			case 2:
				kept = a
				return nil
			case 3:
				return []string{a, kept}
			}
			return []string{a}
		}, bench.Verdict{Asked: 6, Answered: 6, OutOfOrder: 1}},
		{"asks back", func(n int, a string) []string {
			if n == 4 {
				return []string{"which one?"}
			}
			return []string{a}
		}, bench.Verdict{Asked: 6, Answered: 6, Wrong: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := small(t)
			o.Customers, o.Messages, o.Channels, o.Timeout = 1, 6, both[:1], 500*time.Millisecond
			o.Listen = freeAddress(t)
			l := &liar{api: "http://" + o.Listen + "/bot7000000001:AAEbench_token_of_35_characters_0000", corpus: bench.NewCorpus(o.FAQ, o.Seed), misbehave: test.misbehave}
			s := httptest.NewServer(l)
			defer s.Close()
			o.Target = s.URL
			r := measure(t, o)
			if r.All.Verdict != test.want {
				t.Errorf("verdict = %+v, want %+v", r.All.Verdict, test.want)
			}
		})
	}
}

func TestNobodyAnswers(t *testing.T) {
	for name, status := range map[string]int{"deaf": http.StatusOK, "unwilling": http.StatusForbidden} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
			defer s.Close()
			o := small(t)
			o.Target, o.Listen, o.Channels, o.Timeout = s.URL, freeAddress(t), both[:1], 300*time.Millisecond
			_, err := bench.Run(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), "no welcome") || !strings.Contains(err.Error(), strconv.Itoa(status)) {
				t.Errorf("err = %v, want one that tells of the welcome and of status %d", err, status)
			}
		})
	}
}

func TestGatewayFails(t *testing.T) {
	o := small(t)
	o.Build = func(context.Context, *config.Config, bool) (bench.Gateway, error) { return nil, errors.New("no room") }
	o.InProcess = true
	if _, err := bench.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("in process: err = %v, want the cause", err)
	}
	o = small(t)
	o.Child = []string{o.Child[0], "-test.run=^$"} // a child that is no gateway
	if _, err := bench.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "did not start") {
		t.Errorf("child: err = %v, want that it did not start", err)
	}
}

// dying is a gateway that ends by itself when enough has happened.
type dying struct {
	bench.Gateway
	enough <-chan struct{}
}

func (d dying) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		<-d.enough
		cancel()
	}()
	return d.Gateway.Run(ctx)
}

func TestGatewayDies(t *testing.T) {
	o := small(t)
	o.InProcess, o.Channels, o.Messages, o.Duration = true, both[:1], 0, time.Minute
	o.Build = func(ctx context.Context, cfg *config.Config, noBudgets bool) (bench.Gateway, error) {
		enough := make(chan struct{})
		var steps atomic.Int64 // greeting five customers takes 25
		observe := func(transcript.Record) {
			if steps.Add(1) == 100 {
				close(enough)
			}
		}
		g, err := app.New(ctx, cfg, app.Options{NoBudgets: noBudgets, Observe: observe})
		return dying{g, enough}, err
	}
	began := time.Now()
	if _, err := bench.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "middle of the run") {
		t.Errorf("err = %v, want that the gateway is gone", err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %v to notice", took)
	}
}

func TestCorpusIsAnswered(t *testing.T) {
	for _, size := range []int{10, 300, 1100} {
		c := bench.NewCorpus(size, 9)
		x := kb.IndexOf(c.Entries(), kb.IndexOptions{})
		if n, texts := x.Size(); n != size || texts != 3*size {
			t.Errorf("index of %d entries, %d texts; want %d and %d", n, texts, size, 3*size)
		}
		for i := 0; i < size; i += max(size/40, 1) {
			e := c.Entries()[i]
			for _, text := range e.Texts() {
				v := kb.Decide(x.Match(kb.Question{Text: text, Language: "zh-CN"}), kb.Thresholds{})
				if v.Decision != kb.Answer || v.Choices[0].Entry.Answer != e.Answer {
					t.Errorf("of %d: %q is not answered by its own entry but %s %v", size, text, v.Decision, v.Choices)
				}
			}
		}
	}
}

func TestSeedDecides(t *testing.T) {
	question := func(seed uint64) string { return bench.NewCorpus(100, seed).Entries()[0].Question }
	if first, again := question(1), question(1); first != again || first == question(2) && first == question(3) {
		t.Errorf("questions of seeds 1, 1, 2, 3: %s, %s, %s, %s", question(1), question(1), question(2), question(3))
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for want, change := range map[string]func(*bench.Options){
		"":                      func(*bench.Options) {},
		"customers:":            func(o *bench.Options) { o.Customers = 0 },
		"messages or duration:": func(o *bench.Options) { o.Messages = 0 },
		"accounts:":             func(o *bench.Options) { o.Accounts = 0 },
		"faq:":                  func(o *bench.Options) { o.FAQ = 3 },
		"timeout:":              func(o *bench.Options) { o.Timeout = 0 },
		"named twice":           func(o *bench.Options) { o.Channels = []config.Channel{"telegram", "telegram"} },
		"none of":               func(o *bench.Options) { o.Channels = []config.Channel{"icq"} },
		"wechat-mode:":          func(o *bench.Options) { o.WeChatMode = "secret" },
		"compare-aes:":          func(o *bench.Options) { o.CompareAES, o.Channels = true, both[:1] },
		"rounds:":               func(o *bench.Options) { o.CompareAES = true },
		"baseline: needs":       func(o *bench.Options) { o.Baseline, o.Channels = true, both[1:] },
		"below 1":               func(o *bench.Options) { o.Load = 1 },
		"above 1":               func(o *bench.Options) { o.Overload = 0.5 },
		"not together":          func(o *bench.Options) { o.Overload, o.Load = 2, 0.5 },
		"soak: needs either":    func(o *bench.Options) { o.Soak = time.Second },
		"set it themselves":     func(o *bench.Options) { o.Rate, o.Load = 5, 0.5 },
		"duration: a desk":      func(o *bench.Options) { o.Cases, o.Agents, o.Customers, o.Channels = 1, 1, 0, both[:1] },
		"one needs the other":   func(o *bench.Options) { o.Cases = 3 },
		"groups have threads":   func(o *bench.Options) { o.Cases, o.Agents, o.Channels = 3, 1, both[1:] },
		"at least one message":  func(o *bench.Options) { o.Stored, o.Contacts = 3, 4 },
		"redis: needs mongo":    func(o *bench.Options) { o.Redis = "redis://127.0.0.1" },
		"at least one":          func(o *bench.Options) { o.Channels = nil },
		"inboxes:":              func(o *bench.Options) { o.Inboxes = []string{"a"} },
		"target:":               func(o *bench.Options) { o.Target = "localhost" },
		"listen:":               func(o *bench.Options) { o.Target = "http://localhost:1" },
		"cpuprofile":            func(o *bench.Options) { o.Target, o.CPUProfile = "http://localhost:1", "x" },
		"negative":              func(o *bench.Options) { o.Rate = -1 },
	} {
		o := small(t)
		change(&o)
		err := o.Validate()
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
		if want == "" {
			continue
		}
		if _, err := bench.Run(t.Context(), o); err == nil {
			t.Errorf("%q: it ran nevertheless", want)
		}
	}
}

func TestJSON(t *testing.T) {
	r := &bench.Result{Customers: 3, Phase: bench.Phase{All: bench.Figures{Name: "all", Verdict: bench.Verdict{Asked: 5, Answered: 4, Lost: 1}, Reply: bench.Latency{P50: 1.5}}}, Notes: []string{"a & b"}}
	var text bytes.Buffer
	if err := r.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Customers int
		All       struct {
			Lost  int
			Reply map[string]float64 `json:"reply_latency"`
		}
		Notes []string
	}
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Customers != 3 || got.All.Lost != 1 || got.All.Reply["p50_ms"] != 1.5 || got.Notes[0] != "a & b" {
		t.Errorf("%s reads as %+v", &text, got)
	}
	if r.Sound() {
		t.Error("a lost answer is sound")
	}
}
