package schema

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// Origin says which layer set a value, and where.
type Origin struct {
	Layer string // "recipe", "extends", "environment", "-s"
	Place
}

// Decode writes the layers into the struct that into points to, which holds the defaults, and returns where each value came from
// by dotted path. What cannot be read is left at its default and reported; Validate methods run on every struct that had no
// problem of its own, and the outermost struct's Check, if it has one.
func Decode(into any, layers ...*Layer) (map[string]Origin, Problems) {
	d := decode(into, layers)
	d.validate(reflect.ValueOf(into).Elem(), "")
	d.check(into)
	return d.origins, d.problems.Sort()
}

// Read is Decode without Validate and Check, for layers that are not all there: it finds what is wrong with each value by itself.
func Read(into any, layers ...*Layer) (map[string]Origin, Problems) {
	d := decode(into, layers)
	return d.origins, d.problems.Sort()
}

func decode(into any, layers []*Layer) *decoder {
	v := reflect.ValueOf(into).Elem()
	d := &decoder{root: v.Type(), origins: map[string]Origin{}, broken: map[string]bool{}}
	for _, l := range layers {
		for _, part := range l.pieces() {
			d.layer = part
			if part.path != nil {
				d.setting(v)
			} else if part.root != nil {
				d.value(part.root, v, "", "")
			}
		}
	}
	return d
}

type decoder struct {
	root     reflect.Type
	layer    *Layer
	origins  map[string]Origin
	problems Problems
	broken   map[string]bool // paths with a problem: their structs are not validated
}

// report notes a problem at a path and marks it and the structs around it.
func (d *decoder) report(path string, p Problem) {
	d.problems = append(d.problems, p)
	for path != "" {
		d.broken[path] = true
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
	d.broken[""] = true
}

func (d *decoder) at(n ast.Node, path, what, note string) {
	d.report(path, Problem{Place: d.layer.place(n.GetToken()), What: what, Note: note})
}

// setting writes one KEY=VALUE. Text is taken as it stands, so that a pattern like *.txt needs no quotes.
func (d *decoder) setting(v reflect.Value) {
	l, path := d.layer, ""
	for i, part := range l.path {
		v = alloc(v)
		if v.Kind() != reflect.Struct {
			d.report(path, Problem{Place: l.keyPlace(i), What: fmt.Sprintf("%s has no fields", path)})
			return
		}
		f, ok := find(v.Type(), part)
		if !ok {
			d.report(path, Problem{Place: l.keyPlace(i), What: fmt.Sprintf("unknown field %q", part), Note: d.unknown(part, v.Type(), path)})
			return
		}
		of := v
		v, path = f.of(v), join(path, part)
		if d.switched(of, f, path, i == len(l.path)-1 && l.raw == Off) {
			d.origin(path, l.valuePlace())
			return
		}
		if i < len(l.path)-1 {
			continue
		}
		if !utf8.ValidString(l.raw) || strings.ContainsFunc(l.raw, forbidden) {
			d.report(path, Problem{Place: l.valuePlace(), What: hidden})
			return
		}
		t := deref(f.typ)
		if t.Kind() == reflect.String && !isText(t) && !strings.HasPrefix(l.raw, `"`) && !strings.HasPrefix(l.raw, `'`) {
			d.text(l.raw, func() Place { return l.valuePlace() }, alloc(v), path, f.tag.Get)
			return
		}
		list := t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String
		if list && !strings.HasPrefix(l.raw, "[") {
			d.origin(path, l.valuePlace())
			v.Set(reflect.ValueOf(strings.Split(l.raw, ",")).Convert(t))
			d.listTags(v, path, f.tag.Get, l.valuePlace)
			return
		}
		if strings.TrimSpace(l.raw) == "" {
			d.report(path, Problem{Place: l.valuePlace(), What: path + " is given no value"})
			return
		}
		if problems := l.parse(l.raw); problems != nil {
			d.report(path, problems[0])
			return
		}
		d.origin(path, l.valuePlace())
		d.value(l.root, v, path, f.tag)
	}
}

// value writes a node into v.
func (d *decoder) value(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	switch n := n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		d.at(n, path, "anchors and aliases are not part of a recipe", "write the value out, or use extends:")
		return
	case *ast.TagNode:
		d.at(n, path, "YAML tags are not part of a recipe", "remove the tag: the field decides the type")
		return
	case *ast.NullNode:
		d.at(n, path, nonEmpty(path, "the text")+" is given no value", "write one, or remove the key to keep the default")
		return
	case *ast.MappingValueNode:
		d.value(ast.Mapping(n.GetToken(), false, n), v, path, tag)
		return
	}
	v = alloc(v)
	if isText(v.Type()) {
		d.custom(n, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if !d.automatic(n, v, path) {
			d.mapping(n, v, path)
		}
	case reflect.Slice, reflect.Array:
		d.sequence(n, v, path, tag)
	case reflect.Map:
		d.table(n, v, path, tag)
	default:
		d.scalar(n, v, path, tag)
	}
}

// Defaulted is a section that may be absent, and that has defaults of its own where it is there.
type Defaulted interface{ SetDefaults() }

// alloc follows pointers, making what they lack.
func alloc(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(fresh(v.Type()))
		}
		v = v.Elem()
	}
	return v
}

