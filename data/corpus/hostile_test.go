package corpus

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/klauspost/compress/zstd"

	"slm/data/corpus/read"
)

// packed is n bytes of lines, packed a thousandfold.
func packed(t *testing.T, w io.WriteCloser, b *bytes.Buffer, n int64) string {
	t.Helper()
	if _, err := io.CopyN(w, lines{}, n); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// lines are lines without an end.
type lines struct{}

func (lines) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
		if i%64 == 63 {
			p[i] = '\n'
		}
	}
	return len(p) &^ 63, nil
}

// A packed file may not swell without a bound, whatever it is; what is no text under its name is refused at once.
func TestSections_ADecompressionBombIsRefusedAtItsBound(t *testing.T) {
	var gz, zs bytes.Buffer
	zw, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	const size = 80 << 20
	g, z := packed(t, gzip.NewWriter(&gz), &gz, size), packed(t, zw, &zs, size)
	for _, c := range []struct{ name, data, says string }{
		{"a.txt.gz", g, "it unpacks to more than 64 MB and 200 times its size"}, {"a.md.zst", z, "it unpacks to more than 64 MB and 200 times its size"},
		{"a.jsonl.gz", g, "a.jsonl.gz:1: "}, {"a.zip", g, "unpack it first"}, {"a.txt", g, "not UTF-8"}, {"a.jsonl", z, "not UTF-8"}, {"a.txt.gz", z, "a.txt.gz:1: "}, {"a.txt.zst", g, "a.txt.zst:1: "},
	} {
		_, _, err := balanced(t, Options{Paths: []string{write(t, c.name, c.data)}, block: 1 << 20})
		if !errors.Is(err, read.ErrUnreadable) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Escape codes reach neither a section nor its title: whoever prints one prints text.
func TestSections_TerminalCodesAreTakenOut(t *testing.T) {
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
	sections, report, err := balanced(t, Options{Paths: []string{filepath.Join(dir, "*")}})
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
