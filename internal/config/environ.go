package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"kefu/adapters"
)

const envPrefix = "KEFU_"

// secret is a secret that a file holds, or may hold.
type secret struct {
	value reflect.Value // of type adapters.Secret
	file  string        // as the configuration file says
}

func (l *loader) secret(path string, v reflect.Value) *secret {
	s, ok := l.secrets[path]
	if !ok {
		s = &secret{value: v}
		l.secrets[path] = s
	}
	return s
}

// setting is one value that a variable can set.
type setting struct {
	path, env string
	value     reflect.Value
	isMap     bool // env is the beginning of a variable's name, the key its end
}

// environment sets what variables say. It runs twice: an inbox has the settings of its channel only after the first.
func (l *loader) environment() {
	used := make(map[string]bool)
	for range 2 {
		for i := range l.cfg.Inboxes {
			l.cfg.Inboxes[i].block()
		}
		for _, s := range settings(reflect.ValueOf(l.cfg).Elem(), "", strings.TrimSuffix(envPrefix, "_")) {
			l.applySetting(s, used)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.env)) {
		if strings.HasPrefix(name, envPrefix) && !used[name] && !forTests(name) {
			l.problems = append(l.problems, Problem{Env: name, Message: "sets nothing: no such value, or no inbox, desk or person of this name"})
		}
	}
}

// forTests says that a variable belongs to the test suite, which may start programs that load a configuration.
func forTests(name string) bool { return name == "KEFU_CI" || strings.HasPrefix(name, "KEFU_TEST_") }

func (l *loader) applySetting(s setting, used map[string]bool) {
	if s.isMap {
		l.applyMap(s, used)
		return
	}
	text, set := l.env[s.env]
	if s.value.Type() == secretType {
		l.applySecret(s, used)
	}
	if !set || used[s.env] {
		return
	}
	used[s.env] = true
	l.from[s.path] = s.env
	if !setScalar(s.value, text) {
		l.report(s.path, "must be "+wanted(s.value.Type()))
	}
}

// applySecret lets the environment overrule a secret or its file in the configuration file.
func (l *loader) applySecret(s setting, used map[string]bool) {
	_, set := l.env[s.env]
	fileEnv := s.env + strings.ToUpper(fileSuffix)
	file, fileSet := l.env[fileEnv]
	kept := l.secret(s.path, s.value)
	switch {
	case used[s.env] || used[fileEnv]:
		return
	case set && fileSet:
		l.problems = append(l.problems, Problem{Path: s.path, Env: fileEnv, Message: "is set beside " + s.env + ": set one of them"})
		used[fileEnv] = true
	case fileSet:
		used[fileEnv] = true
		l.from[s.path] = fileEnv
		kept.file = file
		s.value.SetString("")
	case set:
		kept.file = ""
	}
}

func (l *loader) applyMap(s setting, used map[string]bool) {
	for _, name := range slices.Sorted(maps.Keys(l.env)) {
		key, ok := strings.CutPrefix(name, s.env+"_")
		if !ok || used[name] {
			continue
		}
		used[name] = true
		key = strings.ToLower(key)
		elem := reflect.New(s.value.Type().Elem()).Elem()
		l.from[join(s.path, key)] = name
		setScalar(elem, l.env[name])
		if s.value.IsNil() {
			s.value.Set(reflect.MakeMap(s.value.Type()))
		}
		s.value.SetMapIndex(reflect.ValueOf(key), elem)
	}
}

// settings lists the values below v with the variables that set them.
func settings(v reflect.Value, path, env string) []setting {
	switch t := v.Type(); {
	case isBlock(t):
		if v.IsNil() {
			return nil
		}
		return settings(v.Elem(), path, env)
	case t.Kind() == reflect.Struct:
		var all []setting
		for i := range v.NumField() {
			if key := tag(t.Field(i)); key != "" {
				all = append(all, settings(v.Field(i), join(path, key), env+"_"+envName(key))...)
			}
		}
		return all
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return memberSettings(v, path, env)
	case t.Kind() == reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return nil
		}
		return []setting{{path: path, env: env, value: v, isMap: true}}
	}
	return []setting{{path: path, env: env, value: v}}
}

// memberSettings lists the values of a list's members, which are addressed by name or, having none of their own, by id.
func memberSettings(v reflect.Value, path, env string) []setting {
	by := "name"
	if _, ok := fieldOf(reflect.New(v.Type().Elem()).Elem(), "id"); ok {
		by = "id"
	}
	var all []setting
	for i := range v.Len() {
		key, _ := fieldOf(v.Index(i), by)
		if key.String() == "" {
			continue
		}
		at := fmt.Sprintf("%s[%d]", path, i)
		for _, s := range settings(v.Index(i), at, env+"_"+memberName(key.String(), i)) {
			if s.path != join(at, by) {
				all = append(all, s)
			}
		}
	}
	return all
}

// memberName addresses a member of a list: by its place, counted from 0, when a variable cannot hold its name.
func memberName(name string, place int) string {
	if !isASCII(name) {
		return strconv.Itoa(place)
	}
	return envName(name)
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// envName is a name as a variable can hold it.
func envName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, name)
}

// readSecrets reads the files that hold secrets.
func (l *loader) readSecrets() {
	for _, path := range slices.Sorted(maps.Keys(l.secrets)) {
		s := l.secrets[path]
		if s.file == "" {
			continue
		}
		if s.value.String() != "" {
			l.report(path+fileSuffix, "stands beside "+lastKey(path)+": set one of them")
			continue
		}
		body, err := os.ReadFile(s.file)
		if err != nil {
			l.report(path+fileSuffix, "cannot be read: "+reason(err))
			continue
		}
		s.value.Set(reflect.ValueOf(adapters.Secret(strings.TrimRight(string(body), "\r\n"))))
	}
}

// reason is an error without the path of the file, which would be a secret if somebody confused the two.
func reason(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return "it is no readable file"
}

func lastKey(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }
