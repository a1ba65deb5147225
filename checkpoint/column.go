package checkpoint

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// column ties a struct field to a column.
type column struct {
	name     string
	index    int    // of the struct field
	typ      string // as arrowFile writes it: utf8, list<int32>
	nullable bool
	optional bool // left out of a table that has no value in it
	arrow    arrow.DataType
}

var timeType = reflect.TypeFor[time.Time]()

// columnsOf lists the tagged fields of a struct type.
func columnsOf(t reflect.Type) ([]column, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("rows of type %s are not structs", t)
	}
	var cols []column
	seen := map[string]bool{}
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("arrow"), ",")
		if name == "" || name == "-" {
			continue
		}
		c := column{name: name, index: i, optional: option == "optional"}
		ft := f.Type
		if ft.Kind() == reflect.Pointer {
			c.nullable, ft = true, ft.Elem()
		}
		c.typ, c.arrow = arrowType(ft)
		switch {
		case !f.IsExported():
			return nil, fmt.Errorf("field %s of %s is tagged and not exported", f.Name, t)
		case c.arrow == nil:
			return nil, fmt.Errorf("field %s of %s has type %s, which no column holds", f.Name, t, f.Type)
		case seen[name]:
			return nil, fmt.Errorf("two fields of %s are tagged %q", t, name)
		}
		seen[name] = true
		cols = append(cols, c)
	}
	if len(cols) == 0 {
		return nil, fmt.Errorf("%s has no field tagged `arrow:\"name\"`", t)
	}
	return cols, nil
}

// arrowType gives the Arrow type of a field's type; nil when there is none.
func arrowType(t reflect.Type) (string, arrow.DataType) {
	if t == timeType {
		return "timestamp[us]", arrow.FixedWidthTypes.Timestamp_us
	}
	switch t.Kind() {
	case reflect.String:
		return "utf8", arrow.BinaryTypes.String
	case reflect.Bool:
		return "bool", arrow.FixedWidthTypes.Boolean
	case reflect.Int32:
		return "int32", arrow.PrimitiveTypes.Int32
	case reflect.Int, reflect.Int64:
		return "int64", arrow.PrimitiveTypes.Int64
	case reflect.Uint64:
		return "uint64", arrow.PrimitiveTypes.Uint64
	case reflect.Float32:
		return "float32", arrow.PrimitiveTypes.Float32
	case reflect.Float64:
		return "float64", arrow.PrimitiveTypes.Float64
	case reflect.Slice:
		switch t.Elem().Kind() {
		case reflect.Uint8:
			return "binary", arrow.BinaryTypes.Binary
		case reflect.String, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
			name, elem := arrowType(t.Elem())
			return "list<" + name + ">", arrow.ListOf(elem)
		}
	}
	return "", nil
}

// accepts says whether a file's column of that type can be read; the long forms of strings and lists can, other writers prefer them.
func (c *column) accepts(typ string) bool {
	return typ == c.typ || strings.ReplaceAll(typ, "large_", "") == c.typ
}

// append adds a field's value to a builder and returns about how many bytes it takes.
func (c *column) append(b array.Builder, v reflect.Value) int {
	if c.nullable {
		if v.IsNil() {
			b.AppendNull()
			return 1
		}
		v = v.Elem()
	}
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(strings.ToValidUTF8(v.String(), "\uFFFD"))
		return 4 + v.Len()
	case *array.BooleanBuilder:
		b.Append(v.Bool())
	case *array.Int32Builder:
		b.Append(int32(v.Int()))
	case *array.Int64Builder:
		b.Append(v.Int())
	case *array.Uint64Builder:
		b.Append(v.Uint())
	case *array.Float32Builder:
		b.Append(float32(v.Float()))
	case *array.Float64Builder:
		b.Append(v.Float())
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(v.Interface().(time.Time).UnixMicro()))
	case *array.BinaryBuilder:
		b.Append(v.Bytes())
		return 4 + v.Len()
	case *array.ListBuilder:
		b.Append(true)
		return 4 + appendList(b.ValueBuilder(), v)
	}
	return 8
}

func appendList(b array.Builder, v reflect.Value) int {
	size := 8 * v.Len()
	switch b := b.(type) {
	case *array.StringBuilder:
		for i := 0; i < v.Len(); i++ {
			b.Append(strings.ToValidUTF8(v.Index(i).String(), "\uFFFD"))
			size += v.Index(i).Len()
		}
	case *array.Int32Builder:
		b.AppendValues(plain[[]int32](v), nil)
	case *array.Int64Builder:
		b.AppendValues(plain[[]int64](v), nil)
	case *array.Float32Builder:
		b.AppendValues(plain[[]float32](v), nil)
	case *array.Float64Builder:
		b.AppendValues(plain[[]float64](v), nil)
	}
	return size
}

// plain gives a slice of a named type its plain type, without a copy.
func plain[S any](v reflect.Value) S {
	return v.Convert(reflect.TypeFor[S]()).Interface().(S)
}

// read sets a field from row i of a column. Only a nullable column may have nulls.
func (c *column) read(v *values, i int, to reflect.Value) {
	if v.null(i) {
		return
	}
	if c.nullable {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	switch c.typ {
	case "utf8":
		to.SetString(string(v.bytes(i)))
	case "binary":
		if raw := v.bytes(i); len(raw) > 0 {
			to.SetBytes(append([]byte(nil), raw...))
		}
	case "bool":
		to.SetBool(v.data[i/8]>>(i%8)&1 == 1)
	case "int32":
		to.SetInt(int64(int32(v.uint(i))))
	case "int64":
		to.SetInt(int64(v.uint(i)))
	case "uint64":
		to.SetUint(v.uint(i))
	case "float32":
		to.SetFloat(float64(math.Float32frombits(uint32(v.uint(i)))))
	case "float64":
		to.SetFloat(math.Float64frombits(v.uint(i)))
	case "timestamp[us]":
		to.Set(reflect.ValueOf(time.UnixMicro(int64(v.uint(i))).UTC()))
	default:
		c.readList(v.child, int(v.offset(i)), int(v.offset(i+1)), to)
	}
}

// readList sets a slice field from rows from to to of a list's child.
func (c *column) readList(v *values, from, to int, field reflect.Value) {
	n := to - from
	if n == 0 {
		return
	}
	out := reflect.MakeSlice(field.Type(), n, n)
	for k := 0; k < n; k++ {
		elem, i := out.Index(k), from+k
		switch c.typ {
		case "list<utf8>":
			elem.SetString(string(v.bytes(i)))
		case "list<int32>":
			elem.SetInt(int64(int32(v.uint(i))))
		case "list<int64>":
			elem.SetInt(int64(v.uint(i)))
		case "list<float32>":
			elem.SetFloat(float64(math.Float32frombits(uint32(v.uint(i)))))
		case "list<float64>":
			elem.SetFloat(math.Float64frombits(v.uint(i)))
		}
	}
	field.Set(out)
}
