package mongo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/bson/bsoncodec"
	"go.mongodb.org/mongo-driver/event"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
	"go.mongodb.org/mongo-driver/mongo/readconcern"
	"go.mongodb.org/mongo-driver/mongo/readpref"
	"go.mongodb.org/mongo-driver/mongo/writeconcern"

	"kefu/internal/docstore"
)

// Options say where the data lives.
type Options struct {
	// URI is a mongodb:// or mongodb+srv:// address. It may hold a password and never appears in an error. Its write concern, read concern
	// and read preference are overruled.
	URI string
	// Database is the name of the database.
	Database string
	// Timeout bounds one round trip; 0 = 10 s. It is also the longest wait of Open.
	Timeout time.Duration
	// Selection bounds the wait for a primary; 0 = 3 s.
	Selection time.Duration
	// Monitor, when set, sees every command.
	Monitor *event.CommandMonitor
}

// Driver is a docstore.Driver on a MongoDB database.
type Driver struct {
	client      *mongo.Client
	db          *mongo.Database
	timeout     time.Duration
	registry    *bsoncodec.Registry
	collections sync.Map // name -> *collection
	closed      atomic.Bool
}

// collection is a declared collection.
type collection struct {
	*mongo.Collection
	schema  docstore.Schema
	inserts *inserter
}

// Open connects and waits until a primary answers.
func Open(ctx context.Context, o Options) (*Driver, error) {
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Selection <= 0 {
		o.Selection = 3 * time.Second
	}
	opts := options.Client().ApplyURI(o.URI)
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("mongodb address: %w", hide(err, o.URI))
	}
	journal, majority := true, writeconcern.Majority()
	majority.Journal = &journal
	opts.SetWriteConcern(majority).
		SetReadConcern(readconcern.Majority()).
		SetReadPreference(readpref.Primary()).
		SetServerSelectionTimeout(o.Selection).
		SetConnectTimeout(o.Selection).
		SetHeartbeatInterval(2 * time.Second).
		SetMonitor(o.Monitor).
		SetAppName("kefu")
	client, err := mongo.Connect(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("mongodb: %w", hide(err, o.URI))
	}
	d := &Driver{client: client, db: client.Database(o.Database), timeout: o.Timeout, registry: newRegistry()}
	if err := d.Ping(ctx); err != nil {
		_ = d.Close() //nolint:contextcheck // ctx may have ended
		return nil, fmt.Errorf("mongodb: %w", hide(err, o.URI))
	}
	return d, nil
}

// Ping asks the primary.
func (d *Driver) Ping(ctx context.Context) error {
	return d.call(ctx, func(ctx context.Context) error { return d.client.Ping(ctx, readpref.Primary()) })
}

// Close disconnects. Calls under way fail or finish.
func (d *Driver) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), d.timeout)
	defer cancel()
	if err := d.client.Disconnect(ctx); err != nil && !errors.Is(err, mongo.ErrClientDisconnected) {
		return fmt.Errorf("mongodb: disconnect: %w", err)
	}
	return nil
}

// call makes one round trip under the driver's time-out and translates its error.
func (d *Driver) call(ctx context.Context, fn func(ctx context.Context) error) error {
	if d.closed.Load() {
		return docstore.ErrClosed
	}
	bounded, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	return translate(ctx, fn(bounded))
}

func (d *Driver) collection(name string) (*collection, error) {
	c, ok := d.collections.Load(name)
	if !ok {
		return nil, fmt.Errorf("collection %q is not declared", name)
	}
	return c.(*collection), nil
}

var _ docstore.Driver = (*Driver)(nil)
