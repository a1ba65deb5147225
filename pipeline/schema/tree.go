package schema

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"
	"time"

	"github.com/goccy/go-yaml"
)

// Tree is v as nested maps by key, for canonical JSON: durations as text, absent lists and pointers left out. Fields for which skip
// returns true are left out with all they hold; skip may be nil.
func Tree(v any, skip func(path string) bool) any {
	return tree(reflect.ValueOf(v), "", skip)
}

func tree(v reflect.Value, path string, skip func(string) bool) any {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if x, ok := leaf(v); ok {
		return x
	}
	switch v.Kind() {
	case reflect.Struct:
		m := map[string]any{}
		for _, f := range fieldsOf(v.Type()) {
			at := join(path, f.name)
			if skip != nil && skip(at) {
				continue
			}
			if word := wordOf(v, f); word != "" {
				m[f.name] = word
			} else if x := tree(f.of(v), at, skip); x != nil {
				m[f.name] = x
			}
		}
		return m
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return nil
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = tree(v.Index(i), path, skip)
		}
		return list
	case reflect.Map:
		m := map[string]any{}
		for _, k := range v.MapKeys() {
			m[fmt.Sprint(k.Interface())] = tree(v.MapIndex(k), path, skip)
		}
		return m
	}
	return v.Interface()
}

// wordOf is the word that stands for the value of a field, auto or off; "" = the value stands for itself.
func wordOf(of reflect.Value, f field) string {
	switch {
	case isAuto(f.of(of), f.tag):
		return autoWord
	case isOff(of, f.name):
		return Off
	}
	return ""
}

// leaf returns v as text when it is a duration or writes itself.
func leaf(v reflect.Value) (any, bool) {
	if v.Type() == durationType {
		return time.Duration(v.Int()).String(), true
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok && isText(v.Type()) {
		if text, err := m.MarshalText(); err == nil {
			return string(text), true
		}
	}
	return nil, false
}

// YAML writes v as a recipe that Decode, given the defaults, reads back to the same values, fields in the order of declaration. Text that is
// empty by default, absent lists and tables, and fields for which skip returns true are left out. defaults is of v's type.
func YAML(v, defaults any, skip func(path string) bool) ([]byte, error) {
	return yaml.MarshalWithOptions(ordered(reflect.ValueOf(v), reflect.ValueOf(defaults), "", skip), yaml.Indent(2), yaml.IndentSequence(true))
}

// ordered is v as YAML maps. base is the default in its place, invalid where there is none.
func ordered(v, base reflect.Value, path string, skip func(string) bool) any {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v, base = v.Elem(), behind(base)
	}
	if x, ok := leaf(v); ok {
		return x
	}
	switch v.Kind() {
	case reflect.Struct:
		var m yaml.MapSlice
		for _, f := range fieldsOf(v.Type()) {
			at, item, usual := join(path, f.name), f.of(v), f.of(base)
			if skip != nil && skip(at) || item.Kind() == reflect.String && item.Len() == 0 && (!usual.IsValid() || usual.Len() == 0) {
				continue
			}
			if word := wordOf(v, f); word != "" {
				m = append(m, yaml.MapItem{Key: f.name, Value: line(word)})
			} else if x := ordered(item, usual, at, skip); x != nil {
				m = append(m, yaml.MapItem{Key: f.name, Value: x})
			}
		}
		if m == nil {
			return nil
		}
		return m
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return nil
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = ordered(v.Index(i), reflect.Value{}, path, skip)
		}
		return inLine(list)
	case reflect.Map:
		if v.IsNil() {
			return nil
		}
	}
	return v.Interface()
}

// line is a list as it stands in one line, or a word without quotes.
type line []byte

// MarshalYAML gives the line as it is.
func (l line) MarshalYAML() ([]byte, error) { return l, nil }

// inLine writes a short list of single values in brackets, as people do.
func inLine(list []any) any {
	text, err := yaml.MarshalWithOptions(list, yaml.Flow(true))
	if text = bytes.TrimSpace(text); err != nil || len(text) > 100 || len(text) > 60 && bytes.ContainsAny(text, `"{?`) || bytes.ContainsAny(text, "\n") {
		return list
	}
	return line(text)
}

// behind follows a pointer; what is not there is invalid.
func behind(v reflect.Value) reflect.Value {
	if v.IsValid() && v.Kind() == reflect.Pointer {
		return usually(v).Elem()
	}
	return v
}
