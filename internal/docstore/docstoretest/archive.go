package docstoretest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kefu/internal/docstore"
)

// archive walks a store, of which a snapshot stands still where the driver offers one, and puts what it found into another store.
func archive(t *testing.T, s Subject) {
	from := fresh(t, s)
	want := map[string]item{}
	for n := range 1203 { // several pages
		id := fmt.Sprintf("item %04d 😀", n)
		want[id] = item{Group: "g", Rank: int64(n), At: time.UnixMilli(int64(n)).UTC(), Text: "text\x00\"\n", Count: n, Hidden: n%7 == 0}
	}
	ops := make([]docstore.Op, 0, len(want))
	for id, v := range want {
		ops = append(ops, from.items.InsertOp(id, &v))
	}
	if _, err := from.Write(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
	r, atOnce, release, err := from.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	from.put(t, "item later", item{Group: "later"})
	to := fresh(t, s)
	archives := from.Archives()
	if len(archives) != 1 || archives[0].Name != "items" {
		t.Fatalf("archives: %v", archives)
	}
	err = archives[0].Walk(t.Context(), r, func(id string, doc json.RawMessage) error {
		_, err := to.Write(t.Context(), to.Archives()[0].InsertOp(id, doc))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if !atOnce {
		want["item later"] = item{Group: "later"}
	}
	got := map[string]item{}
	err = to.Archives()[0].Walk(t.Context(), liveReader(t, to), func(id string, doc json.RawMessage) error {
		var v item
		err := json.Unmarshal(doc, &v)
		got[id] = v
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what came back (-want +got):\n%s", diff)
	}
	if op := to.Archives()[0].InsertOp("x", json.RawMessage(`{"rank":"no number"}`)); op.Err == nil {
		t.Error("a document of another type makes an op")
	}
}

func liveReader(t *testing.T, e env) docstore.Reader {
	t.Helper()
	r, _, release, err := e.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Error(err)
		}
	})
	return r
}
