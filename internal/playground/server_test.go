package playground_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/playground"
	"kefu/internal/sim"
	"kefu/internal/transcript"
)

// call makes a request and returns the answer's status and body.
func call(t *testing.T, method, url, body string, header ...string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// say makes somebody say something by way of the page and returns the message's id.
func say(t *testing.T, srv *httptest.Server, inbox string, s sim.Say) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"inbox": inbox, "say": s})
	if err != nil {
		t.Fatal(err)
	}
	status, answer := call(t, http.MethodPost, srv.URL+"/say", string(body))
	var out struct{ ID string }
	if err := json.Unmarshal([]byte(answer), &out); status != http.StatusOK || err != nil {
		t.Fatalf("say: %d %s", status, answer)
	}
	return out.ID
}

func TestSayRefuses(t *testing.T) {
	_, page := open(t)
	srv := serve(t, page)
	for _, tt := range []struct {
		name, method, path, body string
		header                   []string
		want                     int
	}{
		{"unknown inbox", "POST", "/say", `{"inbox":"shop-fax","say":{"From":"a","Text":"hi"}}`, nil, http.StatusNotFound},
		{"no inbox", "POST", "/say", `{}`, nil, http.StatusNotFound},
		{"no JSON", "POST", "/say", `hello`, nil, http.StatusBadRequest},
		{"nothing", "POST", "/say", ``, nil, http.StatusBadRequest},
		{"wrong type", "POST", "/say", `{"inbox":7}`, nil, http.StatusBadRequest},
		{"two values", "POST", "/say", `{"inbox":"shop-wechat","say":{"From":"a","Text":"hi"}}{}`, nil, http.StatusBadRequest},
		{"too large", "POST", "/edit", `{"Inbox":"shop-telegram","Text":"` + strings.Repeat("长", 30_000) + `"}`, nil, http.StatusRequestEntityTooLarge},
		{"too large a file", "POST", "/say", `{"inbox":"shop-wechat","say":{"Text":"` + strings.Repeat("x", 28<<20) + `"}}`, nil, http.StatusRequestEntityTooLarge},
		{"the file of a strange inbox", "GET", "/file?inbox=shop-fax&seq=1", ``, nil, http.StatusNotFound},
		{"the file of no post", "GET", "/file?inbox=shop-wechat&seq=1", ``, nil, http.StatusNotFound},
		{"a file by no number", "GET", "/file?inbox=shop-wechat&seq=-1", ``, nil, http.StatusNotFound},
		{"refused by the platform", "POST", "/say", `{"inbox":"shop-telegram","say":{"From":"nobody","Text":"hi"}}`, nil, http.StatusConflict},
		{"from another site", "POST", "/say", `{"inbox":"shop-wechat","say":{"From":"a","Text":"hi"}}`, []string{"Origin", "https://example.com"}, http.StatusForbidden},
		{"edit, no JSON", "POST", "/edit", `[`, nil, http.StatusBadRequest},
		{"edit where bots hear nothing of it", "POST", "/edit", `{"Inbox":"shop-wechat","From":"a","ID":"1","Text":"x"}`, nil, http.StatusNotFound},
		{"edit nothing on Feishu", "POST", "/edit", `{"Inbox":"shop-feishu","From":"ou_customer_fei","ID":"om_1","Text":"x"}`, nil, http.StatusConflict},
		{"edit nothing", "POST", "/edit", `{"Inbox":"shop-telegram","From":"600001","ID":"1","Text":"x"}`, nil, http.StatusConflict},
		{"no desk", "POST", "/desk?inbox=shop-wechat", ``, nil, http.StatusNotFound},
		{"no such file", "GET", "/nothing.js", ``, nil, http.StatusNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, answer := call(t, tt.method, srv.URL+tt.path, tt.body, tt.header...); got != tt.want {
				t.Errorf("status %d %s, want %d", got, answer, tt.want)
			}
		})
	}
}

