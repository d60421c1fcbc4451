package adaptertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"

	"kefu/adapters"
	"kefu/internal/sim"
)

// largestRead is the longest piece an adapter may read of Media at once: whoever asks for more holds whole files in memory.
const largestRead = 1 << 20

// streamed is how large the file is by which the suite sees that.
const streamed = 8 << 20

func mediaChecks() []check {
	opens := func(f facts) bool { return can[adapters.MediaOpener](f.Adapter) }
	carries := func(f facts) bool { return f.PushAllowed && len(f.Media) > 0 }
	captions := func(f facts) bool { return carries(f) && f.MaxCaption > 0 }
	recalls := func(f facts) bool { return f.PushAllowed && can[adapters.Recaller](f.Adapter) }
	return []check{
		{name: "limits of media are sensible", run: checkMediaLimits},
		{name: "what people send can be opened", when: opens, run: checkOpen},
		{name: "bytes that are gone are rejected", when: opens, run: checkGone},
		{name: "a link is never fetched", when: opens, run: checkForeign},
		{name: "a fetch that fails says so", when: opens, run: checkFetchFaults},
		{name: "media of every kind are posted", when: carries, run: checkSendMedia},
		{name: "media are streamed", when: carries, run: checkStreamed},
		{name: "a caption goes with media", when: captions, run: checkCaption},
		{name: "media over their limit are rejected", when: carries, run: checkOverLimit},
		{name: "media that cannot be read are not posted", when: carries, run: checkUnreadable},
		{name: "a fault while media are sent is no success", when: carries, run: checkMediaFaults},
		{name: "a recalled message is gone", when: recalls, run: checkRecall},
	}
}

// byteKinds are the kinds of attachment that have bytes.
var byteKinds = []adapters.AttachmentKind{
	adapters.AttachmentImage, adapters.AttachmentVoice, adapters.AttachmentAudio, adapters.AttachmentVideo,
	adapters.AttachmentFile, adapters.AttachmentSticker, adapters.AttachmentAnimation,
}

// sample is a small file as the platforms and mimetype know it: the head is genuine, the rest is filling.
type sample struct{ name, mime, head string }

var (
	sampleJPEG = sample{"photo.jpg", "image/jpeg", "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"}
	samplePNG  = sample{"shot.png", "image/png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"}
	sampleGIF  = sample{"wave.gif", "image/gif", "GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00"}
	sampleWebP = sample{"face.webp", "image/webp", "RIFF\x40\x00\x00\x00WEBPVP8 \x34\x00\x00\x00"}
	sampleOGG  = sample{"voice.ogg", "audio/ogg", "OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x13OpusHead\x01\x01"}
	sampleAMR  = sample{"voice.amr", "audio/amr", "#!AMR\n"}
	sampleMP3  = sample{"song.mp3", "audio/mpeg", "ID3\x03\x00\x00\x00\x00\x00\x00"}
	sampleMP4  = sample{"clip.mp4", "video/mp4", "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"}
	samplePDF  = sample{"invoice 发票.pdf", "application/pdf", "%PDF-1.4\n"}
)

// samplesOf lists what a file of each kind may be, likely ones first.
var samplesOf = map[adapters.AttachmentKind][]sample{
	adapters.AttachmentImage:     {sampleJPEG, samplePNG},
	adapters.AttachmentVoice:     {sampleOGG, sampleAMR, sampleMP3},
	adapters.AttachmentAudio:     {sampleMP3, sampleOGG, sampleAMR},
	adapters.AttachmentVideo:     {sampleMP4},
	adapters.AttachmentFile:      {samplePDF},
	adapters.AttachmentSticker:   {sampleWebP, samplePNG},
	adapters.AttachmentAnimation: {sampleGIF, sampleMP4},
}

// file makes the bytes of a sample, n of them and no two alike.
func (h *harness) file(s sample, n int) []byte {
	h.serial++
	b := make([]byte, max(n, len(s.head)+1))
	copy(b, s.head)
	for i := len(s.head); i < len(b); i++ {
		b[i] = byte(i*7 + h.serial)
	}
	return b
}

// media makes an outgoing message of one kind with n bytes.
func (h *harness) media(kind adapters.AttachmentKind, n int) (adapters.Outgoing, []byte) {
	h.Helper()
	limit := h.features.Media[kind]
	list := samplesOf[kind]
	i := slices.IndexFunc(list, func(s sample) bool { return limit.Takes(s.mime) })
	if i < 0 {
		h.Fatalf("%s: none of the usual types is accepted: %v", kind, limit.MIMEs)
	}
	data := h.file(list[i], n)
	out := h.outgoing("media")
	out.Text = ""
	out.Media = &adapters.Media{
		Kind: kind, Ref: "adaptertest/" + out.Key, Name: list[i].name, MIME: list[i].mime, Size: int64(len(data)),
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
	}
	if kind != adapters.AttachmentImage && kind != adapters.AttachmentFile && kind != adapters.AttachmentSticker {
		out.Media.Duration = 3
	}
	return out, data
}

