package schema

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// field is one key of a struct.
type field struct {
	name  string
	index []int // nil = of a struct whose fields are registered elsewhere
	tag   reflect.StructTag
	typ   reflect.Type
}

// of is the field of a struct; invalid where the struct is.
func (f field) of(v reflect.Value) reflect.Value {
	switch {
	case !v.IsValid():
		return v
	case f.index == nil:
		return reflect.ValueOf(v.Interface().(Sections).Section(f.name)).Elem()
	}
	return v.FieldByIndex(f.index)
}

var durationType = reflect.TypeFor[time.Duration]()

// fieldsOf lists the keys of a struct type in the order of declaration. Embedded structs marked yaml:",inline" lend theirs.
func fieldsOf(t reflect.Type) []field {
	var out []field
	if s, ok := reflect.Zero(t).Interface().(Sections); ok {
		for _, f := range s.Fields() {
			out = append(out, field{name: f.Name, tag: f.Tag, typ: f.Type})
		}
		return out
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		if f.Type.Kind() == reflect.Struct && strings.Contains(options, "inline") {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				out = append(out, inner)
			}
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		out = append(out, field{name: name, index: f.Index, tag: worded(f), typ: f.Type})
	}
	return out
}

// vocabulary is a text type whose words, each with its meaning, are registered elsewhere in the program.
type vocabulary interface{ Words() [][2]string }

// worded is the tag of a field. Of a vocabulary, or a list of its words, it allows the words and explains them.
func worded(f reflect.StructField) reflect.StructTag {
	t := deref(f.Type)
	if t.Kind() == reflect.Slice {
		t = deref(t.Elem())
	}
	v, ok := reflect.Zero(t).Interface().(vocabulary)
	if !ok {
		return f.Tag
	}
	var words, meanings []string
	for _, w := range v.Words() {
		words, meanings = append(words, w[0]), append(meanings, w[0]+" = "+w[1])
	}
	doc := f.Tag.Get("doc") + ": " + strings.Join(meanings, "; ")
	return reflect.StructTag(fmt.Sprintf("oneof:%q doc:%q ", strings.Join(words, "|"), doc)) + f.Tag // the first of a name counts
}

// names of the keys of a struct type.
func names(t reflect.Type) []string {
	var out []string
	for _, f := range fieldsOf(t) {
		out = append(out, f.name)
	}
	return out
}

// find returns the field with a key.
func find(t reflect.Type, name string) (field, bool) {
	for _, f := range fieldsOf(t) {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// deref is the type behind pointers.
func deref(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// elsewhere returns the dotted paths in root that end in name.
func elsewhere(root reflect.Type, name string) []string {
	var out []string
	var walk func(t reflect.Type, prefix string)
	walk = func(t reflect.Type, prefix string) {
		t = deref(t)
		if t.Kind() != reflect.Struct || isText(t) {
			return
		}
		for _, f := range fieldsOf(t) {
			path := join(prefix, f.name)
			if f.name == name {
				out = append(out, path)
			}
			walk(f.typ, path)
		}
	}
	walk(root, "")
	return out
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}
