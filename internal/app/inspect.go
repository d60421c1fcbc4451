package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"kefu/adapters"
	"kefu/internal/config"
	"kefu/internal/coord"
	"kefu/internal/coord/local"
)

// inspectWithin bounds the look at one account.
const inspectWithin = 30 * time.Second

// Finding is what was found about one inbox.
type Finding struct {
	Inbox adapters.InboxName
	adapters.Finding
}

// Inspect asks every platform how the accounts of a configuration are set up there. It needs no storage and changes nothing.
func Inspect(ctx context.Context, cfg *config.Config, log *slog.Logger) ([]Finding, error) {
	c := local.New(local.Options{})
	defer c.Close()
	a := &App{cfg: cfg, o: Options{Log: log, Now: time.Now}, coord: coord.Coord(c)}
	all, err := a.connect(nobody{}) //nolint:contextcheck // each inspection brings its own
	if err != nil {
		return nil, err
	}
	found := make([][]adapters.Finding, len(all))
	var wg sync.WaitGroup
	for i, ad := range all {
		wg.Go(func() { found[i] = inspect(ctx, ad, inspection(cfg, ad.Inbox())) })
	}
	wg.Wait()
	var out []Finding
	for i, ad := range all {
		for _, f := range found[i] {
			out = append(out, Finding{Inbox: ad.Inbox(), Finding: f})
		}
	}
	return out, nil
}

func inspect(ctx context.Context, ad adapters.Adapter, q adapters.Inspection) []adapters.Finding {
	ctx, cancel := context.WithTimeout(ctx, inspectWithin)
	defer cancel()
	if in, ok := adapters.As[adapters.Inspector](ad); ok {
		return in.Inspect(ctx, q)
	}
	return []adapters.Finding{{Level: adapters.LevelOK, Subject: "this channel has nothing to look at"}}
}

func inspection(cfg *config.Config, inbox adapters.InboxName) adapters.Inspection {
	q := adapters.Inspection{WebhookURL: cfg.WebhookURL(inbox)}
	for _, k := range cfg.Desks {
		if k.Inbox == inbox {
			q.Groups = append(q.Groups, k.Chat)
		}
	}
	return q
}

// nobody is the gateway of adapters that are only looked at.
type nobody struct{}

func (nobody) Receive(context.Context, adapters.Message) error {
	return fmt.Errorf("not serving")
}

func (nobody) Answer(context.Context, adapters.Message, int) (string, bool, error) {
	return "", false, nil
}

func (nobody) Answered(context.Context, adapters.Message, bool) {}
