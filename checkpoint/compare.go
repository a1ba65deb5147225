package checkpoint

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// TensorDiff is how a tensor of one file differs from the tensor of that name in another.
type TensorDiff struct {
	Name     string  `json:"tensor"`
	Shape    []int   `json:"shape"`
	Other    []int   `json:"other_shape,omitempty"` // where it is another, or one file has no such tensor
	First    int     `json:"first"`                 // index of the first element that differs; -1 when the shapes do
	At       string  `json:"at,omitempty"`          // that index as row, column
	A        float32 `json:"a"`                     // the elements there
	B        float32 `json:"b"`
	Count    int     `json:"count"`    // elements that differ
	Norm     float64 `json:"norm"`     // Euclidean, of the difference
	Relative float64 `json:"relative"` // the same by the norm of a
	Max      float64 `json:"max"`      // largest absolute difference
}

// CompareWeights returns the tensors in which two files of weights differ, in the order of the first. Bits are compared, so that two NaNs
// may be equal and 0 and -0 differ; norms leave out what is not finite.
func CompareWeights(a, b string) ([]TensorDiff, error) {
	wa, err := OpenWeights(a)
	if err != nil {
		return nil, err
	}
	defer func() { _ = wa.Close() }()
	wb, err := OpenWeights(b)
	if err != nil {
		return nil, err
	}
	defer func() { _ = wb.Close() }()
	others := map[string]Tensor{}
	for _, t := range wb.Tensors {
		others[t.Name] = t
	}
	var diffs []TensorDiff
	for _, t := range wa.Tensors {
		o, ok := others[t.Name]
		delete(others, t.Name)
		if !ok || !slices.Equal(t.Shape, o.Shape) {
			diffs = append(diffs, TensorDiff{Name: strings.Clone(t.Name), Shape: t.Shape, Other: o.Shape, First: -1})
		} else if d := compareTensor(t, o); d.Count > 0 {
			diffs = append(diffs, d)
		}
	}
	for _, t := range wb.Tensors {
		if _, left := others[t.Name]; left {
			diffs = append(diffs, TensorDiff{Name: t.Name, Other: t.Shape, First: -1})
		}
	}
	return diffs, nil
}

func compareTensor(a, b Tensor) TensorDiff {
	d := TensorDiff{Name: a.Name, Shape: a.Shape, First: -1}
	var squares, whole float64
	for i, x := range a.Data {
		y := b.Data[i]
		if !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0) {
			whole += float64(float64(x) * float64(x))
		}
		if math.Float32bits(x) == math.Float32bits(y) {
			continue
		}
		if d.Count++; d.First < 0 {
			d.First, d.At, d.A, d.B = i, subscript(a.Shape, i), x, y
		}
		if delta := math.Abs(float64(x) - float64(y)); !math.IsNaN(delta) && !math.IsInf(delta, 0) {
			squares += float64(delta * delta)
			d.Max = max(d.Max, delta)
		}
	}
	d.Norm = math.Sqrt(squares)
	if whole > 0 {
		d.Relative = math.Sqrt(squares / whole)
	}
	return d
}

// RowDiff is the first value in which two tables differ.
type RowDiff struct {
	Row    int    `json:"row"` // from 0; -1 when their columns differ
	Column string `json:"column,omitempty"`
	A      string `json:"a"` // the values, shortened
	B      string `json:"b"`
	Key    string `json:"key,omitempty"` // first column's name and value in that row
}

