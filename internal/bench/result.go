package bench

import (
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"time"

	"kefu/internal/config"
)

// Result is what a run measured.
type Result struct {
	Customers  int       `json:"customers"`
	Accounts   int       `json:"accounts_per_channel"`
	Messages   int       `json:"messages_per_customer,omitempty"`
	WeChatMode string    `json:"wechat_mode,omitempty"`
	FAQ        int       `json:"faq"`
	Stored     int       `json:"stored,omitempty"`   // messages that were in the store before
	Contacts   int       `json:"contacts,omitempty"` // of these
	Store      string    `json:"store"`
	Seed       uint64    `json:"seed"`
	Gateway    string    `json:"gateway"` // where it ran
	Phase                // the one asked for; the others led up to it
	Peak       *Phase    `json:"peak,omitempty"`
	Overload   *Overload `json:"overload,omitempty"`
	Soak       *Soak     `json:"soak,omitempty"`
	Baseline   *Baseline `json:"baseline,omitempty"`
	AES        *AES      `json:"aes,omitempty"`
	// Idle is what the gateway held before the first message.
	Idle            Footprint `json:"idle"`
	LimitsSwitched  bool      `json:"simulator_limits_off"`
	BudgetsSwitched bool      `json:"gateway_budgets_off"`
	Notes           []string  `json:"notes"`
}

// Phase is one stretch of load and what became of it.
type Phase struct {
	Name string  `json:"phase"`
	Rate float64 `json:"rate,omitempty"` // messages/s asked for in an open loop
	// Seconds is from the first question to the last answer.
	Seconds float64 `json:"seconds"`
	// Channels and All are in the order of the options; All sums them up.
	Channels []Figures `json:"channels"`
	All      Figures   `json:"all"`
	Desk     *Desk     `json:"desk,omitempty"`
	Stages   []Stage   `json:"stages,omitempty"`
	// CPUSeconds is what the gateway's process used from the first question to the end of listening; 0 = unknown. A message is a question that was taken
	// or a line that was relayed.
	CPUSeconds     float64   `json:"cpu_seconds,omitempty"`
	CPUPer10k      float64   `json:"cpu_seconds_per_10000_messages,omitempty"`
	GeneratorCPU   float64   `json:"generator_cpu_seconds"` // of simulators and customers
	End            Footprint `json:"end"`
	BehindSchedule float64   `json:"behind_schedule_ms,omitempty"`
}

// Figures are those of one channel.
type Figures struct {
	Name            string         `json:"name"`
	Acknowledged    int            `json:"acknowledged"`
	AcknowledgedPer float64        `json:"acknowledged_per_second"`
	AnsweredPer     float64        `json:"answered_per_second"`
	Ack             Latency        `json:"ack_latency"`
	Reply           Latency        `json:"reply_latency"`
	Passive         int            `json:"passive"`  // answers carried by the request that brought the question
	Statuses        map[string]int `json:"statuses"` // HTTP statuses of deliveries; "0" = no answer
	Repeats         int            `json:"repeated_deliveries"`
	Verdict
}

// Sound says that nothing went wrong that a gateway is answerable for.
func (r *Result) Sound() bool {
	sound := r.Phase.Sound() && r.Overload.Sound() && (r.Soak == nil || len(r.Soak.Grown) == 0)
	return sound && (r.Peak == nil || r.Peak.Sound())
}

// Sound says that every question was answered once, in order, and every line relayed.
func (p *Phase) Sound() bool { return p.All.Sound() && p.Desk.Sound() }

// closed is the phase in which every customer waited for the answer, as far as there was one.
func (r *Result) closed() *Phase {
	if r.Peak != nil {
		return r.Peak
	}
	return &r.Phase
}

func (b *load) newResult() *Result {
	o := b.o
	r := &Result{
		Customers: o.Customers, Accounts: o.Accounts, Messages: o.Messages, WeChatMode: o.WeChatMode, FAQ: o.FAQ, Stored: o.Stored, Contacts: o.Contacts,
		Store: "embedded", Seed: o.Seed, Gateway: b.gateway.where,
		LimitsSwitched: !o.KeepLimits, BudgetsSwitched: !o.KeepLimits && b.gateway.where != WhereRemote,
	}
	switch {
	case b.gateway.echoes:
		r.Store = "none"
	case o.Target != "":
		r.Store = "the target's"
	case o.Mongo != "":
		r.Store = "mongo, database " + o.Database
	}
	if o.Redis != "" {
		r.Store += ", redis"
	}
	return r
}

func (b *load) figures(p pace, took time.Duration, before, after usage) Phase {
	out := Phase{Name: p.name, Rate: p.rate, Seconds: took.Seconds(), End: after.Footprint, Stages: stages(before, after)}
	for _, ch := range b.o.Channels {
		out.Channels = append(out.Channels, figures(string(ch), took, b.world.of(ch)))
	}
	out.All = figures("all", took, b.world.accounts)
	messages := out.All.Acknowledged
	if d := b.world.desk; d != nil {
		out.Desk = d.figures()
		messages += out.Desk.ToAgent.Arrived + out.Desk.ToCustomer.Arrived
	}
	if out.CPUSeconds = after.cpu - before.cpu; messages > 0 {
		out.CPUPer10k = out.CPUSeconds / float64(messages) * 10_000
	}
	return out
}

func figures(name string, took time.Duration, accounts []*account) Figures {
	f := Figures{Name: name, Statuses: map[string]int{}}
	var acks, replies []time.Duration
	for _, a := range accounts {
		acks, replies = append(acks, a.acks.all()...), append(replies, a.replies.all()...)
		a.mu.Lock()
		f.Repeats += a.repeats
		f.Passive += a.passive
		for status, n := range a.statuses {
			f.Statuses[strconv.Itoa(status)] += n
		}
		a.mu.Unlock()
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
func (r *Result) notes(o *Options) []string {
	var n []string
	add := func(when bool, note string) {
		if when {
			n = append(n, note)
		}
	}
	add(r.LimitsSwitched, "the simulators' rate limits and quotas were switched off, and so were the gateway's limits for callers and for one contact's flood")
	switch {
	case r.BudgetsSwitched:
		n = append(n, "the gateway's send budgets were switched off")
	case r.Gateway == WhereRemote:
		n = append(n, "the remote gateway's own send budgets applied, such as 30 messages/s per Telegram account: use --accounts")
	default:
		n = append(n, "the platforms' limits and the gateway's send budgets were in force")
	}
	add(r.Gateway == WhereInside, "CPU time and memory are of the whole process, simulators and customers included")
	add(r.Gateway == WhereChild, "CPU time and memory are of the gateway's process alone; simulators and customers shared the machine with it")
	add(r.All.Wrong > 0, "wrong answers count as answers; many of them mean that the gateway does not hold the knowledge base of this size and seed")
	for _, c := range r.Channels {
		add(c.Name == "wechat", "a WeChat acknowledgment carries the answer, so it comes when the answer does")
	}
	add(r.Rate > 0 && r.All.OutOfOrder > 0 && slices.Contains(o.Channels, config.ChannelWeChat), "an official account's platform delivers the next message 1 s after the last at the latest, answered or not, so in an open loop it may change the order itself")
	add(o.Mongo != "", "a FerretDB instead of MongoDB says little about speed: it answers every query but those by id with a full scan, one command at a time")
	add(o.Mongo != "", "the database "+o.Database+" stays behind: drop it")
	add(r.Overload != nil, "during the overload a platform with a limit of open requests, such as Telegram's 40, is held back by slow acknowledgments before any 503")
	return n
}

// WriteJSON prints the result as one JSON object.
func (r *Result) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
