package docstore

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"
)

var nameShape = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// Validate reports names and index sizes that no driver accepts.
func (s Schema) Validate() error {
	if !nameShape.MatchString(s.Name) || strings.HasPrefix(s.Name, "sqlite_") || strings.HasPrefix(s.Name, "kefu_") {
		return fmt.Errorf("collection name %q: want lower-case letters, digits and underscores, not sqlite_ or kefu_", s.Name)
	}
	seen := make(map[string]bool)
	for _, ix := range s.Indexes {
		switch {
		case !nameShape.MatchString(ix.Name):
			return fmt.Errorf("index name %q: want lower-case letters, digits and underscores", ix.Name)
		case ix.Values < 1 || ix.Values > 4:
			return fmt.Errorf("index %s: %d values, want 1 to 4", ix.Name, ix.Values)
		case seen[ix.Name]:
			return fmt.Errorf("index %s is declared twice", ix.Name)
		}
		seen[ix.Name] = true
	}
	return nil
}

// Check returns q with every value in its stored type, or says why no driver can answer it. A query without an index comes
// back with an IndexSchema of no values.
func (s Schema) Check(q Query) (Query, IndexSchema, error) {
	ix, err := s.index(q.Index)
	if err != nil {
		return q, ix, err
	}
	bounded := q.Min != nil || q.Max != nil
	switch {
	case len(q.Eq) > ix.Values:
		return q, ix, fmt.Errorf("index %q: %d equal values for an index of %d", q.Index, len(q.Eq), ix.Values)
	case q.Index != "" && bounded && len(q.Eq) == ix.Values:
		return q, ix, fmt.Errorf("index %q: no value is left for Min and Max", q.Index)
	case q.Limit < 0:
		return q, ix, fmt.Errorf("limit %d is negative", q.Limit)
	case q.After != nil && len(q.After.Keys) != ix.Values:
		return q, ix, fmt.Errorf("index %q: position has %d keys, want %d", q.Index, len(q.After.Keys), ix.Values)
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	return q.normal(ix)
}

func (s Schema) index(name string) (IndexSchema, error) {
	if name == "" {
		return IndexSchema{}, nil
	}
	for _, ix := range s.Indexes {
		if ix.Name == name {
			return ix, nil
		}
	}
	return IndexSchema{}, fmt.Errorf("collection %s has no index %q", s.Name, name)
}

func (q Query) normal(ix IndexSchema) (Query, IndexSchema, error) {
	var errs [4]error
	q.Eq, errs[0] = Values(q.Eq)
	if q.Min != nil {
		q.Min, errs[1] = Value(q.Min)
	}
	if q.Max != nil {
		q.Max, errs[2] = Value(q.Max)
	}
	if q.After != nil {
		after := Position{ID: q.After.ID}
		after.Keys, errs[3] = Values(q.After.Keys)
		q.After = &after
	}
	return q, ix, errors.Join(errs[:]...)
}

// Values returns each value in its stored type; see Value. It returns the slice it was given when nothing changes.
func Values(vs []any) ([]any, error) {
	out := vs
	for i, v := range vs {
		w, err := Value(v)
		if err != nil {
			return nil, err
		}
		if w == v {
			continue
		}
		if &out[0] == &vs[0] {
			out = append([]any(nil), vs...)
		}
		out[i] = w
	}
	return out, nil
}

// Value returns v as one of the types an index compares: string, int64, bool or time.Time (cut by Millis).
func Value(v any) (any, error) {
	switch x := v.(type) {
	case string, int64, bool:
		return v, nil
	case time.Time:
		return Millis(x), nil
	}
	r := reflect.ValueOf(v)
	switch {
	case !r.IsValid():
	case r.Kind() == reflect.String:
		return r.String(), nil
	case r.Kind() == reflect.Bool:
		return r.Bool(), nil
	case r.CanInt():
		return r.Int(), nil
	}
	return nil, fmt.Errorf("an index value of type %T is not string, int64, bool or time", v)
}
