package wechatsim_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kefu/adapters/wechat/wechatsim"
	"kefu/internal/sim"
)

func replyXML(to, from, created, kind, rest string) string {
	return "<xml><ToUserName><![CDATA[" + to + "]]></ToUserName><FromUserName>" + from + "</FromUserName><CreateTime>" + created +
		"</CreateTime><MsgType>" + kind + "</MsgType>" + rest + "</xml>"
}

// others returns the texts of posts not by person, with how they came.
func others(s *wechatsim.Sim) (list []string) {
	for _, p := range s.Posts(0) {
		if p.From != person {
			list = append(list, p.Via+": "+p.Text)
		}
	}
	return list
}

const notice = "system: 该公众号暂时无法提供服务，请稍后再试"

func TestReplyRules(t *testing.T) {
	o := quick()
	gh := start(t, o).Account().OriginalID
	good := replyXML(person, gh, "1", "text", "<Content>hi</Content>")
	for _, test := range []struct {
		name, body string
		mode       wechatsim.Mode
		want       []string // what the person sees
		refused    string
	}{
		{"success", "success", wechatsim.ModePlain, nil, ""},
		{"empty", "", wechatsim.ModePlain, nil, ""},
		{"text", good, wechatsim.ModePlain, []string{"passive: hi"}, ""},
		{"plain text in compatible mode", good, wechatsim.ModeCompatible, []string{"passive: hi"}, ""},
		{"longest", replyXML(person, gh, "1", "text", "<Content>"+strings.Repeat("x", 2048)+"</Content>"), wechatsim.ModePlain, []string{"passive: " + strings.Repeat("x", 2048)}, ""},
		{"handed over", replyXML(person, gh, "1", "transfer_customer_service", ""), wechatsim.ModePlain, []string{"passive: [transfer_customer_service]"}, ""},

		{"plain text in safe mode", good, wechatsim.ModeSafe, []string{notice}, "not encrypted"},
		{"encrypted in plain mode", "<xml><Encrypt>AAAA</Encrypt></xml>", wechatsim.ModePlain, []string{notice}, "encrypted in plain mode"},
		{"bad signature", "<xml><Encrypt>AAAA</Encrypt><MsgSignature>x</MsgSignature><TimeStamp>1</TimeStamp><Nonce>2</Nonce></xml>", wechatsim.ModeSafe, []string{notice}, "signature"},
		{"json", `{"Content":"hi"}`, wechatsim.ModePlain, []string{notice}, "not xml"},
		{"words", "ok", wechatsim.ModePlain, []string{notice}, "not xml"},
		{"to itself", replyXML(gh, gh, "1", "text", "<Content>hi</Content>"), wechatsim.ModePlain, []string{notice}, "ToUserName"},
		{"from the person", replyXML(person, person, "1", "text", "<Content>hi</Content>"), wechatsim.ModePlain, []string{notice}, "FromUserName"},
		{"no time", replyXML(person, gh, "", "text", "<Content>hi</Content>"), wechatsim.ModePlain, []string{notice}, "CreateTime"},
		{"unknown type", replyXML(person, gh, "1", "card", ""), wechatsim.ModePlain, []string{notice}, "MsgType"},
		{"no text", replyXML(person, gh, "1", "text", ""), wechatsim.ModePlain, []string{notice}, "empty Content"},
		{"too long", replyXML(person, gh, "1", "text", "<Content>"+strings.Repeat("x", 2049)+"</Content>"), wechatsim.ModePlain, []string{notice}, "Content too long"},
		{"no such image", replyXML(person, gh, "1", "image", "<Image><MediaId>x</MediaId></Image>"), wechatsim.ModePlain, []string{notice}, "MediaId"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := quick()
			o.Mode = test.mode
			s := start(t, o)
			h := &webhook{reply: func(_ int, _ delivered, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, test.body) }}
			serve(t, s, h)
			say(t, s, sim.Say{Text: "hello"})
			settle(t, s)
			if got := others(s); !slices.Equal(got, test.want) {
				t.Errorf("the person sees %q, want %q", got, test.want)
			}
			want := map[string]int{}
			if test.refused != "" {
				want["reply: "+test.refused] = 1
			}
			if got := s.Refusals(); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("refusals = %v, want %v", got, want)
			}
			if n := len(h.all()); n != 1 {
				t.Errorf("delivered %d times, want once", n)
			}
		})
	}
}

