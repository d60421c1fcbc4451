package bench_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"kefu/internal/bench"
	"kefu/internal/config"
	"kefu/internal/docstore"
	"kefu/internal/docstore/sqlite"
	"kefu/internal/transcript"
)

// every channel there is.
var every = []config.Channel{config.ChannelTelegram, config.ChannelWeChat, config.ChannelFeishu}

// report prints a result and looks for what must stand there.
func report(t *testing.T, r *bench.Result, want ...string) {
	t.Helper()
	var text, doc bytes.Buffer
	if err := errors.Join(r.WriteText(&text), r.WriteJSON(&doc)); err != nil {
		t.Fatal(err)
	}
	for _, w := range want {
		if !strings.Contains(text.String(), w) {
			t.Errorf("the tables say nothing of %q:\n%s", w, &text)
		}
	}
	if err := json.Unmarshal(doc.Bytes(), new(bench.Result)); err != nil {
		t.Errorf("the JSON cannot be read: %v", err)
	}
}

// TestDesk has customers of every channel talk to the bot and, with open cases, to agents.
func TestDesk(t *testing.T) {
	t.Parallel()
	for _, at := range []config.Channel{config.ChannelTelegram, config.ChannelFeishu} {
		t.Run(string(at), func(t *testing.T) {
			t.Parallel()
			o := small(t)
			o.InProcess, o.Channels = true, []config.Channel{at}
			if at == config.ChannelTelegram {
				o.Channels = every
			}
			o.Customers, o.Cases, o.Agents, o.Think = 3, 6, 2, 5*time.Millisecond
			r := measure(t, o)
			sound(t, r, 12)
			d := r.Desk
			if d == nil || d.Cases != 6 || d.Agents != 2 || d.ToAgent.Said < 6 || d.ToCustomer.Said == 0 || d.ToAgent.Latency.P50 <= 0 || d.ToCustomer.Latency.P99 <= 0 {
				t.Errorf("desk = %+v", d)
			}
			report(t, r, "desk: 6 open cases, 2 agents", "customer to agent", "in the wrong place 0")
		})
	}
}

// TestDeskAlone has agents and customers with cases, and nobody else.
func TestDeskAlone(t *testing.T) {
	t.Parallel()
	o := small(t)
	o.InProcess, o.Channels, o.Customers, o.Messages, o.Duration = true, both[:1], 0, 0, 300*time.Millisecond
	o.Cases, o.Agents, o.Think = 3, 1, 5*time.Millisecond
	r := measure(t, o)
	if r.Desk == nil || r.Desk.ToAgent.Said < 6 || !r.Sound() || r.All.Asked != 0 || r.CPUPer10k <= 0 {
		t.Errorf("desk = %+v, all = %+v", r.Desk, r.All)
	}
}

