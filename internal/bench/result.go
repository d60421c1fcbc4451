package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Result is what a run measured.
type Result struct {
	Customers int     `json:"customers"`
	Accounts  int     `json:"accounts_per_channel"`
	Messages  int     `json:"messages_per_customer,omitempty"`
	Rate      float64 `json:"rate,omitempty"` // messages/s asked for in an open loop
	FAQ       int     `json:"faq"`
	Seed      uint64  `json:"seed"`
	Gateway   string  `json:"gateway"` // where it ran
	// Seconds is from the first question to the last answer.
	Seconds float64 `json:"seconds"`
	// Channels and All are in the order of the options; All sums them up.
	Channels []Figures `json:"channels"`
	All      Figures   `json:"all"`
	// CPUSeconds is what the gateway's process used from the first question to the end of listening; 0 = unknown.
	CPUSeconds      float64  `json:"cpu_seconds,omitempty"`
	CPUPer10k       float64  `json:"cpu_seconds_per_10000_messages,omitempty"`
	ResidentBytes   int64    `json:"resident_bytes,omitempty"` // at the end
	BehindSchedule  float64  `json:"behind_schedule_ms,omitempty"`
	LimitsSwitched  bool     `json:"simulator_limits_off"`
	BudgetsSwitched bool     `json:"gateway_budgets_off"`
	Notes           []string `json:"notes"`
}

// Figures are those of one channel.
type Figures struct {
	Name            string  `json:"name"`
	Acknowledged    int     `json:"acknowledged"`
	AcknowledgedPer float64 `json:"acknowledged_per_second"`
	AnsweredPer     float64 `json:"answered_per_second"`
	Ack             Latency `json:"ack_latency"`
	Reply           Latency `json:"reply_latency"`
	Repeats         int64   `json:"repeated_deliveries"`
	Verdict
}

func (b *load) result(took time.Duration, before, after usage) *Result {
	r := &Result{
		Customers: b.o.Customers, Accounts: b.o.Accounts, Messages: b.o.Messages, Rate: b.o.Rate, FAQ: b.o.FAQ, Seed: b.o.Seed,
		Gateway: b.gateway.where, Seconds: took.Seconds(), BehindSchedule: float64(b.lag) / float64(time.Millisecond),
		LimitsSwitched: !b.o.KeepLimits, BudgetsSwitched: !b.o.KeepLimits && b.gateway.where != WhereRemote,
	}
	for _, ch := range b.o.Channels {
		r.Channels = append(r.Channels, figures(string(ch), took, b.of(func(a *account) bool { return a.channel == ch })))
	}
	r.All = figures("all", took, b.accounts)
	if r.CPUSeconds = after.cpu - before.cpu; r.All.Acknowledged > 0 {
		r.CPUPer10k = r.CPUSeconds / float64(r.All.Acknowledged) * 10_000
	}
	r.ResidentBytes = after.resident
	r.Notes = r.notes()
	return r
}

func (b *load) of(keep func(*account) bool) []*account {
	var out []*account
	for _, a := range b.accounts {
		if keep(a) {
			out = append(out, a)
		}
	}
	return out
}

func figures(name string, took time.Duration, accounts []*account) Figures {
	f := Figures{Name: name}
	var acks, replies []time.Duration
	for _, a := range accounts {
		acks, replies = append(acks, a.acks.all()...), append(replies, a.replies.all()...)
		f.Repeats += a.repeats.Load()
		for _, c := range a.customers {
			f.Verdict.add(c.verdict())
		}
	}
	f.Acknowledged = len(acks)
	f.AcknowledgedPer = float64(f.Acknowledged) / took.Seconds()
	f.AnsweredPer = float64(f.Answered) / took.Seconds()
	f.Ack, f.Reply = summarize(acks), summarize(replies)
	return f
}

