package transcript

import (
	"context"

	"kefu/adapters"
)

// editable is how far back in a conversation an edited message is looked for.
const editable = 100

// Editable finds the entry that brought the words of m, an edited message of a group, to a chat, so that an edit of it can be carried over: the platform can
// edit, the words went as one message, without media, and the new ones fit. "" = there is none.
func (t *Transcript) Editable(ctx context.Context, inbox adapters.InboxName, chat adapters.ChatID, m *adapters.Message) (string, error) {
	f, ok := t.features(inbox)
	if !ok || !f.Edit || len(SplitText(m.Text, f.MaxText, f.TextUnit)) != 1 {
		return "", nil
	}
	before, err := t.History(ctx, ConversationID(inbox, chat), editable)
	if err != nil {
		return "", err
	}
	found := ""
	for _, e := range before {
		p := e.Post
		if p == nil || !p.sends() || p.Origin == nil || p.Origin.Chat != m.Chat || p.Origin.ID != m.Native {
			continue
		}
		if found != "" || p.Message.Media != nil || e.State != StateSent && e.State != StateQueued && e.State != StateSending {
			return "", nil
		}
		found = e.ID
	}
	return found, nil
}
