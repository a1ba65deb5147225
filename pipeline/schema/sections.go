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
