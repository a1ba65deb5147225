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

// Off is the word that stands for a whole section of which there is none.
const Off = "off"

// Switched are sections of which some may be the word off. Their tag off says what it means.
type Switched interface {
	Sections
	// Switch turns a section off, which has its defaults then, or on.
	Switch(name string, off bool)
	// Off reports whether a section is written as the word off.
	Off(name string) bool
}

// isOff reports whether a field of a struct is a section that is off.
func isOff(of reflect.Value, name string) bool {
	if !of.IsValid() || !of.CanInterface() {
		return false
	}
	s, ok := of.Interface().(Switched)
	return ok && s.Off(name)
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
