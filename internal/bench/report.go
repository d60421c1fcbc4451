package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// report writes for people and remembers the first failure.
type report struct {
	w   io.Writer
	err error
}

func (p *report) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// WriteText prints the result as tables for people.
func (r *Result) WriteText(w io.Writer) error {
	p := &report{w: w}
	p.line("%d customers on %d account(s) per channel; FAQ of %d, seed %d; store: %s%s; gateway: %s", r.Customers, r.Accounts, r.FAQ, r.Seed, r.Store, r.before(), r.Gateway)
	if r.Idle.ResidentBytes > 0 {
		p.line("idle: %s", r.Idle)
	}
	if r.Peak != nil {
		p.phase(r.Peak)
	}
	if r.Overload != nil {
		p.overload(r.Overload)
	}
	p.phase(&r.Phase)
	if r.Soak != nil {
		p.soak(r.Soak)
	}
	if r.Baseline != nil {
		p.baseline(r)
	}
	if r.AES != nil {
		p.aes(r.AES)
	}
	p.line("")
	for _, n := range r.Notes {
		p.line("note: %s", n)
	}
	return p.err
}

// before says what was in the store.
func (r *Result) before() string {
	if r.Stored == 0 {
		return ""
	}
	return fmt.Sprintf(" with %d messages of %d contacts before", r.Stored, r.Contacts)
}

func (p *report) phase(ph *Phase) {
	loop := "each waits for the answer before the next question"
	if ph.Rate > 0 {
		loop = fmt.Sprintf("%.0f messages/s in all, at most %.0f ms behind schedule", ph.Rate, ph.BehindSchedule)
	}
	p.line("\n== %s: %s; %.1f s\n", ph.Name, loop, ph.Seconds)
	if p.err == nil {
		p.err = figuresTable(p.w, ph)
	}
	if ph.Desk != nil {
		p.desk(ph.Desk)
	}
	p.stages(ph.Stages)
	if ph.CPUSeconds > 0 {
		p.line("\nCPU: %.2f s per 10,000 messages (%.2f s in this phase; simulators and customers %.2f s); at the end: %s", ph.CPUPer10k, ph.CPUSeconds, ph.GeneratorCPU, ph.End)
	}
}

func figuresTable(w io.Writer, ph *Phase) error {
	columns := ph.Channels
	if len(columns) != 1 {
		columns = append(columns[:len(columns):len(columns)], ph.All)
	}
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(name string, cell func(f *Figures) string) {
		fmt.Fprint(t, name, "\t")
		for i := range columns {
			fmt.Fprint(t, cell(&columns[i]), "\t")
		}
		fmt.Fprintln(t)
	}
	count := func(name string, of func(f *Figures) int) {
		row(name, func(f *Figures) string { return fmt.Sprint(of(f)) })
	}
	row("", func(f *Figures) string { return f.Name })
	count("asked", func(f *Figures) int { return f.Asked })
	count("answered", func(f *Figures) int { return f.Answered })
	row("acknowledged/s", func(f *Figures) string { return fmt.Sprintf("%.1f", f.AcknowledgedPer) })
	row("answered/s", func(f *Figures) string { return fmt.Sprintf("%.1f", f.AnsweredPer) })
	row("ack p50/p95/p99 ms", func(f *Figures) string { return f.Ack.String() })
	row("reply p50/p95/p99 ms", func(f *Figures) string { return f.Reply.String() })
	row("inside the request", func(f *Figures) string { return share(f.Passive, f.Answered) })
	count("lost", func(f *Figures) int { return f.Lost })
	count("doubled", func(f *Figures) int { return f.Doubled })
	count("out of order", func(f *Figures) int { return f.OutOfOrder })
	count("wrong answers", func(f *Figures) int { return f.Wrong })
	count("stray answers", func(f *Figures) int { return f.Stray })
	count("outage notices", func(f *Figures) int { return f.Notices })
	count("repeated deliveries", func(f *Figures) int { return f.Repeats })
	row("statuses", func(f *Figures) string { return statuses(f.Statuses) })
	return t.Flush()
}

