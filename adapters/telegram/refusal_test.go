package telegram_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/telegram"
)

func refused(code int, description string) string {
	return fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%q}`, code, description)
}

// TestRefusals lists what the platform is known to answer. The platform's own page documents no list; these are the texts of its
// open server and of reports.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   adapters.Reason
		code   string
	}{
		{400, refused(400, "Bad Request: message thread not found"), adapters.ReasonThreadGone, "400"},
		{400, refused(400, "Bad Request: TOPIC_DELETED"), adapters.ReasonThreadGone, "400"},
		{400, refused(400, "Bad Request: TOPIC_CLOSED"), adapters.ReasonThreadGone, "400"},
		{400, refused(400, "Bad Request: TOPIC_ID_INVALID"), adapters.ReasonThreadGone, "400"},
		{400, refused(400, "Bad Request: chat not found"), adapters.ReasonUnreachable, "400"},
		{400, refused(400, "Bad Request: user not found"), adapters.ReasonUnreachable, "400"},
		{400, refused(400, "Bad Request: group chat was deactivated"), adapters.ReasonUnreachable, "400"},
		{400, refused(400, "Bad Request: PEER_ID_INVALID"), adapters.ReasonUnreachable, "400"},
		{400, refused(400, "Bad Request: USER_IS_BLOCKED"), adapters.ReasonUnreachable, "400"},
		{400, refused(400, "Bad Request: INPUT_USER_DEACTIVATED"), adapters.ReasonUnreachable, "400"},
		{400, refused(400, "Bad Request: CHANNEL_PRIVATE"), adapters.ReasonUnreachable, "400"},
		{400, refused(400, "Bad Request: not enough rights to send text messages to the chat"), adapters.ReasonUnauthorized, "400"},
		{400, refused(400, "Bad Request: have no rights to send a message"), adapters.ReasonUnauthorized, "400"},
		{400, refused(400, "Bad Request: need administrator rights in the channel chat"), adapters.ReasonUnauthorized, "400"},
		{400, refused(400, "Bad Request: CHAT_WRITE_FORBIDDEN"), adapters.ReasonUnauthorized, "400"},
		{400, refused(400, "Bad Request: CHAT_ADMIN_REQUIRED"), adapters.ReasonUnauthorized, "400"},
		{400, refused(400, "Bad Request: CHAT_RESTRICTED"), adapters.ReasonUnauthorized, "400"},
		{400, refused(400, "Bad Request: message is too long"), adapters.ReasonRejected, "400"},
		{400, refused(400, "Bad Request: message text is empty"), adapters.ReasonRejected, "400"},
		{400, refused(400, "Bad Request: can't parse entities: Can't find end of the entity starting at byte offset 5"), adapters.ReasonRejected, "400"},
		{400, refused(400, "Bad Request: BUTTON_DATA_INVALID"), adapters.ReasonRejected, "400"},
		{400, refused(400, "Bad Request: SOMETHING_NEW"), adapters.ReasonRejected, "400"},
		{401, refused(401, "Unauthorized"), adapters.ReasonUnauthorized, "401"},
		{403, refused(403, "Forbidden: bot was blocked by the user"), adapters.ReasonUnreachable, "403"},
		{403, refused(403, "Forbidden: user is deactivated"), adapters.ReasonUnreachable, "403"},
		{403, refused(403, "Forbidden: bot can't initiate conversation with a user"), adapters.ReasonUnreachable, "403"},
		{403, refused(403, "Forbidden: bot was kicked from the supergroup chat"), adapters.ReasonUnreachable, "403"},
		{403, refused(403, "Forbidden: bot is not a member of the supergroup chat"), adapters.ReasonUnreachable, "403"},
		{403, refused(403, "Forbidden: the group chat was deleted"), adapters.ReasonUnreachable, "403"},
		{404, refused(404, "Not Found"), adapters.ReasonUnauthorized, "404"},
		{409, refused(409, "Conflict: terminated by other getUpdates request"), adapters.ReasonUnavailable, "409"},
		{413, refused(413, "Request Entity Too Large"), adapters.ReasonRejected, "413"},
		{429, refused(429, "Too Many Requests: retry later"), adapters.ReasonRateLimited, "429"},
		{500, refused(500, "Internal Server Error: sent data couldn't be parsed"), adapters.ReasonUnknown, "500"},
		{502, refused(502, "Bad Gateway"), adapters.ReasonUnknown, "502"},
		{200, refused(400, "Bad Request: chat not found"), adapters.ReasonUnreachable, "400"},
		{200, `{"ok":false}`, adapters.ReasonUnknown, "200"},
		{200, `{"ok":true}`, adapters.ReasonUnknown, "200"},
		{200, `{"ok":true,"result":true}`, adapters.ReasonUnknown, "200"},
		{200, `{"ok":true,"result":{}}`, adapters.ReasonUnknown, ""},
		{200, `{"ok":true,"result":{"message_id":`, adapters.ReasonUnknown, "200"},
		{502, "<html><body>502 Bad Gateway</body></html>", adapters.ReasonUnknown, "502"},
		{404, "<html><body>some proxy</body></html>", adapters.ReasonUnknown, "404"},
		{200, "", adapters.ReasonUnknown, "200"},
	} {
		t.Run(fmt.Sprint(c.status, " ", c.body), func(t *testing.T) {
			_, err := answered(t, c.status, c.body).Send(context.Background(), adapters.Outgoing{Chat: "1", Text: "hi"})
			if se := wantReason(t, err, c.want); se.Code != c.code {
				t.Errorf("code = %q, want %q", se.Code, c.code)
			}
			if strings.Contains(err.Error(), token) {
				t.Errorf("the error holds the token: %v", err)
			}
		})
	}
}

// answered is an adapter whose platform gives every call the same answer.
func answered(t *testing.T, status int, body string) *telegram.Adapter {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	return newAdapter(t, config(server.URL, telegram.TransportWebhook), env)
}

func TestRetryAfterIsTold(t *testing.T) {
	for body, want := range map[string]time.Duration{
		`{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 35","parameters":{"retry_after":35}}`: 35 * time.Second,
		refused(429, "Too Many Requests"): time.Second,
	} {
		_, err := answered(t, 429, body).Send(context.Background(), adapters.Outgoing{Chat: "1", Text: "hi"})
		if se := wantReason(t, err, adapters.ReasonRateLimited); se.RetryAfter != want {
			t.Errorf("RetryAfter = %v, want %v", se.RetryAfter, want)
		}
	}
}

func TestALongDescriptionIsCut(t *testing.T) {
	_, err := answered(t, 400, refused(400, strings.Repeat("€", 5000))).Send(context.Background(), adapters.Outgoing{Chat: "1", Text: "hi"})
	if n := len([]rune(err.Error())); n > 300 {
		t.Errorf("the error has %d characters", n)
	}
}

// TestParameters shows what goes over the wire where the simulator cannot.
func TestParameters(t *testing.T) {
	got := map[string]url.Values{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		got[strings.TrimPrefix(r.URL.Path, "/prefix%20x/bot"+token+"/")] = r.PostForm
		_, _ = io.WriteString(w, `{"ok":true,"result":{"message_id":5,"chat":{"id":1,"type":"private"}}}`)
	}))
	defer server.Close()
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	a := newAdapter(t, config(server.URL+"/prefix%2520x", telegram.TransportWebhook), env)
	ctx := context.Background()
	if err := a.RegisterWebhook(ctx, "https://bot.example.com/webhook/shop-telegram"); err != nil {
		t.Error(err)
	}
	if _, err := a.Send(ctx, adapters.Outgoing{Chat: "-100", Thread: "7", ReplyTo: "6", Text: "*hi* https://x.example"}); err != nil {
		t.Error(err)
	}
	if err := a.Edit(ctx, "5", adapters.Outgoing{Chat: "-100", Thread: "7", ReplyTo: "6", Text: "ho"}); err != nil {
		t.Error(err)
	}
	want := map[string]url.Values{
		"setWebhook": {
			"url": {"https://bot.example.com/webhook/shop-telegram"}, "secret_token": {secret}, "max_connections": {"40"},
			"allowed_updates": {`["message","edited_message","callback_query","my_chat_member"]`},
		},
		"sendMessage": {
			"chat_id": {"-100"}, "message_thread_id": {"7"}, "text": {"*hi* https://x.example"},
			"link_preview_options": {`{"is_disabled":true}`}, "reply_parameters": {`{"message_id":6,"allow_sending_without_reply":true}`},
		},
		"editMessageText": {"chat_id": {"-100"}, "message_id": {"5"}, "text": {"ho"}, "link_preview_options": {`{"is_disabled":true}`}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
}

// TestConnectionsAreUsedAgain would fail if answers were closed before they were read to the end.
func TestConnectionsAreUsedAgain(t *testing.T) {
	addresses := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		addresses[r.RemoteAddr] = true
		_, _ = io.WriteString(w, `{"ok":true,"result":{"message_id":5,"chat":{"id":1,"type":"private"}}}`+strings.Repeat("\n", 3000))
	}))
	defer server.Close()
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	a := newAdapter(t, config(server.URL, telegram.TransportWebhook), env)
	for range 10 {
		if _, err := a.Send(context.Background(), adapters.Outgoing{Chat: "1", Text: "hi"}); err != nil {
			t.Fatal(err)
		}
	}
	if len(addresses) != 1 {
		t.Errorf("%d connections for 10 calls, want 1", len(addresses))
	}
}