func TestFailedDeliveryIsRepeatedTwice(t *testing.T) {
	for name, fail := range map[string]func(w http.ResponseWriter, r *http.Request){
		"503":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"cut":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"slow": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			o := quick()
			o.Cut = 100 * time.Millisecond
			s := start(t, o)
			h := &webhook{reply: func(_ int, _ delivered, w http.ResponseWriter, r *http.Request) { fail(w, r) }}
			serve(t, s, h)
			id := say(t, s, sim.Say{Text: "hello"})
			settle(t, s)
			got := h.all()
			if len(got) != 3 {
				t.Fatalf("delivered %d times, want 3", len(got))
			}
			nonces := map[string]bool{}
			for _, d := range got {
				nonces[d.query["nonce"]] = true
				if d.msgID != id || d.query["openid"] != person || d.query["account"] != "1" {
					t.Errorf("delivered %+v, want message %s each time", d, id)
				}
			}
			if len(nonces) != 3 {
				t.Errorf("%d different nonces, want each request signed anew", len(nonces))
			}
			if got := others(s); !slices.Equal(got, []string{notice}) {
				t.Errorf("the person sees %q, want the notice", got)
			}
		})
	}
}

func TestRepeatThatSucceedsEndsTheMatter(t *testing.T) {
	s := start(t, quick())
	gh := s.Account().OriginalID
	h := &webhook{reply: func(n int, _ delivered, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, replyXML(person, gh, "1", "text", "<Content>second</Content>"))
	}}
	serve(t, s, h)
	say(t, s, sim.Say{Text: "hello"})
	settle(t, s)
	if got := others(s); !slices.Equal(got, []string{"passive: second"}) || len(h.all()) != 2 {
		t.Errorf("the person sees %q after %d requests, want the second's reply", got, len(h.all()))
	}
}

func TestAnswerAfterTheCutIsLost(t *testing.T) {
	o := quick()
	o.Cut = 500 * time.Millisecond
	s := start(t, o)
	gh := s.Account().OriginalID
	h := &webhook{reply: func(n int, _ delivered, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			<-r.Context().Done()
		}
		_, _ = io.WriteString(w, replyXML(person, gh, "1", "text", "<Content>answer "+strconv.Itoa(n)+"</Content>"))
	}}
	serve(t, s, h)
	say(t, s, sim.Say{Text: "hello"})
	settle(t, s)
	if got := others(s); !slices.Equal(got, []string{"passive: answer 2"}) {
		t.Errorf("the person sees %q, want only the answer in time", got)
	}
}

// planned makes the first delivery of the first message fail so.
func planned(s *wechatsim.Sim, fault sim.Fault) {
	var done atomic.Bool
	s.Faults().Plan(func(op string) sim.Fault {
		if op == "deliver" && done.CompareAndSwap(false, true) {
			return fault
		}
		return sim.FaultNone
	})
}

func TestDeliveryFaults(t *testing.T) {
	for _, test := range []struct {
		fault sim.Fault
		want  []string // contents in the order of arrival
	}{
		{sim.FaultReset, []string{"one", "two"}},
		{sim.FaultAcceptThenCut, []string{"one", "one", "two"}},
		{sim.FaultSlow, []string{"one", "one", "two"}},
		{sim.FaultDuplicate, []string{"one", "one", "two"}},
		{sim.FaultHold, []string{"two", "one"}},
	} {
		t.Run(string(test.fault), func(t *testing.T) {
			s := start(t, quick())
			gh := s.Account().OriginalID
			h := &webhook{reply: func(_ int, d delivered, w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, replyXML(person, gh, "1", "text", "<Content>to "+d.content+"</Content>"))
			}}
			serve(t, s, h)
			planned(s, test.fault)
			say(t, s, sim.Say{Text: "one"})
			if test.fault != sim.FaultHold {
				settle(t, s)
			}
			say(t, s, sim.Say{Text: "two"})
			settle(t, s)
			if got := h.contents(); !slices.Equal(got, test.want) {
				t.Errorf("arrived %q, want %q", got, test.want)
			}
			seen := others(s)
			slices.Sort(seen)
			if !slices.Equal(seen, []string{"passive: to one", "passive: to two"}) {
				t.Errorf("the person sees %q, want one reply to each message", seen)
			}
		})
	}
}

