package schema

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Key is what is known of one key: all of it from the field that the key sets, so that what is told is what is checked.
type Key struct {
	Path    string   `json:"key"`               // dotted
	Type    string   `json:"type"`              // count, number, duration, flag, text, path, section, or a list of one of them
	Bounds  string   `json:"bounds,omitempty"`  // such as "1–1000" or "> 0, ≤ 1"
	OneOf   []string `json:"one_of,omitempty"`  // the words that are allowed; none = all
	Value   string   `json:"default,omitempty"` // of the struct that was described, as a recipe writes it; "" for a section
	Meaning string   `json:"meaning"`
}

// Form is what may be written for the key, in words: "count 1–1000", "adamw | muon".
func (k Key) Form() string {
	if k.OneOf == nil {
		return strings.TrimSpace(k.Type + " " + k.Bounds)
	}
	words := make([]string, 0, len(k.OneOf))
	for _, w := range k.OneOf {
		words = append(words, nonEmpty(w, `""`))
	}
	return strings.TrimSuffix(strings.TrimSuffix(k.Type, "s"), "text") + strings.Join(words, " | ")
}

// Section reports whether the key holds others.
func (k Key) Section() bool { return k.Type == section }

// Describe lists the keys of the struct that of points to, sections before what they hold, in the order of declaration. The meaning is
// the field's tag doc, or what its type says of itself; the tag unset says in words what an absent value stands for.
func Describe(of any) []Key {
	var out []Key
	var walk func(t reflect.Type, v reflect.Value, prefix string)
	walk = func(t reflect.Type, v reflect.Value, prefix string) {
		for _, f := range fieldsOf(t) {
			at, item := join(prefix, f.name), f.of(v)
			for item.IsValid() && item.Kind() == reflect.Pointer {
				item = usually(item).Elem() // invalid behind nil: there is no default
			}
			k := Key{Path: at, Type: kindOf(deref(f.typ), f.tag), Bounds: boundsOf(f.tag), Meaning: meaning(f.typ, f.tag)}
			if list, ok := f.tag.Lookup("oneof"); ok {
				k.OneOf = strings.Split(list, "|")
			}
			if k.Type == section {
				out = append(out, k)
				walk(deref(f.typ), item, at)
				continue
			}
			k.Value = written(item, f.tag)
			out = append(out, k)
		}
	}
	v := reflect.ValueOf(of).Elem()
	walk(v.Type(), v, "")
	return out
}

// usually is a pointer, or in place of nil one to what the section holds where it is there.
func usually(v reflect.Value) reflect.Value {
	if v.IsNil() && v.Type().Implements(reflect.TypeFor[Defaulted]()) {
		return fresh(v.Type())
	}
	return v
}

// Missing is what is wrong with a path that leads to no key, as it would be said of a setting; nil when there is one.
func Missing(defaults any, path string) Problems {
	t := reflect.TypeOf(defaults).Elem()
	d := &decoder{root: t, layer: &Layer{kind: "argument", file: "argument", lines: []string{path}, first: 1, path: strings.Split(path, ".")}, broken: map[string]bool{}}
	at := ""
	for i, part := range d.layer.path {
		if t = deref(t); t.Kind() != reflect.Struct {
			return Problems{{Place: d.layer.keyPlace(i), What: at + " has no fields"}}
		}
		f, ok := find(t, part)
		if !ok {
			return Problems{{Place: d.layer.keyPlace(i), What: fmt.Sprintf("unknown field %q", part), Note: d.unknown(part, t, at)}}
		}
		t, at = f.typ, join(at, part)
	}
	return nil
}

// Documented is a type that says itself what may stand in a key: where that is a list that other packages add to.
type Documented interface{ Doc() string }

// meaning is what is said of a key.
func meaning(t reflect.Type, tag reflect.StructTag) string {
	if d, ok := reflect.Zero(t).Interface().(Documented); ok {
		return d.Doc()
	}
	doc := tag.Get("doc")
	for _, word := range []string{autoWord, Off} {
		if means := tag.Get(word); means != "" {
			doc += "; " + word + " = " + means
		}
	}
	return doc
}

const section = "section"

// kindOf names a type as docs/recipe.md does.
func kindOf(t reflect.Type, tag reflect.StructTag) string {
	switch {
	case t == durationType:
		return "duration"
	case isText(t):
		return "text"
	}
	switch t.Kind() {
	case reflect.Struct:
		return section
	case reflect.Slice:
		return "list of " + kindOf(deref(t.Elem()), tag) + "s"
	case reflect.Array:
		return fmt.Sprintf("%d %ss", t.Len(), kindOf(deref(t.Elem()), tag))
	case reflect.Map:
		return "table of " + strings.TrimSuffix(kindOf(deref(t.Elem()), tag), "s") + "s"
	case reflect.Bool:
		return "flag"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.String:
		if tag.Get("kind") == "path" {
			return "path"
		}
		return "text"
	}
	return "count"
}

// boundsOf writes the tags min, max and above as a reader would.
func boundsOf(tag reflect.StructTag) string {
	low, high, above := tag.Get("min"), tag.Get("max"), tag.Get("above")
	var parts []string
	switch {
	case low != "" && high != "":
		return low + "–" + high
	case low != "":
		parts = append(parts, "≥ "+low)
	case above != "":
		parts = append(parts, "> "+above)
	}
	if high != "" {
		parts = append(parts, "≤ "+high)
	}
	return strings.Join(parts, ", ")
}

// written is a default as a recipe writes it.
func written(v reflect.Value, tag reflect.StructTag) string {
	if unset := tag.Get("unset"); unset != "" && (!v.IsValid() || v.IsZero()) {
		return unset
	}
	switch {
	case isAuto(v, tag):
		return autoWord
	case !v.IsValid():
		return "none"
	case v.Type() == durationType:
		return shortDuration(time.Duration(v.Int()))
	}
	if x, ok := leaf(v); ok {
		return fmt.Sprint(x)
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = written(v.Index(i), "")
		}
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Map:
		items := make([]string, 0, v.Len())
		for _, name := range v.MapKeys() {
			items = append(items, written(name, "")+": "+written(v.MapIndex(name), ""))
		}
		slices.Sort(items)
		return "{" + strings.Join(items, ", ") + "}"
	case reflect.String:
		if text := v.String(); text == "" || strings.ContainsAny(text, "\n\"'{}[],:#") || strings.TrimSpace(text) != text {
			return strconv.Quote(text)
		}
		return v.String()
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	}
	if v.CanInt() {
		return ShortCount(v.Int())
	}
	return fmt.Sprint(v.Interface())
}

// ShortCount is 4M for 4 000 000: a whole number in the form that parseCount reads.
func ShortCount(n int64) string {
	switch {
	case n != 0 && n%1e6 == 0:
		return strconv.FormatInt(n/1e6, 10) + "M"
	case n != 0 && n%1e3 == 0:
		return strconv.FormatInt(n/1e3, 10) + "k"
	}
	return strconv.FormatInt(n, 10)
}

// shortDuration is 1m for 1m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