// CompareTables returns the first value, by rows and then by columns, in which two tables differ; nil when there is none.
func CompareTables(a, b string) (*RowDiff, error) {
	ra, err := openRows(a)
	if err != nil {
		return nil, err
	}
	defer ra.close()
	rb, err := openRows(b)
	if err != nil {
		return nil, err
	}
	defer rb.close()
	if ca, cb := ra.columns(), rb.columns(); ca != cb {
		return &RowDiff{Row: -1, A: ca, B: cb}, nil
	}
	for row := 0; ; row++ {
		okA, errA := ra.next()
		okB, errB := rb.next()
		if err := errors.Join(errA, errB); err != nil {
			return nil, err
		}
		if !okA && !okB {
			return nil, nil
		}
		if okA != okB {
			return &RowDiff{Row: row, A: rowOrEnd(okA), B: rowOrEnd(okB)}, nil
		}
		for k, f := range ra.a.fields {
			if x, y := ra.cols[k].text(ra.row), rb.cols[k].text(rb.row); x != y {
				d := &RowDiff{Row: row, Column: f.name, A: excerpt(x, y), B: excerpt(y, x)}
				if k > 0 {
					d.Key = ra.a.fields[0].name + " " + excerpt(ra.cols[0].text(ra.row), "")
				}
				return d, nil
			}
		}
	}
}

func rowOrEnd(row bool) string {
	if row {
		return "a row"
	}
	return "no more rows"
}

// excerpt shortens a value to what surrounds its first difference from another.
func excerpt(x, other string) string {
	const width = 60
	at := 0
	for at < len(x) && at < len(other) && x[at] == other[at] {
		at++
	}
	from := max(0, at-width/2)
	out := x[min(from, len(x)):min(len(x), from+width)]
	if from > 0 {
		out = "…" + out
	}
	if from+width < len(x) {
		out += "…"
	}
	return strings.ToValidUTF8(out, "\uFFFD")
}

// rows walks the rows of any table.
type rows struct {
	a     *arrowFile
	cols  []*values
	block int
	row   int // in the batch
	left  int
}

func openRows(path string) (*rows, error) {
	a, err := openMapped(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: read %s: %w", path, err)
	}
	return &rows{a: a}, nil
}

func (r *rows) close() { _ = unmap(r.a.data) }

func (r *rows) columns() string {
	names := make([]string, len(r.a.fields))
	for i, f := range r.a.fields {
		names[i] = f.name + " " + f.typ
	}
	return strings.Join(names, ", ")
}

// next steps to the next row, false at the end.
func (r *rows) next() (bool, error) {
	for r.left == 0 {
		if r.block == len(r.a.blocks) {
			return false, nil
		}
		b, err := r.a.batch(r.block)
		if err != nil {
			return false, err
		}
		r.cols = make([]*values, len(r.a.fields))
		for k := range r.cols {
			if r.cols[k], err = r.a.column(b, k); err != nil {
				return false, err
			}
		}
		r.block, r.row, r.left = r.block+1, -1, b.rows
	}
	r.row, r.left = r.row+1, r.left-1
	return true, nil
}

// text writes a value so that different values have different texts.
func (v *values) text(i int) string {
	if v.null(i) {
		return "null"
	}
	switch v.field.typ {
	case "utf8", "large_utf8":
		return string(v.bytes(i))
	case "binary", "large_binary":
		return fmt.Sprintf("%x", v.bytes(i))
	case "bool":
		return strconv.FormatBool(v.data[i/8]>>(i%8)&1 == 1)
	case "float32":
		return strconv.FormatFloat(float64(math.Float32frombits(uint32(v.uint(i)))), 'g', -1, 32)
	case "float64":
		return strconv.FormatFloat(math.Float64frombits(v.uint(i)), 'g', -1, 64)
	case "int32":
		return strconv.FormatInt(int64(int32(v.uint(i))), 10)
	case "int64", "timestamp[us]":
		return strconv.FormatInt(int64(v.uint(i)), 10)
	case "uint64":
		return strconv.FormatUint(v.uint(i), 10)
	}
	if v.child == nil {
		return fmt.Sprintf("%x", v.data[i*v.field.width:(i+1)*v.field.width])
	}
	var parts []string
	for k := v.offset(i); k < v.offset(i+1); k++ {
		parts = append(parts, v.child.text(int(k)))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
