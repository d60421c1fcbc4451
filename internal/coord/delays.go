package coord

import (
	"container/heap"
	"time"
)

// delays is a heap of keys by the time they are due, each key once.
type delays struct {
	items []*delay
	byKey map[string]*delay
}

type delay struct {
	key   string
	due   time.Time
	index int
}

// put notes key for due, unless it is due earlier anyway, and reports whether it is now the first.
func (d *delays) put(key string, due time.Time) bool {
	if d.byKey == nil {
		d.byKey = make(map[string]*delay)
	}
	item := d.byKey[key]
	switch {
	case item == nil:
		item = &delay{key: key, due: due}
		d.byKey[key] = item
		heap.Push(d, item)
	case due.Before(item.due):
		item.due = due
		heap.Fix(d, item.index)
	default:
		return false
	}
	return item.index == 0
}

func (d *delays) first() (key string, due time.Time, ok bool) {
	if len(d.items) == 0 {
		return "", time.Time{}, false
	}
	return d.items[0].key, d.items[0].due, true
}

func (d *delays) drop() {
	item := heap.Pop(d).(*delay)
	delete(d.byKey, item.key)
}

// Len, Less, Swap, Push and Pop are for container/heap.
func (d *delays) Len() int           { return len(d.items) }
func (d *delays) Less(i, j int) bool { return d.items[i].due.Before(d.items[j].due) }

// Swap keeps each item's index.
func (d *delays) Swap(i, j int) {
	d.items[i], d.items[j] = d.items[j], d.items[i]
	d.items[i].index, d.items[j].index = i, j
}

// Push appends an item.
func (d *delays) Push(x any) {
	item := x.(*delay)
	item.index = len(d.items)
	d.items = append(d.items, item)
}

// Pop removes the last item.
func (d *delays) Pop() any {
	last := len(d.items) - 1
	item := d.items[last]
	d.items[last] = nil
	d.items = d.items[:last]
	return item
}

// ring is a first-in-first-out list that gives memory back after a burst.
type ring struct {
	items []string
	head  int
	size  int
}

const minRing = 64

func (r *ring) push(s string) {
	if r.size == len(r.items) {
		r.resize(max(minRing, 2*r.size))
	}
	r.items[(r.head+r.size)%len(r.items)] = s
	r.size++
}

func (r *ring) pop() (string, bool) {
	if r.size == 0 {
		return "", false
	}
	s := r.items[r.head]
	r.items[r.head] = ""
	r.head = (r.head + 1) % len(r.items)
	r.size--
	if len(r.items) > minRing && r.size < len(r.items)/4 {
		r.resize(len(r.items) / 2)
	}
	return s, true
}

func (r *ring) resize(n int) {
	items := make([]string, n)
	for i := range r.size {
		items[i] = r.items[(r.head+i)%len(r.items)]
	}
	r.items, r.head = items, 0
}
