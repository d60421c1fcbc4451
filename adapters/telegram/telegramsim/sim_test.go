package telegramsim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters/telegram/telegramsim"
	"kefu/internal/sim"
)

// stocked is a world with a person who wrote, one who left, groups and topics.
func stocked(t *testing.T) *world {
	w := start(t, telegramsim.Options{NoLimits: true})
	w.say(sim.Say{From: "10", Text: "hi"})
	w.say(sim.Say{From: "11", Text: "hi"})
	w.say(sim.Say{From: "11", Event: "stop"})
	w.must(w.Deactivate("12"))
	w.must(w.AddGroup(forum, "Forum", true))
	w.must(w.AddGroup("-20", "Plain", false))
	w.must(w.AddGroup("-21", "Moved", false))
	w.must(w.AddGroup("-22", "Gone", false))
	w.must(w.RemoveBot("-22"))
	if _, err := w.Migrate("-21"); err != nil {
		t.Fatal(err)
	}
	w.say(sim.Say{From: "13", Chat: "-20", Text: "I never wrote to the bot"})
	w.must(w.Promote(forum, true))
	return w
}

func TestRefusals(t *testing.T) {
	w := stocked(t)
	var topic struct {
		ID int `json:"message_thread_id"`
	}
	w.ok(&topic, "createForumTopic", "chat_id", forum, "name", "Case")
	w.ok(nil, "closeForumTopic", "chat_id", forum, "message_thread_id", topic.ID)
	var sent struct {
		ID int `json:"message_id"`
	}
	w.ok(&sent, "sendMessage", "chat_id", 10, "text", "same")
	buttons := func(b ...map[string]any) map[string]any {
		return map[string]any{"inline_keyboard": []any{b}}
	}
	send := func(args ...any) []any { return append([]any{"chat_id", 10, "text", "x"}, args...) }

	for _, c := range []struct {
		method string
		args   []any
		code   int
		want   string
	}{
		{"sendMessage", []any{"text", "x"}, 400, "Bad Request: chat_id is empty"},
		{"sendMessage", []any{"chat_id", 999, "text", "x"}, 400, "Bad Request: chat not found"},
		{"sendMessage", []any{"chat_id", "@channel", "text", "x"}, 400, "Bad Request: chat not found"},
		{"sendMessage", []any{"chat_id", 13, "text", "x"}, 400, "Bad Request: chat not found"},
		{"sendMessage", []any{"chat_id", 11, "text", "x"}, 403, "Forbidden: bot was blocked by the user"},
		{"sendMessage", []any{"chat_id", 12, "text", "x"}, 403, "Forbidden: user is deactivated"},
		{"sendMessage", []any{"chat_id", -22, "text", "x"}, 403, "Forbidden: bot was kicked from the group chat"},
		{"sendMessage", []any{"chat_id", -21, "text", "x"}, 400, "Bad Request: group chat was upgraded to a supergroup chat"},
		{"sendMessage", []any{"chat_id", 10}, 400, "Bad Request: message text is empty"},
		{"sendMessage", []any{"chat_id", 10, "text", " \n\t"}, 400, "Bad Request: message text is empty"},
		{"sendMessage", []any{"chat_id", 10, "text", strings.Repeat("x", 4097)}, 400, "Bad Request: message is too long"},
		{"sendMessage", []any{"chat_id", 10, "text", strings.Repeat("😀", 2049)}, 400, "Bad Request: message is too long"},
		{"sendMessage", send("parse_mode", "LaTeX"), 400, "Bad Request: unsupported parse_mode"},
		{"sendMessage", []any{"chat_id", 10, "text", "a.b", "parse_mode", "MarkdownV2"}, 400, `Bad Request: can't parse entities: Character '.' is reserved and must be escaped with the preceding '\'`},
		{"sendMessage", []any{"chat_id", 10, "text", "a*b", "parse_mode", "Markdown"}, 400, "Bad Request: can't parse entities: Can't find end of the entity starting at byte offset 1"},
		{"sendMessage", []any{"chat_id", 10, "text", "<x>", "parse_mode", "HTML"}, 400, `Bad Request: can't parse entities: Unsupported start tag "x" at byte offset 0`},
		{"sendMessage", []any{"chat_id", 10, "text", "<b>x", "parse_mode", "HTML"}, 400, `Bad Request: can't parse entities: Can't find end tag corresponding to start tag "b"`},
		{"sendMessage", send("reply_parameters", map[string]any{"message_id": 999}), 400, "Bad Request: message to be replied not found"},
		{"sendMessage", send("reply_parameters", "{"), 400, "Bad Request: can't parse reply parameters JSON object"},
		{"sendMessage", send("link_preview_options", "{"), 400, "Bad Request: can't parse link preview options JSON object"},
		{"sendMessage", send("reply_markup", "{"), 400, "Bad Request: can't parse reply keyboard markup JSON object"},
		{"sendMessage", send("reply_markup", buttons(map[string]any{"text": "A", "callback_data": strings.Repeat("x", 65)})), 400, "Bad Request: BUTTON_DATA_INVALID"},
		{"sendMessage", send("reply_markup", buttons(map[string]any{"text": "A"})), 400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"},
		{"sendMessage", send("message_thread_id", 7), 400, "Bad Request: message thread not found"},
		{"sendMessage", []any{"chat_id", forum, "text", "x", "message_thread_id", 1}, 400, "Bad Request: message thread not found"},
		{"sendMessage", []any{"chat_id", forum, "text", "x", "message_thread_id", topic.ID}, 400, "Bad Request: TOPIC_CLOSED"},
		{"createForumTopic", []any{"chat_id", -20, "name", "x"}, 400, "Bad Request: the chat is not a forum"},
		{"createForumTopic", []any{"chat_id", 10, "name", "x"}, 400, "Bad Request: the chat is not a forum"},
		{"createForumTopic", []any{"chat_id", forum, "name", strings.Repeat("x", 129)}, 400, "Bad Request: topic name is too long"},
		{"closeForumTopic", []any{"chat_id", forum, "message_thread_id", topic.ID}, 400, "Bad Request: TOPIC_NOT_MODIFIED"},
		{"closeForumTopic", []any{"chat_id", forum, "message_thread_id", 999}, 400, "Bad Request: TOPIC_ID_INVALID"},
		{"editMessageText", []any{"chat_id", 10, "message_id", 999, "text", "x"}, 400, "Bad Request: message to edit not found"},
		{"editMessageText", []any{"chat_id", 10, "message_id", 1, "text", "x"}, 400, "Bad Request: message can't be edited"},
		{"editMessageText", []any{"chat_id", 10, "message_id", sent.ID, "text", "same"}, 400, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message"},
		{"deleteMessage", []any{"chat_id", 10, "message_id", 999}, 400, "Bad Request: message to delete not found"},
		{"answerCallbackQuery", []any{"callback_query_id", "1"}, 400, "Bad Request: query is too old and response timeout expired or query ID is invalid"},
		{"sendChatAction", []any{"chat_id", 10, "action", "sleep"}, 400, "Bad Request: wrong parameter action in request"},
		{"setMessageReaction", []any{"chat_id", 10, "message_id", sent.ID, "reaction", []any{map[string]any{"type": "emoji", "emoji": "✅"}}}, 400, "Bad Request: REACTION_INVALID"},
		{"getFile", []any{"file_id", "x"}, 400, "Bad Request: wrong file_id or the file is temporarily unavailable"},
		{"setWebhook", []any{"url", "http://bot.example.com/"}, 400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"},
		{"setWebhook", []any{"url", "https://bot.example.com:9000/"}, 400, "Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"},
		{"setWebhook", []any{"url", "https://bot.example.com/", "secret_token", "a b"}, 400, "Bad Request: secret token contains unallowed characters"},
		{"sendNothing", nil, 404, "Not Found: method not found"},
	} {
		t.Run(c.method+" "+c.want, func(t *testing.T) {
			a := w.call(c.method, c.args...)
			if a.OK || a.Status != c.code || a.ErrorCode != c.code || a.Description != c.want {
				t.Errorf("answer = HTTP %d, %d %q, want %d %q", a.Status, a.ErrorCode, a.Description, c.code, c.want)
			}
		})
	}
	if w.Refusals()["403"] != 3 {
		t.Errorf("refusals = %v, want three times 403", w.Refusals())
	}
}

func TestTokens(t *testing.T) {
	w := start(t, telegramsim.Options{})
	for at, want := range map[string]int{
		"/bot" + telegramsim.DefaultToken + "/getMe":     200,
		"/bot" + telegramsim.DefaultToken + "/GETME":     200,
		"/bot" + telegramsim.DefaultToken + "X/getMe":    401,
		"/botnonsense/getMe":                             404,
		"/getMe":                                         404,
		"/file/bot" + telegramsim.DefaultToken + "/none": 404,
	} {
		if a := w.do(http.MethodGet, at, "", nil); a.Status != want || a.OK != (want == 200) {
			t.Errorf("%s: HTTP %d, want %d", at, a.Status, want)
		}
	}
	if a := w.do(http.MethodPut, path("getMe"), "", nil); a.Status != http.StatusMethodNotAllowed {
		t.Errorf("PUT: HTTP %d", a.Status)
	}
}

func TestParametersInEveryForm(t *testing.T) {
	w := start(t, telegramsim.Options{NoLimits: true})
	w.say(sim.Say{From: "10", Text: "hi"})
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	w.must(m.WriteField("chat_id", "10"))
	w.must(m.WriteField("text", "multipart"))
	w.must(m.Close())
	values := func(text string) url.Values { return url.Values{"chat_id": {"10"}, "text": {text}} }
	for _, c := range []struct {
		name, method, query, contentType, body string
		want                                   int
	}{
		{"query", "GET", values("query").Encode(), "", "", 200},
		{"form", "POST", "", "application/x-www-form-urlencoded", values("form").Encode(), 200},
		{"json", "POST", "", "application/json; charset=utf-8", `{"chat_id":10,"text":"json"}`, 200},
		{"json", "POST", "", "application/json", `{"chat_id":"10","text":"json"}`, 200},
		{"multipart", "POST", "", m.FormDataContentType(), form.String(), 200},
		{"broken json", "POST", "", "application/json", `{"chat_id":`, 400},
		{"unknown type", "POST", "", "text/plain", values("x").Encode(), 400},
	} {
		a := w.do(c.method, path("sendMessage")+"?"+c.query, c.contentType, strings.NewReader(c.body))
		if a.Status != c.want {
			t.Errorf("%s: HTTP %d %s, want %d", c.name, a.Status, a.Description, c.want)
			continue
		}
		posts := w.Posts(0)
		if p := posts[len(posts)-1]; c.want == 200 && p.Text != c.name {
			t.Errorf("%s: post %q", c.name, p.Text)
		}
	}
}

// clock is a settable Options.Now.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1_795_000_000, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestPace(t *testing.T) {
	c := newClock()
	w := start(t, telegramsim.Options{Now: c.Now})
	w.must(w.AddGroup("-20", "Plain", false))
	for i := range 60 {
		w.say(sim.Say{From: fmt.Sprint(100 + i), Text: "hi"})
	}
	burst := func(chat any) (n, retry int) {
		for {
			a := w.call("sendMessage", "chat_id", chat, "text", "x")
			if !a.OK {
				if a.ErrorCode != 429 || a.Description != fmt.Sprintf("Too Many Requests: retry after %d", a.Parameters.RetryAfter) {
					t.Errorf("answer = %+v", a)
				}
				return n, a.Parameters.RetryAfter
			}
			n++
		}
	}
	if n, retry := burst(100); n != 5 || retry != 1 {
		t.Errorf("private chat: %d at once, then %d s", n, retry)
	}
	c.advance(time.Second)
	if n, _ := burst(100); n != 1 {
		t.Errorf("private chat: %d after a second", n)
	}
	c.advance(time.Minute)
	for range 3 { // no minute has more than 20, however they are spread
		n, retry := burst(-20)
		c.advance(30 * time.Second)
		again, later := burst(-20)
		if n != 20 || retry != 60 || again != 0 || later != 30 {
			t.Errorf("group: %d at once, then %d s; after half of it %d, then %d s", n, retry, again, later)
		}
		c.advance(30 * time.Second)
	}
	total := 0
	for i := range 60 {
		if w.call("sendMessage", "chat_id", 100+i, "text", "x").OK {
			total++
		}
	}
	if total != 30 {
		t.Errorf("over all chats: %d at once, want 30", total)
	}
	c.advance(time.Minute)
	for range 60 {
		w.ok(nil, "sendMessage", "chat_id", -20, "text", "steady")
		c.advance(3 * time.Second)
	}
}

func TestFaults(t *testing.T) {
	w := start(t, telegramsim.Options{NoLimits: true})
	w.say(sim.Say{From: "10", Text: "hi"})
	for _, c := range []struct {
		fault  sim.Fault
		status int // 0 = no answer
		posts  int
	}{
		{sim.FaultRateLimit, 429, 0}, {sim.FaultServerError, 502, 0}, {sim.FaultReset, 0, 0}, {sim.FaultTokenExpired, 401, 0},
		{sim.FaultAcceptThenCut, 0, 1}, {sim.FaultAcceptThen5xx, 502, 1}, {sim.FaultSlow, 0, 1}, {sim.FaultBadJSON, 200, 1},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			before := int64(len(w.Posts(0)))
			w.Faults().Plan(func(op string) sim.Fault {
				if op == "sendMessage" {
					return c.fault
				}
				return sim.FaultNone
			})
			defer w.Faults().Plan(nil)
			ctx, cancel := context.WithTimeout(w.ctx, 300*time.Millisecond)
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.BaseURL()+path("sendMessage")+"?chat_id=10&text=x", nil)
			if err != nil {
				t.Fatal(err)
			}
			status := 0
			if resp, err := w.client.Do(r); err == nil {
				status = resp.StatusCode
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if json.Valid(body) == (c.fault == sim.FaultBadJSON || status == 502) || err != nil {
					t.Errorf("body = %q, %v", body, err)
				}
			}
			if status != c.status {
				t.Errorf("HTTP %d, want %d", status, c.status)
			}
			if n := len(w.Posts(before)); n != c.posts {
				t.Errorf("%d posts, want %d", n, c.posts)
			}
			if n := w.Faults().Hits()[c.fault]; n != 1 {
				t.Errorf("%d hits", n)
			}
		})
	}
	if got := w.Refusals(); len(got) != 0 {
		t.Errorf("refusals = %v: faults are none", got)
	}
}

