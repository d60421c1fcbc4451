package telegram_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/telegram"
	"kefu/adapters/telegram/telegramsim"
	"kefu/internal/sim"
)

// hostile is a Bot API that answers getFile and downloads as a test wants.
func hostile(t *testing.T, getFile string, download http.HandlerFunc) adapters.MediaOpener {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/getFile") {
			_, _ = io.WriteString(w, getFile)
			return
		}
		download(w, r)
	}))
	t.Cleanup(server.Close)
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	return newAdapter(t, config(server.URL, telegram.TransportWebhook), env)
}

func TestOpenMediaRefuses(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	count := func(http.ResponseWriter, *http.Request) { calls.Add(1) }
	for name, answer := range map[string]string{
		"too big by its own word": `{"ok":true,"result":{"file_id":"a","file_path":"p/a","file_size":20971521}}`,
		"refused as too big":      `{"ok":false,"error_code":400,"description":"Bad Request: file is too big"}`,
		"no path":                 `{"ok":true,"result":{"file_id":"a"}}`,
		"a path out of it":        `{"ok":true,"result":{"file_id":"a","file_path":"p/../../bot1/getMe"}}`,
		"an address":              `{"ok":true,"result":{"file_id":"a","file_path":"http://10.0.0.1/a"}}`,
		"a path of its machine":   `{"ok":true,"result":{"file_id":"a","file_path":"/var/lib/a"}}`,
		"a path with a query":     `{"ok":true,"result":{"file_id":"a","file_path":"p/a?x=1"}}`,
	} {
		o := hostile(t, answer, count)
		_, err := o.OpenMedia(t.Context(), adapters.Message{}, adapters.Attachment{Kind: adapters.AttachmentFile, Ref: "a"})
		if adapters.ReasonOf(err) != adapters.ReasonRejected {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := calls.Load(); n != 0 {
		t.Errorf("%d downloads were tried", n)
	}
}

func TestDownloadFailures(t *testing.T) {
	t.Parallel()
	var inside atomic.Int64
	private := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside.Add(1) }))
	defer private.Close()
	good := `{"ok":true,"result":{"file_id":"a","file_path":"p/a.jpg","file_size":10}}`
	for name, row := range map[string]struct {
		handle http.HandlerFunc
		want   adapters.Reason
	}{
		"gone":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, adapters.ReasonRejected},
		"token":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, adapters.ReasonUnauthorized},
		"slow down": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, adapters.ReasonRateLimited},
		"redirect":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, private.URL, http.StatusFound) }, adapters.ReasonUnknown},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		}, adapters.ReasonUnknown},
	} {
		s, err := hostile(t, good, row.handle).OpenMedia(t.Context(), adapters.Message{}, adapters.Attachment{Kind: adapters.AttachmentImage, Ref: "a"})
		if err == nil {
			_, err = io.ReadAll(s)
			_ = s.Close()
		}
		if err == nil || adapters.ReasonOf(err) != row.want {
			t.Errorf("%s: %v, want %s", name, err, row.want)
		}
		if err != nil && strings.Contains(err.Error(), token) {
			t.Errorf("%s: the token is told", name)
		}
	}
	if n := inside.Load(); n != 0 {
		t.Errorf("a redirect was followed %d times", n)
	}
}

