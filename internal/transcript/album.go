package transcript

import (
	"context"
	"slices"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
)

const (
	// albumQuiet is how long an album waits for another part after the latest: its parts are delivered one by one.
	albumQuiet = time.Second
	// mostParts is how many parts an album has at most.
	mostParts = 10
)

// batch is what is decided about at once: one message, or an album.
type batch struct {
	doc   docstore.Doc[Entry]
	parts []docstore.Doc[Entry] // the other messages of an album
	m     *adapters.Message     // as the handler sees it
}

// next takes the first turn of docs, or says how long its album waits. Which messages belong to an album is stored before it is decided about, so a part that comes
// later is a turn of its own and none is lost.
func (w *Workers) next(ctx context.Context, docs []docstore.Doc[Entry]) (t batch, rest []docstore.Doc[Entry], wait time.Duration, err error) {
	t = batch{doc: docs[0], m: docs[0].Value.In}
	rest = docs[1:]
	e := &t.doc.Value
	if e.In.Album == "" {
		return t, rest, 0, nil
	}
	if len(e.Parts) > 0 {
		for _, id := range e.Parts {
			d, err := w.entries.Get(ctx, id)
			if err != nil {
				return t, rest, 0, err
			}
			t.parts = append(t.parts, d)
		}
	} else if wait, err = w.closeAlbum(ctx, &t, rest); wait > 0 || err != nil {
		return t, rest, wait, err
	}
	rest = slices.DeleteFunc(slices.Clone(rest), func(d docstore.Doc[Entry]) bool { return slices.Contains(t.doc.Value.Parts, d.ID) })
	t.m = merged(&t)
	return t, rest, 0, nil
}

// closeAlbum gathers the parts that wait and stores that they are all.
func (w *Workers) closeAlbum(ctx context.Context, t *batch, rest []docstore.Doc[Entry]) (wait time.Duration, err error) {
	e := &t.doc.Value
	latest := e.At
	for _, d := range rest {
		if p := &d.Value; p.In.Album == e.In.Album && p.In.From.ID == e.In.From.ID && p.In.Kind == e.In.Kind && len(t.parts) < mostParts-1 {
			t.parts = append(t.parts, d)
			latest = maxTime(latest, p.At)
		}
	}
	if wait = latest.Add(albumQuiet).Sub(w.o.Now()); wait > 0 && len(t.parts) < mostParts-1 {
		return wait, nil
	}
	if len(t.parts) == 0 {
		return 0, nil
	}
	for _, d := range t.parts {
		e.Parts = append(e.Parts, d.ID)
	}
	if err := w.entries.Replace(ctx, t.doc.ID, t.doc.Version, e); err != nil {
		return 0, err
	}
	t.doc.Version++
	return 0, nil
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// merged is the album as one message under the id of its first part.
func merged(t *batch) *adapters.Message {
	m := *t.doc.Value.In
	m.Attachments = slices.Clone(m.Attachments)
	for _, d := range t.parts {
		p := d.Value.In
		m.Attachments = append(m.Attachments, p.Attachments...)
		m.Mentioned = m.Mentioned || p.Mentioned
		switch {
		case m.Text == "":
			m.Text = p.Text
		case p.Text != "":
			m.Text += "\n" + p.Text
		}
		if m.ReplyTo == "" {
			m.ReplyTo = p.ReplyTo
		}
	}
	return &m
}

// AlbumHead returns the words of an earlier turn of the same album: what was said of the parts that came in time holds for one that came late. "" = none.
func (t *Transcript) AlbumHead(ctx context.Context, m *adapters.Message) (string, error) {
	if m.Album == "" {
		return "", nil
	}
	before, err := t.History(ctx, ConversationID(m.Inbox, m.Chat), 5*mostParts)
	if err != nil {
		return "", err
	}
	for _, e := range before {
		if e.In != nil && e.In.Album == m.Album && e.ID != m.ID && e.In.Text != "" {
			return e.In.Text, nil
		}
	}
	return "", nil
}
