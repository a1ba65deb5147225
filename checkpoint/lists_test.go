package checkpoint

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"unsafe"
)

type numbered struct {
	N    int64   `arrow:"n"`
	List []int32 `arrow:"list"`
}

func TestLists_AreThoseOfTheTableWhateverTheOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.arrow")
	var rows []numbered
	for i := range 2*batchRows + 3 {
		list := make([]int32, i%7)
		for k := range list {
			list[k] = int32(i - 5*k)
		}
		rows = append(rows, numbered{int64(i), list})
	}
	if err := WriteTable(path, rows, nil); err != nil {
		t.Fatal(err)
	}
	l, err := OpenLists(path, "list")
	if err != nil || l.Rows != len(rows) {
		t.Fatal(l, err)
	}
	defer func() { _ = l.Close() }()
	tab, err := OpenTable[numbered](path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tab.Close() }()
	for k := range rows {
		i := (k*4099 + 1) % len(rows) // across the batches
		row := tab.At(i)
		if got := l.At(i); row.N != int64(i) || !slices.Equal(got, rows[i].List) || !slices.Equal(row.List, got) || l.Len(i) != len(got) {
			t.Fatalf("row %d: %v, %v", i, row, got)
		}
	}
	got := l.At(batchRows + 1)
	if at, data := uintptr(unsafe.Pointer(&got[0])), uintptr(unsafe.Pointer(&l.a.data[0])); at < data || at >= data+uintptr(len(l.a.data)) {
		t.Error("a list is no view of the mapped file")
	}
}

func TestOpenLists_OtherColumnsAreRefused(t *testing.T) {
	for _, column := range []string{"i32", "i64s", "ss", "nothing"} {
		if _, err := OpenLists(goldenTable(t), column); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", column, err)
		}
	}
	if l, err := OpenLists(goldenTable(t), "i32s"); err != nil || l.Rows != 3 || !slices.Equal(l.At(1), []int32{1, -2}) || l.Len(0) != 0 {
		t.Error(l, err)
	}
}

// listsIn reads every list from memory.
func listsIn(data []byte) (n int, err error) {
	a, err := parseArrow(data)
	if err != nil {
		return 0, err
	}
	l := &Lists{a: a}
	if err := l.load("i32s"); err != nil {
		return 0, err
	}
	for i := range l.Rows {
		if got := l.At(i); len(got) != l.Len(i) {
			return n, errors.New("a list has two lengths")
		}
		n++
	}
	return n, nil
}

func TestLists_CutAtEveryByteAreRefused(t *testing.T) {
	whole := read(t, goldenTable(t))
	for n := range whole {
		if _, err := listsIn(whole[:n:n]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func TestLists_AnyByteChangedNeverPanics(t *testing.T) {
	whole := read(t, goldenTable(t))
	for i := range whole {
		for _, b := range []byte{0xff, whole[i] ^ 1<<(i%8)} {
			bad := bytes.Clone(whole)
			bad[i] = b
			if n, err := listsIn(bad); err != nil && !errors.Is(err, ErrCorrupt) || n > 8*len(whole) {
				t.Fatalf("byte %d set to %#x: %d lists, %v", i, b, n, err)
			}
		}
	}
}

func FuzzLists_AnyFileIsReadOrRefused(f *testing.F) {
	whole := read(f, filepath.Join("testdata", "table.arrow"))
	f.Add(whole)
	f.Add(whole[:len(whole)-7])
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := listsIn(data); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("untyped: %v", err)
		}
	})
}
