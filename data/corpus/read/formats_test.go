package read

import (
	"bufio"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/data/corpus/doc"
)

// A format is its file and one line: what this test registers is found, checked and read like any other.
func TestRegister_AToyFormatIsFoundCheckedAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "poem.toy")
	if err := os.WriteFile(path, []byte("roses\nviolets\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Check([]string{path}, Options{}); err == nil || !strings.Contains(err.Error(), `".toy"`) {
		t.Fatalf("check, before it is registered: %v", err)
	}
	if _, err := Files([]string{path}, Options{}); err == nil || !strings.Contains(err.Error(), `".toy"`) {
		t.Fatalf("before it is registered: %v", err)
	}
	before := formats
	t.Cleanup(func() { formats = before })
	Register(Format{Ends: []string{".toy"}, Read: func(in *Input) iter.Seq2[doc.Document, error] {
		return func(yield func(doc.Document, error) bool) {
			for lines, n := bufio.NewScanner(in.in), 1; lines.Scan(); n++ {
				if !yield(doc.Plain(lines.Text(), in.label, lines.Text(), n), nil) {
					return
				}
			}
		}
	}})
	if err := Check([]string{path}, Options{}); err != nil {
		t.Errorf("check: %v", err)
	}
	docs, err := Files([]string{filepath.Join(filepath.Dir(path), "*")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for d, err := range docs {
		if err != nil {
			t.Fatal(err)
		}
		titles = append(titles, d.Title)
	}
	if strings.Join(titles, " ") != "roses violets" || !strings.HasSuffix(endings(), " and .toy") {
		t.Errorf("%q, %s", titles, endings())
	}
}

func TestRegister_AnEndingHasOneFormat(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a second format for .md was taken")
		}
	}()
	Register(Format{Ends: []string{".new", ".md"}})
}