type state struct {
	Customers []struct{ Inbox, ID, Name string }
	Groups    []struct {
		Inbox, Chat, Name string
		Agents            []struct{ Inbox, ID, Name string }
		Stranger          struct{ Inbox, ID, Name string }
	}
	Kinds  map[string][]string
	Events map[string][]struct{ Event, Key string }
	Desk   string
}

func readState(t *testing.T, srv *httptest.Server) (s state) {
	t.Helper()
	status, body := call(t, http.MethodGet, srv.URL+"/state", "")
	if err := json.Unmarshal([]byte(body), &s); status != http.StatusOK || err != nil {
		t.Fatalf("state: %d %v", status, err)
	}
	return s
}

// Everybody the page offers can speak where it offers it, and every kind can be sent.
func TestStateIsTrue(t *testing.T) {
	_, page := open(t)
	srv := serve(t, page)
	s := readState(t, srv)
	if len(s.Customers) != 3 || len(s.Groups) != 2 || s.Desk != playground.FeishuInbox {
		t.Errorf("state %+v", s)
	}
	for _, c := range s.Customers {
		if say(t, srv, c.Inbox, sim.Say{From: c.ID, Name: c.Name, Text: "hi"}) == "" {
			t.Errorf("%s wrote a message without an id", c.Name)
		}
		for _, kind := range s.Kinds[c.Inbox] {
			say(t, srv, c.Inbox, sim.Say{From: c.ID, Kind: kind})
		}
		for _, e := range append(s.Events[c.Inbox], struct{ Event, Key string }{Event: "start"}) {
			say(t, srv, c.Inbox, happens(c.Inbox, c.ID, e.Event, e.Key))
			if e.Event == "stop" {
				say(t, srv, c.Inbox, sim.Say{From: c.ID, Event: "start"})
			}
		}
	}
	for _, g := range s.Groups {
		for _, p := range append(g.Agents, g.Stranger) {
			say(t, srv, g.Inbox, sim.Say{From: p.ID, Name: p.Name, Chat: g.Chat, Text: "hi"})
		}
	}
}

// happens is an event as the page asks for it.
func happens(inbox, from, event, key string) sim.Say {
	s := sim.Say{From: from, Event: event}
	if inbox == playground.FeishuInbox {
		s.Text = key
	} else {
		s.Press = key
	}
	return s
}

// Whatever kind a customer sends reaches the agents, and whatever kind an agent sends reaches the customer: every kind the page offers, on every channel, through the page's own
// requests and a real gateway, to either desk.
func TestEveryKindBothWays(t *testing.T) {
	t.Parallel()
	for _, desk := range []string{playground.FeishuInbox, playground.TelegramInbox} {
		t.Run(desk, func(t *testing.T) {
			t.Parallel()
			srv := play(t)
			s := readState(t, srv)
			if desk != s.Desk {
				if status, answer := call(t, http.MethodPost, srv.URL+"/desk?inbox="+desk, ""); status != http.StatusOK {
					t.Fatalf("switch: %d %s", status, answer)
				}
			}
			chat, agent := playground.FeishuGroup, playground.FeishuAgent
			if desk == playground.TelegramInbox {
				chat, agent = playground.TelegramGroup, playground.TelegramAgent
			}
			seen := listen(t, srv)
			if desk != s.Desk { // each of the crew is told
				for range 4 {
					seen.post(func(p seenPost) bool { return p.Post.From == "" && p.Post.Group })
				}
			}
			for _, c := range s.Customers {
				say(t, srv, c.Inbox, sim.Say{From: c.ID, Name: c.Name, Text: "人工"})
				thread := seen.post(func(p seenPost) bool {
					return p.Inbox == desk && p.Post.Edited == 0 && slices.ContainsFunc(p.Post.Buttons, func(b sim.Button) bool { return b.Data == "claim" })
				})
				talk := thread.Post.Thread
				if talk == "" {
					talk = thread.Post.ID // on Feishu a thread is named by its root
				}
				inThread := func(p seenPost) bool {
					return p.Inbox == desk && p.Post.From == "" && p.Post.Edited == 0 && p.Post.Chat == chat && p.Post.Thread == talk
				}
				toCustomer := func(p seenPost) bool {
					return p.Inbox == c.Inbox && p.Post.From == "" && p.Post.Edited == 0 && !p.Post.Group
				}
				ask := func(words string) { // WeChat counts what is sent between two messages of a customer
					say(t, srv, c.Inbox, sim.Say{From: c.ID, Text: words})
					seen.post(func(p seenPost) bool { return inThread(p) && strings.Contains(p.Post.Text, words) })
				}
				ask("客户在吗")
				for _, kind := range s.Kinds[c.Inbox] {
					t.Logf("%s sends %s", c.Inbox, kind)
					say(t, srv, c.Inbox, sim.Say{From: c.ID, Kind: kind, Text: "words"})
					for range posts(kind) {
						seen.post(inThread)
					}
				}
				say(t, srv, desk, sim.Say{From: agent, Chat: chat, Thread: talk, Text: "客服在"})
				seen.post(func(p seenPost) bool { return toCustomer(p) && strings.Contains(p.Post.Text, "客服在") })
				for _, kind := range s.Kinds[desk] {
					t.Logf("the agent sends %s to %s", kind, c.Inbox)
					ask("还有 " + kind)
					say(t, srv, desk, sim.Say{From: agent, Chat: chat, Thread: talk, Kind: kind, Text: "words"})
					for range posts(kind) {
						seen.post(toCustomer)
					}
				}
			}
		})
	}
}

