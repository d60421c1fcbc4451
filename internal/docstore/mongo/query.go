package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/mongo/options"

	"kefu/internal/docstore"
)

// Get loads one document.
func (d *Driver) Get(ctx context.Context, name, id string) (r docstore.Record, err error) {
	c, err := d.collection(name)
	if err != nil {
		return r, err
	}
	err = d.call(ctx, func(ctx context.Context) error {
		raw, err := c.FindOne(ctx, bson.D{{Key: fieldID, Value: id}}).Raw()
		if err != nil {
			return err
		}
		r, err = record(raw)
		return err
	})
	return r, err
}

// Find returns one page of an index range.
func (d *Driver) Find(ctx context.Context, name string, q docstore.Query) (records []docstore.Record, err error) {
	c, err := d.collection(name)
	if err != nil {
		return nil, err
	}
	q, ix, err := c.schema.Check(q)
	if err != nil {
		return nil, err
	}
	filter := append(rangeOf(q, ix), after(q, ix)...)
	opts := options.Find().SetSort(order(q, ix)).SetHint(hint(ix)).SetLimit(int64(q.Limit))
	err = d.call(ctx, func(ctx context.Context) error {
		cursor, err := c.Collection.Find(ctx, filter, opts)
		if err != nil {
			return err
		}
		defer cursor.Close(ctx)
		for cursor.Next(ctx) {
			r, err := record(append(bson.Raw(nil), cursor.Current...))
			if err != nil {
				return err
			}
			records = append(records, r)
		}
		return cursor.Err()
	})
	return records, err
}

// Count counts an index range.
func (d *Driver) Count(ctx context.Context, name string, q docstore.Query) (n int64, err error) {
	c, err := d.collection(name)
	if err != nil {
		return 0, err
	}
	q, ix, err := c.schema.Check(q)
	if err != nil {
		return 0, err
	}
	err = d.call(ctx, func(ctx context.Context) error {
		n, err = c.CountDocuments(ctx, rangeOf(q, ix), options.Count().SetHint(hint(ix)))
		return err
	})
	return n, err
}

// paths names the fields of an index in order, the id last.
func paths(ix docstore.IndexSchema) []string {
	list := make([]string, ix.Values, ix.Values+1)
	for i := range list {
		list[i] = fieldKeys + "." + ix.Name + "." + places[i]
	}
	return append(list, fieldID)
}

// rangeOf is the filter of Eq, Min and Max. It always starts with the first field of the index.
func rangeOf(q docstore.Query, ix docstore.IndexSchema) bson.D {
	fields, filter := paths(ix), bson.D{}
	for i, v := range q.Eq {
		filter = append(filter, bson.E{Key: fields[i], Value: stored(v)})
	}
	var bounds bson.D
	if q.Min != nil {
		bounds = append(bounds, bson.E{Key: "$gte", Value: stored(q.Min)})
	}
	if q.Max != nil {
		bounds = append(bounds, bson.E{Key: "$lt", Value: stored(q.Max)})
	}
	switch {
	case bounds != nil:
		filter = append(filter, bson.E{Key: fields[len(q.Eq)], Value: bounds})
	case len(q.Eq) == 0 && ix.Values > 0: // keep out documents that are not in the index
		filter = append(filter, bson.E{Key: fields[0], Value: bson.D{{Key: "$exists", Value: true}}})
	}
	return filter
}

// after is the filter of the place a page starts behind: the first free field is beyond its value, or equal with the next one
// beyond, and so on.
func after(q docstore.Query, ix docstore.IndexSchema) bson.D {
	if q.After == nil {
		return nil
	}
	beyond := "$gt"
	if q.Desc {
		beyond = "$lt"
	}
	fields := paths(ix)[len(q.Eq):]
	values := append(append([]any(nil), q.After.Keys[len(q.Eq):]...), q.After.ID)
	var choices bson.A
	for i := range fields {
		var choice bson.D
		for j := range i {
			choice = append(choice, bson.E{Key: fields[j], Value: stored(values[j])})
		}
		choice = append(choice, bson.E{Key: fields[i], Value: bson.D{{Key: beyond, Value: stored(values[i])}}})
		choices = append(choices, choice)
	}
	// The bound outside of the choices lets the server begin its walk there.
	bound := bson.D{{Key: fields[0], Value: bson.D{{Key: beyond + "e", Value: stored(values[0])}}}}
	return bson.D{{Key: "$and", Value: bson.A{bound, bson.D{{Key: "$or", Value: choices}}}}}
}

func order(q docstore.Query, ix docstore.IndexSchema) bson.D {
	direction := 1
	if q.Desc {
		direction = -1
	}
	return ordered(ix, direction)
}

func ordered(ix docstore.IndexSchema, direction int) bson.D {
	var d bson.D
	for _, field := range paths(ix) {
		d = append(d, bson.E{Key: field, Value: direction})
	}
	return d
}

// hint names the index to walk.
func hint(ix docstore.IndexSchema) string {
	if ix.Values == 0 {
		return "_id_"
	}
	return indexName(ix.Name)
}
