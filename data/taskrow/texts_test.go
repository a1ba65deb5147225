package taskrow

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/data/exam"
)

// abstract is a text of sentences that are long enough to be some.
func abstract(of string, sentences int) string {
	var b strings.Builder
	for i := range sentences {
		fmt.Fprintf(&b, "The %s of sentence %d is written here.\n", of, i)
	}
	return b.String()
}

func TestRead_TheLastSentencesOfATextAreItsSummary(t *testing.T) {
	path := filepath.Join(t.TempDir(), "abstracts.txt")
	text := abstract("first", 7) + "\n \n" + abstract("short", 6) + "\n\n" + abstract("last", 8)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	rows, err := Read([]string{path}, From{Split: Split{Test: 1}, Last: 2})
	if err != nil || len(rows) != 2 {
		t.Fatalf("%+v %v", rows, err)
	}
	if r := rows[0]; r.ID != "abstracts.txt:1" || r.Split != exam.Test || strings.Count(r.Text, "sentence") != 5 || r.Target != "The first of sentence 5 is written here. The first of sentence 6 is written here." {
		t.Errorf("%+v", r)
	}
	if r := rows[1]; r.ID != "abstracts.txt:18" || !strings.HasPrefix(r.Target, "The last of sentence 6") {
		t.Errorf("%+v", r)
	}
	if _, err := Read([]string{path}, From{Split: Split{Test: 1}, Last: 4}); !errors.Is(err, ErrFormat) {
		t.Errorf("no text is long enough: %v", err)
	}
	if _, err := Read([]string{path}, From{Split: Split{Test: 1}}); !errors.Is(err, ErrFormat) {
		t.Errorf("labels do not stand in texts: %v", err)
	}
}

func TestRead_ATextWithoutASummaryIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	if err := os.WriteFile(path, []byte(`{"text": "of what", "summary": ""}`+"\n"+`{"text": "of it", "summary": "it"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Read([]string{path}, From{Split: Split{Test: 1}, Last: 2}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "summary") {
		t.Error(err)
	}
}