// posts is how many posts a kind becomes.
func posts(kind string) int {
	if kind == "album" {
		return 2
	}
	return 1
}

// post reads the stream until a post fits.
func (s *stream) post(fits func(seenPost) bool) seenPost {
	s.t.Helper()
	for {
		if p, _ := take[seenPost](s, "post", 1); fits(p[0]) {
			return p[0]
		}
	}
}

// A Feishu customer who stops the bot cannot be written to until they start again.
func TestFeishuStop(t *testing.T) {
	w, page := open(t)
	srv := serve(t, page)
	send := func() string {
		token := feishuToken(t, w)
		_, answer := call(t, http.MethodPost, w.Feishu.BaseURL()+"/open-apis/im/v1/messages?receive_id_type=open_id",
			`{"receive_id":"ou_a","msg_type":"text","content":"{\"text\":\"hi\"}"}`, "Authorization", "Bearer "+token, "Content-Type", "application/json; charset=utf-8")
		return regexp.MustCompile(`"code":(\d+)`).FindStringSubmatch(answer)[1]
	}
	var got []string
	for _, event := range []string{"start", "stop", "start"} {
		say(t, srv, playground.FeishuInbox, sim.Say{From: "ou_a", Event: event})
		got = append(got, send())
	}
	if diff := cmp.Diff([]string{"0", "230053", "0"}, got); diff != "" {
		t.Errorf("codes after start, stop, start (-want +got):\n%s", diff)
	}
}

func feishuToken(t *testing.T, w *playground.World) string {
	t.Helper()
	o := w.Feishu.Options()
	_, answer := call(t, http.MethodPost, w.Feishu.BaseURL()+"/open-apis/auth/v3/tenant_access_token/internal",
		`{"app_id":"`+o.AppID+`","app_secret":"`+o.AppSecret+`"}`, "Content-Type", "application/json; charset=utf-8")
	var out struct {
		Token string `json:"tenant_access_token"`
	}
	if err := json.Unmarshal([]byte(answer), &out); err != nil || out.Token == "" {
		t.Fatalf("token: %s", answer)
	}
	return out.Token
}

func TestReactions(t *testing.T) {
	w, page := open(t)
	srv := serve(t, page)
	id := say(t, srv, playground.FeishuInbox, sim.Say{From: playground.FeishuAgent, Chat: playground.FeishuGroup, Text: "hi"})
	_, answer := call(t, http.MethodPost, w.Feishu.BaseURL()+"/open-apis/im/v1/messages/"+id+"/reactions", `{"reaction_type":{"emoji_type":"DONE"}}`,
		"Authorization", "Bearer "+feishuToken(t, w), "Content-Type", "application/json; charset=utf-8")
	_, got := call(t, http.MethodGet, srv.URL+"/reactions?inbox="+playground.FeishuInbox+"&chat="+playground.FeishuGroup+"&id=other&id="+id, "")
	if want := `{"` + id + `":["DONE"]}`; strings.TrimSpace(got) != want {
		t.Errorf("reactions %s, want %s; the platform said %s", got, want, answer)
	}
}

