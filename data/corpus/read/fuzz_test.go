package read

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"slm/data/corpus/doc"
	"slm/rng"
)

// samples are the test files of an ending, in memory.
func samples(tb testing.TB, end string) map[string][]byte {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join("..", "testdata", "formats", "*"+end))
	if err != nil || len(names) == 0 {
		tb.Fatalf("%v, %d samples of %s", err, len(names), end)
	}
	out := map[string][]byte{}
	for _, name := range names {
		if out[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			tb.Fatal(err)
		}
	}
	return out
}

// sound holds for any bytes under any name: documents that add up, or an error that names the file and, of what breaks the format, the line.
func sound(t *testing.T, name string, data []byte) {
	t.Helper()
	for d, err := range From(bytes.NewReader(data), name, name, Options{Block: 1 << 16}) {
		if err != nil {
			if !errors.Is(err, ErrEmpty) && (!errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), name+":")) {
				t.Errorf("%v", err)
			}
			continue
		}
		chars := d.Named
		for _, b := range d.Blocks {
			if chars += doc.Chars(b.Text); b.Line < 1 || !utf8.ValidString(b.Text) || b.Kind == doc.Head && b.Title == "" || b.Kind == doc.Aside && b.Why == "" {
				t.Errorf("%+v", b)
			}
		}
		if chars != d.Chars || d.Title == "" || d.Source != name {
			t.Errorf("%d characters of %d in blocks: %+v", chars, d.Chars, d)
		}
	}
}

// fuzzFormat begins with the test files of an ending.
func fuzzFormat(f *testing.F, end string) {
	for _, data := range samples(f, end) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { sound(t, "f"+end, data) })
}

func FuzzFrom_Text(f *testing.F)     { fuzzFormat(f, ".txt") }
func FuzzFrom_Markdown(f *testing.F) { fuzzFormat(f, ".md") }
func FuzzFrom_MDX(f *testing.F)      { fuzzFormat(f, ".mdx") }
func FuzzFrom_RST(f *testing.F)      { fuzzFormat(f, ".rst") }
func FuzzFrom_JSONL(f *testing.F)    { fuzzFormat(f, ".jsonl") }
func FuzzFrom_CSV(f *testing.F)      { fuzzFormat(f, ".csv") }
func FuzzFrom_TSV(f *testing.F)      { fuzzFormat(f, ".tsv") }
func FuzzFrom_HTML(f *testing.F)     { fuzzFormat(f, ".html") }
func FuzzFrom_Parquet(f *testing.F)  { fuzzFormat(f, ".parquet") }
func FuzzFrom_Arrow(f *testing.F)    { fuzzFormat(f, ".arrow") }
func FuzzFrom_DOCX(f *testing.F)     { fuzzFormat(f, ".docx") }
func FuzzFrom_Gzip(f *testing.F)     { fuzzFormat(f, ".md.gz") }
func FuzzFrom_Zstd(f *testing.F)     { fuzzFormat(f, ".jsonl.zst") }

// A file that ends anywhere is read as far as it is sound, or refused.
func TestFrom_AFileCutAtAnyByteIsReadOrNamed(t *testing.T) {
	for _, end := range []string{".txt", ".md", ".mdx", ".rst", ".jsonl", ".csv", ".tsv", ".html", ".htm", ".parquet", ".arrow", ".feather", ".docx", ".gz", ".zst"} {
		for name, whole := range samples(t, end) {
			step := max(1, len(whole)/400) // a .docx has some 37,000 bytes
			for n := 0; n < len(whole); n += step {
				sound(t, name, whole[:n])
			}
		}
	}
}

// Bytes that are changed, taken out or put in make another file or a damaged one: neither a panic nor an endless loop nor memory without bounds.
func TestFrom_AChangedFileIsReadOrNamed(t *testing.T) {
	odd := []byte{0, 1, 0x7f, 0x80, 0xff}
	for _, end := range []string{".md", ".mdx", ".rst", ".html", ".csv", ".parquet", ".arrow", ".feather", ".docx", ".gz", ".zst"} {
		for name, whole := range samples(t, end) {
			draw := rng.New(2, "corpus-test", name)
			for range 100 {
				data := bytes.Clone(whole)
				for range 1 + draw.IntN(3) {
					at := draw.IntN(len(data))
					switch draw.IntN(3) {
					case 0:
						data[at] = odd[draw.IntN(len(odd))]
					case 1:
						data = slices.Delete(data, at, max(at, min(len(data)-1, at+draw.IntN(20))))
					case 2:
						data = slices.Insert(data, at, byte(draw.IntN(256)), odd[draw.IntN(len(odd))])
					}
				}
				sound(t, name, data)
			}
		}
	}
}
