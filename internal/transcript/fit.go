package transcript

import (
	"context"
	"io"
	"slices"
	"strings"

	"kefu/adapters"
)

// instead lists what media of a kind may go as, the best first. The bytes stay what they are.
var instead = map[adapters.AttachmentKind][]adapters.AttachmentKind{
	adapters.AttachmentImage:     {adapters.AttachmentImage, adapters.AttachmentFile},
	adapters.AttachmentVoice:     {adapters.AttachmentVoice, adapters.AttachmentAudio, adapters.AttachmentFile},
	adapters.AttachmentAudio:     {adapters.AttachmentAudio, adapters.AttachmentFile, adapters.AttachmentVoice},
	adapters.AttachmentVideo:     {adapters.AttachmentVideo, adapters.AttachmentFile},
	adapters.AttachmentAnimation: {adapters.AttachmentAnimation, adapters.AttachmentVideo, adapters.AttachmentImage, adapters.AttachmentFile},
	adapters.AttachmentSticker:   {adapters.AttachmentSticker, adapters.AttachmentImage, adapters.AttachmentFile},
	adapters.AttachmentFile:      {adapters.AttachmentFile},
}

// families are what a file may go as where there are no files, by the first half of its type.
var families = map[string][]adapters.AttachmentKind{
	"image": {adapters.AttachmentImage},
	"video": {adapters.AttachmentVideo},
	"audio": {adapters.AttachmentAudio, adapters.AttachmentVoice},
}

func candidates(m *adapters.Media) []adapters.AttachmentKind {
	list := instead[m.Kind]
	if m.Kind != adapters.AttachmentFile {
		return list
	}
	family, _, _ := strings.Cut(m.MIME, "/")
	return slices.Concat(list, families[family])
}

// fit picks what m goes as on a platform, or says why it cannot.
func fit(m *adapters.Media, f *adapters.Features) (adapters.AttachmentKind, Unfit) {
	if m.Size <= 0 {
		return "", Unfit{Problem: ProblemGone}
	}
	u := Unfit{Problem: ProblemType}
	for _, kind := range candidates(m) {
		limit, ok := f.Media[kind]
		switch {
		case !ok || !limit.Takes(m.MIME):
		case limit.Fits(m):
			return kind, Unfit{}
		case m.Size > limit.MaxBytes:
			u.Problem, u.Limit = ProblemTooLarge, max(u.Limit, limit.MaxBytes)
		}
	}
	return "", u
}

// takesNone says that a platform takes media in no form, whatever the bytes turn out to be.
func takesNone(f *adapters.Features) bool { return len(f.Media) == 0 || !f.PushAllowed }

// opener reads the kept bytes named ref.
func (t *Transcript) opener(ref string) func(ctx context.Context) (io.ReadCloser, error) {
	return func(ctx context.Context) (io.ReadCloser, error) { return t.o.Media.Open(ctx, ref) }
}

// apart turns a post with media and words into what its platform takes: words as a caption where they fit, else before the media.
func apart(p Post, f *adapters.Features, r ruler) []Post {
	m := p.Message.Media
	r.limit = f.MaxCaption
	captioned := m.Kind != adapters.AttachmentSticker && r.size(p.Message.Text, p.Message.Spans) <= f.MaxCaption && f.MaxCaption > 0
	if p.Message.Text == "" || captioned {
		return []Post{p}
	}
	words := p
	words.Message.Media = nil
	p.Message.Text, p.Message.Spans, p.Message.Choices = "", nil, nil
	if p.ID != "" {
		p.ID += "+media"
	}
	return []Post{words, p}
}

// fitted replaces media at once where the platform takes none at all: such words can go into a request's answer.
func (w *Workers) fitted(ctx context.Context, in *Entry, posts []Post) []Post {
	out := make([]Post, 0, len(posts))
	for _, p := range posts {
		f, ok := w.features(p.Inbox)
		if p.Message.Media == nil || !ok || !takesNone(&f) || !p.sends() {
			out = append(out, p)
			continue
		}
		e := &Entry{Post: &p, For: in.ID, Conversation: ConversationID(p.Inbox, p.Message.Chat)}
		text, tell := w.w.Handler.Unfit(ctx, e, Unfit{Problem: ProblemType, Media: *p.Message.Media})
		e.wordsInstead(text)
		out = append(append(out, *e.Post), tell...)
	}
	return out
}