// sentKinds are the kinds of Features.Media in a fixed order.
func (h *harness) sentKinds() []adapters.AttachmentKind {
	return slices.DeleteFunc(slices.Clone(byteKinds), func(k adapters.AttachmentKind) bool { _, ok := h.features.Media[k]; return !ok })
}

func checkMediaLimits(h *harness) {
	f := h.features
	if opens := can[adapters.MediaOpener](h.Adapter); opens != (f.MaxFetch > 0) {
		h.Errorf("MaxFetch = %d, but MediaOpener is implemented: %v", f.MaxFetch, opens)
	}
	if can[adapters.MediaOpener](h.Adapter) && len(h.Sends) == 0 {
		h.Error("the subject does not tell what people Send")
	}
	if f.MaxCaption < 0 || f.MaxCaption > 0 && len(f.Media) == 0 {
		h.Errorf("MaxCaption = %d with %d kinds of media", f.MaxCaption, len(f.Media))
	}
	for kind, limit := range f.Media {
		if !slices.Contains(byteKinds, kind) {
			h.Errorf("%s has no bytes", kind)
		}
		if limit.MaxBytes <= 0 || limit.MaxDuration < 0 {
			h.Errorf("%s: %+v is no limit", kind, limit)
		}
		for _, mime := range limit.MIMEs {
			if family, subtype, ok := strings.Cut(mime, "/"); !ok || family == "" || subtype == "" || mime != strings.ToLower(mime) {
				h.Errorf("%s: %q is no type", kind, mime)
			}
		}
	}
}

// sendFile makes the customer send a file and returns what arrived.
func (h *harness) sendFile(kind string, f *sim.File) (adapters.Message, adapters.Attachment) {
	h.Helper()
	_, m := h.say(sim.Say{From: h.Customer, Name: "Ada", Kind: kind, File: f}, adapters.KindMessage)
	if len(m.Attachments) != 1 {
		h.Fatalf("%s: %d attachments arrived, want 1: %+v", kind, len(m.Attachments), m)
	}
	return m, m.Attachments[0]
}

// open opens an attachment; the error is judged.
func (h *harness) open(m adapters.Message, a adapters.Attachment) (adapters.MediaStream, error) {
	h.Helper()
	opener, _ := adapters.As[adapters.MediaOpener](h.Adapter)
	s, err := opener.OpenMedia(h.within(), m, a)
	h.judge("OpenMedia", err)
	if err == nil && s.ReadCloser == nil {
		h.Fatal("OpenMedia returned neither bytes nor an error")
	}
	return s, err
}

// fetch opens and reads an attachment.
func (h *harness) fetch(m adapters.Message, a adapters.Attachment) (adapters.MediaStream, []byte, error) {
	h.Helper()
	s, err := h.open(m, a)
	if err != nil {
		return s, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(s, 1<<20))
	return s, data, errors.Join(err, s.Close())
}

func (h *harness) people() []string {
	var words []string
	for word := range h.Sends {
		words = append(words, word)
	}
	slices.Sort(words)
	return words
}

func checkOpen(h *harness) {
	for _, word := range h.people() {
		kind := h.Sends[word]
		s := samplesOf[kind][0]
		f := &sim.File{Name: s.name, MIME: s.mime, Data: h.file(s, 3000), Duration: 3}
		m, a := h.sendFile(word, f)
		h.wellFormed(m)
		if a.Kind != kind || a.Ref == "" {
			h.Errorf("%s arrived as %+v, want a %s with a Ref", word, a, kind)
		}
		for range 2 { // what was fetched once can be fetched again
			stream, data, err := h.fetch(m, a)
			if err != nil || !bytes.Equal(data, f.Data) {
				h.Errorf("%s: opened %d bytes (%v), want the %d that were sent", word, len(data), err, len(f.Data))
			}
			if stream.Size >= 0 && stream.Size != int64(len(f.Data)) {
				h.Errorf("%s: Size = %d, want %d or -1", word, stream.Size, len(f.Data))
			}
			if kind == adapters.AttachmentFile && a.Name != f.Name && stream.Name != f.Name {
				h.Errorf("%s: neither %q nor %q is the file's name %q", word, a.Name, stream.Name, f.Name)
			}
		}
	}
}

