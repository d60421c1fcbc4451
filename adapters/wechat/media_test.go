package wechat_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kefu/adapters"
	"kefu/adapters/adaptertest"
	"kefu/internal/sim"
)

// The platform names videos by an address. Where it points inside our network nobody goes.
func TestVideoAddresses(t *testing.T) {
	inside := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		t.Error("a request came to an address inside the network")
		w.WriteHeader(http.StatusOK)
	}))
	defer inside.Close()
	for name, test := range map[string]struct {
		address string // {api} is the API's own host
		want    adapters.Reason
	}{
		"own host":                  {"{api}/video/1", ""},
		"own host, gone":            {"{api}/video/404", adapters.ReasonRejected},
		"own host, failing":         {"{api}/video/500", adapters.ReasonUnavailable},
		"own host, leading away":    {"{api}/video/302", adapters.ReasonUnavailable},
		"plain http":                {"http://example.com/v.mp4", adapters.ReasonRejected},
		"loopback":                  {inside.URL + "/v.mp4", adapters.ReasonRejected},
		"loopback by name":          {strings.Replace(inside.URL, "127.0.0.1", "localhost", 1), adapters.ReasonRejected},
		"loopback in IPv6":          {"https://[::1]:443/", adapters.ReasonRejected},
		"loopback in IPv4 in IPv6":  {"https://[::ffff:127.0.0.1]:443/", adapters.ReasonRejected},
		"private":                   {"https://10.0.0.1/", adapters.ReasonRejected},
		"link local, as clouds use": {"https://169.254.169.254/latest/meta-data", adapters.ReasonRejected},
		"shared address space":      {"https://100.100.100.200/", adapters.ReasonRejected},
		"nowhere":                   {"https://0.0.0.0/", adapters.ReasonRejected},
		"with credentials":          {"https://user:pass@example.com/", adapters.ReasonRejected},
		"a file":                    {"file:///etc/passwd", adapters.ReasonRejected},
		"no address":                {"::::", adapters.ReasonRejected},
	} {
		t.Run(name, func(t *testing.T) {
			var api *httptest.Server
			api = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				switch r.URL.Path {
				case "/cgi-bin/stable_token":
					_, _ = io.WriteString(w, `{"access_token":"t-`+strings.Repeat("x", 40)+`","expires_in":7200}`)
				case "/cgi-bin/media/get":
					_, _ = io.WriteString(w, `{"video_url":"`+strings.ReplaceAll(test.address, "{api}", api.URL)+`"}`)
				case "/video/404":
					w.WriteHeader(http.StatusNotFound)
				case "/video/500":
					w.WriteHeader(http.StatusInternalServerError)
				case "/video/302":
					http.Redirect(w, r, inside.URL, http.StatusFound)
				default:
					w.Header().Set("Content-Type", "video/mp4")
					_, _ = io.WriteString(w, "film")
				}
			}))
			defer api.Close()
			env, _ := adaptertest.NewEnv(t, adaptertest.NewGateway())
			c := plainConfig()
			c.APIBase = api.URL
			a := newAdapter(t, c, env)
			s, err := a.OpenMedia(t.Context(), adapters.Message{}, adapters.Attachment{Kind: adapters.AttachmentVideo, Ref: "media-1"})
			if got := adapters.ReasonOf(err); got != test.want {
				t.Fatalf("%v, want %q", err, test.want)
			}
			if err != nil {
				return
			}
			defer s.Close()
			if b, err := io.ReadAll(s); err != nil || string(b) != "film" || s.MIME != "video/mp4" {
				t.Errorf("read %q (%v) of type %q", b, err, s.MIME)
			}
		})
	}
}

// A voice message has two recordings; when the better one is gone the other one is fetched.
func TestVoiceFallsBack(t *testing.T) {
	s, g, a := online(t, account)
	data := []byte("#!AMR\nwords")
	if _, err := s.Say(t.Context(), sim.Say{From: person, Kind: "voice", File: &sim.File{Data: data, MIME: "audio/amr"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	at := g.Received()[0].Attachments[0]
	better, other, _ := strings.Cut(at.Ref, ",")
	for _, ref := range []string{at.Ref, "gone," + other, better} {
		at.Ref = ref
		stream, err := a.OpenMedia(t.Context(), g.Received()[0], at)
		if err != nil {
			t.Fatalf("%s: %v", ref, err)
		}
		b, err := io.ReadAll(stream)
		stream.Close()
		if err != nil || !bytes.Equal(b, data) {
			t.Errorf("%s: read %q (%v)", ref, b, err)
		}
	}
	at.Ref = "gone,gone-too"
	if _, err := a.OpenMedia(t.Context(), g.Received()[0], at); adapters.ReasonOf(err) != adapters.ReasonRejected {
		t.Errorf("both gone: %v", err)
	}
	at.Ref = other
	s.RevokeTokens()
	if stream, err := a.OpenMedia(t.Context(), g.Received()[0], at); err != nil {
		t.Errorf("after the token ended: %v", err)
	} else {
		stream.Close()
	}
}

// What the platform would refuse after taking it all in is refused before.
func TestMediaRefusedBeforehand(t *testing.T) {
	_, _, a := online(t, account)
	for name, m := range map[string]adapters.Media{
		"a document":       {Kind: adapters.AttachmentFile, MIME: "application/pdf", Size: 10},
		"a bitmap":         {Kind: adapters.AttachmentImage, MIME: "image/webp", Size: 10},
		"a large picture":  {Kind: adapters.AttachmentImage, MIME: "image/png", Size: 10<<20 + 1},
		"a long recording": {Kind: adapters.AttachmentVoice, MIME: "audio/amr", Size: 10, Duration: 61},
		"nothing":          {Kind: adapters.AttachmentImage, MIME: "image/png"},
	} {
		m.Open = func(context.Context) (io.ReadCloser, error) {
			t.Errorf("%s was read", name)
			return io.NopCloser(strings.NewReader("")), nil
		}
		_, err := a.Send(t.Context(), adapters.Outgoing{Key: name, Chat: person, Media: &m})
		if adapters.ReasonOf(err) != adapters.ReasonRejected {
			t.Errorf("%s: %v, want rejected", name, err)
		}
	}
}
