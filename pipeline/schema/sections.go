package schema

import (
	"reflect"
)

// Sections is a struct whose fields are registered elsewhere in the program.
type Sections interface {
	// Fields are those of every value of the type.
	Fields() []Section
	// Section points to the field of that name. Copies of a value share what it points to.
	Section(name string) any
}

// Section is a field of a Sections. Its tag is that of a struct's field, without the key.
type Section struct {
	Name string
	Type reflect.Type
	Tag  reflect.StructTag
}

// Every returns the sections of type T that stand in the struct that of points to, with their dotted paths, in the order of declaration. Absent
// ones are passed over.
func Every[T any](of any) (paths []string, sections []*T) {
	var walk func(v reflect.Value, prefix string)
	walk = func(v reflect.Value, prefix string) {
		if v = behind(v); v.IsValid() && v.Type() == reflect.TypeFor[T]() {
			paths, sections = append(paths, prefix), append(sections, v.Addr().Interface().(*T))
			return
		}
		if !v.IsValid() || v.Kind() != reflect.Struct || isText(v.Type()) {
			return
		}
		for _, f := range fieldsOf(v.Type()) {
			walk(f.of(v), join(prefix, f.name))
		}
	}
	walk(reflect.ValueOf(of), "")
	return paths, sections
}
