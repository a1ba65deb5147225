package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

type kind string
type scores []float64

type allRow struct {
	S    string    `arrow:"s"`
	Kind kind      `arrow:"kind"`
	B    bool      `arrow:"b"`
	I    int       `arrow:"i"`
	I32  int32     `arrow:"i32"`
	I64  int64     `arrow:"i64"`
	U64  uint64    `arrow:"u64"`
	F32  float32   `arrow:"f32"`
	F64  float64   `arrow:"f64"`
	Raw  []byte    `arrow:"raw"`
	SS   []string  `arrow:"ss"`
	I32s []int32   `arrow:"i32s"`
	I64s []int64   `arrow:"i64s"`
	F32s []float32 `arrow:"f32s"`
	F64s scores    `arrow:"f64s"`
	At   time.Time `arrow:"at"`
	Opt  *float64  `arrow:"opt"`
	OptS *string   `arrow:"opt_s"`
	OptB *bool     `arrow:"opt_b"`
	Skip int
}

func allRows() []allRow {
	x, s, b := math.Inf(-1), "", true
	return []allRow{
		{},
		{S: "§ 4. 条文", Kind: "number", B: true, I: -1, I32: math.MinInt32, I64: math.MaxInt64, U64: math.MaxUint64, F32: math.MaxFloat32, F64: -0.1,
			Raw: []byte{0, 255}, SS: []string{"a", "", "cc"}, I32s: []int32{1, -2}, I64s: []int64{3}, F32s: []float32{0.5}, F64s: scores{1, 2, 3},
			At: time.Date(2026, 11, 22, 3, 4, 5, 6000, time.UTC), Opt: &x, OptS: &s, OptB: &b},
		{S: "x", At: time.UnixMicro(-1).UTC(), SS: []string{""}},
	}
}

func goldenTable(t testing.TB) string {
	return golden(t, "table.arrow", func(path string) error {
		rows := allRows()
		rows[0].At = time.Time{}
		return WriteTable(path, rows, map[string]string{"k": "v"})
	})
}

func TestTable_ReadsAsWritten(t *testing.T) {
	got, meta, err := ReadTable[allRow](goldenTable(t))
	if err != nil {
		t.Fatal(err)
	}
	if want := allRows(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if meta["k"] != "v" {
		t.Errorf("metadata %v", meta)
	}
	again := filepath.Join(t.TempDir(), "t.arrow")
	if err := WriteTable(again, allRows(), map[string]string{"k": "v"}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, again), read(t, goldenTable(t))) {
		t.Error("the same rows gave other bytes than the golden file")
	}
}

func TestTable_EmptyOneKeepsItsColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.arrow")
	if err := WriteTable[allRow](path, nil, nil); err != nil {
		t.Fatal(err)
	}
	if rows, _, err := ReadTable[allRow](path); err != nil || len(rows) != 0 {
		t.Errorf("%v %v", rows, err)
	}
}

type wide struct {
	N int64  `arrow:"n"`
	S string `arrow:"s"`
}

