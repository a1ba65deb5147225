package schema

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Dialect is the JSON Schema that JSONSchema writes.
const Dialect = "https://json-schema.org/draft/2020-12/schema"

// How values that YAML reads as text are written, in the regular expressions of ECMA-262.
const (
	digits          = `(\d+(_\d+)*)?(\.\d+(_\d+)*)?([eE][+-]?\d{1,4})?`
	countPattern    = `^\+?` + digits + `[kMGT]?$`
	numberPattern   = `^[+-]?` + digits + `([kMGT]|%)?$`
	durationPattern = `^(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$`
)

// JSONSchema describes what the struct that defaults points to reads, for editors. It refuses nothing that Decode takes; what spans
// fields, and the bounds of numbers that YAML reads as text (20M, 10%), are left to Decode.
func JSONSchema(defaults any) map[string]any {
	v := reflect.ValueOf(defaults).Elem()
	s := shape(v.Type(), v, "")
	s["$schema"] = Dialect
	return s
}

// shape is the schema of one type. tag is of the field that holds it, v its default, invalid when there is none.
func shape(t reflect.Type, v reflect.Value, tag reflect.StructTag) map[string]any {
	for t = deref(t); v.IsValid() && v.Kind() == reflect.Pointer; {
		v = usually(v).Elem()
	}
	s := plainShape(t, v, tag)
	if word := map[string]any{"const": autoWord}; tag.Get(autoWord) != "" {
		s["anyOf"] = append(s["anyOf"].([]any), word)
	} else if t.Kind() == reflect.Struct && !isText(t) && slices.ContainsFunc(fieldsOf(t), func(f field) bool { return f.tag.Get(autoWord) != "" }) {
		s = map[string]any{"anyOf": []any{s, word}}
	}
	if tag.Get(Off) != "" {
		s = map[string]any{"anyOf": []any{s, map[string]any{"const": Off}}}
	}
	if doc := meaning(t, tag); doc != "" {
		s["description"] = doc
	}
	if v.IsValid() && t.Kind() != reflect.Struct && (!v.IsZero() || tag.Get("unset") == "") {
		if x := Tree(v.Interface(), nil); x != nil {
			s["default"] = x
		}
	}
	return s
}

func plainShape(t reflect.Type, v reflect.Value, tag reflect.StructTag) map[string]any {
	switch {
	case t == durationType:
		return map[string]any{"type": "string", "pattern": durationPattern}
	case isText(t):
		return map[string]any{"type": []string{"string", "number", "boolean"}}
	}
	switch t.Kind() {
	case reflect.Struct:
		properties := map[string]any{}
		for _, f := range fieldsOf(t) {
			properties[f.name] = shape(f.typ, f.of(v), f.tag)
		}
		return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": plainShape(deref(t.Elem()), reflect.Value{}, tag)}
	case reflect.Slice:
		item := plainShape(deref(t.Elem()), reflect.Value{}, tag)
		list := map[string]any{"type": "array", "items": item}
		if t.Elem().Kind() == reflect.String { // one text alone is a list of one
			return map[string]any{"anyOf": []any{list, item}}
		}
		return list
	case reflect.Array:
		return map[string]any{"type": "array", "items": plainShape(deref(t.Elem()), reflect.Value{}, tag), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		s := map[string]any{"type": "string"}
		if list, ok := tag.Lookup("oneof"); ok {
			s["enum"] = strings.Split(list, "|")
		}
		return s
	case reflect.Float32, reflect.Float64:
		return numeric("number", numberPattern, tag)
	}
	s := numeric("integer", countPattern, tag)
	if t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64 && tag.Get("min") == "" {
		s["anyOf"].([]any)[0].(map[string]any)["minimum"] = 0
	}
	return s
}

// numeric is a number within the bounds of the tags, or its text.
func numeric(kind, pattern string, tag reflect.StructTag) map[string]any {
	n := map[string]any{"type": kind}
	for name, keyword := range map[string]string{"min": "minimum", "max": "maximum", "above": "exclusiveMinimum"} {
		if limit, err := strconv.ParseFloat(tag.Get(name), 64); err == nil {
			n[keyword] = limit
		}
	}
	return map[string]any{"anyOf": []any{n, map[string]any{"type": "string", "pattern": pattern}}}
}