func TestPostsTellWhatPeopleSee(t *testing.T) {
	w := start(t, telegramsim.Options{NoLimits: true, Now: newClock().Now})
	id := w.say(sim.Say{From: "10", Name: "Ada", Text: "  hi  "})
	w.ok(nil, "sendMessage", "chat_id", 10, "text", "<b>A</b> &amp; B", "parse_mode", "HTML", "reply_to_message_id", id,
		"reply_markup", `{"inline_keyboard":[[{"text":"Yes","callback_data":"y"}]]}`)
	w.ok(nil, "editMessageText", "chat_id", 10, "message_id", 2, "text", "done")
	w.must(w.Edit("10", "", id, "hello"))
	at := newClock().now
	want := []sim.Post{
		{Seq: 1, Chat: "10", ID: "1", From: "10", Text: "hi", At: at},
		{Seq: 2, Chat: "10", ID: "2", Text: "A & B", Buttons: []sim.Button{{Label: "Yes", Data: "y"}}, ReplyTo: "1", Via: "api", At: at},
		{Seq: 3, Chat: "10", ID: "2", Text: "done", Edited: 2, Via: "api", At: at},
		{Seq: 4, Chat: "10", ID: "1", From: "10", Text: "hello", Edited: 1, At: at},
	}
	if diff := cmp.Diff(want, w.Posts(0)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
}

func TestPeopleAreRefusedToo(t *testing.T) {
	w := stocked(t)
	thread, err := w.AddTopic("10", forum, "t")
	w.must(err)
	w.must(w.CloseTopic("10", forum, thread))
	for _, s := range []sim.Say{
		{From: "nobody", Text: "x"},
		{From: "-5", Text: "x"},
		{From: "10"},
		{From: "10", Text: strings.Repeat("x", 4097)},
		{From: "10", Chat: "-999", Text: "x"},
		{From: "10", Chat: "-21", Text: "x"},
		{From: "11", Text: "blocked"},
		{From: "10", Press: "y", ReplyTo: "999"},
		{From: "10", Press: "y", ReplyTo: "1"},
		{From: "10", Event: "dance"},
		{From: "10", Chat: "-20", Event: "start"},
		{From: "10", Kind: "hologram"},
		{From: "10", Chat: forum, Thread: "999", Text: "x"},
		{From: "10", Chat: forum, Thread: thread, Text: "x"},
	} {
		if id, err := w.Say(w.ctx, s); err == nil {
			t.Errorf("%+v was accepted as %s", s, id)
		}
	}
	w.must(w.ReopenTopic("10", forum, thread))
	w.say(sim.Say{From: "10", Chat: forum, Thread: thread, Text: "x"})
}

func TestFilesCanBeFetched(t *testing.T) {
	w := start(t, telegramsim.Options{})
	w.say(sim.Say{From: "10", Kind: "document", Text: "see file"})
	var updates []struct {
		Message struct {
			Caption  string
			Document struct {
				ID string `json:"file_id"`
			}
		}
	}
	w.ok(&updates, "getUpdates")
	var file struct {
		Path string `json:"file_path"`
		Size int    `json:"file_size"`
	}
	w.ok(&file, "getFile", "file_id", updates[0].Message.Document.ID)
	resp, err := w.request(http.MethodGet, "/file/bot"+telegramsim.DefaultToken+"/"+file.Path, "", nil)
	w.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || len(body) != file.Size || len(body) == 0 {
		t.Errorf("file = %q, %v, want %d bytes", body, err, file.Size)
	}
}

func TestCloseEndsWhatWaits(t *testing.T) {
	s, err := telegramsim.Start(telegramsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	arrived := make(chan struct{}, 10)
	stuck := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	defer stuck.Close()
	s.SetWebhook(stuck.URL)
	if _, err := s.Say(context.Background(), sim.Say{From: "10", Text: "hi"}); err != nil {
		t.Fatal(err)
	}
	<-arrived
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Say(context.Background(), sim.Say{From: "10", Text: "hi"}); err == nil {
		t.Error("a closed simulator accepts messages")
	}
}