// fresh makes what a pointer of a type points to.
func fresh(pointer reflect.Type) reflect.Value {
	v := reflect.New(pointer.Elem())
	if d, ok := v.Interface().(Defaulted); ok {
		d.SetDefaults()
	}
	return v
}

// pair is one key of a mapping whose key is plain text.
type pair struct {
	key   string
	value *ast.MappingValueNode
}

// pairs lists a mapping's keys and reports what is wrong with them as keys.
func (d *decoder) pairs(n ast.Node, path string) ([]pair, bool) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		d.at(n, path, fmt.Sprintf("%s holds fields, not %s", nonEmpty(path, "a recipe"), describe(n)), d.fieldsNote(path))
		return nil, false
	}
	var out []pair
	seen := map[string]int{}
	for _, mv := range m.Values {
		switch mv.Key.(type) {
		case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		case *ast.MergeKeyNode:
			d.at(mv.Key, path, "merge keys are not part of a recipe", "write the fields out, or use extends:")
			continue
		default:
			d.at(mv.Key, path, "a key must be plain text", "")
			continue
		}
		key := mv.Key.GetToken().Value
		if line, again := seen[key]; again {
			d.at(mv.Key, join(path, key), fmt.Sprintf("field %q is given twice", key), fmt.Sprintf("first on line %d; keep one of them", line))
			continue
		}
		seen[key] = d.layer.place(mv.Key.GetToken()).Line
		out = append(out, pair{key, mv})
	}
	return out, true
}

func (d *decoder) mapping(n ast.Node, v reflect.Value, path string) {
	pairs, ok := d.pairs(n, path)
	if !ok {
		return
	}
	for _, p := range pairs {
		f, ok := find(v.Type(), p.key)
		if !ok {
			d.at(p.value.Key, path, fmt.Sprintf("unknown field %q", p.key), d.unknown(p.key, v.Type(), path))
			continue
		}
		at := join(path, p.key)
		d.origin(at, d.layer.place(p.value.Key.GetToken()))
		text, _ := scalarText(p.value.Value)
		if d.switched(v, f, at, text == Off) {
			continue
		}
		d.value(p.value.Value, f.of(v), at, f.tag)
	}
}

// switched turns a section off where it is the word off, and reports that. Any field of it turns it on again: the last layer that speaks of it
// counts.
func (d *decoder) switched(of reflect.Value, f field, path string, off bool) bool {
	if f.tag.Get(Off) == "" {
		return false
	}
	sections := of.Interface().(Switched)
	if off {
		maps.DeleteFunc(d.origins, func(at string, _ Origin) bool { return strings.HasPrefix(at, path+".") })
	}
	if off || sections.Off(f.name) {
		sections.Switch(f.name, off)
	}
	return off
}

// table writes a mapping with free keys.
func (d *decoder) table(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	pairs, ok := d.pairs(n, path)
	if !ok {
		return
	}
	m := reflect.MakeMapWithSize(v.Type(), len(pairs))
	for _, p := range pairs {
		at := join(path, p.key)
		d.origin(at, d.layer.place(p.value.Key.GetToken()))
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(p.value.Value, item, at, tag)
		m.SetMapIndex(reflect.ValueOf(p.key).Convert(v.Type().Key()), item)
	}
	v.Set(m)
}

func (d *decoder) sequence(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		if _, isScalar := scalarText(n); isScalar && v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String {
			item := reflect.New(v.Type().Elem()).Elem() // one text is a list of one
			d.scalar(n, item, path, tag)
			v.Set(reflect.Append(reflect.MakeSlice(v.Type(), 0, 1), item))
			return
		}
		d.at(n, path, fmt.Sprintf("%s is a list, not %s", path, describe(n)), "write [a, b]")
		return
	}
	if v.Kind() == reflect.Array && len(s.Values) != v.Len() {
		d.at(n, path, fmt.Sprintf("%s holds %d values, not %d", path, v.Len(), len(s.Values)), "")
		return
	}
	out := v
	if v.Kind() == reflect.Slice {
		out = reflect.MakeSlice(v.Type(), len(s.Values), len(s.Values))
	}
	for i, item := range s.Values {
		d.value(item, out.Index(i), path+"["+strconv.Itoa(i)+"]", tag)
	}
	if v.Kind() == reflect.Slice {
		v.Set(out)
	}
}