// notes say how the figures are to be read.
func (r *Result) notes() []string {
	var n []string
	if r.LimitsSwitched {
		n = append(n, "the simulators' rate limits and quotas were switched off")
	}
	switch {
	case r.BudgetsSwitched:
		n = append(n, "the gateway's send budgets were switched off")
	case r.Gateway == WhereRemote:
		n = append(n, "the remote gateway's own send budgets applied, such as 30 messages/s per Telegram account: use --accounts")
	default:
		n = append(n, "the platforms' limits and the gateway's send budgets were in force")
	}
	switch r.Gateway {
	case WhereInside:
		n = append(n, "CPU time and memory are of the whole process, simulators and customers included")
	case WhereChild:
		n = append(n, "CPU time and memory are of the gateway's process alone; simulators and customers shared the machine with it")
	}
	if r.All.Wrong > 0 {
		n = append(n, "wrong answers count as answers; many of them mean that the gateway does not hold the knowledge base of this size and seed")
	}
	for _, c := range r.Channels {
		if c.Name == "wechat" {
			n = append(n, "a WeChat acknowledgment carries the answer, so it comes when the answer does")
		}
	}
	return n
}

// Sound says that every question was answered once and in order.
func (r *Result) Sound() bool { return r.All.Sound() && r.All.Asked > 0 }

// WriteJSON prints the result as one object.
func (r *Result) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// WriteText prints the result as a table for people.
func (r *Result) WriteText(w io.Writer) error {
	loop := "each waits for the answer before the next question"
	if r.Rate > 0 {
		loop = fmt.Sprintf("%g messages/s in all, at most %.0f ms behind schedule", r.Rate, r.BehindSchedule)
	}
	fmt.Fprintf(w, "%d customers on %d account(s) per channel, %s; FAQ of %d, seed %d; gateway: %s; %.1f s\n\n", r.Customers, r.Accounts, loop, r.FAQ, r.Seed, r.Gateway, r.Seconds)
	columns := r.Channels
	if len(columns) != 1 {
		columns = append(columns[:len(columns):len(columns)], r.All)
	}
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(name string, cell func(f *Figures) string) {
		fmt.Fprint(t, name, "\t")
		for i := range columns {
			fmt.Fprint(t, cell(&columns[i]), "\t")
		}
		fmt.Fprintln(t)
	}
	row("", func(f *Figures) string { return f.Name })
	count := func(name string, of func(f *Figures) int) {
		row(name, func(f *Figures) string { return fmt.Sprint(of(f)) })
	}
	count("asked", func(f *Figures) int { return f.Asked })
	count("answered", func(f *Figures) int { return f.Answered })
	row("acknowledged/s", func(f *Figures) string { return fmt.Sprintf("%.1f", f.AcknowledgedPer) })
	row("answered/s", func(f *Figures) string { return fmt.Sprintf("%.1f", f.AnsweredPer) })
	row("ack p50/p95/p99 ms", func(f *Figures) string { return f.Ack.String() })
	row("reply p50/p95/p99 ms", func(f *Figures) string { return f.Reply.String() })
	count("lost", func(f *Figures) int { return f.Lost })
	count("doubled", func(f *Figures) int { return f.Doubled })
	count("out of order", func(f *Figures) int { return f.OutOfOrder })
	count("wrong answers", func(f *Figures) int { return f.Wrong })
	count("stray answers", func(f *Figures) int { return f.Stray })
	count("outage notices", func(f *Figures) int { return f.Notices })
	count("repeated deliveries", func(f *Figures) int { return int(f.Repeats) })
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if r.CPUSeconds > 0 {
		fmt.Fprintf(w, "CPU: %.2f s per 10,000 messages (%.2f s in this run); memory at the end: %.1f MiB\n", r.CPUPer10k, r.CPUSeconds, float64(r.ResidentBytes)/(1<<20))
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, "note:", n)
	}
	return nil
}

func (l Latency) String() string { return fmt.Sprintf("%.1f / %.1f / %.1f", l.P50, l.P95, l.P99) }
