package feishu

import "time"

// Bounds of payloads that come in parts: what exceeds them is dropped and delivered again by the platform.
const (
	maxParts   = 256
	maxPayload = 4 << 20
	maxOpen    = 32 // payloads of which parts are missing
	partsLife  = 10 * time.Second
)

// parts joins payloads that the platform cut. It is used by one goroutine.
type parts struct {
	now  func() time.Time
	open map[string]*joining
}

type joining struct {
	pieces [][]byte
	have   int
	size   int
	since  time.Time
}

// join adds a frame and returns the whole payload once it is there.
func (p *parts) join(f frame) ([]byte, bool) {
	sum, seq, id := f.number(headerSum), f.number(headerSeq), f.header(headerMessageID)
	if sum <= 1 {
		return f.payload, true
	}
	if sum > maxParts || seq >= sum || id == "" {
		return nil, false
	}
	j := p.of(id, sum)
	if len(j.pieces) != sum {
		delete(p.open, id)
		return nil, false
	}
	if j.pieces[seq] == nil {
		j.pieces[seq] = append([]byte{}, f.payload...)
		j.have++
		j.size += len(f.payload)
	}
	if j.size > maxPayload {
		delete(p.open, id)
		return nil, false
	}
	if j.have < sum {
		return nil, false
	}
	delete(p.open, id)
	whole := make([]byte, 0, j.size)
	for _, piece := range j.pieces {
		whole = append(whole, piece...)
	}
	return whole, true
}

// of finds or begins a payload; the oldest one makes room.
func (p *parts) of(id string, sum int) *joining {
	now := p.now()
	oldest := ""
	for k, j := range p.open {
		if now.Sub(j.since) > partsLife {
			delete(p.open, k)
		} else if oldest == "" || j.since.Before(p.open[oldest].since) {
			oldest = k
		}
	}
	if j := p.open[id]; j != nil {
		return j
	}
	if len(p.open) >= maxOpen {
		delete(p.open, oldest)
	}
	if p.open == nil {
		p.open = map[string]*joining{}
	}
	j := &joining{pieces: make([][]byte, sum), since: now}
	p.open[id] = j
	return j
}