func (d *decoder) scalar(n ast.Node, v reflect.Value, path string, tag reflect.StructTag) {
	text, ok := scalarText(n)
	if !ok {
		d.at(n, path, fmt.Sprintf("%s is one value, not %s", path, describe(n)), "")
		return
	}
	place := func() Place { return d.layer.place(n.GetToken()) }
	if v.Kind() == reflect.String {
		switch n.(type) {
		case *ast.StringNode, *ast.LiteralNode:
		default:
			d.at(n, path, fmt.Sprintf("%s is text, not %s", path, describe(n)), fmt.Sprintf("write %q in quotes if you mean the text", text))
			return
		}
	} else if quoted(n) {
		d.at(n, path, fmt.Sprintf("%s is no text", path), "remove the quotes")
		return
	}
	d.text(text, place, v, path, tag.Get)
}

// text writes a scalar from its text.
func (d *decoder) text(text string, place func() Place, v reflect.Value, path string, tag func(string) string) {
	if _, ok := d.origins[path]; (!ok || d.layer.path != nil) && !strings.HasSuffix(path, "]") { // an item is where its list is
		d.origin(path, place())
	}
	if err := setText(v, text, tag); err != nil {
		d.report(path, Problem{Place: place(), What: fmt.Sprintf("%s: %s%s", path, err, orAuto(tag)), Note: noteOf(err)})
	}
}

// setText converts and checks one scalar.
func setText(v reflect.Value, text string, tag func(string) string) error {
	switch kind := v.Kind(); {
	case text == autoWord && tag(autoWord) != "":
		setAuto(v)
		return nil
	case v.Type() == durationType:
		x, err := parseDuration(text)
		if err != nil {
			return err
		}
		v.SetInt(int64(x))
		return bounds(x.Seconds(), tag)
	case kind == reflect.String:
		v.SetString(text)
		return oneOf(text, tag("oneof"))
	case kind == reflect.Bool:
		x, err := parseBool(text)
		v.SetBool(x)
		return err
	case v.CanInt():
		x, err := parseCount(text, v.Type().Bits(), true)
		if err != nil {
			return err
		}
		v.SetInt(x.Int64())
		return bounds(float64(x.Int64()), tag)
	case v.CanUint():
		x, err := parseCount(text, v.Type().Bits(), false)
		if err != nil {
			return err
		}
		v.SetUint(x.Uint64())
		return bounds(float64(x.Uint64()), tag)
	case v.CanFloat():
		x, err := parseFloat(text)
		if err != nil {
			return err
		}
		v.SetFloat(x)
		return bounds(x, tag)
	}
	return fmt.Errorf("fields of type %s cannot be set", v.Type())
}

// custom writes a scalar into a type that reads itself.
func (d *decoder) custom(n ast.Node, v reflect.Value, path string) {
	text, ok := scalarText(n)
	if !ok {
		d.at(n, path, fmt.Sprintf("%s is one value, not %s", path, describe(n)), "")
		return
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		d.at(n, path, fmt.Sprintf("%s: %s", path, err), "")
	}
}

// listTags checks every item of a list that was set as a whole.
func (d *decoder) listTags(v reflect.Value, path string, tag func(string) string, place func() Place) {
	for i := range v.Len() {
		if err := oneOf(v.Index(i).String(), tag("oneof")); err != nil {
			d.report(path, Problem{Place: place(), What: fmt.Sprintf("%s[%d]: %s", path, i, err), Note: noteOf(err)})
		}
	}
}

func (d *decoder) origin(path string, p Place) {
	d.origins[path] = Origin{Layer: d.layer.kind, Place: p}
}

// unknown is the note under an unknown field: the likeliest name here, or the section that has it.
func (d *decoder) unknown(name string, t reflect.Type, path string) string {
	all := names(t)
	if Closest(name, all) == "" {
		if places := elsewhere(d.root, name); len(places) > 0 {
			return fmt.Sprintf("it belongs into %s (%s has: %s)", strings.TrimSuffix(places[0], "."+name), nonEmpty(path, "a recipe"), strings.Join(all, ", "))
		}
	}
	return didYouMean(name, all, nonEmpty(path, "a recipe"))
}

// fieldsNote lists the fields of the struct at a path.
func (d *decoder) fieldsNote(path string) string {
	t, or := d.root, ""
	for part := range strings.SplitSeq(path, ".") {
		if t = deref(t); t.Kind() != reflect.Struct || path == "" {
			break
		}
		f, ok := find(t, part)
		if !ok {
			return ""
		}
		t, or = f.typ, ""
		if f.tag.Get(Off) != "" {
			or = "; or write " + Off
		}
	}
	if t = deref(t); t.Kind() != reflect.Struct {
		return ""
	}
	return nonEmpty(path, "a recipe") + " has: " + strings.Join(names(t), ", ") + or
}

func nonEmpty(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// isText reports whether a type reads its own text.
func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}
