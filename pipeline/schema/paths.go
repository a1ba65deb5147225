package schema

import (
	"fmt"
	"reflect"
	"strings"
)

// Walk calls visit for every leaf of the struct that v points to, with its dotted path, in the order of declaration. Absent pointers
// are passed over.
func Walk(v any, visit func(path string, value reflect.Value, tag reflect.StructTag)) {
	var walk func(v reflect.Value, prefix string, tag reflect.StructTag)
	walk = func(v reflect.Value, prefix string, tag reflect.StructTag) {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return
			}
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct || isText(v.Type()) {
			visit(prefix, v, tag)
			return
		}
		for _, f := range fieldsOf(v.Type()) {
			walk(f.of(v), join(prefix, f.name), f.tag)
		}
	}
	walk(reflect.ValueOf(v), "", "")
}

// Tag is a field's tag of one key.
func Tag(key, value string) reflect.StructTag {
	return reflect.StructTag(fmt.Sprintf("%s:%q", key, value))
}

// At is the value of a key or a section of the struct that v points to; false where the path leads to none.
func At(v any, path string) (reflect.Value, bool) {
	at := reflect.ValueOf(v).Elem()
	for part := range strings.SplitSeq(path, ".") {
		if at.Kind() == reflect.Pointer {
			at = at.Elem()
		}
		if !at.IsValid() || at.Kind() != reflect.Struct || isText(at.Type()) {
			return reflect.Value{}, false
		}
		f, ok := find(at.Type(), part)
		if !ok {
			return reflect.Value{}, false
		}
		at = f.of(at)
	}
	return at, true
}

// Tagged lists the keys and sections of the struct that of points to whose tag key has a value. What a listed section holds is not listed.
func Tagged(of any, key, value string) (paths []string) {
	var walk func(t reflect.Type, prefix string)
	walk = func(t reflect.Type, prefix string) {
		if t = deref(t); t.Kind() != reflect.Struct || isText(t) {
			return
		}
		for _, f := range fieldsOf(t) {
			if path := join(prefix, f.name); f.tag.Get(key) == value {
				paths = append(paths, path)
			} else {
				walk(f.typ, path)
			}
		}
	}
	walk(reflect.TypeOf(of), "")
	return paths
}