// receivedKinds sends one thing of a kind and returns the message that arrives.
func receivedKind(t *testing.T, say sim.Say, n int) []adapters.Message {
	t.Helper()
	g := adaptertest.NewGateway()
	env, _ := adaptertest.NewEnv(t, g)
	s := startSim(t, telegramsim.Options{NoLimits: true})
	a := newAdapter(t, config(s.BaseURL(), telegram.TransportWebhook), env)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := a.RegisterWebhook(ctx, adaptertest.Serve(t, a)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Say(ctx, say); err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(ctx); err != nil {
		t.Fatal(err)
	}
	got := g.Received()
	if len(got) != n {
		t.Fatalf("%s: %d messages, want %d: %+v", say.Kind, len(got), n, got)
	}
	return got
}

// TestEveryKind lists what each kind of message becomes; nothing of it is thrown away.
func TestEveryKind(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]adapters.Attachment{
		"photo":      {Kind: adapters.AttachmentImage},
		"document":   {Kind: adapters.AttachmentFile, Name: "order.pdf", MIME: "application/pdf"},
		"voice":      {Kind: adapters.AttachmentVoice, MIME: "audio/ogg", Duration: 3},
		"audio":      {Kind: adapters.AttachmentAudio, Name: "song.mp3", MIME: "audio/mpeg", Duration: 180, Text: "Band - Song"},
		"video":      {Kind: adapters.AttachmentVideo, Name: "clip.mp4", MIME: "video/mp4", Duration: 12},
		"video_note": {Kind: adapters.AttachmentVideo, MIME: "video/mp4", Duration: 5},
		"animation":  {Kind: adapters.AttachmentAnimation, Name: "cat.mp4", MIME: "video/mp4", Duration: 2},
		"sticker":    {Kind: adapters.AttachmentSticker, Text: "👋"},
		"location":   {Kind: adapters.AttachmentLocation, Lat: 31.2304, Lon: 121.4737},
		"venue":      {Kind: adapters.AttachmentLocation, Name: "People's Square", Text: "Huangpu, Shanghai", Lat: 31.2304, Lon: 121.4737},
		"contact":    {Kind: adapters.AttachmentContact, Name: "Li Hua", Text: "+8613800000000"},
	} {
		m := receivedKind(t, sim.Say{From: customer, Kind: kind}, 1)[0]
		if len(m.Attachments) != 1 {
			t.Fatalf("%s: %+v", kind, m)
		}
		got := m.Attachments[0]
		if (got.Ref == "") != (want.Lat != 0 || want.Kind == adapters.AttachmentContact) {
			t.Errorf("%s: Ref = %q", kind, got.Ref)
		}
		got.Ref, got.Size = "", 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
	for kind, text := range map[string]string{"dice": "🎲", "poll": "Which color?\n- red\n- blue"} {
		if m := receivedKind(t, sim.Say{From: customer, Kind: kind}, 1)[0]; m.Text != text {
			t.Errorf("%s: %q, want %q", kind, m.Text, text)
		}
	}
	if m := receivedKind(t, sim.Say{From: customer, Kind: "story"}, 1)[0]; m.Kind != adapters.KindUnknown || len(m.Raw) == 0 {
		t.Errorf("story: %+v", m)
	}
}

func TestAlbumParts(t *testing.T) {
	t.Parallel()
	got := receivedKind(t, sim.Say{From: customer, Kind: "album", Text: "two views"}, 2)
	if got[0].Album == "" || got[0].Album != got[1].Album || got[0].Text+got[1].Text != "two views" || got[0].ID == got[1].ID {
		t.Errorf("album: %+v", got)
	}
}

// TestMediaParams looks at the wire: thread, quote and caption go along, and a sticker carries no words.
func TestMediaParams(t *testing.T) {
	t.Parallel()
	form := make(chan map[string][]string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Error(err)
		}
		form <- map[string][]string{
			"path": {r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]}, "caption": r.MultipartForm.Value["caption"], "entities": r.MultipartForm.Value["caption_entities"],
			"thread": r.MultipartForm.Value["message_thread_id"], "text": r.MultipartForm.Value["text"], "duration": r.MultipartForm.Value["duration"],
		}
		_, _ = fmt.Fprintf(w, `{"ok":true,"result":{"message_id":5,"date":1,"chat":{"id":%s,"type":"private"}}}`, customer)
	}))
	defer server.Close()
	env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
	a := newAdapter(t, config(server.URL, telegram.TransportWebhook), env)
	for kind, row := range map[adapters.AttachmentKind]struct {
		mime string
		want map[string][]string
	}{
		adapters.AttachmentVoice: {"audio/ogg", map[string][]string{
			"path": {"sendVoice"}, "caption": {"bold 好"}, "entities": {`[{"type":"bold","offset":0,"length":4}]`}, "thread": {"77"}, "text": nil, "duration": {"9"},
		}},
		adapters.AttachmentSticker: {"image/webp", map[string][]string{
			"path": {"sendSticker"}, "caption": nil, "entities": nil, "thread": {"77"}, "text": nil, "duration": {"9"},
		}},
	} {
		_, err := a.Send(t.Context(), adapters.Outgoing{
			Key: "k", Chat: customer, Thread: "77", Text: "bold 好", Spans: []adapters.Span{{Kind: adapters.SpanBold, Start: 0, Length: 4}},
			Media: &adapters.Media{Kind: kind, Name: "a\"b\r\n.x", MIME: row.mime, Size: 3, Duration: 9, Open: func(context.Context) (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader("abc")), nil
			}},
		})
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if diff := cmp.Diff(row.want, <-form); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}
