package docstore

import (
	"context"
	"errors"
)

// Errors a caller can act on. Drivers wrap them with what failed.
var (
	// ErrNotFound says that no document has the id.
	ErrNotFound = errors.New("document not found")
	// ErrConflict says that another writer changed the document first.
	ErrConflict = errors.New("document was changed by another writer")
	// ErrUnavailable says that the database cannot be reached or refuses to work now (connection lost, disk full). It recovers by itself:
	// try again later. Whether the write was applied is unknown.
	ErrUnavailable = errors.New("storage is unavailable")
	// ErrClosed says that the store was closed by this process.
	ErrClosed = errors.New("storage is closed")
	// ErrTooLarge says that a document is over MaxDocument.
	ErrTooLarge = errors.New("document is too large")
	// ErrNoChange is returned by the function given to Update or Upsert to leave the document as it is; the caller gets nil.
	ErrNoChange = errors.New("no change")
)

// MaxDocument is the largest encoded document, in bytes.
const MaxDocument = 4 << 20

// DefaultLimit is the most records Find returns when the query names no limit.
const DefaultLimit = 1000

// Driver is one database. It is safe for concurrent use. Bodies are in the driver's own encoding (Encode, Decode): structs by their
// json tags, times read back to the millisecond in UTC. Do not embed structs or hold any in stored types. Keys of maps hold no dot and no NUL and do not begin with a
// dollar sign: not every server of MongoDB's kind takes those.
//
// When a context ends before Write returns, the caller gets the context's error and must take the outcome as unknown: a write
// that still waited is not applied, one already on its way may be. Inserts under an id that follows from the input and replaces by version make it
// safe to ask again.
type Driver interface {
	// Declare creates the collection and its indexes where missing, fills an index that is new to stored documents (Schema.Keys)
	// and forgets indexes no longer declared. It runs at start; declaring the same again is cheap.
	Declare(ctx context.Context, s Schema) error
	// Write applies the ops in order and stops at the first that fails with ErrConflict. SQLite applies all or none; Mongo may leave a prefix applied, so
	// order the ops such that the last one marks the work as done. When nil is returned everything is durable. exists[i] tells that op i
	// was an insert whose id was already there (which is no failure and leaves the stored document untouched).
	Write(ctx context.Context, ops []Op) (exists []bool, err error)
	Get(ctx context.Context, collection, id string) (Record, error)
	// Find returns the records of one index range in index order.
	Find(ctx context.Context, collection string, q Query) ([]Record, error)
	Count(ctx context.Context, collection string, q Query) (int64, error)
	// Atomic says whether Write applies all ops or none.
	Atomic() bool
	Ping(ctx context.Context) error
	Close() error
	Encode(v any) ([]byte, error)
	Decode(body []byte, v any) error
}

// Schema declares a collection: a name of lower-case letters, digits and underscores, and its indexes.
type Schema struct {
	Name    string
	Indexes []IndexSchema
	// Keys returns the values of every index for a stored body, as Op.Keys. Drivers call it to fill an index that
	// was added after documents were stored.
	Keys func(body []byte) (map[string][]any, error)
}

// IndexSchema declares an index over 1..4 key values, compared in order. Name is lower-case letters and underscores.
type IndexSchema struct {
	Name   string
	Values int
	// Fixed says that a document keeps its values for ever; a driver need not write them again when the document changes.
	Fixed bool
}

// Record is a stored document. Version starts at 1 and grows by one with every change.
type Record struct {
	ID      string
	Version int64
	Body    []byte
}

// OpKind says what an Op does.
type OpKind string

// The kinds of Op.
const (
	OpInsert  OpKind = "insert"  // store unless the id exists
	OpReplace OpKind = "replace" // store if the version is still Version, else ErrConflict (also when missing)
	OpDelete  OpKind = "delete"  // remove; a missing document is no error
)

// Op is one change of one document.
type Op struct {
	Kind       OpKind
	Collection string
	ID         string
	Version    int64 // OpReplace: the version that must be stored now
	Body       []byte
	// Keys holds the values of each index by name; an absent name means the document is not in that index.
	// Values are string, int64, bool or time.Time, or of a type made of string, an integer or bool. One place of an index holds one type.
	Keys map[string][]any
	// Err holds a failure to encode; Write returns it and applies nothing.
	Err error
}

// Query selects a range of one index. Every query must name a declared index, or be empty of Index, which walks the ids in order.
type Query struct {
	Index string
	// Eq are the values the first keys must equal. Without Index it must be empty.
	Eq []any
	// Min (inclusive) and Max (exclusive) bound the key after Eq (or the id when Index is empty); nil = open.
	Min, Max any
	// Desc returns the largest first. Ties of equal keys are ordered by id, in the same direction.
	Desc bool
	// Limit is the most records returned; 0 = DefaultLimit. Count does not regard Desc, Limit and After.
	Limit int
	// After continues behind the record of an earlier page: its keys of this index and its id.
	After *Position
}

// Position is a place in an index.
type Position struct {
	Keys []any
	ID   string
}