// event is one message of the stream.
type event struct {
	Kind string
	N    int
	Data json.RawMessage
}

type seenPost struct {
	Inbox string
	Post  sim.Post
}

// stream reads the events of one connection.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
	close func()
}

func listen(t *testing.T, srv *httptest.Server) *stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := srv.Client().Do(req) //nolint:bodyclose // the stream's close does
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	s := &stream{t: t, lines: bufio.NewScanner(res.Body), close: func() { cancel(); _ = res.Body.Close() }}
	t.Cleanup(s.close)
	return s
}

// next returns the next event; ok is false at the end of the stream.
func (s *stream) next() (e event, ok bool) {
	s.t.Helper()
	for s.lines.Scan() {
		data, found := strings.CutPrefix(s.lines.Text(), "data: ")
		if !found {
			continue
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			s.t.Fatalf("event %q: %v", data, err)
		}
		return e, true
	}
	return e, false
}

// take reads n events of a kind and passes over others.
func take[T any](s *stream, kind string, n int) (data []T, numbers []int) {
	s.t.Helper()
	for len(data) < n {
		e, ok := s.next()
		if !ok {
			s.t.Fatalf("the stream ended after %d of %d events of kind %s", len(data), n, kind)
		}
		if e.Kind != kind {
			continue
		}
		var v T
		if err := json.Unmarshal(e.Data, &v); err != nil {
			s.t.Fatal(err)
		}
		data, numbers = append(data, v), append(numbers, e.N)
	}
	return data, numbers
}

func TestStream(t *testing.T) {
	_, page := open(t)
	srv := serve(t, page)
	page.Observe(transcript.Record{Step: "received", ID: "early"})
	say(t, srv, playground.TelegramInbox, sim.Say{From: "600001", Name: "Tom", Text: "one"})
	id := say(t, srv, playground.TelegramInbox, sim.Say{From: "600001", Kind: "sticker"})

	first := listen(t, srv)
	hello, _ := first.next()
	if hello.Kind != "hello" || len(hello.Data) < 10 {
		t.Errorf("the stream begins with %+v", hello)
	}
	check := func(s *stream) {
		t.Helper()
		posts, _ := take[seenPost](s, "post", 2)
		for i, p := range posts {
			if p.Inbox != playground.TelegramInbox || p.Post.Seq != int64(i+1) || p.Post.From != "600001" {
				t.Errorf("post %d is %+v", i, p)
			}
		}
	}
	check(first)
	page.Observe(transcript.Record{Step: "handled", ID: "late", Decision: "answer 1=0.90"})
	records, numbers := take[transcript.Record](listen(t, srv), "record", 2)
	if diff := cmp.Diff([]transcript.Record{{Step: "received", ID: "early"}, {Step: "handled", ID: "late", Decision: "answer 1=0.90"}}, records); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1, 2}, numbers); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
	type deed struct {
		ID  string
		Say sim.Say
	}
	deeds, _ := take[deed](listen(t, srv), "deed", 2)
	if deeds[1].ID != id || deeds[1].Say.Kind != "sticker" {
		t.Errorf("deeds %+v", deeds)
	}

	// What comes later reaches who listens already, and a second connection begins at the start.
	if status, answer := call(t, http.MethodPost, srv.URL+"/edit", `{"Inbox":"shop-telegram","From":"600001","ID":"1","Text":"uno"}`); status != http.StatusOK {
		t.Fatalf("edit: %d %s", status, answer)
	}
	edits, _ := take[seenPost](first, "post", 1)
	if p := edits[0].Post; p.Edited != 1 || p.Text != "uno" || p.Seq != 3 {
		t.Errorf("edit %+v", p)
	}
	first.close()
	again := listen(t, srv)
	if e, _ := again.next(); string(e.Data) != string(hello.Data) {
		t.Errorf("a reconnect says hello %s, before %s", e.Data, hello.Data)
	}
	check(again)
}

