package corpus

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"slm/rng"
)

// library is a file of documents with exact and near copies, documents without numbers and titles that stand twice.
func library(t *testing.T) string {
	t.Helper()
	s := rng.New(4, "library")
	var b strings.Builder
	for i := range 60 {
		words := make([]string, 80)
		for j := range words {
			words[j] = fmt.Sprintf("w%d", s.IntN(500))
		}
		text := strings.Join(words, " ")
		switch i % 10 {
		case 3:
			fmt.Fprintf(&b, "{\"title\":\"copy\",\"text\":%q}\n", text)
		case 6:
			fmt.Fprintf(&b, "{\"title\":\"near\",\"text\":%q}\n", text+" once")
			text += " more"
		}
		fmt.Fprintf(&b, "{\"title\":\"d%d\",\"text\":%q}\n", i%50, text)
	}
	return write(t, "library.jsonl", b.String())
}

// A stream that is broken off at any section goes on behind its whole parts, and nobody can tell from what it gives.
func TestParts_StreamGoesOnBehindTheWholeOnes(t *testing.T) {
	opt := Options{Paths: []string{library(t)}, Exact: true, Near: 0.8}
	want, report, err := balanced(t, opt)
	if err != nil || report.DroppedExact == 0 || report.DroppedNear == 0 {
		t.Fatal(err, report)
	}
	opt.part = 3000
	for _, after := range []int{1, 9, 20, len(want) - 1} {
		opt.Keep = filepath.Join(t.TempDir(), "kept")
		if n := breakOff(t, opt, after); n != min(after, len(want)) {
			t.Fatalf("%d sections before the break at %d", n, after)
		}
		parts, _ := filepath.Glob(filepath.Join(opt.Keep, "part-*"))
		if after == 20 && len(parts) < 2 || after == 1 && len(parts) != 0 {
			t.Errorf("%d parts after %d sections", len(parts), after)
		}
		if len(parts) > 1 { // one that is damaged counts for nothing
			path := filepath.Join(parts[1], partSections)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			data[len(data)/2] ^= 1
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, again, err := balanced(t, opt)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("broken off after %d: %v, %d sections of %d", after, err, len(got), len(want))
			continue
		}
		again.digest, again.titles, report.digest, report.titles = nil, nil, nil, nil
		if !reflect.DeepEqual(again, report) {
			t.Errorf("broken off after %d: %+v, not %+v", after, again, report)
		}
	}
}

// breakOff takes n sections of a stream.
func breakOff(t *testing.T, opt Options, n int) int {
	t.Helper()
	seq, _, err := Sections(opt)
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for _, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		if taken++; taken == n {
			break
		}
	}
	return taken
}

// What a part holds of a document is taken from it: the document is not cut again.
func TestParts_OneSparesItsDocuments(t *testing.T) {
	path := library(t)
	opt := Options{Paths: []string{path}, Exact: true, Keep: filepath.Join(t.TempDir(), "kept"), part: 3000}
	want, _, err := balanced(t, opt)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The stage's fingerprint keeps parts and files together; here the texts are changed behind its back, and the titles are not.
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(data), "w1", "W9")), 0o644); err != nil {
		t.Fatal(err)
	}
	got, _, err := balanced(t, opt)
	if err != nil || len(got) != len(want) || !slices.Equal(got[:30], want[:30]) {
		t.Errorf("%v, %d of %d sections", err, len(got), len(want))
	}
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(data), `"d0"`, `"e0"`)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := balanced(t, opt); err == nil || !strings.Contains(err.Error(), `"e0"`) {
		t.Errorf("parts of other files: %v", err)
	}
}
