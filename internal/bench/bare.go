package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"kefu/internal/config"
)

// BareOptions are what the bare handler's process is told: a Telegram bot that checks the secret of a delivery, repeats its text by sendMessage, and stores
// nothing. It answers for every inbox, and tells its own metrics.
type BareOptions struct {
	API    string `json:"api"` // address of the bot's methods, such as http://127.0.0.1:7080/bot123:abc
	Secret string `json:"secret"`
}

// BareArgs are the arguments ParseBare reads.
func BareArgs(o BareOptions) []string { return jsonArg(o) }

// ParseBare reads what BareArgs wrote.
func ParseBare(args []string) (BareOptions, error) { return parseArg[BareOptions](args) }

// Ready is the line a child process writes to its standard output when it serves: where the webhooks and where the metrics are.
func Ready(addr, admin string) any { return ready{Addr: addr, Admin: admin} }

// Baseline compares the gateway with the bare handler on the same platform, with as many customers and messages.
type Baseline struct {
	Phase
	// AnsweredRatio is the gateway's rate of answers over the handler's, CPURatio the same of CPU time per message.
	AnsweredRatio float64 `json:"answered_ratio"`
	CPURatio      float64 `json:"cpu_ratio"`
}

// measureBare adds the baseline to a result.
func measureBare(ctx context.Context, o *Options, r *Result) error {
	bare := Options{
		Customers: o.Customers, Messages: o.Messages, Duration: o.Duration, Channels: []config.Channel{config.ChannelTelegram}, Accounts: 1,
		FAQ: o.FAQ, Seed: o.Seed, Timeout: o.Timeout, Linger: o.Linger, Log: o.Log,
	}
	got, err := measure(ctx, &bare, func(ctx context.Context, _ *Options, w *world, _ string) (*under, error) {
		return startBare(ctx, o, w.accounts[0])
	})
	if err != nil {
		return fmt.Errorf("baseline: %w", err)
	}
	if !got.All.Sound() || got.All.AnsweredPer == 0 {
		return errors.New("baseline: the bare handler did not answer everything, it says nothing")
	}
	r.Baseline = &Baseline{Phase: got.Phase, AnsweredRatio: r.closed().All.AnsweredPer / got.All.AnsweredPer}
	if got.CPUPer10k > 0 {
		r.Baseline.CPURatio = r.closed().CPUPer10k / got.CPUPer10k
	}
	return nil
}

func startBare(ctx context.Context, o *Options, a *account) (*under, error) {
	line := append(slices.Clone(o.Bare), BareArgs(BareOptions{API: a.settings.Telegram.APIBase + "/bot" + a.settings.Telegram.Token, Secret: secretToken})...)
	u, err := startChild(ctx, o.Log, line)
	if err != nil {
		return nil, err
	}
	u.echoes = true
	return u, nil
}
