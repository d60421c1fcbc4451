package bench

import (
	"context"
	"fmt"

	"kefu/internal/config"
)

// AES compares official accounts in safe mode with those in plain mode.
type AES struct {
	Plain []Phase `json:"plain"`
	Safe  []Phase `json:"safe"`
	// AnsweredLoss is the share of the rate of answers that safe mode costs, by the means of all rounds; CPUMore the share by which a message takes more CPU time.
	AnsweredLoss float64 `json:"answered_loss"`
	CPUMore      float64 `json:"cpu_more"`
}

// compareAES measures both modes on official accounts alone, in turn, so that what else the machine does hits both; the result's own figures are those of the last round in safe mode.
func compareAES(ctx context.Context, o *Options) (*Result, error) {
	cost := &AES{}
	var last *Result
	for range o.Rounds {
		for _, mode := range []string{"plain", "safe"} {
			run := *o
			run.Channels, run.Inboxes, run.WeChatMode, run.Baseline, run.Data = []config.Channel{config.ChannelWeChat}, nil, mode, false, ""
			run.CPUProfile = ""
			run.Cases, run.Agents = 0, 0
			r, err := measure(ctx, &run, startGateway)
			if err != nil {
				return nil, fmt.Errorf("%s mode: %w", mode, err)
			}
			last = r
			if mode == "plain" {
				cost.Plain = append(cost.Plain, *r.closed())
			} else {
				cost.Safe = append(cost.Safe, *r.closed())
			}
		}
	}
	cost.compare()
	last.AES = cost
	return last, nil
}

func (c *AES) compare() {
	rate := func(p *Phase) float64 { return p.All.AnsweredPer }
	cpu := func(p *Phase) float64 { return p.CPUPer10k }
	if plain := mean(c.Plain, rate); plain > 0 {
		c.AnsweredLoss = 1 - mean(c.Safe, rate)/plain
	}
	if plain := mean(c.Plain, cpu); plain > 0 {
		c.CPUMore = mean(c.Safe, cpu)/plain - 1
	}
}

func mean(all []Phase, of func(*Phase) float64) float64 {
	sum := 0.0
	for i := range all {
		sum += of(&all[i])
	}
	return sum / float64(max(len(all), 1))
}
