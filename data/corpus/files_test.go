package corpus

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus/read"
)

// dump writes sections one field a line, so that a golden file can be read.
func dump(sections []Section) string {
	var b strings.Builder
	for _, s := range sections {
		fmt.Fprintf(&b, "%s | %s | %s | %s\n    %s\n", s.ID, s.Title, s.Heading, filepath.Base(s.Source), s.Text)
	}
	return b.String()
}

func TestSections_FilesOfEachKindGiveTheGoldenOnes(t *testing.T) {
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	sections, report, err := balanced(t, Options{Paths: []string{filepath.Join(dir, "*.md"), filepath.Join(dir, "*.jsonl"), filepath.Join(dir, "plain.txt")}})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/sections.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got := dump(sections); got != string(want) {
		t.Errorf("got:\n%s", got)
	}
	if report.Shapes["records"] != 2 || report.Shapes["headings"] != 1 || report.Shapes["paragraphs"] != 5 {
		t.Errorf("%v", report.Shapes)
	}
}

func write(t *testing.T, name string, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSections_BadFilesAreNamedWithTheirLine(t *testing.T) {
	for name, c := range map[string]struct {
		file, data, says string
		is               error
	}{
		"empty":        {"a.txt", "", "a.txt: no text", read.ErrEmpty},
		"blank":        {"a.md", " \n\n\t\n", "a.md: no text", read.ErrEmpty},
		"binary":       {"a.txt", "fine\nnot \x00 fine\n", "a.txt:2:", read.ErrUnreadable},
		"latin-1":      {"a.txt", "caf\xe9", "a.txt:1:", read.ErrUnreadable},
		"utf-16":       {"a.txt", "\xff\xfea\x00\n\x00b", "a.txt:2: cannot be read: not UTF-16", read.ErrUnreadable},
		"surrogate":    {"a.txt", "\xff\xfea\x00\x00\xd8b\x00", "a.txt:1: cannot be read: not UTF-16", read.ErrUnreadable},
		"kind":         {"a.pdf", "%PDF", "pdftotext", read.ErrUnreadable},
		"json":         {"a.jsonl", "{\"text\":\"x\"}\n{\"text\":", "a.jsonl:2:", read.ErrUnreadable},
		"field":        {"a.jsonl", `{"body":"x","id":1}`, `it has: body, id`, read.ErrUnreadable},
		"some records": {"a.jsonl", "{\"text\":\"x\"}\n{\"text\":3}\n\n{\"text\":\"y\"}\n{}\n[]\n", "on 3 lines:\n", read.ErrUnreadable},
		"field's type": {"a.jsonl", `{"text":3}`, `a.jsonl:1:`, read.ErrUnreadable},
		"no object":    {"a.jsonl", `"text"`, `a.jsonl:1:`, read.ErrUnreadable},
		"title's type": {"a.jsonl", `{"text":"x","title":[1]}`, `a.jsonl:1:`, read.ErrUnreadable},
		"empty record": {"a.jsonl", `{"text":" "}`, "nothing left", read.ErrEmpty},
	} {
		_, _, err := balanced(t, Options{Paths: []string{write(t, c.file, c.data)}})
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := t.TempDir()
	for _, pattern := range []string{filepath.Join(dir, "none.txt"), filepath.Join(dir, "*.txt"), filepath.Join(dir, "**", "*.txt")} {
		if _, _, err := balanced(t, Options{Paths: []string{pattern}}); !errors.Is(err, read.ErrUnreadable) || !strings.Contains(err.Error(), pattern) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.txt"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, _, err := balanced(t, Options{Paths: []string{filepath.Join(dir, "folder.txt")}}); !errors.Is(err, read.ErrUnreadable) {
		t.Errorf("a folder: %v", err)
	}
}

func TestOptions_ThatContradictEachOtherAreRefused(t *testing.T) {
	for _, opt := range []Options{{}, {From: "builtin:laws"}, {From: Licenses, Paths: []string{"/x"}}, {From: Licenses, Near: 1.5}} {
		if _, _, err := Sections(opt); err == nil {
			t.Errorf("%+v was accepted", opt)
		}
	}
	path := write(t, "a.txt", "Some text.")
	if _, _, err := balanced(t, Options{Paths: []string{path}, Only: []string{"b"}}); !errors.Is(err, read.ErrUnknown) {
		t.Error(err)
	}
}

// A line of any length is refused once a block of it has been read.
func TestSections_LineLongerThanTheBufferIsRefusedNotRead(t *testing.T) {
	path := write(t, "long.jsonl", "{\"text\":\"short\"}\n{\"text\":\""+strings.Repeat("x", 200_000)+"\"}\n")
	_, _, err := balanced(t, Options{Paths: []string{path}, block: 100_000})
	if !errors.Is(err, read.ErrUnreadable) || !strings.Contains(err.Error(), "long.jsonl:2:") {
		t.Error(err)
	}
}

func TestSections_LongTextIsReadInBlocksWithoutLoss(t *testing.T) {
	line := strings.Repeat("word ", 200) + "\n\n"
	path := write(t, "long.txt", strings.Repeat(line, 150))
	words, titles := 0, map[string]bool{}
	seq, _, err := Sections(Options{Paths: []string{path}, block: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	for s, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		titles[s.Title] = true
		words += strings.Count(s.Text, "word")
	}
	if want := 200 * 150; words != want || len(titles) != 2 {
		t.Errorf("%d of %d words, titles %v", words, want, titles)
	}
}

// The heap after a garbage collection must not grow with the documents that have gone by.
func TestSections_MemoryDoesNotGrowWithTheCorpus(t *testing.T) {
	var data bytes.Buffer
	for i := range 1000 {
		fmt.Fprintf(&data, "{\"title\":\"d%d\",\"text\":\"%s %d\"}\n", i, strings.Repeat("some words ", 150), i)
	}
	size := data.Len()
	path := write(t, "big.jsonl", data.String())
	data = bytes.Buffer{}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	seq, _, err := Sections(Options{Paths: []string{path}, Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	n, early := 0, uint64(0)
	var late uint64
	for _, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		switch n++; n {
		case 400:
			early = heap()
		case 1900:
			late = heap()
		}
	}
	if n < 1900 || late > early+uint64(size)/5 {
		t.Errorf("%d sections; %d bytes after 400, %d after 1,900, of a file of %d", n, early, late, size)
	}
}

func TestDedup_ExactCopiesAreThoseWithTheSameWords(t *testing.T) {
	path := write(t, "a.jsonl", "{\"title\":\"one\",\"text\":\"Alpha, beta.\"}\n{\"title\":\"two\",\"text\":\"alpha  BETA\"}\n{\"title\":\"three\",\"text\":\"beta alpha\"}\n{\"title\":\"one\",\"text\":\"gamma\"}")
	sections, report, err := balanced(t, Options{Paths: []string{path}, Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	if report.DroppedExact != 1 || report.Dropped[0] != (Drop{"two", "exact copy", "one", "a.jsonl:2", 9, "alpha BETA"}) || len(sections) != 3 || sections[2].Title != "one (2)" {
		t.Errorf("%+v, %+v", report, sections)
	}
}

func TestSections_RecordsCutAtEveryByteAreReadOrNamed(t *testing.T) {
	whole, err := os.ReadFile("testdata/records.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "records.jsonl")
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		sections, _, err := balanced(t, Options{Paths: []string{path}})
		if err != nil && !strings.Contains(err.Error(), "records.jsonl") || err == nil && len(sections) == 0 {
			t.Fatalf("cut at %d: %d sections, %v", n, len(sections), err)
		}
	}
}

func TestSection_SurvivesItsFile(t *testing.T) {
	sections, _, err := balanced(t, Options{From: Licenses, Only: []string{"Apache-2.0"}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sections.arrow")
	seq, _, err := Sections(Options{From: Licenses, Only: []string{"Apache-2.0"}})
	if err == nil {
		err = Write(path, seq, map[string]string{"from": "test"})
	}
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil || f.Len() != len(sections) {
		t.Fatal(f, err)
	}
	for i, s := range f.All() {
		if s != sections[i] || f.At(i) != sections[i] || s != (Slice(sections)).At(i) {
			t.Errorf("section %d: %+v, %+v, want %+v", i, s, f.At(i), sections[i])
		}
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += 97 {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Fatalf("cut at %d of %d: %v", n, len(whole), err)
		}
	}
	failing := func(yield func(Section, error) bool) { yield(Section{}, read.ErrEmpty) }
	other := filepath.Join(t.TempDir(), "none.arrow")
	if err := Write(other, failing, nil); !errors.Is(err, read.ErrEmpty) {
		t.Error(err)
	}
	if _, err := os.Stat(other); !os.IsNotExist(err) {
		t.Error("a broken stream left a file")
	}
}

func TestSections_ListInAPageWithHeadingsIsNotCut(t *testing.T) {
	list := "1. Book a train\n2. Pack a bag\n3. Go there\n4. Come back\n5. Tell us\n"
	for name, c := range map[string]struct {
		file, text string
		want       int
	}{
		"inner headings":       {"a.md", "# Travel\n\nWelcome.\n\n## Before\n\n" + list + "\n## After\n\nWrite a report.\n", 3},
		"title alone":          {"a.md", "# Travel\n\nWelcome.\n\n" + list, 1},
		"articles in Markdown": {"a.md", "# Treaty\n\n## Part\n\nArticle 1 Alpha\n\nArticle 2 Beta\n\nArticle 3 Gamma\n\nArticle 4 Delta\n", 5},
		"no headings":          {"a.md", list, 5},
		"plain text":           {"a.txt", "Travel\n\n" + list, 6},
	} {
		sections, _, err := balanced(t, Options{Paths: []string{write(t, c.file, c.text)}})
		if err != nil || len(sections) != c.want {
			t.Errorf("%s: %d sections, %v: %+v", name, len(sections), err, sections)
		}
	}
	sections, _, err := balanced(t, Options{Paths: []string{write(t, "a.md", "# License\n\n## Terms\n\n"+list)}, Numbered: true})
	if err != nil || len(sections) != 5 {
		t.Errorf("numbered sections were asked for: %d, %v", len(sections), err)
	}
}

func TestDigest_DoesNotDependOnTheFolder(t *testing.T) {
	read := func(dir string) ([]Section, string) {
		for name, text := range map[string]string{"x/a.md": "# A\n\n## B\n\ntext\n", "x/y/r.jsonl": "{\"text\":\"words\"}\n", "top.txt": "plain\n"} {
			path := filepath.Join(dir, filepath.FromSlash(name))
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		sections, report, err := balanced(t, Options{Paths: []string{filepath.Join(dir, "x", "**", "*.md"), filepath.Join(dir, "x", "*", "*.jsonl"), filepath.Join(dir, "top.txt")}})
		if err != nil {
			t.Fatal(err)
		}
		return sections, report.Digest
	}
	a, first := read(t.TempDir())
	b, second := read(filepath.Join(t.TempDir(), "else", "where"))
	if first != second || !slices.Equal(a, b) {
		t.Errorf("%+v\n%+v", a, b)
	}
	if a[0].Source != "top.txt:1" || a[1].Source != "a.md:3" || a[2].Source != "y/r.jsonl:1" {
		t.Errorf("%+v", a)
	}
}
