package schema

import (
	"reflect"

	"github.com/goccy/go-yaml/ast"
)

// Auto is the value of a number that is written as the word auto: whoever reads it finds the number out from what it is for. Fields that may be
// so have the tag auto, which says what decides; no number that may be written is Auto, by their bounds.
const Auto = -1

// autoWord is how it is written. As the value of a section it stands for each of its fields that may be so.
const autoWord = "auto"

// setAuto writes Auto into a number.
func setAuto(v reflect.Value) {
	if v.CanFloat() {
		v.SetFloat(Auto)
		return
	}
	v.SetInt(Auto)
}

// isAuto reports whether the value of a field is to be written as auto.
func isAuto(v reflect.Value, tag reflect.StructTag) bool {
	if tag.Get(autoWord) == "" || !v.IsValid() {
		return false
	}
	return v.CanFloat() && v.Float() == Auto || v.CanInt() && v.Int() == Auto
}

// automatic writes Auto into the fields of a section that may be so, where the section is given as that word. It reports whether it is.
func (d *decoder) automatic(n ast.Node, v reflect.Value, path string) bool {
	if text, ok := scalarText(n); !ok || text != autoWord || quoted(n) {
		return false
	}
	found := false
	for _, f := range fieldsOf(v.Type()) {
		if f.tag.Get(autoWord) != "" {
			found = true
			at := join(path, f.name)
			d.origin(at, d.layer.place(n.GetToken()))
			setAuto(f.of(v))
		}
	}
	return found
}

// orAuto goes on with an error about a field's value: that it may be auto, if it may.
func orAuto(tag func(string) string) string {
	if tag(autoWord) == "" {
		return ""
	}
	return ", or " + autoWord
}
