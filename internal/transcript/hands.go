package transcript

import (
	"maps"
	"sync"
	"time"

	"kefu/adapters"
	"kefu/internal/docstore"
)

// hands is what this process knows about calls of its own and the store does not: that one is still being made, that it was never made, or how it ended. So a store that
// answers late, or whose answer is lost, never makes one of our own calls look cut. It holds one entry per call in hand and is safe for concurrent use; the zero hands are empty.
type hands struct {
	mu sync.Mutex
	m  map[string]*call
}

// call is the latest call of one entry.
type call struct {
	at      time.Time // Entry.SendAt of its claim
	passive int       // Entry.Passive of its claim: a worker's and a request's may be of one millisecond
	open    bool      // a worker is at it
	made    bool      // the platform was called
	err     error     // how that ended
	native  adapters.MessageID
}

// take opens calls for docs; false when a worker is at one of them already.
func (h *hands) take(docs []docstore.Doc[Entry]) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range docs {
		if c := h.m[d.ID]; c != nil && c.open {
			return false
		}
	}
	if h.m == nil {
		h.m = map[string]*call{}
	}
	for _, d := range docs {
		h.m[d.ID] = &call{open: true}
	}
	return true
}

// claimed notes when the claim of docs was made.
func (h *hands) claimed(docs []docstore.Doc[Entry]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range docs {
		c := h.m[d.ID]
		c.at, c.passive = d.Value.SendAt, d.Value.Passive
	}
}

// made notes how the call of docs ended.
func (h *hands) made(docs []docstore.Doc[Entry], err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range docs {
		c := h.m[d.ID]
		c.made, c.err, c.native = true, err, d.Value.Native
	}
}

// close ends the work on docs. What the store could not be told is kept for settling; everything else is forgotten.
func (h *hands) close(docs []docstore.Doc[Entry], told bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range docs {
		h.keep(d.ID, *h.m[d.ID], told)
	}
}

// put ends the work on one earlier call, of which no more is known than before.
func (h *hands) put(id string, c call, told bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keep(id, c, told)
}

// unwritten notes that a request was to carry e, whose claim may be stored, and will not.
func (h *hands) unwritten(e *Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p := h.m[e.ID]; p != nil && p.open {
		return
	}
	if h.m == nil {
		h.m = map[string]*call{}
	}
	h.keep(e.ID, call{at: e.SendAt, passive: e.Passive}, false)
}

// remember is how long a call is known that the store was not told about: the lane is tried again within seconds of the store's return.
const remember = time.Hour

func (h *hands) keep(id string, c call, told bool) {
	delete(h.m, id)
	if told || c.at.IsZero() {
		return
	}
	maps.DeleteFunc(h.m, func(_ string, old *call) bool { return !old.open && c.at.Sub(old.at) > remember })
	c.open = false
	h.m[id] = &c
}

// about returns what is known about the call an entry in state sending stands for; open says that it is still being made.
func (h *hands) about(e *Entry) (c call, open, known bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.m[e.ID]
	if p == nil {
		return call{}, false, false
	}
	return *p, p.open, p.at.Equal(e.SendAt) && p.passive == e.Passive
}
