package mongo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	"go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"
)

// chunkSize is GridFS's own.
const chunkSize = 255 << 10

// Files keep bytes in GridFS's collections media.files and media.chunks, where mongofiles finds them, too.
//
// The driver's own gridfs package is not used: every upload of it takes 16 MiB of memory, and it knows no contexts. A chunk's _id is that of its file and its number,
// so that it is found by _id; the file's document is written last, so a file is there whole or not at all.
type Files struct {
	d             *Driver
	files, chunks *mongo.Collection
}

type fileDoc struct {
	ID     string    `bson:"_id"`
	Length int64     `bson:"length"`
	Chunk  int32     `bson:"chunkSize"`
	At     time.Time `bson:"uploadDate"`
	Name   string    `bson:"filename"`
}

type chunkDoc struct {
	ID   string           `bson:"_id"`
	File string           `bson:"files_id"`
	N    int32            `bson:"n"`
	Data primitive.Binary `bson:"data"`
}

// Files opens the store of bytes in the driver's database.
func (d *Driver) Files(ctx context.Context) (*Files, error) {
	f := &Files{d: d, files: d.db.Collection("media.files"), chunks: d.db.Collection("media.chunks")}
	err := d.call(ctx, func(ctx context.Context) error {
		_, err := f.chunks.Indexes().CreateOne(ctx, mongo.IndexModel{
			Keys: bson.D{{Key: "files_id", Value: 1}, {Key: "n", Value: 1}}, Options: options.Index().SetUnique(true),
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("index of media.chunks: %w", err)
	}
	return f, nil
}

func chunkID(file string, n int32) string { return fmt.Sprintf("%s/%06d", file, n) }

// Write stores what r gives.
func (f *Files) Write(ctx context.Context, id string, r io.Reader) error {
	buf := make([]byte, chunkSize)
	doc := fileDoc{ID: id, Chunk: chunkSize, Name: id, At: time.Now().UTC()}
	for n := int32(0); ; n++ {
		size, err := io.ReadFull(r, buf)
		ended := errors.Is(err, io.EOF) || err == io.ErrUnexpectedEOF //nolint:errorlint // ReadFull's own, unwrapped; a reader's wrapped one is a failure
		if err != nil && !ended {
			return errors.Join(err, f.Remove(context.WithoutCancel(ctx), id))
		}
		if size > 0 {
			c := chunkDoc{ID: chunkID(id, n), File: id, N: n, Data: primitive.Binary{Data: buf[:size]}}
			if err := f.insert(ctx, f.chunks, c); err != nil {
				return err // the chunks before it go with their day
			}
			doc.Length += int64(size)
		}
		if ended {
			return f.insert(ctx, f.files, doc)
		}
	}
}

func (f *Files) insert(ctx context.Context, c *mongo.Collection, doc any) error {
	err := f.d.call(ctx, func(ctx context.Context) error { _, err := c.InsertOne(ctx, doc); return err })
	if err != nil {
		return fmt.Errorf("insert into %s: %w", c.Name(), err)
	}
	return nil
}

// Open opens a file.
func (f *Files) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	var doc fileDoc
	err := f.d.call(ctx, func(ctx context.Context) error {
		return f.files.FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Decode(&doc)
	})
	if err != nil {
		return nil, fmt.Errorf("open media: %w", err)
	}
	return &fileReader{ctx: ctx, f: f, doc: doc}, nil
}

// fileReader reads chunk by chunk. It lives as long as one transfer, hence the context in a struct.
type fileReader struct {
	ctx  context.Context
	f    *Files
	doc  fileDoc
	n    int32
	read int64
	rest []byte
}

func (r *fileReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.read >= r.doc.Length {
			return 0, io.EOF
		}
		var c chunkDoc
		err := r.f.d.call(r.ctx, func(ctx context.Context) error {
			return r.f.chunks.FindOne(ctx, bson.D{{Key: "_id", Value: chunkID(r.doc.ID, r.n)}}).Decode(&c)
		})
		if err != nil {
			return 0, fmt.Errorf("read media, piece %d: %w", r.n, err)
		}
		r.n++
		r.rest, r.read = c.Data.Data, r.read+int64(len(c.Data.Data))
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (r *fileReader) Close() error { return nil }

// Remove removes a file: its document first, so that nobody reads what is going.
func (f *Files) Remove(ctx context.Context, id string) error {
	return f.remove(ctx, bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "files_id", Value: id}})
}

// Purge removes all files, whole or not, whose id sorts before day.
func (f *Files) Purge(ctx context.Context, day string) error {
	before := bson.D{{Key: "$lt", Value: day}}
	return f.remove(ctx, bson.D{{Key: "_id", Value: before}}, bson.D{{Key: "files_id", Value: before}})
}

func (f *Files) remove(ctx context.Context, files, chunks bson.D) error {
	err := f.d.call(ctx, func(ctx context.Context) error { _, err := f.files.DeleteMany(ctx, files); return err })
	if err == nil {
		err = f.d.call(ctx, func(ctx context.Context) error { _, err := f.chunks.DeleteMany(ctx, chunks); return err })
	}
	if err != nil {
		return fmt.Errorf("remove media: %w", err)
	}
	return nil
}
