package feishu_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/adapters/feishu/feishusim"
	"kefu/internal/sim"
)

func media(kind adapters.AttachmentKind, name, mime string, data []byte) adapters.Outgoing {
	return adapters.Outgoing{Key: name + mime, Chat: customer, Media: &adapters.Media{
		Kind: kind, Name: name, MIME: mime, Size: int64(len(data)), Duration: 3,
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
	}}
}

func png(n int) []byte {
	b := make([]byte, max(n, 8))
	copy(b, "\x89PNG\r\n\x1a\n")
	return b
}

// gifOf is a GIF that says it is so many pixels wide.
func gifOf(width int) []byte {
	return fmt.Appendf(nil, "GIF89a%c%c\x01\x00\x00\x00\x00;", width&0xff, width>>8)
}

// TestMediaForms: what the platform has no form for, or refuses as a picture, goes as a file.
func TestMediaForms(t *testing.T) {
	j := join(t, feishusim.Options{NoRateLimits: true})
	j.PrivateChat(customer)
	for _, row := range []struct {
		name string
		out  adapters.Outgoing
		want string // the file type it was uploaded as; "image" for pictures
		msg  string
	}{
		{"picture", media(adapters.AttachmentImage, "a.png", "image/png", png(100)), "image", "image"},
		{"sticker", media(adapters.AttachmentSticker, "a.webp", "image/webp", []byte("RIFF\x40\x00\x00\x00WEBPVP8 ")), "image", "image"},
		{"animation", media(adapters.AttachmentAnimation, "a.gif", "image/gif", gifOf(100)), "image", "image"},
		{"picture of many bytes", media(adapters.AttachmentImage, "big.png", "image/png", png(10<<20+1)), "stream", "file"},
		{"picture of many pixels", media(adapters.AttachmentAnimation, "wide.gif", "image/gif", gifOf(3000)), "stream", "file"},
		{"picture of no kind", media(adapters.AttachmentImage, "odd.png", "image/png", []byte("no picture")), "stream", "file"},
		{"drawing", media(adapters.AttachmentImage, "a.svg", "image/svg+xml", []byte("<svg/>")), "stream", "file"},
		{"voice", media(adapters.AttachmentVoice, "a.ogg", "audio/ogg", []byte("OggS")), "opus", "audio"},
		{"voice of another platform", media(adapters.AttachmentVoice, "a.amr", "audio/amr", []byte("#!AMR")), "stream", "file"},
		{"music", media(adapters.AttachmentAudio, "a.mp3", "audio/mpeg", []byte("ID3")), "stream", "file"},
		{"video", media(adapters.AttachmentVideo, "a.mp4", "video/mp4", []byte("mp4")), "mp4", "media"},
		{"other video", media(adapters.AttachmentVideo, "a.webm", "video/webm", []byte("webm")), "stream", "file"},
		{"pdf", media(adapters.AttachmentFile, "发票.PDF", "application/pdf", []byte("%PDF")), "pdf", "file"},
		{"document", media(adapters.AttachmentFile, "a.docx", "", []byte("x")), "doc", "file"},
		{"sheet", media(adapters.AttachmentFile, "a.xlsx", "", []byte("x")), "xls", "file"},
		{"slides", media(adapters.AttachmentFile, "a.ppt", "", []byte("x")), "ppt", "file"},
		{"hostile name", media(adapters.AttachmentFile, "../a\r\nX-Evil: 1\"/b\n.txt", "", []byte("x")), "stream", "file"},
		{"no name", media(adapters.AttachmentFile, "", "", []byte("x")), "stream", "file"},
		{"long name", media(adapters.AttachmentFile, strings.Repeat("长", 300)+".txt", "", []byte("x")), "stream", "file"},
	} {
		sent, err := j.adapter.Send(t.Context(), row.out)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		posts := j.Posts(0)
		p := posts[len(posts)-1]
		msg, as := j.Form(string(sent.ID))
		if p.File == nil || int64(len(p.File.Data)) != row.out.Media.Size || as != row.want || msg != row.msg {
			t.Errorf("%s: went as %s of %s, want %s of %s", row.name, msg, as, row.msg, row.want)
		}
		if p.File != nil && (strings.ContainsAny(p.File.Name, "\r\n/") || len(p.File.Name) > 200 || row.msg != "image" && p.File.Name == "") {
			t.Errorf("%s: the file is called %q", row.name, p.File.Name)
		}
	}
}