func share(part, of int) string {
	if part == 0 || of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(part)/float64(of))
}

func statuses(counts map[string]int) string {
	parts := make([]string, 0, len(counts))
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s: %d", status, counts[status]))
	}
	return strings.Join(parts, ", ")
}

func (p *report) desk(d *Desk) {
	p.line("\ndesk: %d open cases, %d agents", d.Cases, d.Agents)
	for _, way := range []struct {
		name string
		l    Lines
	}{{"customer to agent", d.ToAgent}, {"agent to customer", d.ToCustomer}} {
		l := way.l
		p.line("  %s: %d lines, %d arrived, p50/p95/p99 %s ms; lost %d, doubled %d, out of order %d, in the wrong place %d",
			way.name, l.Said, l.Arrived, l.Latency, l.Lost, l.Doubled, l.OutOfOrder, l.Misplaced)
	}
}

func (p *report) stages(all []Stage) {
	if len(all) == 0 {
		return
	}
	p.line("\nstages (ms): count, mean, p50 / p95 / p99")
	for _, s := range all {
		p.line("  %-9s %8d %9.3f   %.2f / %.2f / %.2f", s.Name, s.Count, s.Mean, s.P50, s.P95, s.P99)
	}
}

func (p *report) overload(v *Overload) {
	p.phase(&v.Phase)
	p.line("\noverload: %d asked, %d accepted, %d of them lost; %d never accepted; deliveries by status: %s", v.Verdict.Asked, v.Accepted, v.LostAccepted, v.Unaccepted, statuses(v.Statuses))
	p.line("  when it ended %d accepted questions waited; nothing waited %.1f s later; reply p50/p95/p99 %s ms; doubled %d, out of order %d, outage notices %d",
		v.Backlog, v.Recovery, v.Whole, v.Verdict.Doubled, v.Verdict.OutOfOrder, v.Verdict.Notices)
}

func (p *report) soak(s *Soak) {
	p.line("\nsoak of %.1f min", s.Minutes)
	p.line("  start:  %s\n  middle: %s\n  end:    %s", s.Start, s.Middle, s.End)
	verdict := "nothing grew"
	if len(s.Grown) > 0 {
		verdict = "GREW: " + strings.Join(s.Grown, ", ")
	}
	p.line("  %s beyond %d %% and %d MiB resident, %d MiB heap, %d goroutines, %d handles", verdict, int(100*soakShare), soakResident>>20, soakHeap>>20, soakGoroutine, soakHandle)
}

func (p *report) baseline(r *Result) {
	p.phase(&r.Baseline.Phase)
	p.line("\nbaseline: the gateway answers %.3f of what the bare handler does (%.0f/s of %.0f/s), for %.1f times its CPU time",
		r.Baseline.AnsweredRatio, r.closed().All.AnsweredPer, r.Baseline.All.AnsweredPer, r.Baseline.CPURatio)
}

func (p *report) aes(c *AES) {
	p.line("\nAES: answered/s and CPU s per 10,000, round by round")
	for i := range min(len(c.Plain), len(c.Safe)) {
		p.line("  plain %.1f %.2f   safe %.1f %.2f", c.Plain[i].All.AnsweredPer, c.Plain[i].CPUPer10k, c.Safe[i].All.AnsweredPer, c.Safe[i].CPUPer10k)
	}
	p.line("  safe mode costs %.1f %% of the throughput and %.1f %% more CPU time", 100*c.AnsweredLoss, 100*c.CPUMore)
}

func (l Latency) String() string { return fmt.Sprintf("%.1f / %.1f / %.1f", l.P50, l.P95, l.P99) }

func (f Footprint) String() string {
	return fmt.Sprintf("%.1f MiB resident, %.1f MiB heap target, %d goroutines, %d file handles", float64(f.ResidentBytes)/(1<<20), float64(f.HeapBytes)/(1<<20), f.Goroutines, f.Handles)
}
