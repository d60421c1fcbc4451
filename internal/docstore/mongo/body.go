package mongo

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/bsoncodec"
	"go.mongodb.org/mongo-driver/bson/bsonrw"
	"go.mongodb.org/mongo-driver/x/bsonx/bsoncore"

	"kefu/internal/docstore"
)

// Names of our own beside the fields of a document.
const (
	fieldID      = "_id"
	fieldVersion = "_v"
	fieldKeys    = "_k"
)

// places are the names of an index's values under _k.<index>.
var places = [...]string{"a", "b", "c", "d"}

// Encode returns v, a struct or a pointer to one, as BSON under its json tags.
func (d *Driver) Encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	w, err := bsonrw.NewBSONValueWriter(&buf)
	if err != nil {
		return nil, err
	}
	enc, err := bson.NewEncoder(w)
	if err != nil {
		return nil, err
	}
	if err := enc.SetRegistry(d.registry); err != nil {
		return nil, err
	}
	enc.UseJSONStructTags()
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// newRegistry makes the codecs, which are BSON's own except that strings have invalid
// UTF-8, which BSON does not allow, replaced as JSON does.
func newRegistry() *bsoncodec.Registry {
	r := bson.NewRegistry()
	r.RegisterKindEncoder(reflect.String, bsoncodec.ValueEncoderFunc(
		func(_ bsoncodec.EncodeContext, w bsonrw.ValueWriter, v reflect.Value) error {
			return w.WriteString(strings.ToValidUTF8(v.String(), "\uFFFD"))
		}))
	return r
}

// Decode fills v from BSON.
func (*Driver) Decode(body []byte, v any) error {
	dec, err := bson.NewDecoder(bsonrw.NewBSONDocumentReader(body))
	if err != nil {
		return err
	}
	dec.UseJSONStructTags()
	return dec.Decode(v)
}

// document returns what is stored for op in the given version.
func document(op docstore.Op, version int64) (bson.Raw, error) {
	if len(op.Body) < 5 {
		return nil, errors.New("body is not a document")
	}
	keys, err := keyDocument(op.Keys)
	if err != nil {
		return nil, err
	}
	at, doc := bsoncore.AppendDocumentStart(make([]byte, 0, len(op.Body)+len(keys)+len(op.ID)+40))
	doc = bsoncore.AppendStringElement(doc, fieldID, op.ID)
	doc = bsoncore.AppendInt64Element(doc, fieldVersion, version)
	doc = append(doc, op.Body[4:len(op.Body)-1]...) // its elements, without length and end mark
	if keys != nil {
		doc = bsoncore.AppendDocumentElement(doc, fieldKeys, keys)
	}
	doc, err = bsoncore.AppendDocumentEnd(doc, at)
	return bson.Raw(doc), err
}

// keyDocument returns the value of _k, nil when the document is in no index.
func keyDocument(keys map[string][]any) (bson.Raw, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	all := make(bson.D, 0, len(keys))
	for name, values := range keys {
		one := make(bson.D, len(values))
		for i, v := range values {
			w, err := docstore.Value(v)
			if err != nil {
				return nil, fmt.Errorf("index %s: %w", name, err)
			}
			one[i] = bson.E{Key: places[i], Value: stored(w)}
		}
		all = append(all, bson.E{Key: name, Value: one})
	}
	return bson.Marshal(all)
}

// stored returns a normal index value as MongoDB keeps it.
func stored(v any) any {
	switch x := v.(type) {
	case string:
		return strings.ToValidUTF8(x, "\uFFFD")
	case time.Time:
		return bson.RawValue{Type: bson.TypeDateTime, Value: bsoncore.AppendDateTime(nil, x.UnixMilli())}
	}
	return v
}

// check reports keys that do not fit the declared indexes.
func check(s docstore.Schema, op docstore.Op) error {
	known := 0
	for _, ix := range s.Indexes {
		values, ok := op.Keys[ix.Name]
		if !ok {
			continue
		}
		known++
		if len(values) != ix.Values {
			return fmt.Errorf("index %s: %d values, want %d", ix.Name, len(values), ix.Values)
		}
	}
	if known != len(op.Keys) {
		return fmt.Errorf("keys for an index that %s does not declare", s.Name)
	}
	return nil
}

// record reads the names of ours from a stored document.
func record(raw bson.Raw) (docstore.Record, error) {
	id, ok := raw.Lookup(fieldID).StringValueOK()
	if !ok {
		return docstore.Record{}, errors.New("stored document has no string _id")
	}
	version, ok := raw.Lookup(fieldVersion).AsInt64OK()
	if !ok {
		return docstore.Record{}, fmt.Errorf("stored document %q has no number _v", id)
	}
	return docstore.Record{ID: id, Version: version, Body: raw}, nil
}
