package mongo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
	"golang.org/x/sync/errgroup"

	"kefu/internal/docstore"
)

const indexPrefix = "kefu_"

func indexName(name string) string { return indexPrefix + name }

// Declare creates the indexes; see docstore.Driver. An index appears only after it was filled, so that a fill cut short is done again.
func (d *Driver) Declare(ctx context.Context, s docstore.Schema) error {
	if err := s.Validate(); err != nil {
		return err
	}
	c := &collection{Collection: d.db.Collection(s.Name), schema: s, inserts: &inserter{driver: d}}
	if err := d.declare(ctx, c); err != nil {
		return fmt.Errorf("declare %s: %w", s.Name, err)
	}
	d.collections.Store(s.Name, c)
	return nil
}

func (d *Driver) declare(ctx context.Context, c *collection) error {
	present, err := d.present(ctx, c)
	if err != nil {
		return err
	}
	var missing []docstore.IndexSchema
	for _, ix := range c.schema.Indexes {
		if present[ix.Name] != ix.Values {
			missing = append(missing, ix)
		}
	}
	if err := d.dropForgotten(ctx, c, present); err != nil {
		return err
	}
	if len(missing) > 0 {
		if err := d.fill(ctx, c); err != nil {
			return fmt.Errorf("fill: %w", err)
		}
	}
	for _, ix := range missing {
		if err := d.createIndex(ctx, c, ix); err != nil {
			return fmt.Errorf("index %s: %w", ix.Name, err)
		}
	}
	return nil
}

// present returns the number of values of each of our indexes on the server.
func (d *Driver) present(ctx context.Context, c *collection) (map[string]int, error) {
	found := make(map[string]int)
	err := d.call(ctx, func(ctx context.Context) error {
		cursor, err := c.Indexes().List(ctx)
		if err != nil {
			return err
		}
		defer cursor.Close(ctx)
		for cursor.Next(ctx) {
			name, ours := strings.CutPrefix(cursor.Current.Lookup("name").StringValue(), indexPrefix)
			fields, err := cursor.Current.Lookup("key").Document().Elements()
			if err != nil {
				return err
			}
			if ours {
				found[name] = len(fields) - 1 // the last is the id
			}
		}
		return cursor.Err()
	})
	var failure mongo.ServerError
	if errors.As(err, &failure) && failure.HasErrorCode(26) { // NamespaceNotFound: an older server's word for a new collection
		return found, nil
	}
	return found, err
}

// dropForgotten removes indexes that are not declared or have another number of values: documents stored from now on would be missing from them.
func (d *Driver) dropForgotten(ctx context.Context, c *collection, present map[string]int) error {
	for _, ix := range c.schema.Indexes {
		if present[ix.Name] == ix.Values {
			delete(present, ix.Name)
		}
	}
	for name := range present {
		err := d.call(ctx, func(ctx context.Context) error {
			_, err := c.Indexes().DropOne(ctx, indexName(name))
			return err
		})
		if err != nil {
			return fmt.Errorf("drop index %s: %w", name, err)
		}
	}
	return nil
}

// createIndex makes a partial index, or a plain one where the server has none. Building it may take longer than a round trip.
func (d *Driver) createIndex(ctx context.Context, c *collection, ix docstore.IndexSchema) error {
	fields := ordered(ix, 1)
	only := bson.D{{Key: fields[0].Key, Value: bson.D{{Key: "$exists", Value: true}}}}
	err := d.create(ctx, c, fields, options.Index().SetName(indexName(ix.Name)).SetPartialFilterExpression(only))
	var failure mongo.ServerError
	if errors.As(err, &failure) && failure.HasErrorCode(238) { // NotImplemented
		return d.create(ctx, c, fields, options.Index().SetName(indexName(ix.Name)))
	}
	return err
}

func (d *Driver) create(ctx context.Context, c *collection, fields bson.D, o *options.IndexOptions) error {
	if d.closed.Load() {
		return docstore.ErrClosed
	}
	_, err := c.Indexes().CreateOne(ctx, mongo.IndexModel{Keys: fields, Options: o})
	return translate(ctx, err)
}

const fillPage = 100

// fill sets the keys of every stored document, page by page.
func (d *Driver) fill(ctx context.Context, c *collection) error {
	if c.schema.Keys == nil {
		return nil
	}
	for last := ""; ; {
		page, err := d.page(ctx, c, last)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := d.fillRecords(ctx, c, page); err != nil {
			return err
		}
		last = page[len(page)-1].ID
	}
}

func (d *Driver) page(ctx context.Context, c *collection, last string) (page []docstore.Record, err error) {
	filter := bson.D{{Key: fieldID, Value: bson.D{{Key: "$gt", Value: last}}}}
	opts := options.Find().SetSort(bson.D{{Key: fieldID, Value: 1}}).SetHint("_id_").SetLimit(fillPage)
	err = d.call(ctx, func(ctx context.Context) error {
		cursor, err := c.Collection.Find(ctx, filter, opts)
		if err != nil {
			return err
		}
		var docs []bson.Raw
		if err := cursor.All(ctx, &docs); err != nil {
			return err
		}
		for _, raw := range docs {
			r, err := record(raw)
			if err != nil {
				return err
			}
			page = append(page, r)
		}
		return nil
	})
	return page, err
}

// fillWorkers share the round trips of a fill.
const fillWorkers = 16

func (d *Driver) fillRecords(ctx context.Context, c *collection, page []docstore.Record) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(fillWorkers)
	for _, r := range page {
		group.Go(func() error {
			if err := d.fillRecord(ctx, c, r); err != nil {
				return fmt.Errorf("%q: %w", r.ID, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// fillRecord sets the keys of a document as it was read; one changed meanwhile was given its keys by its writer. Its version stays.
func (d *Driver) fillRecord(ctx context.Context, c *collection, r docstore.Record) error {
	keys, err := c.schema.Keys(r.Body)
	if err != nil {
		return err
	}
	doc, err := keyDocument(keys)
	if err != nil {
		return err
	}
	update := bson.D{{Key: "$set", Value: bson.D{{Key: fieldKeys, Value: doc}}}}
	if doc == nil {
		update = bson.D{{Key: "$unset", Value: bson.D{{Key: fieldKeys, Value: ""}}}}
	}
	return d.call(ctx, func(ctx context.Context) error {
		_, err := c.UpdateOne(ctx, bson.D{{Key: fieldID, Value: r.ID}, {Key: fieldVersion, Value: r.Version}}, update)
		return err
	})
}