// Formatting that the platform cannot read costs the formatting and not the words; anything else it says costs no second call.
func TestPlainAfterAParseError(t *testing.T) {
	out := adapters.Outgoing{
		Chat: "1", Text: "see the rules", Spans: []adapters.Span{{Kind: adapters.SpanLink, Start: 8, Length: 5, URL: "https://a.example/"}},
	}
	long := out
	long.Text += strings.Repeat(".", 4096-len(out.Text))
	photo := out
	photo.Media = &adapters.Media{Kind: adapters.AttachmentImage, MIME: "image/png", Name: "a.png", Size: 3, Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("png")), nil
	}}
	edit := func(ctx context.Context, a *telegram.Adapter) error { return a.Edit(ctx, "5", out) }
	send := func(out adapters.Outgoing) func(context.Context, *telegram.Adapter) error {
		return func(ctx context.Context, a *telegram.Adapter) error { _, err := a.Send(ctx, out); return err }
	}
	for _, c := range []struct {
		name  string
		call  func(context.Context, *telegram.Adapter) error
		says  string
		words []string // of each call
	}{
		{"a text", send(out), "Bad Request: can't parse entities: unsupported URL", []string{"see the rules", "see the rules: https://a.example/"}},
		{"no room for the address", send(long), "Bad Request: can't parse MessageEntity: no such type", []string{long.Text, long.Text}},
		{"a caption", send(photo), "Bad Request: ENTITY_BOUNDS_INVALID", []string{"see the rules", "see the rules: https://a.example/"}},
		{"an edit", edit, "Bad Request: can't parse entities: unsupported URL", []string{"see the rules", "see the rules: https://a.example/"}},
		{"another refusal", send(out), "Bad Request: message is too long", []string{"see the rules"}},
		{"an unreadable keyboard", send(out), "Bad Request: can't parse reply keyboard markup JSON object", []string{"see the rules"}},
		{"nothing to read", send(adapters.Outgoing{Chat: "1", Text: "hi"}), "Bad Request: can't parse entities: no reason", []string{"hi"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var words []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseMultipartForm(1 << 20)
				words = append(words, r.FormValue("text")+r.FormValue("caption"))
				if r.FormValue("entities")+r.FormValue("caption_entities") != "" || len(c.words) == 1 {
					w.WriteHeader(http.StatusBadRequest)
					_, _ = io.WriteString(w, refused(400, c.says))
					return
				}
				_, _ = io.WriteString(w, `{"ok":true,"result":{"message_id":5,"chat":{"id":1,"type":"private"}}}`)
			}))
			defer server.Close()
			env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
			err := c.call(t.Context(), newAdapter(t, config(server.URL, telegram.TransportWebhook), env))
			if (err == nil) != (len(c.words) == 2) {
				t.Errorf("error %v after %d calls", err, len(words))
			}
			if diff := cmp.Diff(c.words, words); diff != "" {
				t.Errorf("words of the calls (-want +got):\n%s", diff)
			}
		})
	}
}