func checkGone(h *harness) {
	m, a := h.sendFile(h.people()[0], nil)
	a.Ref = "gone-" + strings.Repeat("0", 20)
	_, _, err := h.fetch(m, a)
	h.wantReason(err, adapters.ReasonRejected)
}

// checkForeign shows that no address out of a message is ever called.
func checkForeign(h *harness) {
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer server.Close()
	m, a := h.sendFile(h.people()[0], nil)
	link := adapters.Attachment{Kind: adapters.AttachmentLink, URL: server.URL + "/link"}
	odd := a
	odd.Ref, odd.URL = server.URL+"/ref", server.URL+"/url"
	for _, a := range []adapters.Attachment{link, odd} {
		_, _, err := h.fetch(m, a)
		h.wantReason(err, adapters.ReasonRejected)
	}
	a.URL = server.URL + "/picture"
	if _, _, err := h.fetch(m, a); err != nil {
		h.Errorf("OpenMedia: %v", err)
	}
	if n := calls.Load(); n != 0 {
		h.Errorf("addresses out of a message were called %d times", n)
	}
}

func always(fits func(op string) bool, f sim.Fault) func(op string) sim.Fault {
	return func(op string) sim.Fault {
		if fits(op) {
			return f
		}
		return sim.FaultNone
	}
}

func (h *harness) fetchOp() func(string) bool {
	if h.subject.FetchOp != nil {
		return h.subject.FetchOp
	}
	return func(op string) bool { return op != "deliver" }
}

func checkFetchFaults(h *harness) {
	m, a := h.sendFile(h.people()[0], nil)
	h.settle()
	if _, _, err := h.fetch(m, a); err != nil {
		h.Fatalf("OpenMedia: %v", err)
	}
	for _, fault := range []sim.Fault{sim.FaultReset, sim.FaultServerError, sim.FaultRateLimit} {
		before := h.Platform.Faults().Hits()[fault]
		h.Platform.Faults().Plan(always(h.fetchOp(), fault)) // net/http repeats a reset GET by itself
		_, _, err := h.fetch(m, a)
		if h.Platform.Faults().Hits()[fault] == before {
			h.Errorf("%s was not made: does FetchOp fit the operations of OpenMedia?", fault)
		}
		if err == nil || adapters.ReasonOf(err) == adapters.ReasonRejected {
			h.Errorf("%s: err = %v, want one that lets us ask again", fault, err)
		}
		h.Platform.Faults().Plan(nil)
		if _, _, err := h.fetch(m, a); err != nil {
			h.Errorf("after %s: %v", fault, err)
		}
	}
}

// wantFile checks that a post carries the bytes.
func (h *harness) wantFile(p sim.Post, m *adapters.Media, data []byte) {
	h.Helper()
	switch {
	case p.File == nil:
		h.Errorf("%s: the post carries no file: %+v", m.Kind, p)
	case !bytes.Equal(p.File.Data, data):
		h.Errorf("%s: the platform has %d bytes that are not the %d sent", m.Kind, len(p.File.Data), len(data))
	case m.Kind == adapters.AttachmentFile && p.File.Name != m.Name:
		h.Errorf("the file is called %q, want %q", p.File.Name, m.Name)
	}
}

func checkSendMedia(h *harness) {
	for _, kind := range h.sentKinds() {
		out, data := h.media(kind, 3000)
		receipt, p := h.mustSend(out)
		h.wantReceipt(receipt, p)
		h.wantFile(p, out.Media, data)
	}
}

// watched is bytes that remember the longest piece asked for.
type watched struct {
	io.Reader
	longest int
}

func (w *watched) Read(p []byte) (int, error) {
	w.longest = max(w.longest, len(p))
	return w.Reader.Read(p)
}

func (*watched) Close() error { return nil }

// checkStreamed sends the largest file the platform takes, up to 8 MiB: a buffer that grows with it is seen by the pieces it asks for.
func checkStreamed(h *harness) {
	kind := h.sentKinds()[0]
	for _, k := range h.sentKinds() {
		if h.features.Media[k].MaxBytes > h.features.Media[kind].MaxBytes {
			kind = k
		}
	}
	out, data := h.media(kind, int(min(h.features.Media[kind].MaxBytes, streamed)))
	w := &watched{}
	out.Media.Open = func(context.Context) (io.ReadCloser, error) { w.Reader = bytes.NewReader(data); return w, nil }
	_, p := h.mustSend(out)
	h.wantFile(p, out.Media, data)
	if w.longest > largestRead {
		h.Errorf("a piece of %d bytes was asked for at once, of a file of %d: it is not streamed", w.longest, len(data))
	}
}