// A feed forgets the oldest, and numbers go on.
func TestStreamForgets(t *testing.T) {
	_, page := open(t)
	srv := serve(t, page)
	const all = 10_000
	for i := range all {
		page.Observe(transcript.Record{ID: strconv.Itoa(i + 1)})
	}
	s := listen(t, srv)
	got, numbers := take[transcript.Record](s, "record", 1)
	if numbers[0] == 1 || numbers[0] > all-1999 || got[0].ID != strconv.Itoa(numbers[0]) {
		t.Fatalf("the first record is %s with number %d", got[0].ID, numbers[0])
	}
	rest, numbers := take[transcript.Record](s, "record", all-numbers[0])
	if last := len(rest) - 1; rest[last].ID != strconv.Itoa(all) || numbers[last] != all {
		t.Errorf("the last record is %s with number %d", rest[last].ID, numbers[last])
	}
}

// A server that shuts down does not wait for streams.
func TestStreamEndsAtShutdown(t *testing.T) {
	_, page := open(t)
	srv := serve(t, page)
	s := listen(t, srv)
	s.next()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := srv.Config.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	for ok := true; ok; {
		_, ok = s.next()
	}
}

func TestDeskSwitch(t *testing.T) {
	w, page := open(t)
	srv := serve(t, page)
	for _, on := range []string{playground.TelegramInbox, playground.FeishuInbox} {
		before := map[string]int64{}
		for inbox, p := range w.Platforms() {
			before[inbox] = int64(len(p.Posts(0)))
		}
		if status, answer := call(t, http.MethodPost, srv.URL+"/desk?inbox="+on, ""); status != http.StatusOK {
			t.Fatalf("desk: %d %s", status, answer)
		}
		if got := readState(t, srv).Desk; got != on {
			t.Errorf("state says %s is on duty, want %s", got, on)
		}
		for inbox, want := range map[string][]string{
			playground.FeishuInbox:   {playground.FeishuAgent, playground.FeishuSecond},
			playground.TelegramInbox: {playground.TelegramAgent, playground.TelegramOther},
			playground.WeChatInbox:   nil,
		} {
			word := "/off"
			if inbox == on {
				word = "/on"
			}
			var said []string
			for _, p := range w.Platforms()[inbox].Posts(before[inbox]) {
				if p.From != "" && p.Text == word && p.Group {
					said = append(said, p.From)
				}
			}
			if diff := cmp.Diff(want, said); diff != "" {
				t.Errorf("%s on duty: who said %s on %s (-want +got):\n%s", on, word, inbox, diff)
			}
		}
	}
}

// The page needs nothing from elsewhere and obeys its own policy.
func TestPageFiles(t *testing.T) {
	_, page := open(t)
	srv := serve(t, page)
	res, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	page.ServeHTTP(w, res)
	if csp := w.Header().Get("Content-Security-Policy"); w.Code != http.StatusOK || !strings.Contains(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
		t.Errorf("status %d, policy %q", w.Code, csp)
	}
	foreign := regexp.MustCompile(`(?i)(src|href|url|import|fetch)[^\n]{0,20}(https?:)?//[a-z]`)
	inline := regexp.MustCompile(`(?i)<script[^>]*>[^<]|\son[a-z]+="|\sstyle="|javascript:|innerHTML|outerHTML|insertAdjacentHTML|document\.write`)
	files := os.DirFS("page")
	names, err := fs.Glob(files, "*")
	if err != nil || len(names) < 3 {
		t.Fatalf("files %v: %v", names, err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		if m := foreign.Find(b); m != nil {
			t.Errorf("%s loads from elsewhere: %s", name, m)
		}
		if m := inline.Find(b); m != nil {
			t.Errorf("%s has markup made of text or inline code: %s", name, m)
		}
	}
}
