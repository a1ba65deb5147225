package checkpoint

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// resident is how much of a mapped file is in this process's memory, bytes.
func resident(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip("this system does not say what is resident: ", err)
	}
	defer func() { _ = f.Close() }()
	total, found, inside := 0, false, false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kb int
		line := lines.Text()
		if fields := strings.Fields(line); !strings.HasSuffix(fields[0], ":") { // the first line of a mapping: addresses, rights, …, path
			inside = strings.HasSuffix(line, path)
			found = found || inside
		}
		if n, _ := fmt.Sscanf(line, "Rss: %d kB", &kb); n == 1 && inside {
			total += kb << 10
		}
	}
	if !found {
		t.Skipf("this system does not say where %s is mapped", path)
	}
	return total
}

// needsUnload skips the test on a system that keeps pages which are given back, or does not say that they are gone.
func needsUnload(t *testing.T, path string, data []byte) {
	t.Helper()
	unload(data)
	if n := resident(t, path); n > 0 {
		t.Skipf("this system keeps %d bytes that were given back", n)
	}
}

// A gigabyte of sections is read several times by the data stage, which has 600 MB.
func TestTable_IsReadInTheMemoryOfABatchNotOfTheFile(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir()) // as the system names it
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "t.arrow")
	w, err := NewTableWriter[wide](path, nil)
	if err != nil {
		t.Fatal(err)
	}
	const batches = 12 // of 1 MB
	for i := range batches * batchRows {
		if err := w.Append(wide{int64(i), strings.Repeat("x", 256)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	tab, err := OpenTable[wide](path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tab.Close() }()
	most := len(tab.a.data) / 2 // a batch is a twelfth; a system may map more than was read, but not all of it
	if n := resident(t, path); n > most {
		needsUnload(t, path, tab.a.data)
		t.Errorf("%d bytes of %d are resident once the table is open", n, len(tab.a.data))
	}
	for range 2 {
		i := 0
		for row := range tab.All() {
			if row.N != int64(i) || len(row.S) != 256 {
				t.Fatalf("row %d: %+v", i, row)
			}
			if i++; i%batchRows == 0 {
				if n := resident(t, path); n > most {
					needsUnload(t, path, tab.a.data)
					t.Fatalf("%d bytes of %d are resident at row %d", n, len(tab.a.data), i)
				}
			}
		}
		if i != batches*batchRows {
			t.Errorf("%d rows came", i)
		}
	}
}
