package handoff

import (
	"context"

	"kefu/adapters"
	"kefu/internal/texts"
	"kefu/internal/transcript"
)

// mostQuoted is how many characters of what is quoted are repeated.
const mostQuoted = 60

// quote says how what m quotes is told in another chat: by its id there, or by a line that repeats how it begins. Both are empty when it quotes nothing.
func (d *Desks) quote(ctx context.Context, m *adapters.Message, inbox adapters.InboxName, chat adapters.ChatID, lang string) (adapters.MessageID, string, error) {
	q, err := d.Record.QuotedFor(ctx, m, inbox, chat)
	if err != nil || q == nil {
		return "", "", err
	}
	if q.Native != "" {
		return q.Native, "", nil
	}
	words := clip(oneLine(d.quotedWords(lang, q)), mostQuoted)
	if words == "" {
		return "", "", nil
	}
	return "", d.Words.Text(lang, texts.QuoteLine, data([]any{"Text", words})) + "\n", nil
}

func (d *Desks) quotedWords(lang string, q *transcript.Quote) string {
	switch {
	case q.In != nil:
		return d.Readable(q.In)
	case q.Post.Message.Text != "":
		return q.Post.Message.Text
	case q.Post.Message.Media != nil:
		return d.named(lang, q.Post.Message.Media)
	}
	return ""
}
