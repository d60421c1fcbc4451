package transcript_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/internal/transcript"
)

func TestFindings(t *testing.T) {
	t.Parallel()
	on := newPlatform(adapters.Features{MessageIDs: true})
	kinds := map[string]transcript.FindingKind{"0": transcript.FoundNothing, "1": transcript.FoundAnswer}
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		plan := reply(m)
		if kind, ok := kinds[m.Text[len(m.Text)-1:]]; ok {
			plan.Finding = &transcript.Finding{Kind: kind, Entry: "7"}
		}
		return plan, nil
	}}
	p := one(t, on, h)
	for n := range 13 {
		p.receive(t, message(fmt.Sprint("chat", n), n))
		p.await(t, string(transcript.StateHandled), 1)
	}
	collect := func(kind transcript.FindingKind, since time.Time, limit int) (got []string) {
		t.Helper()
		err := p.Findings(t.Context(), kind, since, limit, func(e *transcript.Entry) error {
			got = append(got, e.In.Text+"/"+e.Finding.Entry)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	tests := []struct {
		kind  transcript.FindingKind
		since time.Time
		limit int
		want  string
	}{
		{transcript.FoundNothing, time.Time{}, 10, "m10/7 m0/7"},
		{transcript.FoundAnswer, time.Time{}, 1, "m11/7"},
		{transcript.FoundAnswer, time.Now().Add(time.Hour), 10, ""},
		{transcript.FoundBad, time.Time{}, 10, ""},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, strings.Join(collect(tt.kind, tt.since, tt.limit), " ")); diff != "" {
			t.Errorf("%s, limit %d (-want +got):\n%s", tt.kind, tt.limit, diff)
		}
	}
	stop := errors.New("enough")
	if err := p.Findings(t.Context(), transcript.FoundAnswer, time.Time{}, 10, func(*transcript.Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v, want the callback's error", err)
	}
}

// What was said into a group is found by a quote, inside a topic or not; what was said to a person is not looked for.
func TestQuoted(t *testing.T) {
	t.Parallel()
	on := newPlatform(adapters.Features{MessageIDs: true})
	h := &echo{handle: func(m *adapters.Message) (transcript.Plan, error) {
		plan := reply(m)
		plan.Posts[0].Message.Group = m.Text == "m1"
		plan.Posts[0].ID = "post " + m.Text
		return plan, nil
	}}
	p := one(t, on, h)
	for n := 1; n <= 2; n++ {
		p.receive(t, message("a", n))
		p.await(t, string(transcript.StateSent), 1)
	}
	for native, want := range map[adapters.MessageID]string{"n1": "post m1", "n2": "", "n3": "", "": ""} {
		e, err := p.Quoted(t.Context(), &adapters.Message{Inbox: "shop", Chat: "a", ReplyTo: native})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if e != nil {
			got = e.ID
		}
		if got != want {
			t.Errorf("%s quotes %q, want %q", native, got, want)
		}
	}
}