func TestHeldDeliveryIsNotKeptForEver(t *testing.T) {
	o := quick()
	o.Gap = 10 * time.Millisecond
	s := start(t, o)
	h := &webhook{}
	serve(t, s, h)
	planned(s, sim.FaultHold)
	say(t, s, sim.Say{Text: "alone"})
	settle(t, s)
	if got := h.contents(); !slices.Equal(got, []string{"alone"}) {
		t.Errorf("arrived %q, want the held message", got)
	}
}

func TestBurstOfOnePersonArrivesInOrder(t *testing.T) {
	s := start(t, quick())
	h := &webhook{}
	serve(t, s, h)
	var want []string
	for i := range 50 {
		want = append(want, strconv.Itoa(i))
		say(t, s, sim.Say{Text: strconv.Itoa(i)})
	}
	settle(t, s)
	if got := h.contents(); !slices.Equal(got, want) {
		t.Errorf("arrived %q, want in order", got)
	}
}

func TestPeopleDoNotWaitForEachOther(t *testing.T) {
	s := start(t, quick())
	release := make(chan struct{})
	h := &webhook{reply: func(_ int, d delivered, w http.ResponseWriter, r *http.Request) {
		if d.content == "slow" {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
		_, _ = io.WriteString(w, "success")
		if d.content == "quick" {
			close(release)
		}
	}}
	serve(t, s, h)
	say(t, s, sim.Say{From: "oSlow", Text: "slow"})
	say(t, s, sim.Say{From: "oQuick", Text: "quick"})
	settle(t, s)
	if got := h.contents(); len(got) != 2 {
		t.Errorf("arrived %q, want each once", got)
	}
}

func TestDeliveriesWaitForTheWebhook(t *testing.T) {
	s := start(t, quick())
	say(t, s, sim.Say{Text: "early"})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Settled(ctx); err == nil {
		t.Error("settled without a webhook")
	}
	h := &webhook{}
	serve(t, s, h)
	settle(t, s)
	if got := h.contents(); !slices.Equal(got, []string{"early"}) {
		t.Errorf("arrived %q, want the early message", got)
	}
}

func TestModesWrapDeliveries(t *testing.T) {
	for mode, want := range map[wechatsim.Mode]struct{ plain, sealed bool }{
		wechatsim.ModePlain:      {plain: true},
		wechatsim.ModeCompatible: {plain: true, sealed: true},
		wechatsim.ModeSafe:       {sealed: true},
	} {
		t.Run(string(mode), func(t *testing.T) {
			o := quick()
			o.Mode = mode
			s := start(t, o)
			h := &webhook{}
			serve(t, s, h)
			say(t, s, sim.Say{Text: "hello"})
			settle(t, s)
			d := h.all()[0]
			if got := strings.Contains(d.raw, "<![CDATA[hello]]>"); got != want.plain {
				t.Errorf("plain words in the body: %v, want %v", got, want.plain)
			}
			if got := strings.Contains(d.raw, "<Encrypt>") && d.query["encrypt_type"] == "aes" && len(d.query["msg_signature"]) == 40; got != want.sealed {
				t.Errorf("sealed: %v, want %v: %v", got, want.sealed, d.query)
			}
		})
	}
}

func TestEventsAndKinds(t *testing.T) {
	s := start(t, quick())
	h := &webhook{}
	serve(t, s, h)
	for _, test := range []struct {
		say  sim.Say
		want []string
	}{
		{sim.Say{Event: "start"}, []string{"<![CDATA[subscribe]]>", "<EventKey><![CDATA[]]></EventKey>"}},
		{sim.Say{Event: "start", Press: "7"}, []string{"<![CDATA[qrscene_7]]>"}},
		{sim.Say{Event: "scan", Press: "7"}, []string{"<![CDATA[SCAN]]>", "<EventKey><![CDATA[7]]></EventKey>"}},
		{sim.Say{Event: "menu", Press: "K"}, []string{"<![CDATA[CLICK]]>", "<![CDATA[K]]>"}},
		{sim.Say{Event: "view", Press: "https://example.com/"}, []string{"<![CDATA[VIEW]]>"}},
		{sim.Say{Event: "location"}, []string{"<![CDATA[LOCATION]]>", "<Latitude>"}},
		{sim.Say{Kind: "image"}, []string{"<PicUrl>", "<MediaId>", "<MsgId>"}},
		{sim.Say{Kind: "voice", Text: "转人工"}, []string{"<Recognition><![CDATA[转人工]]>", "<Format><![CDATA[amr]]>"}},
		{sim.Say{Kind: "video"}, []string{"<![CDATA[video]]>", "<ThumbMediaId>"}},
		{sim.Say{Kind: "shortvideo"}, []string{"<![CDATA[shortvideo]]>"}},
		{sim.Say{Kind: "location", Text: "天河"}, []string{"<Location_X>", "<Label><![CDATA[天河]]>"}},
		{sim.Say{Kind: "link", Text: "标题"}, []string{"<Title><![CDATA[标题]]>", "<Url>"}},
		{sim.Say{Text: "a ]]> b"}, []string{"a ]]]]><![CDATA[> b"}},
		{sim.Say{Event: "stop"}, []string{"<![CDATA[unsubscribe]]>"}},
	} {
		say(t, s, test.say)
		settle(t, s)
		got := h.all()
		for _, want := range test.want {
			if raw := got[len(got)-1].raw; !strings.Contains(raw, want) {
				t.Errorf("%+v: delivered %s, want %s in it", test.say, raw, want)
			}
		}
	}
}

func TestWhatPeopleCannotDo(t *testing.T) {
	s := start(t, quick())
	serve(t, s, &webhook{})
	say(t, s, sim.Say{From: "oLeft", Text: "hello"})
	say(t, s, sim.Say{From: "oLeft", Event: "stop"})
	for name, what := range map[string]sim.Say{
		"nobody":        {Text: "x"},
		"group":         {From: person, Chat: "group", Text: "x"},
		"thread":        {From: person, Thread: "1", Text: "x"},
		"nothing":       {From: person},
		"unknown event": {From: person, Event: "dance"},
		"unknown kind":  {From: person, Kind: "hologram"},
		"after leaving": {From: "oLeft", Text: "x"},
		"left twice":    {From: "oLeft", Event: "stop"},
	} {
		if id, err := s.Say(t.Context(), what); err == nil {
			t.Errorf("%s: accepted as %s", name, id)
		}
	}
	settle(t, s)
	for _, p := range s.Posts(0) {
		if p.Text == "x" {
			t.Errorf("a refused message is shown: %+v", p)
		}
	}
}

func TestVerify(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		good   bool
	}{
		"echo":  {func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Query().Get("echostr")) }, true},
		"other": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "success") }, false},
		"401":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, quick())
			serve(t, s, http.HandlerFunc(test.answer))
			if err := s.Verify(t.Context()); (err == nil) != test.good {
				t.Errorf("Verify: %v, want success %v", err, test.good)
			}
		})
	}
}

func TestCloseEndsEverything(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := wechatsim.Start(quick())
	if err != nil {
		t.Fatal(err)
	}
	began := make(chan struct{}, 1)
	h := &webhook{reply: func(_ int, _ delivered, _ http.ResponseWriter, r *http.Request) {
		began <- struct{}{}
		<-r.Context().Done()
	}}
	serve(t, s, h)
	say(t, s, sim.Say{Text: "hello"})
	<-began
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := s.Say(t.Context(), sim.Say{From: person, Text: "x"}); err == nil {
		t.Error("a closed simulator takes messages")
	}
	deadline := time.After(5 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > before+4 { // the webhook's own server has a few
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
	}
}
