package editor

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/media"
	"kefu/internal/texts"
	"kefu/internal/transcript"
	"kefu/kb"
)

// fetchPatience is how long a file that is on its way is waited for; a platform that does not give it by then fails.
const fetchPatience = 2 * time.Minute

// sentFile is a file somebody sent here.
type sentFile struct {
	message *adapters.Message
	media   adapters.Media
}

// fileMeant is the file of the message, or of the one it quotes; nil = none.
func (t *turn) fileMeant() (*sentFile, error) {
	if t.Files == nil {
		return nil, nil
	}
	if f := fileOf(t.m); f != nil || t.m.ReplyTo == "" {
		return f, nil
	}
	e, err := t.Record.Entry(t.ctx, adapters.NewID(t.m.Inbox, t.m.Chat, adapters.KindMessage, string(t.m.ReplyTo)))
	if errors.Is(err, docstore.ErrNotFound) || err == nil && e.In == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return fileOf(e.In), nil
}

func fileOf(m *adapters.Message) *sentFile { return firstOf(m, adapters.AttachmentFile) }

// pictureOf is the picture of a message, also one sent as a file.
func pictureOf(m *adapters.Message) *sentFile {
	if p := firstOf(m, adapters.AttachmentImage); p != nil {
		return p
	}
	f := fileOf(m)
	if f != nil && slices.Contains([]string{".png", ".jpg", ".jpeg", ".gif", ".webp"}, strings.ToLower(path.Ext(f.media.Name))) {
		return f
	}
	return nil
}

func firstOf(m *adapters.Message, kind adapters.AttachmentKind) *sentFile {
	all := transcript.MediaOf(m)
	if i := slices.IndexFunc(all, func(one adapters.Media) bool { return one.Kind == kind }); i >= 0 {
		return &sentFile{m, all[i]}
	}
	return nil
}

// askFile asks for a file, where people can send one, or rows.
func (t *turn) askFile() error {
	t.s.Form = &form{Field: fieldFile}
	t.ask(t.words(texts.FaqAskFile, "Files", t.takesFiles(), "Limit", t.mostBytes()>>20), t.word(doCancel))
	return nil
}

// mostBytes is the largest file that can be imported here.
func (t *turn) mostBytes() int64 { return min(t.features().MaxFetch, kb.MaxFile) }

// planFile counts what a file would change. It waits for the file to come, which holds up this chat alone.
func (t *turn) planFile(f *sentFile) error {
	t.decision = "faq: import of a file"
	if f.media.Size > t.mostBytes() {
		return t.noFile(transcript.ProblemTooLarge)
	}
	if _, err := kb.FormatOf(f.media.Name); f.media.Name != "" && err != nil {
		return t.noFormat()
	}
	file, problem, err := t.kept(f, t.mostBytes())
	switch {
	case err != nil:
		return err
	case problem != "":
		return t.noFile(problem)
	}
	if _, err := kb.FormatOf(file.Name); err != nil {
		return t.noFormat()
	}
	rows, err := t.readFile(file.Key, file.Name)
	return t.plan(rows, err, option{Do: doLoad, Arg: file.Key, Texts: []string{file.Name}})
}

// kept waits for the bytes of a file, of which there may be most.
func (t *turn) kept(f *sentFile, most int64) (media.File, transcript.Problem, error) {
	file, problem, err := t.Record.Attachment(t.ctx, f.message, f.media)
	switch {
	case errors.Is(err, transcript.ErrLater) && t.Now().Sub(t.m.SentAt) > fetchPatience:
		return file, transcript.ProblemGone, nil
	case err == nil && problem == "" && file.Size > most:
		problem = transcript.ProblemTooLarge
	}
	return file, problem, err
}

func (t *turn) noFile(p transcript.Problem) error {
	t.s.end()
	t.say(texts.FaqFileMissing, "Large", p == transcript.ProblemTooLarge, "Limit", t.mostBytes()>>20)
	return nil
}

func (t *turn) noFormat() error {
	t.s.end()
	t.say(texts.FaqFileFormat)
	return nil
}

// readFile reads the rows of a kept file; one that was purged meanwhile is a problem of the file.
func (t *turn) readFile(key, name string) ([]kb.Row, error) {
	format, err := kb.FormatOf(name)
	if err != nil {
		return nil, err
	}
	r, err := t.Files.Open(t.ctx, key)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, kb.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	rows, err := format.Read(r, t.zone())
	return rows, errors.Join(err, r.Close())
}

// attach posts a file. Kept under the message's id, it is the same when the message is handled again.
func (t *turn) attach(name string, b *bytes.Buffer) error {
	key := fmt.Sprintf("%s|%d", t.askedID(), len(t.posts))
	file, err := t.Files.Keep(t.ctx, key, media.Claim{Name: name, Size: int64(b.Len()), Max: int64(b.Len())}, b)
	switch {
	case errors.Is(err, media.ErrFull):
		t.say("media_" + string(transcript.ProblemFull))
		return nil
	case err != nil:
		return err
	}
	t.post("")
	t.posts[len(t.posts)-1].Message.Media = &adapters.Media{
		Kind: adapters.AttachmentFile, Ref: file.Key, Name: file.Name, MIME: file.MIME, Size: file.Size,
	}
	return nil
}

func (t *turn) features() adapters.Features {
	for _, in := range t.Inboxes {
		if in.Name == t.m.Inbox {
			return in.Features()
		}
	}
	return adapters.Features{}
}

func (t *turn) takesFiles() bool {
	_, ok := t.features().Media[adapters.AttachmentFile]
	return ok && t.Files != nil
}

// What progress is shown of.
const (
	progressRows  = 5000 // an import of fewer is done before anybody wonders
	progressSteps = 4
)

// progress shows in one message, edited where that is possible, how far a large import is.
func (t *turn) progress() kb.Progress {
	shown := -1
	return func(done, total int) {
		step := done * progressSteps / max(total, 1)
		if total < progressRows || step <= shown || step == progressSteps || shown >= 0 && !t.features().Edit {
			return
		}
		first := shown < 0
		shown = step
		p := t.here(t.askedID()+"|progress", t.words(texts.FaqImporting, "Done", done, "Total", total))
		if !first {
			p.Verb, p.Target, p.ID = transcript.VerbEdit, p.ID, fmt.Sprintf("%s|%d", p.ID, step)
			p.Message.ReplyTo = ""
		}
		if err := t.Record.Say(t.ctx, t.m.ID, p); err != nil {
			t.Log.Warn("progress of an import is not shown", "err", err)
		}
	}
}
