package corpus

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// gzipped is n zero bytes, packed a thousandfold.
func gzipped(t *testing.T, n int64) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.CopyN(w, zeros{}, n); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// What is packed is not unpacked, whatever its name says it is, so nothing can swell.
func TestCompressedFilesAreRefused(t *testing.T) {
	bomb := gzipped(t, 64<<20)
	for name, says := range map[string]string{
		"a.txt.gz": "unpack it first", "a.jsonl.zst": "unpack it first", "a.zip": "unpack it first", "a.txt": "not UTF-8", "a.jsonl": "not UTF-8", "a.md": "not UTF-8",
	} {
		before := allocated()
		_, _, err := Collect(Options{Paths: []string{write(t, name, string(bomb))}})
		if !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
		if grown := allocated() - before; grown > 8<<20 {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, grown, len(bomb))
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// endless is a line without an end; it counts what was read of it.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += int64(len(p))
	return len(p), nil
}

func TestAGigabyteOnOneLineIsRefusedAtOneBlock(t *testing.T) {
	for _, name := range []string{"a.txt", "a.md", "a.jsonl"} {
		line, before := &endless{}, allocated()
		_, err := readFrom(io.LimitReader(line, 1<<30), file{name: name, label: name}, Options{}, func(document, error) bool { return true })
		if !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), name+":1:") {
			t.Errorf("%s: %v", name, err)
		}
		if grown := allocated() - before; line.read > blockMost+1<<20 || grown > 8*blockMost {
			t.Errorf("%s: %d bytes read, %d allocated", name, line.read, grown)
		}
	}
}

func TestALinkIsReadAsItsFileAndNoLinkedFolderIsEntered(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	texts := filepath.Join(dir, "texts")
	check(os.MkdirAll(filepath.Join(texts, "in"), 0o755))
	check(os.WriteFile(filepath.Join(texts, "in", "a.txt"), []byte("inside"), 0o644))
	check(os.WriteFile(filepath.Join(outside, "b.txt"), []byte("outside"), 0o644))
	if err := os.Symlink(texts, filepath.Join(texts, "in", "loop")); err != nil {
		t.Skip(err) // a system without links
	}
	check(os.Symlink(outside, filepath.Join(texts, "out")))
	check(os.Symlink(filepath.Join(outside, "b.txt"), filepath.Join(texts, "in", "b.txt")))
	check(os.Symlink(texts, filepath.Join(dir, "alias")))
	for pattern, want := range map[string][]string{
		filepath.Join(texts, "**", "*.txt"):               {"in/a.txt", "in/b.txt"},
		filepath.Join(texts, "**"):                        {"in/a.txt", "in/b.txt"},
		filepath.Join(dir, "alias", "**", "*.txt"):        {"in/a.txt", "in/b.txt"},
		texts + "/in/../in/*.txt":                         {"a.txt", "b.txt"},
		filepath.Join(texts, "in") + "/../../texts/in/a*": {"a.txt"},
	} {
		found, err := globAll([]string{pattern})
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		var labels []string
		for _, f := range found {
			labels = append(labels, f.label)
		}
		if !slices.Equal(labels, want) {
			t.Errorf("%s: %q", pattern, labels)
		}
	}
	check(os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(texts, "c.txt")))
	if _, err := Glob([]string{filepath.Join(texts, "**", "*.txt")}); !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), "c.txt") {
		t.Errorf("a link to nothing: %v", err)
	}
	check(os.Remove(filepath.Join(texts, "c.txt")))
	check(os.Symlink("c.txt", filepath.Join(texts, "c.txt")))
	if _, err := Glob([]string{filepath.Join(texts, "*.txt")}); !errors.Is(err, ErrUnreadable) {
		t.Errorf("a link to itself: %v", err)
	}
}

func TestSourcesNeverClimbOutOfTheirFolder(t *testing.T) {
	for _, c := range [][3]string{
		{"/data/a.txt", "/data/a.txt", "a.txt"}, {"/data/*/a.txt", "/data/x/a.txt", "x/a.txt"}, {"/data/*.txt", "/etc/passwd", "passwd"},
		{"/data/*.txt", "/data/x\x1b[2J\n.txt", "x\uFFFD[2J\uFFFD.txt"},
	} {
		if got := label(c[0], c[1]); got != c[2] {
			t.Errorf("%s for %s: %q", c[1], c[0], got)
		}
	}
}

// Escape codes reach neither a section nor its title: whoever prints one prints text.
func TestTerminalCodesAreTakenOutOfTheCorpus(t *testing.T) {
	const evil = "\x1b]0;owned\x07 \x1b[2J\u009b31m red &#27;[1m \u0000"
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a\x1b[31m\n.txt": "Text " + strings.ReplaceAll(evil, "\x00", "") + " of a file.",
		"b.md":            "# Head " + strings.ReplaceAll(evil, "\x00", "") + "\n\n## Inner\x1b[0m\n\ntext\x07\n",
		"c.jsonl":         `{"text":"record \u001b[2J\u009b\u0000","title":"T\u001b]0;x\u0007","number":"1\u001b","heading":"H\u0007\n"}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sections, report, err := Collect(Options{Paths: []string{filepath.Join(dir, "*")}})
	if err != nil || len(sections) != 3 {
		t.Fatal(len(sections), err)
	}
	for _, s := range sections {
		for _, field := range []string{s.ID, s.Title, s.Number, s.Heading, s.Text, s.Source} {
			if strings.ContainsFunc(field, unicode.IsControl) {
				t.Errorf("%q", s)
			}
		}
	}
	if report.Documents != 3 {
		t.Errorf("%+v", report)
	}
}
