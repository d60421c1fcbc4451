package transcript

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
	"kefu/internal/media"
)

// Problem says why media cannot go.
type Problem string

// The problems.
const (
	ProblemGone     Problem = "gone"      // the platform or we no longer have the bytes
	ProblemTooLarge Problem = "too_large" // over Unfit.Limit
	ProblemType     Problem = "type"      // the receiving platform takes no such thing
	ProblemFull     Problem = "full"      // our store takes no more
	ProblemRefused  Problem = "refused"   // the receiving platform refused these bytes
	ProblemLate     Problem = "late"      // still on their way: they follow by themselves
)

// Unfit describes media that cannot go, for words about it.
type Unfit struct {
	Problem Problem
	Media   adapters.Media
	// Limit is the largest size that could go, in bytes, with ProblemTooLarge.
	Limit int64
}

const (
	// fetchTimeout bounds one try to fetch an attachment.
	fetchTimeout = 2 * time.Minute
	// fetchesPerInbox bounds the downloads of one inbox at once; they have slots of their own, so words never wait for them.
	fetchesPerInbox = 4
	// mediaPoll is how often a relay looks whether its bytes have come.
	mediaPoll = 200 * time.Millisecond
	// mediaPatience is how long what stands behind media in a thread waits for bytes; then they follow later.
	mediaPatience = 30 * time.Second
)

const laneFetch = "fetch:"

// MediaKey names the bytes of the n-th attachment of an incoming message.
func MediaKey(message string, n int) string { return message + "#" + strconv.Itoa(n) }

func splitKey(key string) (message string, n int) {
	i := strings.LastIndexByte(key, '#')
	if i < 0 {
		return key, -1
	}
	n, err := strconv.Atoi(key[i+1:])
	if err != nil {
		n = -1
	}
	return key[:i], n
}

// MediaOf describes the attachments of a message that have bytes, as a Post carries them.
func MediaOf(m *adapters.Message) []adapters.Media {
	var out []adapters.Media
	for n, a := range m.Attachments {
		if a.Ref != "" {
			out = append(out, adapters.Media{
				Kind: a.Kind, Ref: MediaKey(m.ID, n), Name: a.Name, MIME: a.MIME, Size: a.Size, Duration: a.Duration,
			})
		}
	}
	return out
}

func fetchID(key string) string { return "fetch|" + key }

// newFetch makes the entry that fetches one attachment. It belongs to no conversation's history.
func (t *Transcript) newFetch(m *adapters.Message, one adapters.Media, now time.Time) *Entry {
	e := t.newOutgoing(m.ID, fetchID(one.Ref), Post{
		Verb: VerbFetch, Inbox: m.Inbox, Author: AuthorBot, Message: adapters.Outgoing{Chat: m.Chat, Media: &one},
	}, now)
	e.Lane, e.Conversation = laneFetch+ConversationID(m.Inbox, m.Chat), "fetch"
	return e
}

// fetches makes the entries that fetch what came with a message: from a person's private chat always, from a group when the plan wants it.
func (w *Workers) fetches(m *adapters.Message, plan *Plan, now time.Time) []*Entry {
	if w.o.Media == nil || m.Group && !plan.Keep {
		return nil
	}
	var out []*Entry
	for _, one := range MediaOf(m) {
		out = append(out, w.newFetch(m, one, now))
	}
	return out
}

// fetchLane fetches what one chat has sent. An attachment that must wait holds up no other.
func (w *Workers) fetchLane(ctx context.Context, lane string) (time.Duration, error) {
	a, ok := w.adapters[laneInbox(lane)]
	if !ok {
		return 0, nil
	}
	for {
		docs, err := w.load(ctx, lane)
		if err != nil {
			return 0, err
		}
		later := time.Duration(0)
		for _, d := range docs {
			wait := d.Value.Due.Sub(w.o.Now())
			if d.Value.Tries == 0 || wait <= 0 {
				if wait, err = w.fetchOne(ctx, a, d); err != nil {
					return wait, err
				}
			}
			if wait > 0 && (later == 0 || wait < later) {
				later = wait
			}
		}
		if len(docs) < lanePage {
			return later, nil
		}
	}
}

