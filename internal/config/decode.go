package config

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"kefu/adapters"
)

var (
	secretType   = reflect.TypeFor[adapters.Secret]()
	durationType = reflect.TypeFor[time.Duration]()
)

// fileSuffix marks the twin of a secret.
const fileSuffix = "_file"

// decode puts a node into v and reports what does not fit.
func (l *loader) decode(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	switch k := v.Kind(); {
	case isBlock(v.Type()):
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		l.decodeStruct(n, v.Elem(), path)
	case k == reflect.Struct:
		l.decodeStruct(n, v, path)
	case k == reflect.Slice:
		l.decodeSlice(n, v, path)
	case k == reflect.Map:
		l.decodeMap(n, v, path)
	default:
		l.decodeScalar(n, v, path)
	}
}

// isBlock says that a value is a part that may be left out, such as an adapter's; a pointer to anything else is a value that may be.
func isBlock(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// pairs calls fn for each key of a mapping that stands there once.
func (l *loader) pairs(n *yaml.Node, path string, fn func(key string, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		l.report(path, "must hold keys and values")
		return
	}
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := join(path, key.Value)
		if seen[key.Value] {
			l.problems = append(l.problems, Problem{Path: at, Line: key.Line, Message: "stands here twice"})
			continue
		}
		seen[key.Value] = true
		l.lines[at] = key.Line
		fn(key.Value, n.Content[i+1])
	}
}

func (l *loader) decodeStruct(n *yaml.Node, v reflect.Value, path string) {
	l.pairs(n, path, func(key string, value *yaml.Node) {
		if field, ok := fieldOf(v, key); ok {
			l.decode(value, field, join(path, key))
			return
		}
		stem, isFile := strings.CutSuffix(key, fileSuffix)
		if field, ok := fieldOf(v, stem); ok && isFile && field.Type() == secretType {
			var name string
			l.decode(value, reflect.ValueOf(&name).Elem(), join(path, key))
			l.secret(join(path, stem), field).file = name
			return
		}
		l.report(join(path, key), "is unknown; known here are "+strings.Join(keysOf(v.Type()), ", "))
	})
}

func (l *loader) decodeSlice(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		l.report(path, "must be a list")
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	// Set first: settings remembered by the elements must point into the list that stays.
	v.Set(list)
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		l.lines[at] = item.Line
		l.decode(item, list.Index(i), at)
	}
}

func (l *loader) decodeMap(n *yaml.Node, v reflect.Value, path string) {
	m := reflect.MakeMap(v.Type())
	l.pairs(n, path, func(key string, value *yaml.Node) {
		elem := reflect.New(v.Type().Elem()).Elem()
		if elem.Kind() == reflect.Interface {
			if err := value.Decode(elem.Addr().Interface()); err != nil {
				l.report(join(path, key), "cannot be read")
				return
			}
		} else {
			l.decode(value, elem, join(path, key))
		}
		m.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), elem)
	})
	v.Set(m)
}

func (l *loader) decodeScalar(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		l.report(path, "must be "+wanted(v.Type()))
		return
	}
	text, ok := l.expand(n.Value, path)
	if ok && !setScalar(v, text) {
		l.report(path, "must be "+wanted(v.Type()))
	}
}

var variable = regexp.MustCompile(`\$?\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand replaces ${NAME}.
func (l *loader) expand(text, path string) (expanded string, ok bool) {
	ok = true
	expanded = variable.ReplaceAllStringFunc(text, func(ref string) string {
		if strings.HasPrefix(ref, "$$") {
			return ref[1:]
		}
		name := ref[2 : len(ref)-1]
		value, set := l.env[name]
		if !set {
			l.report(path, "the environment variable "+name+" is not set")
			ok = false
		}
		return value
	})
	return expanded, ok
}

// setScalar parses text for v and reports whether it fits.
func setScalar(v reflect.Value, text string) bool {
	if v.Kind() == reflect.Pointer {
		p := reflect.New(v.Type().Elem())
		if !setScalar(p.Elem(), text) {
			return false
		}
		v.Set(p)
		return true
	}
	switch {
	case v.Type() == durationType:
		d, err := time.ParseDuration(text)
		v.SetInt(int64(d))
		return err == nil
	case v.Kind() == reflect.String:
		v.SetString(text)
		return true
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b)
		return err == nil
	case v.CanInt():
		i, err := strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(i)
		return err == nil
	case v.CanFloat():
		f, err := strconv.ParseFloat(text, 64)
		v.SetFloat(f)
		return err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		setList(v, text)
		return true
	}
	return false
}

// setList takes the parts of a text separated by commas.
func setList(v reflect.Value, text string) {
	list := reflect.MakeSlice(v.Type(), 0, 4)
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = reflect.Append(list, reflect.ValueOf(part).Convert(v.Type().Elem()))
		}
	}
	v.Set(list)
}

func wanted(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch k := t.Kind(); {
	case t == durationType:
		return `a duration such as "90s", "5m" or "7h"`
	case k == reflect.Bool:
		return "true or false"
	case k == reflect.Float64 || k == reflect.Float32:
		return "a number"
	case k == reflect.String:
		return "a single text"
	}
	return "a whole number"
}

// fieldOf finds the field of a struct by its key in the file.
func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if tag(v.Type().Field(i)) == key && key != "" {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if k := tag(t.Field(i)); k != "" {
			keys = append(keys, k)
		}
	}
	return keys
}

// tag is the key of a field; empty for one that is not of the file.
func tag(f reflect.StructField) string {
	key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if key == "-" {
		return ""
	}
	return key
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
