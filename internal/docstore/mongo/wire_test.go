package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/event"

	"kefu/internal/docstore"
	"kefu/internal/docstore/mongo"
	"kefu/internal/docstore/mongo/ferrettest"
)

type note struct {
	Chat string    `json:"chat"`
	At   time.Time `json:"at"`
}

func notes(t testing.TB, d docstore.Driver) (*docstore.Store, *docstore.Collection[note]) {
	t.Helper()
	store := docstore.New(d)
	c, err := docstore.Open(t.Context(), store, "notes",
		docstore.Index[note]{Name: "chat", Values: 2, Key: func(n *note) []any { return []any{n.Chat, n.At} }})
	if err != nil {
		t.Fatal(err)
	}
	return store, c
}

// tape keeps what goes over the wire.
type tape struct {
	mu       sync.Mutex
	commands []bson.Raw
}

func (p *tape) monitor() *event.CommandMonitor {
	return &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.commands = append(p.commands, append(bson.Raw(nil), e.Command...))
	}}
}

// take returns the commands of some names since the last call.
func (p *tape) take(names ...string) []bson.Raw {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []bson.Raw
	for _, c := range p.commands {
		if slices.Contains(names, verb(c)) {
			found = append(found, c)
		}
	}
	p.commands = nil
	return found
}

func verb(c bson.Raw) string {
	first, err := c.IndexErr(0)
	if err != nil {
		return ""
	}
	return first.Key()
}

// everything calls each operation once or more.
func everything(t *testing.T, store *docstore.Store, c *docstore.Collection[note]) {
	t.Helper()
	ctx := t.Context()
	at := time.UnixMilli(1_700_000_000_000)
	_, one := c.Insert(ctx, "a", &note{Chat: "x", At: at})
	_, more := store.Write(ctx, c.InsertOp("b", &note{Chat: "x", At: at}), c.InsertOp("c", &note{}), c.ReplaceOp("a", 1, &note{Chat: "y"}), c.DeleteOp("c"))
	_, update := c.Update(ctx, "a", func(n *note) error { n.Chat = "x"; return nil })
	if err := errors.Join(one, more, update); err != nil {
		t.Fatal(err)
	}
	position := docstore.Position{Keys: []any{"x", at}, ID: "a"}
	for _, q := range []docstore.Query{
		{}, {Min: "a", Desc: true}, {After: &docstore.Position{ID: "a"}}, {Index: "chat"}, {Index: "chat", Eq: []any{"x"}},
		{Index: "chat", Eq: []any{"x"}, Min: at, Max: at.Add(time.Hour)}, {Index: "chat", Eq: []any{"x", at}, Desc: true},
		{Index: "chat", After: &position}, {Index: "chat", Eq: []any{"x"}, After: &position, Desc: true}, {Index: "chat", Min: "a", After: &position},
	} {
		_, find := c.Find(ctx, q)
		_, count := c.Count(ctx, q)
		if err := errors.Join(find, count); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWritesAreMajorityWithJournal(t *testing.T) {
	server := ferrettest.Start(t)
	var wire tape
	uri := server.URI() + "?w=1&journal=false&readPreference=secondary&readConcernLevel=local" // what an address asks for is overruled
	if strings.Contains(server.URI(), "?") {
		uri = server.URI() + "&w=1&journal=false&readPreference=secondary&readConcernLevel=local"
	}
	store, c := notes(t, open(t, mongo.Options{URI: uri, Database: server.Database(t), Monitor: wire.monitor()}))
	wire.take()
	everything(t, store, c)
	seen := map[string]int{}
	for _, command := range wire.take("insert", "update", "delete", "find", "aggregate") {
		name := verb(command)
		seen[name]++
		if name == "find" || name == "aggregate" {
			if level, _ := command.Lookup("readConcern", "level").StringValueOK(); level != "majority" {
				t.Errorf("%s reads with concern %q", name, level)
			}
			if _, err := command.LookupErr("$readPreference"); err == nil && command.Lookup("$readPreference", "mode").StringValue() == "secondary" {
				t.Errorf("%s reads from a secondary", name)
			}
			continue
		}
		w, _ := command.Lookup("writeConcern", "w").StringValueOK()
		j, _ := command.Lookup("writeConcern", "j").BooleanOK()
		if w != "majority" || !j {
			t.Errorf("%s asks for %v", name, command.Lookup("writeConcern"))
		}
	}
	for _, name := range []string{"insert", "update", "delete", "find", "aggregate"} {
		if seen[name] == 0 {
			t.Errorf("no %s was seen", name)
		}
	}
}

// TestQueriesGoByIndex expects each filter to begin with _id or the first field of a declared index, and each walk to name its index.
func TestQueriesGoByIndex(t *testing.T) {
	server := ferrettest.Start(t)
	var wire tape
	store, c := notes(t, open(t, mongo.Options{URI: server.URI(), Database: server.Database(t), Monitor: wire.monitor()}))
	wire.take()
	everything(t, store, c)
	filters := 0
	for _, command := range wire.take("find", "aggregate", "update", "delete") {
		for _, f := range filtersOf(t, command) {
			filters++
			first, err := f.IndexErr(0)
			hint, hinted := command.Lookup("hint").StringValueOK()
			switch {
			case err != nil && hinted: // everything, in the order of an index
			case err == nil && first.Key() == "$and" && hinted: // a page of everything
			case err != nil || (first.Key() != "_id" && first.Key() != "_k.chat.a"):
				t.Errorf("%s goes by %v", verb(command), f)
			case first.Key() == "_k.chat.a" && hint != "kefu_chat":
				t.Errorf("%s by an index hints at %q", verb(command), hint)
			}
		}
	}
	if filters < 20 {
		t.Errorf("only %d filters were seen", filters)
	}
}

func filtersOf(t *testing.T, command bson.Raw) []bson.Raw {
	t.Helper()
	switch verb(command) {
	case "find":
		if f, ok := command.Lookup("filter").DocumentOK(); ok {
			return []bson.Raw{f}
		}
	case "aggregate":
		return []bson.Raw{command.Lookup("pipeline", "0", "$match").Document()}
	case "update":
		return []bson.Raw{command.Lookup("updates", "0", "q").Document()}
	case "delete":
		return []bson.Raw{command.Lookup("deletes", "0", "q").Document()}
	}
	t.Fatalf("%s has no filter", verb(command))
	return nil
}

// TestInsertsShareRoundTrips inserts from many callers at once: fewer commands than documents, and each caller gets its own answer.
func TestInsertsShareRoundTrips(t *testing.T) {
	server := ferrettest.Start(t)
	var wire tape
	_, c := notes(t, open(t, mongo.Options{URI: server.URI(), Database: server.Database(t), Monitor: wire.monitor()}))
	wire.take()
	const callers = 60
	var wg sync.WaitGroup
	var mu sync.Mutex
	exist := 0
	for i := range callers {
		wg.Go(func() {
			exists, err := c.Insert(t.Context(), fmt.Sprint("n", i/2), &note{}) // each id twice
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if exists {
				exist++
			}
		})
	}
	wg.Wait()
	if exist != callers/2 {
		t.Errorf("%d of %d callers were told that the id exists, want half", exist, callers)
	}
	if n := len(wire.take("insert")); n >= callers || n == 0 {
		t.Errorf("%d round trips for %d inserts", n, callers)
	}
}