func TestMediaGoAlone(t *testing.T) {
	j := join(t, feishusim.Options{})
	out := media(adapters.AttachmentImage, "a.png", "image/png", png(9))
	out.Text = "a caption"
	if _, err := j.adapter.Send(t.Context(), out); adapters.ReasonOf(err) != adapters.ReasonRejected {
		t.Errorf("with a caption: %v", err)
	}
	if err := j.adapter.Edit(t.Context(), "om_1", out); adapters.ReasonOf(err) != adapters.ReasonRejected {
		t.Errorf("an edit to media: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.adapter.Send(ctx, media(adapters.AttachmentFile, "a", "", []byte("x"))); adapters.ReasonOf(err) != adapters.ReasonUnavailable {
		t.Errorf("a call that never began: %v", err)
	}
}

// TestRepeatedMediaAreOnePost: the second attempt uploads again and is sent under the same key.
func TestRepeatedMediaAreOnePost(t *testing.T) {
	j := join(t, feishusim.Options{NoRateLimits: true})
	j.PrivateChat(customer)
	out := media(adapters.AttachmentFile, "a.pdf", "application/pdf", []byte("%PDF"))
	j.Faults().Plan(func(op string) sim.Fault {
		if op == "/open-apis/im/v1/messages" {
			return sim.FaultAcceptThenCut
		}
		return sim.FaultNone
	})
	if _, err := j.adapter.Send(t.Context(), out); adapters.ReasonOf(err) != adapters.ReasonUnknown {
		t.Fatalf("a lost answer: %v, want unknown", err)
	}
	j.Faults().Plan(nil)
	if _, err := j.adapter.Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if n := len(j.Posts(0)); n != 1 {
		t.Errorf("%d posts, want 1", n)
	}
}

// TestFetchAnswers: a file is what it is, whatever it looks like.
func TestFetchAnswers(t *testing.T) {
	type answer struct {
		status               int
		contentType, naming  string
		body                 string
		length               string
		wantBody, wantName   string
		wantMIME, wantReason string
	}
	for name, row := range map[string]answer{
		"file":            {status: 200, contentType: "image/png", naming: `attachment; filename="a.png"`, body: "bytes", wantBody: "bytes", wantName: "a.png", wantMIME: "image/png"},
		"escaped name":    {status: 200, contentType: "application/pdf", naming: `attachment; filename="%E5%8F%91%E7%A5%A8.pdf"`, body: "x", wantBody: "x", wantName: "发票.pdf", wantMIME: "application/pdf"},
		"name with path":  {status: 200, contentType: "text/plain", naming: `attachment; filename="../../etc/passwd"`, body: "x", wantBody: "x", wantName: "passwd", wantMIME: "text/plain"},
		"no type":         {status: 200, contentType: "", body: "x", wantBody: "x", wantMIME: "text/plain"},
		"JSON file":       {status: 200, contentType: "application/json", naming: `attachment; filename="a.json"`, body: `{"code":230001}`, wantBody: `{"code":230001}`, wantName: "a.json", wantMIME: "application/json"},
		"nameless JSON":   {status: 200, contentType: "application/json", body: `{"answer":42}`, wantBody: `{"answer":42}`, wantMIME: "application/json"},
		"refusal as 200":  {status: 200, contentType: "application/json", body: `{"code":234003,"msg":"File not in msg."}`, wantReason: "rejected"},
		"refusal":         {status: 400, contentType: "application/json", body: `{"code":234043,"msg":"x"}`, wantReason: "rejected"},
		"message is gone": {status: 400, contentType: "application/json", body: `{"code":230110,"msg":"x"}`, wantReason: "rejected"},
		"no scope":        {status: 400, contentType: "application/json", body: `{"code":99991672,"msg":"x"}`, wantReason: "unauthorized"},
		"proxy":           {status: 502, contentType: "text/html", body: "<html>", wantReason: "unknown"},
		"too large":       {status: 200, contentType: "video/mp4", length: "104857601", wantReason: "rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			a := against(t, &adaptertest.Tokens{Fixed: "t-1"}, func(w http.ResponseWriter, r *http.Request) {
				if got := r.URL.RequestURI(); got != "/open-apis/im/v1/messages/om_1/resources/file_1?type=file" {
					t.Errorf("asked for %s", got)
				}
				w.Header().Set("Content-Type", row.contentType)
				if row.contentType == "" {
					w.Header().Del("Content-Type")
				}
				if row.naming != "" {
					w.Header().Set("Content-Disposition", row.naming)
				}
				if row.length != "" {
					w.Header().Set("Content-Length", row.length)
				}
				w.WriteHeader(row.status)
				_, _ = io.WriteString(w, row.body)
			})
			m := adapters.Message{Native: "om_1"}
			s, err := a.OpenMedia(t.Context(), m, adapters.Attachment{Kind: adapters.AttachmentFile, Ref: "file_1"})
			if string(adapters.ReasonOf(err)) != row.wantReason {
				t.Fatalf("%v, want %q", err, row.wantReason)
			}
			if err != nil {
				return
			}
			got, err := io.ReadAll(s)
			if err != nil || string(got) != row.wantBody || s.Name != row.wantName || !strings.HasPrefix(s.MIME, row.wantMIME) {
				t.Errorf("%q %q %q %v, want %+v", got, s.Name, s.MIME, err, row)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhatHasNoBytes(t *testing.T) {
	var calls atomic.Int32
	a := against(t, &adaptertest.Tokens{Fixed: "t-1"}, func(http.ResponseWriter, *http.Request) { calls.Add(1) })
	for _, at := range []adapters.Attachment{
		{Kind: adapters.AttachmentSticker, Ref: "v2_1"}, {Kind: adapters.AttachmentLocation}, {Kind: adapters.AttachmentContact, Ref: "ou_1"},
		{Kind: adapters.AttachmentFile, Ref: ""}, {Kind: adapters.AttachmentFile, Ref: "../../auth"}, {Kind: adapters.AttachmentFile, Ref: "a?b"},
	} {
		if _, err := a.OpenMedia(t.Context(), adapters.Message{Native: "om_1"}, at); adapters.ReasonOf(err) != adapters.ReasonRejected {
			t.Errorf("%+v: %v", at, err)
		}
	}
	if n := calls.Load(); n != 0 {
		t.Errorf("the platform was asked %d times", n)
	}
}

// TestFetchBreaks: bytes that end too soon are an error, not a short file.
func TestFetchBreaks(t *testing.T) {
	a := against(t, &adaptertest.Tokens{Fixed: "t-1"}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.WriteString(w, "half")
	})
	s, err := a.OpenMedia(t.Context(), adapters.Message{Native: "om_1"}, adapters.Attachment{Kind: adapters.AttachmentImage, Ref: "img_1"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	_, err = io.ReadAll(s)
	var se *adapters.SendError
	if !errors.As(err, &se) || se.Reason != adapters.ReasonUnknown {
		t.Errorf("read: %v", err)
	}
}

func TestRecall(t *testing.T) {
	for code, want := range map[int]adapters.Reason{0: "", 230011: "", 230110: "", 231003: "", 230009: adapters.ReasonRejected, 230026: adapters.ReasonRejected, 230002: adapters.ReasonUnreachable} {
		a := against(t, &adaptertest.Tokens{Fixed: "t-1"}, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodDelete || r.URL.Path != "/open-apis/im/v1/messages/om_1" {
				t.Errorf("%s %s", r.Method, r.URL.Path)
			}
			reply(w, 200, fmt.Sprintf(`{"code":%d,"msg":"x"}`, code))
		})
		if err := a.Recall(t.Context(), "oc_1", "om_1"); adapters.ReasonOf(err) != want {
			t.Errorf("code %d: %v, want %q", code, err, want)
		}
	}
	a := against(t, &adaptertest.Tokens{Fixed: "t-1"}, func(http.ResponseWriter, *http.Request) {})
	if err := a.Recall(t.Context(), "oc_1", ""); adapters.ReasonOf(err) != adapters.ReasonRejected {
		t.Errorf("without an id: %v", err)
	}
}