func TestTableWriter_StreamedTableHasManyBatchesAndAllRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.arrow")
	w, err := NewTableWriter[wide](path, nil)
	if err != nil {
		t.Fatal(err)
	}
	const n = 2*batchRows + 7
	for i := range n {
		if err := w.Append(wide{int64(i), strings.Repeat("x", i%5)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("the file is there before Close")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	tab, err := OpenTable[wide](path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tab.Close() }()
	if tab.Rows != n || len(tab.a.blocks) != 3 {
		t.Errorf("%d rows in %d batches", tab.Rows, len(tab.a.blocks))
	}
	i := 0
	for row := range tab.All() {
		if err != nil || row.N != int64(i) || len(row.S) != i%5 {
			t.Fatalf("row %d: %+v %v", i, row, err)
		}
		i++
	}
	if i != n {
		t.Errorf("%d rows came", i)
	}
	if err := w.Append(wide{}); err == nil {
		t.Error("appended to a closed table")
	}
}

func TestTableWriter_AbortedTableLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	w, err := NewTableWriter[wide](filepath.Join(dir, "t.arrow"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Append(wide{1, "a"}), w.Abort(), w.Abort()); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestTable_MissingColumnsAndWrongTypesAreNamed(t *testing.T) {
	path := goldenTable(t)
	type missing struct {
		X int64 `arrow:"loss"`
	}
	type wrong struct {
		X int64 `arrow:"f64"`
	}
	type null struct {
		X float64 `arrow:"opt"`
	}
	errs := map[string]error{}
	_, _, errs["loss"] = ReadTable[missing](path)
	_, _, errs["f64"] = ReadTable[wrong](path)
	_, _, errs["opt"] = ReadTable[null](path)
	for column, err := range errs {
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), column) || !strings.Contains(err.Error(), "table.arrow") {
			t.Errorf("%s: %v", column, err)
		}
	}
}

func TestTable_TypesThatNoColumnHoldsAreRefused(t *testing.T) {
	type unexported struct {
		x int `arrow:"x"`
	}
	type nested struct {
		X [][]int32 `arrow:"x"`
	}
	type twice struct {
		X int `arrow:"x"`
		Y int `arrow:"x"`
	}
	_ = unexported{}.x
	path := filepath.Join(t.TempDir(), "t.arrow")
	for name, err := range map[string]error{
		"unexported": WriteTable[unexported](path, nil, nil), "nested": WriteTable[nested](path, nil, nil), "twice": WriteTable[twice](path, nil, nil),
		"none": WriteTable[struct{ X int }](path, nil, nil), "no struct": WriteTable[int](path, nil, nil),
	} {
		if err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

func TestTable_StringsAreAlwaysUTF8InTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.arrow")
	if err := WriteTable(path, []wide{{1, "caf\xc3"}}, nil); err != nil {
		t.Fatal(err)
	}
	rows, _, err := ReadTable[wide](path)
	if err != nil || rows[0].S != "caf\uFFFD" {
		t.Errorf("%+v %v", rows, err)
	}
}

func TestTable_LargeStringsOfOtherWritersAreRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.arrow")
	schema := arrow.NewSchema([]arrow.Field{{Name: "s", Type: arrow.BinaryTypes.LargeString}, {Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	b.Field(0).(*array.LargeStringBuilder).AppendValues([]string{"ab", "", "c"}, nil)
	b.Field(1).(*array.Int64Builder).AppendValues([]int64{1, 2, 3}, nil)
	for _, compressed := range []bool{false, true} {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		opts := []ipc.Option{ipc.WithSchema(schema)}
		if compressed {
			opts = append(opts, ipc.WithZstd())
		}
		w, err := ipc.NewFileWriter(f, opts...)
		if err != nil {
			t.Fatal(err)
		}
		rec := b.NewRecord()
		if err := errors.Join(w.Write(rec), w.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
		rows, _, err := ReadTable[wide](path)
		if compressed {
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "compressed") {
				t.Errorf("compressed: %v", err)
			}
			break
		}
		if err != nil || !reflect.DeepEqual(rows, []wide{{1, "ab"}, {2, ""}, {3, "c"}}) {
			t.Errorf("%v %v", rows, err)
		}
		b.Field(0).(*array.LargeStringBuilder).AppendValues([]string{"ab"}, nil)
		b.Field(1).(*array.Int64Builder).AppendValues([]int64{1}, nil)
	}
}

// readAll reads a table from memory as ReadTable does from a map.
func readAll(data []byte) ([]allRow, error) {
	a, err := parseArrow(data)
	if err != nil {
		return nil, err
	}
	cols, err := columnsOf(reflect.TypeFor[allRow]())
	if err != nil {
		return nil, err
	}
	t := &Table[allRow]{a: a, cols: cols}
	if err := t.check(); err != nil {
		return nil, err
	}
	var rows []allRow
	for row := range t.All() {
		if again := t.At(len(rows)); again.S != row.S || !slices.Equal(again.I32s, row.I32s) {
			return nil, fmt.Errorf("row %d is %+v in order and %+v at random", len(rows), row, again)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func TestTable_CutAtEveryByteIsRefused(t *testing.T) {
	whole := read(t, goldenTable(t))
	if rows, err := readAll(whole); err != nil || len(rows) != 3 {
		t.Fatal(rows, err)
	}
	for n := range whole {
		if _, err := readAll(whole[:n:n]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func TestTable_AnyByteChangedNeverPanics(t *testing.T) {
	whole := read(t, goldenTable(t))
	for i := range whole {
		for _, b := range []byte{0xff, whole[i] ^ 1<<(i%8)} {
			bad := bytes.Clone(whole)
			bad[i] = b
			if rows, err := readAll(bad); err != nil && !errors.Is(err, ErrCorrupt) || len(rows) > 8*len(whole) {
				t.Fatalf("byte %d set to %#x: %d rows, %v", i, b, len(rows), err)
			}
		}
	}
}

// FuzzArrow_AnyFileIsShownOrRefused reads every value of any file as text, as comparing does, and says where in it a byte is, as verifying does.
func FuzzArrow_AnyFileIsShownOrRefused(f *testing.F) {
	for _, name := range []string{"table.arrow", "weights.arrow"} {
		whole := read(f, filepath.Join("testdata", name))
		f.Add(whole, len(whole)/2, []byte{1})
		f.Add(whole[:len(whole)-9], 40, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte, at int, was []byte) {
		if at >= 0 && at <= len(data) && len(was) <= 4 {
			_ = whereInBytes(data, damage{offset: int64(at), exact: was != nil, blocks: 1, was: was})
		}
		a, err := parseArrow(data)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("untyped: %v", err)
			}
			return
		}
		r, total := &rows{a: a}, 0
		for {
			ok, err := r.next()
			if err != nil && !errors.Is(err, ErrCorrupt) {
				t.Fatalf("untyped: %v", err)
			}
			if !ok || err != nil {
				return
			}
			for _, c := range r.cols {
				if total += len(c.text(r.row)); total > 1<<24 {
					return
				}
			}
		}
	})
}

func FuzzTable_AnyFileIsReadOrRefused(f *testing.F) {
	whole := read(f, filepath.Join("testdata", "table.arrow"))
	f.Add(whole)
	f.Add(whole[:len(whole)-7])
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := readAll(data); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("untyped: %v", err)
		}
	})
}
