package schema

import (
	"reflect"
	"regexp"
	"strings"
)

// validator is a struct that checks what spans its fields.
type validator interface{ Validate() error }

// checker is a whole recipe that checks what spans its sections. broken tells of a field or a section in which something could not be
// read; what depends on it is not to be checked.
type checker interface {
	Check(broken func(path string) bool) error
}

var index = regexp.MustCompile(`\[\d+\]`)

// validate calls the Validate methods of v and of the structs in it, from the outside in: one that validates answers for all it holds.
// Structs in which something could not be read are passed over, since what they hold is not what was meant.
func (d *decoder) validate(v reflect.Value, path string) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct || isText(v.Type()) {
		return
	}
	if c, ok := v.Addr().Interface().(validator); ok {
		if !d.broken[path] {
			for _, err := range flatten(c.Validate()) {
				d.invalid(v.Type(), path, err)
			}
			return
		}
	}
	for _, f := range fieldsOf(v.Type()) {
		d.validate(f.of(v), join(path, f.name))
	}
}

// check calls the Check method of the outermost struct.
func (d *decoder) check(root any) {
	if c, ok := root.(checker); ok {
		for _, err := range flatten(c.Check(func(path string) bool { return d.broken[path] })) {
			d.invalid(d.root, "", err)
		}
	}
}

// invalid reports an error of a Validate method at the field it names, else at its struct.
func (d *decoder) invalid(t reflect.Type, path string, err error) {
	name, what := fieldNamed(t, err.Error())
	full := path
	if name != "" {
		full = join(path, name)
	}
	text := what
	if full != "" {
		text = full + ": " + what
	}
	place := Place{}
	for at := full; ; at = at[:max(strings.LastIndexByte(at, '.'), 0)] {
		if o, ok := d.origins[at]; ok {
			place = o.Place
			break
		}
		if at == "" {
			break
		}
	}
	if place.File == "" {
		place.File = "defaults"
		for _, o := range d.origins {
			if o.Layer == "recipe" {
				place.File = o.File
			}
		}
	}
	d.problems = append(d.problems, Problem{Place: place, What: text})
}

// fieldNamed splits "optim.lr: must be positive" into the field and the rest. A package's prefix ("dp: ") in front is dropped.
func fieldNamed(t reflect.Type, message string) (name, rest string) {
	parts := strings.SplitN(message, ": ", 3)
	for i, part := range parts[:max(len(parts)-1, 0)] {
		if i > 1 || strings.ContainsAny(part, " \t") {
			break
		}
		if exists(t, part) {
			return index.ReplaceAllString(part, ""), strings.Join(parts[i+1:], ": ")
		}
	}
	return "", message
}

// exists reports whether a dotted path leads to a field of t.
func exists(t reflect.Type, path string) bool {
	for part := range strings.SplitSeq(index.ReplaceAllString(path, ""), ".") {
		if t = deref(t); t.Kind() != reflect.Struct {
			return false
		}
		f, ok := find(t, part)
		if !ok {
			return false
		}
		t = f.typ
	}
	return true
}

// flatten lists the errors that errors.Join put together.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range joined.Unwrap() {
			out = append(out, flatten(e)...)
		}
		return out
	}
	return []error{err}
}
