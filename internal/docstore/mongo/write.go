package mongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"kefu/internal/docstore"
)

const (
	// maxRun bounds the documents of one round trip, and maxRunBytes their size; a message holds 48 MB.
	maxRun      = 100
	maxRunBytes = 16 << 20
)

// change is a checked op.
type change struct {
	docstore.Op
	on  *collection
	doc bson.Raw
}

// Atomic is false: each run of ops is a round trip of its own, and a transaction over them would need a replica set and cost two more.
func (*Driver) Atomic() bool { return false }

// Write applies the ops in order; see docstore.Driver.
func (d *Driver) Write(ctx context.Context, ops []docstore.Op) ([]bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	changes, err := d.prepare(ops)
	if err != nil {
		return nil, err
	}
	if len(changes) == 1 && changes[0].Kind == docstore.OpInsert {
		exists, err := changes[0].on.inserts.insert(ctx, changes[0])
		return []bool{exists}, err
	}
	exists := make([]bool, len(changes))
	for at := 0; at < len(changes); {
		n := run(changes[at:])
		if err := d.apply(ctx, changes[at:at+n], exists[at:at+n]); err != nil {
			c := changes[at]
			return nil, fmt.Errorf("%s %s %q: %w", c.Kind, c.Collection, c.ID, err)
		}
		at += n
	}
	return exists, nil
}

func (d *Driver) prepare(ops []docstore.Op) ([]change, error) {
	changes := make([]change, len(ops))
	for i, op := range ops {
		on, err := d.collection(op.Collection)
		if err != nil {
			return nil, err
		}
		c := change{Op: op, on: on}
		switch op.Kind {
		case docstore.OpInsert:
			c.doc, err = document(op, 1)
		case docstore.OpReplace:
			c.doc, err = document(op, op.Version+1)
		case docstore.OpDelete:
		default:
			err = fmt.Errorf("unknown kind of op %q", op.Kind)
		}
		if err = errors.Join(err, check(on.schema, op)); err != nil {
			return nil, fmt.Errorf("%s %q: %w", op.Collection, op.ID, err)
		}
		changes[i] = c
	}
	return changes, nil
}

// run returns how many of the first changes go in one round trip: inserts or deletes of one collection.
func run(changes []change) int {
	first := changes[0]
	if first.Kind == docstore.OpReplace {
		return 1
	}
	size := 0
	for i, c := range changes {
		size += len(c.doc)
		if i == maxRun || c.Kind != first.Kind || c.on != first.on || (i > 0 && size > maxRunBytes) {
			return i
		}
	}
	return len(changes)
}

func (d *Driver) apply(ctx context.Context, run []change, exists []bool) error {
	switch run[0].Kind {
	case docstore.OpInsert:
		return d.insertRun(ctx, run, exists)
	case docstore.OpReplace:
		return d.replace(ctx, run[0])
	}
	return d.deleteRun(ctx, run)
}

func (d *Driver) replace(ctx context.Context, c change) error {
	return d.call(ctx, func(ctx context.Context) error {
		filter := bson.D{{Key: fieldID, Value: c.ID}, {Key: fieldVersion, Value: c.Version}}
		result, err := c.on.ReplaceOne(ctx, filter, c.doc)
		if err == nil && result.MatchedCount == 0 {
			return docstore.ErrConflict
		}
		return err
	})
}

func (d *Driver) deleteRun(ctx context.Context, run []change) error {
	ids := make(bson.A, len(run))
	for i, c := range run {
		ids[i] = c.ID
	}
	return d.call(ctx, func(ctx context.Context) error {
		_, err := run[0].on.DeleteMany(ctx, bson.D{{Key: fieldID, Value: bson.D{{Key: "$in", Value: ids}}}})
		return err
	})
}

// insertRun inserts in order. The server stops at an id that exists, so the rest is sent again behind it.
func (d *Driver) insertRun(ctx context.Context, run []change, exists []bool) error {
	for len(run) > 0 {
		stopped, err := d.insertMany(ctx, run, true)
		switch {
		case err != nil:
			return err
		case len(stopped) == 0:
			return nil
		}
		at := stopped[0]
		exists[at] = true
		run, exists = run[at+1:], exists[at+1:]
	}
	return nil
}

// insertMany returns the places of the ids that exist.
func (d *Driver) insertMany(ctx context.Context, run []change, ordered bool) (exist []int, err error) {
	docs := make([]any, len(run))
	for i, c := range run {
		docs[i] = c.doc
	}
	err = d.call(ctx, func(ctx context.Context) error {
		_, err := run[0].on.InsertMany(ctx, docs, options.InsertMany().SetOrdered(ordered))
		exist, err = duplicates(err)
		return err
	})
	return exist, err
}

// duplicates takes the existing ids out of the error of a bulk insert; the rest of the error stays.
func duplicates(err error) ([]int, error) {
	var bulk mongo.BulkWriteException
	if !errors.As(err, &bulk) {
		return nil, err
	}
	if bulk.WriteConcernError != nil {
		return nil, bulk.WriteConcernError
	}
	var exist []int
	for _, e := range bulk.WriteErrors {
		if e.Code != 11000 {
			return nil, e.WriteError
		}
		exist = append(exist, e.Index)
	}
	return exist, nil
}