func checkCaption(h *harness) {
	for _, kind := range h.sentKinds() {
		out, data := h.media(kind, 3000)
		if kind == adapters.AttachmentSticker {
			continue // stickers go alone everywhere
		}
		out.Text = fill(h.features.TextUnit, h.features.MaxCaption, h.text("caption 好😀 <b>&"), "é")
		receipt, p := h.mustSend(out)
		h.wantReceipt(receipt, p)
		h.wantFile(p, out.Media, data)
		if p.Text != out.Text {
			h.Errorf("%s: caption of %d bytes, want the %d sent", kind, len(p.Text), len(out.Text))
		}
	}
}

func checkOverLimit(h *harness) {
	kind := h.sentKinds()[0]
	for _, k := range h.sentKinds() {
		if h.features.Media[k].MaxBytes < h.features.Media[kind].MaxBytes {
			kind = k
		}
	}
	for name, n := range map[string]int64{"empty": 0, "too large": h.features.Media[kind].MaxBytes + 1} {
		out, data := h.media(kind, int(n))
		data = data[:n]
		out.Media.Size = n
		out.Media.Open = func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
		before := h.last()
		_, err := h.send(h.within(), out)
		if err == nil || adapters.ReasonOf(err) != adapters.ReasonRejected {
			h.Errorf("%s %s of %d bytes: %v, want %s", name, kind, n, err, adapters.ReasonRejected)
		}
		h.noPost(before)
	}
}

func checkUnreadable(h *harness) {
	broken := errors.New("disk is gone")
	for name, open := range map[string]func([]byte) (io.ReadCloser, error){
		"Open fails":     func([]byte) (io.ReadCloser, error) { return nil, broken },
		"fails half way": func(b []byte) (io.ReadCloser, error) { return cut(b, broken), nil },
		"ends half way":  func(b []byte) (io.ReadCloser, error) { return cut(b, io.EOF), nil },
	} {
		out, data := h.media(h.sentKinds()[0], 200_000)
		out.Media.Open = func(context.Context) (io.ReadCloser, error) { return open(data) }
		before := h.last()
		_, err := h.send(h.within(), out)
		h.settle()
		if err == nil {
			h.Errorf("%s: Send reported success", name)
		}
		h.noPost(before)
	}
}

// cut gives half of b and then err.
func cut(b []byte, err error) io.ReadCloser {
	return io.NopCloser(io.MultiReader(bytes.NewReader(b[:len(b)/2]), failing{err}))
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func checkMediaFaults(h *harness) {
	kind := h.sentKinds()[0]
	warm, _ := h.media(kind, 3000)
	h.mustSend(warm)
	notDeliver := func(op string) bool { return op != "deliver" && (h.subject.MediaOp == nil || h.subject.MediaOp(op)) }
	for _, fault := range []sim.Fault{sim.FaultReset, sim.FaultServerError, sim.FaultAcceptThenCut, sim.FaultBadJSON} {
		out, _ := h.media(kind, 3000)
		hits := h.Platform.Faults().Hits()[fault]
		h.Platform.Faults().Plan(once(notDeliver, fault))
		before := h.last()
		_, err := h.send(h.within(), out)
		h.Platform.Faults().Plan(nil)
		if h.Platform.Faults().Hits()[fault] == hits {
			h.Errorf("%s was not made: does MediaOp fit the operations of a Send?", fault)
		}
		if err == nil || !slices.Contains([]adapters.Reason{adapters.ReasonUnavailable, adapters.ReasonUnknown}, adapters.ReasonOf(err)) {
			h.Errorf("%s: %v, want %s or %s", fault, err, adapters.ReasonUnavailable, adapters.ReasonUnknown)
		}
		if posts := h.own(before); len(posts) > 0 && adapters.ReasonOf(err) == adapters.ReasonUnavailable || len(posts) > 1 {
			h.Errorf("%s: %d posts beside %v: Send makes one attempt", fault, len(posts), err)
		}
	}
}

// checkRecall recalls twice; where messages can be edited, one that is gone cannot.
func checkRecall(h *harness) {
	recaller, _ := adapters.As[adapters.Recaller](h.Adapter)
	out := h.outgoing("to be recalled")
	receipt, _ := h.mustSend(out)
	for range 2 {
		err := recaller.Recall(h.within(), out.Chat, receipt.ID)
		h.judge("Recall", err)
		if err != nil {
			h.Fatalf("Recall: %v", err)
		}
	}
	if editor, ok := adapters.As[adapters.Editor](h.Adapter); ok {
		out.Text = h.text("edited")
		if err := editor.Edit(h.within(), receipt.ID, out); err == nil {
			h.Error("a recalled message could still be edited: it is not gone")
		}
	}
}
