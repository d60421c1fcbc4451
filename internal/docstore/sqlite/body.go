package sqlite

import (
	"bytes"
	"encoding/json"
	"reflect"
	"sync"
	"time"

	"kefu/internal/docstore"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Encode returns v as JSON, with <, > and & as they are.
func (*Driver) Encode(v any) ([]byte, error) {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.Clone(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))), nil
}

// Decode fills v from JSON and cuts its times to the millisecond.
func (*Driver) Decode(body []byte, v any) error {
	if err := json.Unmarshal(body, v); err != nil {
		return err
	}
	if r := reflect.ValueOf(v); holdsTime(r.Type()) {
		cutTimes(r)
	}
	return nil
}

var timeType = reflect.TypeFor[time.Time]()

// cutTimes cuts every time below v, which must be addressable or a pointer where it holds one.
func cutTimes(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			cutTimes(v.Elem())
		}
	case reflect.Struct:
		cutFields(v)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			cutTimes(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() { // map values are not addressable
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			cutTimes(value)
			v.SetMapIndex(key, value)
		}
	}
}

func cutFields(v reflect.Value) {
	if v.Type() == timeType {
		t := v.Addr().Interface().(*time.Time)
		*t = docstore.Millis(*t)
		return
	}
	for _, i := range timeFields(v.Type()) {
		cutTimes(v.Field(i))
	}
}

var timeFieldsOf sync.Map // reflect.Type -> []int

// timeFields returns the places of a struct type's fields that can contain a time.Time; reflection describes a field anew each time it is asked.
func timeFields(t reflect.Type) []int {
	if known, ok := timeFieldsOf.Load(t); ok {
		return known.([]int)
	}
	var list []int
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && holdsTime(f.Type) {
			list = append(list, i)
		}
	}
	timeFieldsOf.Store(t, list)
	return list
}

var timeHolders sync.Map // reflect.Type -> bool

// holdsTime reports whether a value of the type can contain a time.Time.
func holdsTime(t reflect.Type) bool {
	if known, ok := timeHolders.Load(t); ok {
		return known.(bool)
	}
	holds := searchTime(t, make(map[reflect.Type]bool))
	timeHolders.Store(t, holds)
	return holds
}

func searchTime(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == timeType {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return searchTime(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && searchTime(f.Type, seen) {
				return true
			}
		}
	}
	return false
}
