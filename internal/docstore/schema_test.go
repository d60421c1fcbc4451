package docstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/docstore"
)

type (
	name   string
	number int32
	flag   bool
)

func TestValues(t *testing.T) {
	when := time.Date(2024, 5, 6, 7, 8, 9, 123_456_789, time.FixedZone("CST", 8*3600))
	given := []any{"a", name("b"), int64(1), 2, number(3), true, flag(false), when}
	want := []any{"a", "b", int64(1), int64(2), int64(3), true, false, time.Date(2024, 5, 5, 23, 8, 9, 123_000_000, time.UTC)}
	got, err := docstore.Values(given)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if given[1] != name("b") {
		t.Error("the slice given was changed")
	}
	for _, bad := range []any{nil, 1.5, []byte("x"), struct{}{}, uint64(1), &when} {
		if v, err := docstore.Value(bad); err == nil {
			t.Errorf("%T is taken as %v", bad, v)
		}
	}
}

func TestValidate(t *testing.T) {
	index := func(name string, values int) docstore.IndexSchema {
		return docstore.IndexSchema{Name: name, Values: values}
	}
	good := docstore.Schema{Name: "tickets_2", Indexes: []docstore.IndexSchema{index("due", 1), index("by_desk", 4)}}
	if err := good.Validate(); err != nil {
		t.Errorf("good schema: %v", err)
	}
	for _, bad := range []docstore.Schema{
		{}, {Name: "Tickets"}, {Name: "a b"}, {Name: `a"b`}, {Name: "sqlite_x"}, {Name: "kefu_ping"}, {Name: strings.Repeat("a", 41)},
		{Name: "a", Indexes: []docstore.IndexSchema{index("", 1)}},
		{Name: "a", Indexes: []docstore.IndexSchema{index("x.y", 1)}},
		{Name: "a", Indexes: []docstore.IndexSchema{index("x", 0)}},
		{Name: "a", Indexes: []docstore.IndexSchema{index("x", 5)}},
		{Name: "a", Indexes: []docstore.IndexSchema{index("x", 1), index("x", 2)}},
	} {
		if err := bad.Validate(); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