// fetchOne tries one attachment. The end of ctx cuts it: it is begun again by whoever comes next.
func (w *Workers) fetchOne(ctx context.Context, a adapters.Adapter, d docstore.Doc[Entry]) (time.Duration, error) {
	e := &d.Value
	err := w.fetch(ctx, a, e.Post.Message.Media.Ref)
	store := context.WithoutCancel(ctx)
	now := docstore.Millis(w.o.Now())
	switch problem := problemOf(err); {
	case err == nil:
		e.finish(StateSent, now)
	case ctx.Err() != nil:
		return handOver, nil
	case problem == "" && now.Sub(e.At) < giveUpAfter:
		e.Tries++
		wait := w.pause(e)
		var se *adapters.SendError
		if errors.As(err, &se) {
			wait = max(wait, se.RetryAfter)
		}
		e.Error, e.Due = err.Error(), now.Add(wait)
		return wait, w.entries.Replace(store, d.ID, d.Version, e)
	default:
		if problem == "" {
			problem = ProblemGone
		}
		e.finish(StateFailed, now)
		e.Reason, e.Decision, e.Error = adapters.ReasonRejected, string(problem), err.Error()
		w.o.Log.Warn("attachment not fetched", "entry", e.ID, "problem", problem, "err", err)
	}
	w.o.Metrics.fetched.WithLabelValues(string(e.Post.Inbox), string(e.State)).Inc()
	return 0, w.entries.Replace(store, d.ID, d.Version, e)
}

// problemOf says why asking again for bytes is useless; "" when it may help.
func problemOf(err error) Problem {
	switch {
	case errors.Is(err, media.ErrTooLarge):
		return ProblemTooLarge
	case errors.Is(err, media.ErrFull):
		return ProblemFull
	case errors.Is(err, media.ErrEmpty), errors.Is(err, docstore.ErrNotFound):
		return ProblemGone
	case adapters.ReasonOf(err) == adapters.ReasonRejected:
		return ProblemGone
	}
	return ""
}

// fetch brings the bytes named key into the store, unless they are there.
func (w *Workers) fetch(ctx context.Context, a adapters.Adapter, key string) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	m, at, err := w.attachment(ctx, key)
	if err != nil {
		return err
	}
	most := a.Features().MaxFetch
	if at.Size > most {
		return media.ErrTooLarge
	}
	opener, ok := adapters.As[adapters.MediaOpener](a)
	if !ok {
		return media.ErrEmpty
	}
	if _, err := w.o.Media.File(ctx, key); !errors.Is(err, docstore.ErrNotFound) {
		return err
	}
	s, err := opener.OpenMedia(ctx, *m, *at)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	claim := media.Claim{Name: at.Name, MIME: at.MIME, Size: s.Size, Max: most}
	if claim.Name == "" {
		claim.Name = s.Name
	}
	_, err = w.o.Media.Keep(ctx, key, claim, s)
	return err
}

// attachment finds what key names; docstore.ErrNotFound when there is no such thing.
func (w *Workers) attachment(ctx context.Context, key string) (*adapters.Message, *adapters.Attachment, error) {
	id, n := splitKey(key)
	for ids := []string{id}; len(ids) > 0; ids = ids[1:] {
		d, err := w.entries.Get(ctx, ids[0])
		if err != nil {
			return nil, nil, err
		}
		if d.Value.In == nil {
			break
		}
		if all := d.Value.In.Attachments; n >= 0 && n < len(all) {
			return d.Value.In, &all[n], nil
		}
		n -= len(d.Value.In.Attachments)
		if ids[0] == id {
			ids = append(ids, d.Value.Parts...)
		}
	}
	return nil, nil, docstore.ErrNotFound
}

// ready brings the media of an entry into the form its platform takes. wait > 0 says that the entry cannot go now: its bytes are on their way, or it was
// changed and is to be loaded anew.
func (w *Workers) ready(ctx context.Context, d docstore.Doc[Entry], f *adapters.Features) (wait time.Duration, err error) {
	m := d.Value.Post.Message.Media
	if m == nil || !d.Value.Post.sends() {
		return 0, nil
	}
	if w.o.Media == nil {
		return w.substitute(ctx, d, Unfit{Problem: ProblemGone})
	}
	file, err := w.o.Media.File(ctx, m.Ref)
	if errors.Is(err, docstore.ErrNotFound) {
		return w.awaitBytes(ctx, d)
	}
	if err != nil {
		return 0, err
	}
	m.Name, m.MIME, m.Size = file.Name, file.MIME, file.Size
	kind, unfit := fit(m, f)
	if unfit.Problem != "" {
		return w.substitute(ctx, d, unfit)
	}
	m.Kind = kind
	m.Open = w.opener(m.Ref)
	return 0, nil
}