func TestStagesAreTold(t *testing.T) {
	t.Parallel()
	o := small(t)
	o.InProcess = true
	r := measure(t, o)
	sound(t, r, 20)
	got := map[string]bench.Stage{}
	for _, s := range r.Stages {
		got[s.Name] = s
	}
	for _, name := range []string{"receive", "store", "wait", "decide", "match", "commit", "send_wait", "claim", "send", "record"} {
		s := got[name]
		if s.Count == 0 || s.Mean <= 0 || s.P50 <= 0 || s.P99 < s.P50 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if got["match"].Count != 20 || got["store"].Count != 20 {
		t.Errorf("20 questions: %+v", got)
	}
	if f := r.Channels[1]; f.Name != "wechat" || f.Passive == 0 || r.Channels[0].Passive != 0 {
		t.Errorf("inside requests: %d and %d", r.Channels[0].Passive, f.Passive)
	}
	report(t, r, "stages (ms)", "send_wait", "inside the request", "idle: ")
}

func TestLoadAndSoak(t *testing.T) {
	t.Parallel()
	o := small(t)
	o.InProcess, o.Channels = true, both[:1]
	o.Load, o.Soak = 0.3, time.Second
	r := measure(t, o)
	if r.Peak == nil || !r.Peak.Sound() || r.Peak.All.Asked != 20 {
		t.Fatalf("peak = %+v", r.Peak)
	}
	plausible(t, r.Peak)
	want := 0.3 * r.Peak.All.AnsweredPer
	if r.Rate != want || r.All.Asked < 1 || r.All.Lost > 0 {
		t.Errorf("at %.1f messages/s: %+v", want, r.All)
	}
	if r.Soak == nil || r.Soak.Start.Goroutines == 0 || r.Soak.End.ResidentBytes == 0 || r.Soak.Middle.Handles == 0 {
		t.Errorf("soak = %+v", r.Soak)
	}
	report(t, r, "== peak", "== soak", "start:", "middle:", "end:")
}

func TestOverload(t *testing.T) {
	t.Parallel()
	o := small(t)
	o.InProcess, o.Channels, o.Duration = true, both[:1], 300*time.Millisecond
	o.Messages, o.Overload = 0, 3
	r := measure(t, o)
	v := r.Overload
	if v == nil || !r.Sound() || v.Verdict.Asked == 0 || v.Accepted != v.Verdict.Answered || v.Unaccepted != 0 || v.Recovery <= 0 || v.Statuses["200"] < v.Accepted {
		t.Errorf("overload = %+v", v)
	}
	if r.Peak == nil || r.Rate != r.Peak.All.AnsweredPer/2 || r.All.Lost > 0 {
		t.Errorf("afterwards: %+v", r.Phase)
	}
	report(t, r, "never accepted", "half of the peak, afterwards")
}

func TestCompareAES(t *testing.T) {
	t.Parallel()
	o := small(t)
	o.InProcess, o.CompareAES, o.Rounds, o.Customers, o.Messages, o.Linger = true, true, 1, 3, 3, time.Millisecond
	r := measure(t, o)
	if r.AES == nil || len(r.AES.Plain) != len(r.AES.Safe) || len(r.AES.Safe) != 1 || r.WeChatMode != "safe" {
		t.Fatalf("AES = %+v", r.AES)
	}
	for _, p := range append(r.AES.Plain, r.AES.Safe...) {
		if !p.Sound() || p.All.Answered != 9 || len(p.Channels) != 1 || p.Channels[0].Name != "wechat" {
			t.Errorf("round = %+v", p.All)
		}
	}
	report(t, r, "AES:", "safe mode costs")
}

// TestStored looks for the history in the store the gateway leaves behind.
func TestStored(t *testing.T) {
	t.Parallel()
	o := small(t)
	o.InProcess, o.Channels, o.Stored, o.Contacts = true, both[:1], 1500, 60
	r := measure(t, o)
	sound(t, r, 20)
	d, err := sqlite.Open(t.Context(), sqlite.Options{Dir: o.Data})
	if err != nil {
		t.Fatal(err)
	}
	store := docstore.New(d)
	defer store.Close()
	record, err := transcript.New(t.Context(), transcript.Options{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	for _, chat := range []string{"1000000000", "1000000059"} {
		entries, err := record.History(t.Context(), "telegram-1|"+chat, 100)
		if err != nil || len(entries) < 24 || len(entries) > 26 {
			t.Fatalf("%s has %d entries: %v", chat, len(entries), err)
		}
		for i, e := range entries {
			if (e.In != nil) != (i%2 == 0) || i > 0 && e.Seq <= entries[i-1].Seq {
				t.Fatalf("%s: entry %d = %+v", chat, i, e)
			}
		}
	}
	report(t, r, "1500 messages of 60 contacts")
}

func TestBaseline(t *testing.T) {
	t.Parallel()
	o := small(t)
	o.Baseline, o.Channels = true, both[:1]
	r := measure(t, o)
	sound(t, r, 20)
	b := r.Baseline
	if b == nil || !b.Sound() || b.All.Answered != 20 || b.AnsweredRatio <= 0 || b.AnsweredRatio != r.All.AnsweredPer/b.All.AnsweredPer {
		t.Fatalf("baseline = %+v", b)
	}
	plausible(t, &b.Phase)
	report(t, r, "baseline: the gateway answers")
}

func TestBaselineFails(t *testing.T) {
	t.Parallel()
	o := small(t)
	o.Baseline, o.Channels = true, both[:1]
	o.Bare = []string{o.Bare[0], "-test.run=^$"}
	if _, err := bench.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "baseline") {
		t.Errorf("err = %v, want one of the baseline", err)
	}
}

// TestWrittenConfig loads what is written for a gateway of its own: no limit of ours stands in the way, and the desk is there.
func TestWrittenConfig(t *testing.T) {
	t.Parallel()
	o := small(t)
	o.Channels, o.Listen, o.Cases, o.Agents = every, freePorts(t, len(every)), 4, 3
	var text bytes.Buffer
	if err := bench.WriteConfig(&text, o); err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/kefu.yaml"
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.HTTP.Limits != (config.Limits{}) || cfg.Bot.Flood.Messages != 0 || len(cfg.Inboxes) != 3 || len(cfg.Desks) != 1 || len(cfg.People) != 3 {
		t.Errorf("limits %+v, flood %+v, %d inboxes, desks %+v, %d people", cfg.HTTP.Limits, cfg.Bot.Flood, len(cfg.Inboxes), cfg.Desks, len(cfg.People))
	}
}

// serveBare repeats what people say, as a child process.
func serveBare(args []string) error {
	o, err := bench.ParseBare(args)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/webhook/", func(w http.ResponseWriter, r *http.Request) {
		var u struct {
			Message struct {
				Text string
				Chat struct{ ID int64 }
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&u); err != nil || r.Header.Get("X-Telegram-Bot-Api-Secret-Token") != o.Secret {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, _ := json.Marshal(map[string]any{"chat_id": u.Message.Chat.ID, "text": u.Message.Text})
		req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, o.API+"/sendMessage", bytes.NewReader(body))
		if err != nil {
			return
		}
		req.Header.Set("Content-Type", "application/json")
		if resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req); err == nil {
			_ = resp.Body.Close()
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it lives as long as the process
	if err != nil {
		return err
	}
	line, _ := json.Marshal(bench.Ready(l.Addr().String(), l.Addr().String()))
	fmt.Println(string(line))
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return http.Serve(l, mux) //nolint:gosec // for one test
}
