package feishu

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"kefu/adapters"
)

// What is remembered of people and chats, which events tell only in part.
const (
	maxPeople = 10_000
	nameLife  = 24 * time.Hour
	// namelessLife is how long somebody stays without a name after a failure, deafLife how long nobody is asked after the platform refused to tell.
	namelessLife = 10 * time.Minute
	deafLife     = time.Hour
	// nameWithin is all a delivery waits for a name; the call goes on for lookupWithin and serves the next message.
	nameWithin    = 300 * time.Millisecond
	lookupWithin  = 3 * time.Second
	lookupsAtOnce = 8
)

// directory asks the platform.
type directory interface {
	userName(ctx context.Context, id adapters.PersonID) (string, error)
	privateChat(ctx context.Context, id adapters.PersonID) (adapters.ChatID, error)
	isGroup(ctx context.Context, chat adapters.ChatID) (bool, error)
}

// people remembers names and chats. It is safe for concurrent use; a nil people knows nobody.
type people struct {
	ask directory
	now func() time.Time
	log *slog.Logger

	names  *lru.Cache[adapters.PersonID, named]
	chats  *lru.Cache[adapters.ChatID, place]
	homes  *lru.Cache[adapters.PersonID, adapters.ChatID]
	flight singleflight.Group
	slots  chan struct{}

	mu   sync.Mutex
	deaf map[string]time.Time // by what is asked
}

type named struct {
	name  string
	until time.Time
}

// place says what a chat is; person is the one of a private chat, "" where not known.
type place struct {
	group  bool
	person adapters.PersonID
}

func newPeople(ask directory, env adapters.Env) *people {
	p := &people{ask: ask, now: env.Now, log: env.Log, slots: make(chan struct{}, lookupsAtOnce), deaf: map[string]time.Time{}}
	p.names, _ = lru.New[adapters.PersonID, named](maxPeople) // fails for sizes below 1 only
	p.chats, _ = lru.New[adapters.ChatID, place](maxPeople)
	p.homes, _ = lru.New[adapters.PersonID, adapters.ChatID](maxPeople)
	return p
}

// met notes where somebody wrote.
func (p *people) met(chat adapters.ChatID, group bool, person adapters.PersonID) {
	switch {
	case p == nil || !strings.HasPrefix(string(chat), chatIDPrefix):
	case group:
		p.chats.Add(chat, place{group: true})
	default:
		p.chats.Add(chat, place{person: person})
		p.homes.Add(person, chat)
	}
}

// name returns "" where the platform does not tell it, or not soon.
func (p *people) name(ctx context.Context, id adapters.PersonID) string {
	if p == nil || !validID(string(id), openIDPrefix) {
		return ""
	}
	if n, ok := p.names.Get(id); ok && p.now().Before(n.until) {
		return n.name
	}
	soon, cancel := context.WithTimeout(ctx, nameWithin)
	defer cancel()
	v, err := p.lookup(soon, "name", string(id), func(ctx context.Context) (any, error) {
		name, err := p.ask.userName(ctx, id)
		life := nameLife
		if err != nil {
			name, life = "", namelessLife
		}
		p.names.Add(id, named{clean(name), p.now().Add(life)})
		return clean(name), err
	})
	if err != nil {
		return ""
	}
	name, _ := v.(string)
	return name
}

// home is a person's private chat. Where the platform does not tell, it is the person's own id, which can be sent to.
func (p *people) home(ctx context.Context, id adapters.PersonID) adapters.ChatID {
	if p == nil || !validID(string(id), openIDPrefix) {
		return adapters.ChatID(id)
	}
	if chat, ok := p.homes.Get(id); ok {
		return chat
	}
	v, err := p.lookup(ctx, "private chat", string(id), func(ctx context.Context) (any, error) {
		chat, err := p.ask.privateChat(ctx, id)
		if err == nil && strings.HasPrefix(string(chat), chatIDPrefix) {
			p.met(chat, false, id)
			return chat, nil
		}
		return nil, errors.Join(err, errUnknownChat)
	})
	if err != nil {
		return adapters.ChatID(id)
	}
	chat, _ := v.(adapters.ChatID)
	return chat
}

// place says what a chat is; false where nobody knows.
func (p *people) place(ctx context.Context, chat adapters.ChatID) (place, bool) {
	if p == nil || !validID(string(chat), chatIDPrefix) {
		return place{}, false
	}
	if at, ok := p.chats.Get(chat); ok {
		return at, true
	}
	v, err := p.lookup(ctx, "chat", string(chat), func(ctx context.Context) (any, error) {
		group, err := p.ask.isGroup(ctx, chat)
		if err != nil {
			return nil, err
		}
		at := place{group: group}
		p.chats.Add(chat, at)
		return at, nil
	})
	if err != nil {
		return place{}, false
	}
	at, _ := v.(place)
	return at, true
}

var (
	errUnknownChat = errors.New("the platform tells no chat")
	errNotAsked    = errors.New("not asked")
)

// lookup asks once for all who want the same, waits no longer than ctx, and leaves the platform alone for a while when it refuses to tell at all.
func (p *people) lookup(ctx context.Context, what, id string, ask func(context.Context) (any, error)) (any, error) {
	if p.isDeaf(what) {
		return nil, errNotAsked
	}
	ch := p.flight.DoChan(what+"|"+id, func() (any, error) {
		select {
		case p.slots <- struct{}{}:
			defer func() { <-p.slots }()
		default:
			return nil, errNotAsked
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupWithin)
		defer cancel()
		v, err := ask(ctx)
		p.heard(what, err)
		return v, err
	})
	select {
	case r := <-ch:
		return r.Val, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *people) isDeaf(what string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now().Before(p.deaf[what])
}

// heard notes a refusal that holds for everybody: a missing scope, usually.
func (p *people) heard(what string, err error) {
	var se *adapters.SendError
	if !errors.As(err, &se) || se.Reason != adapters.ReasonUnauthorized {
		return
	}
	p.mu.Lock()
	p.deaf[what] = p.now().Add(deafLife)
	p.mu.Unlock()
	p.log.Info("feishu does not tell, going on without", slog.String("what", what), slog.String("code", se.Code), slog.Duration("for", deafLife))
}

// validID tells whether an id may become part of a URL.
func validID(id, prefix string) bool {
	return strings.HasPrefix(id, prefix) && resourceKey.MatchString(id)
}
