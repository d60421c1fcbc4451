package mongo_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/bson"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"kefu/internal/docstore"
	"kefu/internal/docstore/mongo"
	"kefu/internal/docstore/mongo/ferrettest"
)

// childURI and childDatabase tell the test binary to be one of several processes on a database.
const (
	childURI      = "KEFU_MONGO_TEST_CHILD"
	childDatabase = "KEFU_MONGO_TEST_DATABASE"
)

func TestMain(m *testing.M) {
	if uri := os.Getenv(childURI); uri != "" {
		if err := countUp(uri, os.Getenv(childDatabase)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

type tally struct {
	N    int            `json:"n"`
	Mine map[string]int `json:"mine"` // by process id
}

const (
	countWriters = 4
	countEach    = 8
)

// countUp raises one count from several goroutines, each time by compare-and-swap.
func countUp(uri, database string) error {
	ctx := context.Background()
	d, err := mongo.Open(ctx, mongo.Options{URI: uri, Database: database})
	if err != nil {
		return err
	}
	defer d.Close()
	c, err := docstore.Open[tally](ctx, docstore.New(d), "tallies")
	if err != nil {
		return err
	}
	me := fmt.Sprint(os.Getpid())
	errs := make(chan error, countWriters)
	for range countWriters {
		go func() {
			for range countEach {
				_, err := c.Upsert(ctx, "one", func(v *tally, exists bool) error {
					if !exists {
						v.Mine = map[string]int{}
					}
					v.N++
					v.Mine[me]++
					return nil
				})
				if err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range countWriters {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

// TestProcessesLoseNothing lets three processes with several connections each change one document, whose creation they race for as well.
func TestProcessesLoseNothing(t *testing.T) {
	server := ferrettest.Start(t)
	database := server.Database(t)
	const processes = 3
	var wg sync.WaitGroup
	for range processes {
		wg.Go(func() {
			child := exec.CommandContext(t.Context(), os.Args[0])
			child.Env = append(os.Environ(), childURI+"="+server.URI(), childDatabase+"="+database)
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("process: %v\n%s", err, out)
			}
		})
	}
	wg.Wait()
	c, err := docstore.Open[tally](t.Context(), docstore.New(open(t, mongo.Options{URI: server.URI(), Database: database})), "tallies")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := c.Get(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	const want = processes * countWriters * countEach
	if doc.Value.N != want || doc.Version != want || len(doc.Value.Mine) != processes {
		t.Errorf("counted to %d in version %d by %v, want %d", doc.Value.N, doc.Version, doc.Value.Mine, want)
	}
	for process, n := range doc.Value.Mine {
		if n != countWriters*countEach {
			t.Errorf("process %s counted %d, want %d", process, n, countWriters*countEach)
		}
	}
}

// TestIndexesAreMadeAtStart asks the server itself: what is declared is there, in order and with the id last; the same declaration again changes nothing, another one drops what it does not name.
func TestIndexesAreMadeAtStart(t *testing.T) {
	server := ferrettest.Start(t)
	var wire tape
	o := mongo.Options{URI: server.URI(), Database: server.Database(t), Monitor: wire.monitor()}
	notes(t, open(t, o))
	ids := map[string][]string{"_id_": {"_id"}}
	want := map[string][]string{"_id_": {"_id"}, "kefu_chat": {"_k.chat.a", "_k.chat.b", "_id"}}
	if diff := cmp.Diff(want, indexes(t, server, o.Database)); diff != "" {
		t.Errorf("after the first start (-want +got):\n%s", diff)
	}
	wire.take()
	store, _ := notes(t, open(t, o))
	if changes := wire.take("createIndexes", "dropIndexes", "update", "insert"); len(changes) > 0 {
		t.Errorf("the second start sent %v", changes)
	}
	if _, err := docstore.Open[note](t.Context(), store, "notes"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ids, indexes(t, server, o.Database)); diff != "" {
		t.Errorf("declared without indexes (-want +got):\n%s", diff)
	}
}

// indexes lists the fields of each index of the collection notes.
func indexes(t *testing.T, server *ferrettest.Server, database string) map[string][]string {
	t.Helper()
	client, err := driver.Connect(t.Context(), options.Client().ApplyURI(server.URI()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(t.Context()) }()
	specs, err := client.Database(database).Collection("notes").Indexes().ListSpecifications(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, spec := range specs {
		var fields bson.D
		if err := bson.Unmarshal(spec.KeysDocument, &fields); err != nil {
			t.Fatal(err)
		}
		for _, f := range fields {
			found[spec.Name] = append(found[spec.Name], f.Key)
		}
	}
	return found
}
