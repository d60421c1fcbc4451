package adaptertest

import (
	"reflect"
	"slices"

	"kefu/adapters"
)

func claimChecks() []check {
	return []check{
		{name: "features match the interfaces", run: checkInterfaces},
		{name: "features are sensible", run: checkFeatures},
		{name: "probe accepts the account", when: func(f facts) bool { return can[adapters.Prober](f.Adapter) }, run: checkProbe},
	}
}

func can[T any](a adapters.Adapter) bool {
	_, ok := adapters.As[T](a)
	return ok
}

func checkInterfaces(h *harness) {
	for _, claim := range []struct {
		name       string
		said, does bool
	}{
		{"Threads and ThreadOpener", h.features.Threads, can[adapters.ThreadOpener](h.Adapter)},
		{"Edit and Editor", h.features.Edit, can[adapters.Editor](h.Adapter)},
		{"React and Reactor", h.features.React, can[adapters.Reactor](h.Adapter)},
	} {
		if claim.said != claim.does {
			h.Errorf("%s disagree: features say %v, implemented %v", claim.name, claim.said, claim.does)
		}
	}
	if h.Webhook != nil && !can[adapters.WebhookServer](h.Adapter) {
		h.Error("the subject has a Webhook, but the adapter is no WebhookServer")
	}
	if can[adapters.ThreadCloser](h.Adapter) && !h.features.Threads {
		h.Error("ThreadCloser without Features.Threads")
	}
}

func checkFeatures(h *harness) {
	f := h.features
	for _, rule := range []struct {
		holds bool
		says  string
	}{
		{h.Adapter.Inbox() != "", "Inbox is empty"},
		{f.MaxText > 0, "MaxText is not set"},
		{slices.Contains([]adapters.Unit{adapters.UnitByte, adapters.UnitRune, adapters.UnitUTF16}, f.TextUnit), "TextUnit is none of the units"},
		{f.MaxChoices >= 0, "MaxChoices is negative"},
		{f.MessageIDs || !f.Edit && !f.React, "Edit and React need MessageIDs"},
		{(f.ReplyWithin > 0) == (f.ReplyAttempts > 0), "ReplyWithin and ReplyAttempts go together"},
		{f.PushAllowed || f.ReplyWithin > 0, "neither PushAllowed nor ReplyWithin: nothing can ever be said"},
		{f.ReplyQuota == 0 || f.ReplyWindow > 0, "ReplyQuota without ReplyWindow"},
		{len(h.Secrets) > 0, "the subject names no Secrets, so leaks cannot be seen"},
		{reflect.DeepEqual(f, h.Adapter.Features()), "Features changed between two calls"},
	} {
		if !rule.holds {
			h.Errorf("%s: %+v", rule.says, f)
		}
	}
	for _, rate := range append([]adapters.Rate{f.PerChat, f.PerGroup}, f.PerAccount...) {
		if (rate.Count > 0) != (rate.Per > 0) || rate.Count < 0 {
			h.Errorf("rate %+v is neither unlimited nor a budget", rate)
		}
	}
}

func checkProbe(h *harness) {
	p, _ := adapters.As[adapters.Prober](h.Adapter)
	if err := p.Probe(h.within()); err != nil {
		h.Errorf("Probe against a healthy platform: %v", err)
	}
}