// awaitBytes looks how the fetch of an entry's bytes stands, and begins it where nobody has.
func (w *Workers) awaitBytes(ctx context.Context, d docstore.Doc[Entry]) (time.Duration, error) {
	m := d.Value.Post.Message.Media
	fetch, err := w.entries.Get(ctx, fetchID(m.Ref))
	switch {
	case errors.Is(err, docstore.ErrNotFound):
		return w.beginFetch(ctx, d)
	case err != nil:
		return 0, err
	case fetch.Value.State == StateFailed:
		u := Unfit{Problem: Problem(fetch.Value.Decision)}
		if f, ok := w.features(fetch.Value.Post.Inbox); ok {
			u.Limit = f.MaxFetch
		}
		return w.substitute(ctx, d, u)
	case fetch.Value.State == StateSent:
		return w.substitute(ctx, d, Unfit{Problem: ProblemGone}) // purged meanwhile
	case w.o.Now().Sub(d.Value.At) > mediaPatience && !d.Value.late():
		return w.postpone(ctx, d)
	}
	return mediaPoll, nil
}

func (w *Workers) beginFetch(ctx context.Context, d docstore.Doc[Entry]) (time.Duration, error) {
	m, _, err := w.attachment(ctx, d.Value.Post.Message.Media.Ref)
	if errors.Is(err, docstore.ErrNotFound) {
		return w.substitute(ctx, d, Unfit{Problem: ProblemGone})
	}
	if err != nil {
		return 0, err
	}
	e := w.newFetch(m, *d.Value.Post.Message.Media, w.o.Now())
	if _, err := w.entries.Insert(ctx, e.ID, e); err != nil {
		return 0, err
	}
	w.wake(ctx, e.Lane)
	return mediaPoll, nil
}

// substitute puts words in the place of media that cannot go and tells whoever sent them, in one write.
func (w *Workers) substitute(ctx context.Context, d docstore.Doc[Entry], u Unfit) (time.Duration, error) {
	e, now := &d.Value, w.o.Now()
	u.Media = *e.Post.Message.Media
	text, tell := w.w.Handler.Unfit(ctx, e, u)
	ops := make([]docstore.Op, 0, len(tell)+1)
	lanes := []string{e.Lane}
	for i, p := range tell {
		o := w.newOutgoing(e.For, e.ID+"|"+string(u.Problem)+"|"+strconv.Itoa(i), p, now)
		ops, lanes = append(ops, w.entries.InsertOp(o.ID, o)), append(lanes, o.Lane)
	}
	e.wordsInstead(text)
	e.State, e.Due, e.FirstAt = StateQueued, docstore.Millis(now), time.Time{}
	if _, err := w.o.Store.Write(ctx, append(ops, w.entries.ReplaceOp(d.ID, d.Version, e))...); err != nil {
		return 0, err
	}
	w.wake(ctx, lanes...)
	return time.Millisecond, nil
}

// wordsInstead makes an entry with media one with words; a caption stays.
func (e *Entry) wordsInstead(text string) {
	p := *e.Post
	if p.Message.Text != "" {
		text += "\n" + p.Message.Text
	}
	p.Message.Media, p.Message.Text, p.Message.Spans = nil, text, nil
	e.Post = &p
}

// lateLane is beside a lane: what waits there holds up nothing.
const lateLane = "|late"

func (e *Entry) late() bool { return strings.HasSuffix(e.Lane, lateLane) }

// postpone says in the place of media that they follow, and queues them beside their lane.
func (w *Workers) postpone(ctx context.Context, d docstore.Doc[Entry]) (time.Duration, error) {
	e, now := &d.Value, w.o.Now()
	late := w.newOutgoing(e.For, e.ID+lateLane, *e.Post, now)
	late.Post.ID, late.Lane = "", e.Lane+lateLane
	caption := late.Post.Message
	caption.Text, caption.Spans = "", nil
	late.Post.Message = caption
	text, _ := w.w.Handler.Unfit(ctx, e, Unfit{Problem: ProblemLate, Media: *e.Post.Message.Media})
	e.wordsInstead(text)
	if _, err := w.o.Store.Write(ctx, w.entries.InsertOp(late.ID, late), w.entries.ReplaceOp(d.ID, d.Version, e)); err != nil {
		return 0, err
	}
	w.wake(ctx, e.Lane, late.Lane)
	return time.Millisecond, nil
}

// Media rates: a send of media may take as long as a slow line needs, within what the shared client allows.
const (
	slowLine    = 256 << 10 // bytes per second
	longestSend = 55 * time.Second
)

// timeout bounds the call of an entry.
func (w *Workers) timeout(e *Entry) time.Duration {
	m := e.Post.Message.Media
	if m == nil {
		return w.w.SendTimeout
	}
	return min(w.w.SendTimeout+time.Duration(m.Size/slowLine+1)*time.Second, max(longestSend, w.w.SendTimeout))
}
