package transcript

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"kefu/adapters"
	"kefu/internal/docstore"
)

// move is a chat's new id. Two documents tell of each: one under the id the chat has in our records (To is where messages go), one under the new id (Home is
// where they come home to), so that nothing stored has to be renamed.
type move struct {
	Inbox adapters.InboxName `json:"inbox"`
	Home  adapters.ChatID    `json:"home"`
	To    adapters.ChatID    `json:"to"`
}

// moves remembers what the store knows; what another replica learned is looked up, or learned again from the platform's refusal.
type moves struct {
	mu    sync.RWMutex
	known map[string]move
}

func (v *moves) set(id string, m move) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil {
		v.known = map[string]move{}
	}
	v.known[id] = m
}

func (v *moves) get(id string) (move, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	m, ok := v.known[id]
	return m, ok
}

// loadMoves reads all moves at start: groups move once in their life.
func (t *Transcript) loadMoves(ctx context.Context) error {
	return t.moved.All(ctx, docstore.Query{}, func(d docstore.Doc[move]) error {
		t.moves.set(d.ID, d.Value)
		return nil
	})
}

// saveMove stores that a chat has a new id. Doing so twice changes nothing.
func (t *Transcript) saveMove(ctx context.Context, inbox adapters.InboxName, from, to adapters.ChatID) error {
	home, err := t.home(ctx, inbox, from)
	if err != nil {
		return err
	}
	if to == "" || to == home {
		return nil
	}
	m := move{Inbox: inbox, Home: home, To: to}
	for _, chat := range []adapters.ChatID{to, home} {
		id := ConversationID(inbox, chat)
		if _, err := t.moved.Upsert(ctx, id, func(v *move, _ bool) error { *v = m; return nil }); err != nil {
			return fmt.Errorf("store a chat's new id: %w", err)
		}
		t.moves.set(id, m)
	}
	t.o.Log.Warn("a chat has a new id; put it into the configuration when convenient", "inbox", inbox, "from", home, "to", to)
	return nil
}

// home is the id a chat has in our records.
func (t *Transcript) home(ctx context.Context, inbox adapters.InboxName, chat adapters.ChatID) (adapters.ChatID, error) {
	id := ConversationID(inbox, chat)
	if m, ok := t.moves.get(id); ok {
		return m.Home, nil
	}
	d, err := t.moved.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		return chat, nil
	}
	if err != nil {
		return "", err
	}
	t.moves.set(id, d.Value)
	return d.Value.Home, nil
}

// current is the id a chat has on its platform.
func (t *Transcript) current(inbox adapters.InboxName, chat adapters.ChatID) adapters.ChatID {
	if m, ok := t.moves.get(ConversationID(inbox, chat)); ok {
		return m.To
	}
	return chat
}

// atHome gives a group's message the chat id of our records.
func (t *Transcript) atHome(ctx context.Context, m *adapters.Message) (*adapters.Message, error) {
	if !m.Group {
		return m, nil
	}
	home, err := t.home(ctx, m.Inbox, m.Chat)
	if err != nil || home == m.Chat {
		return m, err
	}
	known := *m
	known.Chat = home
	return &known, nil
}
