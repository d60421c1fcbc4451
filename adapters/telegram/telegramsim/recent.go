package telegramsim

import "strconv"

// recent keeps the latest values under generated keys.
type recent[V any] struct {
	values map[string]V
	keys   []string
	made   int
	limit  int
}

func newRecent[V any](limit int) recent[V] { return recent[V]{values: map[string]V{}, limit: limit} }

// add keeps v under prefix and a number, and forgets the oldest value when there are too many.
func (r *recent[V]) add(prefix string, v V) (key string) {
	r.made++
	key = prefix + strconv.Itoa(r.made)
	r.values[key] = v
	r.keys = append(r.keys, key)
	if len(r.keys) > r.limit {
		delete(r.values, r.keys[0])
		r.keys = r.keys[1:]
	}
	return key
}
