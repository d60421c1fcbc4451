package wechat_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/wechat"
	"kefu/adapters/wechat/wechatsim"
	"kefu/internal/sim"
)

func TestNudgeOutsideTheWindow(t *testing.T) {
	for _, kind := range []wechat.TemplateKind{wechat.TemplateMessage, wechat.TemplateSubscription} {
		var c clock
		s := startSim(t, strict(&c))
		cfg := configOf(s.Account(), s.BaseURL())
		cfg.Template = &wechat.Template{ID: wechatsim.Template, Kind: kind, Fields: map[string]string{"thing1": "您有新的客服回复", "time2": "{time}"}}
		g := adaptertest.NewGateway()
		env, _ := adaptertest.NewEnv(t, g)
		env.Zone = time.FixedZone("ahead", 14*60*60)
		a := newAdapter(t, cfg, env)
		s.SetWebhook(adaptertest.Serve(t, a))
		if !a.Features().Nudge {
			t.Error("Features.Nudge is not set")
		}
		say(t, s, "hello")
		c.move(49 * time.Hour)
		if got := sendTo(t, a, "words"); got != adapters.ReasonWindowClosed {
			t.Errorf("%s: the window is open: %q", kind, got)
		}
		if err := a.Nudge(t.Context(), person); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		posts := s.Posts(0)
		if p := posts[len(posts)-1]; p.Via != "template" || !strings.HasPrefix(p.Text, "您有新的客服回复\n") {
			t.Errorf("%s: post = %+v", kind, p)
		} else if at, err := time.ParseInLocation("2006-01-02 15:04", strings.Split(p.Text, "\n")[1], env.Zone); err != nil || time.Since(at).Abs() > 10*time.Minute {
			t.Errorf("%s: the time is not the zone's: %q", kind, p.Text)
		}
		if _, err := s.Say(t.Context(), sim.Say{From: person, Event: "stop"}); err != nil {
			t.Fatal(err)
		}
		if err := a.Nudge(t.Context(), person); adapters.ReasonOf(err) != adapters.ReasonUnreachable {
			t.Errorf("%s: to somebody who left: %v", kind, err)
		}
	}
	_, _, a := online(t, account)
	if err := a.Nudge(t.Context(), person); a.Features().Nudge || adapters.ReasonOf(err) != adapters.ReasonRejected {
		t.Errorf("without a template: %v", err)
	}
}

func TestTemplateIsValidated(t *testing.T) {
	good := wechat.Template{ID: "x", Kind: wechat.TemplateMessage, Fields: map[string]string{"thing1": "新回复", "time2": "{time}"}}
	for name, row := range map[string]struct {
		change func(*wechat.Template)
		want   []string
	}{
		"good":        {func(*wechat.Template) {}, nil},
		"no id":       {func(v *wechat.Template) { v.ID = "" }, []string{"template.id"}},
		"odd kind":    {func(v *wechat.Template) { v.Kind = "sms" }, []string{"template.kind"}},
		"no fields":   {func(v *wechat.Template) { v.Fields = nil }, []string{"template.fields"}},
		"odd field":   {func(v *wechat.Template) { v.Fields = map[string]string{"Thing 1": "x"} }, []string{"template.fields.Thing 1"}},
		"long thing":  {func(v *wechat.Template) { v.Fields = map[string]string{"thing1": strings.Repeat("长", 21)} }, []string{"template.fields.thing1"}},
		"odd address": {func(v *wechat.Template) { v.URL = "javascript:alert(1)" }, []string{"template.url"}},
	} {
		c := plainConfig()
		c.Template = new(good)
		row.change(c.Template)
		var got []string
		c.Validate(func(path, _ string) { got = append(got, path) })
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}
