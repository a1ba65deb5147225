package rows

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
)

var errBad = errors.New("bad row")

// format is that of rows with the fields q and n; one whose q holds an x is refused.
var format = Format{Most: 100, Kind: errBad, Noun: "row"}

// read returns each record as line:{name value …}.
func read(name, text string) (got []string, err error) {
	err = format.Parse(strings.NewReader(text), name, func(row Row) error {
		var b strings.Builder
		for _, name := range row.Names {
			v, _ := row.Value(name)
			fmt.Fprintf(&b, " %s=%v", name, v)
		}
		got = append(got, fmt.Sprintf("%d:%s", row.Line, strings.TrimSpace(b.String())))
		if q, err := row.Text("q"); err != nil || strings.Contains(q, "x") {
			return cmp.Or(err, errors.New(`field "q" holds an x`))
		}
		return nil
	})
	return got, err
}

func inUTF16(t *testing.T, text string) string {
	t.Helper()
	out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFormat_SameRecordsComeFromEveryKindOfFile(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"a.jsonl":       {"{\"q\":\"a\",\"n\":1}\n\n  \n{\"q\":\"b\",\"n\":2}", []string{"1:q=a n=1", "4:q=b n=2"}},
		"bom.jsonl":     {"\ufeff{\"q\":\"a\"}\n", []string{"1:q=a"}},
		"crlf.jsonl":    {"{\"q\":\"a\"}\r\n{\"q\":\"b\"}\r\n", []string{"1:q=a", "2:q=b"}},
		"utf16.jsonl":   {inUTF16(t, "{\"q\":\"ä\"}\n"), []string{"1:q=ä"}},
		"a.json":        {" [{\"q\":\"a\"},\n\n  {\"q\": \"],[{\\\"\",\n \"n\": [1, {\"a\": \"}\"}]}\n]\n", []string{"1:q=a", "3:q=],[{\" n=[1 {[a] map[a:}]}]"}},
		"one.json":      {"[{\"q\":\"a\"}]", []string{"1:q=a"}},
		"a.csv":         {"q,n\na,1\n\n\"b, \"\"c\"\"\nd\",2\n,\ne,3\n", []string{"2:q=a n=1", "4:q=b, \"c\"\nd n=2", "7:q=e n=3"}},
		"bom.csv":       {"\ufeffq,n\r\na,1\r\n", []string{"2:q=a n=1"}},
		"semicolon.csv": {"q;n\na;1,5\n", []string{"2:q=a n=1,5"}},
		"a.tsv":         {"q\tn\na, b\t1\n", []string{"2:q=a, b n=1"}},
		"excel.tsv":     {inUTF16(t, "q\tn\r\nä\t1\r\n"), []string{"2:q=ä n=1"}},
		"unnamed.csv":   {",Q,\n0,a,\n", []string{"2:Q=a"}},
		"no-ending":     {"{\"q\":\"a\"}", []string{"1:q=a"}},
	} {
		if got, err := read(name, c.text); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

func TestFormat_AllRefusedLinesAreToldAtOnceEachWithItsPlace(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"qa.jsonl", "{}\n{\"q\":\"x\"}\n", `bad row: qa.jsonl:2: field "q" holds an x`},
		{"qa.jsonl", "{\"q\":\"x\"}\n{}\n\n{\"q\":\"x\"}\n", "bad row, on 2 lines:\n  qa.jsonl:1: field \"q\" holds an x\n  qa.jsonl:4: field \"q\" holds an x"},
		{"qa.jsonl", "{\"q\":1}", `bad row: qa.jsonl:1: field "q" is the number 1; it must be text`},
		{"qa.jsonl", "{\"q\":[]}", `bad row: qa.jsonl:1: field "q" is a list; it must be text`},
		{"qa.jsonl", "{\"q\":true}", `bad row: qa.jsonl:1: field "q" is true; it must be text`},
		{"qa.jsonl", "{}\n{\"q\":\"caf\xe9\"}\n{\"q\":\"x\"}\n", "bad row, on 2 lines:\n  qa.jsonl:2:10: the byte 0xE9 is not UTF-8: convert the file (in Latin-1 or Windows-1252 it may be a letter)\n  qa.jsonl:3: field \"q\" holds an x"},
		{"qa.jsonl", "{\x00}", "bad row, on one line:\n  qa.jsonl:1:2: a NUL byte: this is no UTF-8 text (UTF-16 is read with a byte order mark)\n  qa.jsonl:1:2: this is not JSON: invalid character '\\x00' looking for beginning of object key string"},
		{"qa.jsonl", "{}\n{\"q\":\"a\"", `bad row: qa.jsonl:2:9: the JSON ends too early`},
		{"qa.jsonl", "{'q':1}", `bad row: qa.jsonl:1:2: this is not JSON: invalid character '\'' looking for beginning of object key string`},
		{"qa.jsonl", "7", `bad row: qa.jsonl:1: this is the number 7; a record is an object with named fields`},
		{"qa.jsonl", "null", `bad row: qa.jsonl:1: this is null; a record is an object with named fields`},
		{"qa.jsonl", `{"q":"a","q":"b"}`, `bad row: qa.jsonl:1: field "q" stands twice`},
		{"qa.jsonl", `{"q":"\ud83d"}`, `bad row: qa.jsonl:1:7: \ud83d stands for no character`},
		{"qa.jsonl", `{"q":"a\u0000"}`, `bad row: qa.jsonl:1:8: \u0000 stands for no character`},
		{"qa.jsonl", "{\n \"q\": \"a\"\n}\n", "bad row: qa.jsonl:1: an object over several lines: write each on one line, or all in one array"},
		{"qa.jsonl", "", "bad row: qa.jsonl:1: the file holds no row"},
		{"qa.json", "[]", "bad row: qa.json:1: the file holds no row"},
		{"qa.json", "[{\"q\":\"x\"},\n{\"q\":\n 1e}, {\"q\":\"x\"}]", "bad row, on 2 lines:\n  qa.json:1: field \"q\" holds an x\n  qa.json:3:4: this is not JSON: invalid character '}' in exponent of numeric literal\n  qa.json:3: field \"q\" holds an x"},
		{"qa.json", "[{}, {\"q\":\"\xff\"}]", "bad row: qa.json:1:12: the byte 0xFF is not UTF-8: convert the file (in Latin-1 or Windows-1252 it may be a letter)"},
		{"qa.json", "[{},\n{}", "bad row: qa.json:2: the array has no end: the file may be cut off"},
		{"qa.json", "[{},]", "bad row: qa.json:1:5: no record stands beside a comma"},
		{"qa.json", "[{},,{}]", "bad row: qa.json:1:5: no record stands beside a comma"},
		{"qa.json", "[{}] {}", "bad row: qa.json:1:6: the array has ended, and the file goes on"},
		{"qa.csv", "q,n\na\nb,1,2\nc,1,,\n", "bad row, on 2 lines:\n  qa.csv:2: the row has 1 cells, the table 2 columns\n  qa.csv:3: the row has 3 cells, the table 2 columns"},
		{"qa.csv", "q,n,Q\n", `bad row: qa.csv:1: the first row names the columns: field "Q" stands twice`},
		{"qa.csv", "q\na \"b\" c\nx\n", "bad row, on 2 lines:\n  qa.csv:2: the quotes do not match: a cell that holds quotes stands in quotes, and those inside it are doubled\n  qa.csv:3: field \"q\" holds an x"},
		{"qa.csv", "q\ncaf\xe9\n", "bad row: qa.csv:2:4: the byte 0xE9 is not UTF-8: convert the file (in Latin-1 or Windows-1252 it may be a letter)"},
		{"qa.csv", "q\n", "bad row: qa.csv:1: the file holds no row"},
		{"qa.jsonl.gz", "", "bad row: qa.jsonl.gz: records are read as JSONL, a JSON array, CSV or TSV; unpack it first"},
		{"qa.parquet", "", "bad row: qa.parquet: records are read as JSONL, a JSON array, CSV or TSV; save it as one of them first"},
	} {
		if _, err := read(c.name, c.text); !errors.Is(err, errBad) || err.Error() != c.want {
			t.Errorf("%q:\n%v\nwant\n%s", c.text, err, c.want)
		}
	}
	_, err := read("qa.jsonl", strings.Repeat("{\"q\":\"x\"}\n", 812))
	if text := fmt.Sprint(err); strings.Count(text, "\n") != told+1 || !strings.Contains(text, "on 812 lines") || !strings.HasSuffix(text, "and 792 more") {
		t.Error(text)
	}
	if got, err := read("qa.jsonl", `{"q":"\\ud83d \ud83d\ude00"}`); err != nil || got[0] != `1:q=\ud83d 😀` {
		t.Errorf("%q, %v", got, err)
	}
}

func TestFormat_AFileThatCannotBeReadIsNoBadRow(t *testing.T) {
	use := func(Row) error { return nil }
	dir := t.TempDir()
	for _, err := range []error{
		format.Read(filepath.Join(dir, "none.jsonl"), use), format.Read(dir, use),
		format.Parse(io.MultiReader(strings.NewReader("{}\n"), broken{}), "a.jsonl", use),
		format.Parse(io.MultiReader(strings.NewReader("[{}"), broken{}), "a.json", use),
		format.Parse(io.MultiReader(strings.NewReader("q\n"), broken{}), "a.csv", use),
	} {
		if err == nil || errors.Is(err, errBad) {
			t.Error(err)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

// endless is a text without an end; it counts what was read of it.
type endless struct {
	fill byte
	read int64
}

func (e *endless) Read(p []byte) (int, error) {
	copy(p, bytes.Repeat([]byte{e.fill}, len(p)))
	e.read += int64(len(p))
	return len(p), nil
}

func TestFormat_ARecordThatDoesNotEndIsRefusedWhereTheLimitIs(t *testing.T) {
	for name, begin := range map[string]string{"a.jsonl": "{\"q\":\"a\"}\n{\"q\":\"", "a.json": "[{\"q\":\"a\"},\n{\"q\":\"", "a.csv": "q\n\""} {
		rest := &endless{fill: 'a'}
		err := format.Parse(io.MultiReader(strings.NewReader(begin), io.LimitReader(rest, 1<<30)), name, func(Row) error { return nil })
		if want := name + ":2: the row is too long: more than 100 bytes"; !errors.Is(err, errBad) || !strings.Contains(err.Error(), want) || rest.read > 4*block {
			t.Errorf("%s: %v after %d bytes", name, err, rest.read)
		}
	}
}

// golden writes down what is in a file.
func golden(t *testing.T, path string) string {
	t.Helper()
	var b strings.Builder
	f := Format{Most: 1 << 16, Kind: errBad, Noun: "row"}
	if err := f.Read(path, func(row Row) error {
		for _, name := range row.Names {
			v, _ := row.Value(name)
			fmt.Fprintf(&b, "%d %s: %s\n", row.Line, name, Describe(v))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormat_GoldenFilesAreReadAsTheyWereWritten(t *testing.T) {
	for _, name := range []string{"rows.jsonl", "rows.json", "rows.csv", "rows.tsv"} {
		want, err := os.ReadFile(filepath.Join("testdata", name+".golden"))
		if got := golden(t, filepath.Join("testdata", name)); err != nil || got != string(want) {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, want)
		}
	}
}

// A file that is cut somewhere gives records that the whole one has, or an error with a place.
func TestFormat_AFileCutAtEveryByteLosesNoRecordInSilence(t *testing.T) {
	for _, name := range []string{"rows.jsonl", "rows.json", "rows.csv", "rows.tsv"} {
		whole, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		f := Format{Most: 1 << 16, Kind: errBad, Noun: "row"}
		for n := range whole {
			lines := 0
			err := f.Parse(bytes.NewReader(whole[:n]), name, func(Row) error { lines++; return nil })
			if err != nil && (!errors.Is(err, errBad) || !strings.Contains(err.Error(), name+":")) || err == nil && lines == 0 {
				t.Errorf("%s cut at %d: %d records, %v", name, n, lines, err)
			}
			if strings.HasSuffix(name, ".json") && n < len(bytes.TrimSpace(whole)) && err == nil {
				t.Errorf("%s cut at %d is taken", name, n)
			}
		}
	}
}

func FuzzFormat_AnyFileIsReadOrRefused(f *testing.F) {
	for _, name := range []string{"rows.jsonl", "rows.json", "rows.csv", "rows.tsv"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(filepath.Ext(name), string(text))
	}
	f.Add(".json", "[{\"a\":1}\n,{\"a\":\"\xff\"},{]")
	f.Add(".csv", "a;b\n\"c;\n")
	f.Fuzz(func(t *testing.T, ext, text string) {
		n := 0
		err := Format{Most: 1 << 12, Kind: errBad, Noun: "row"}.Parse(strings.NewReader(text), "f"+ext, func(row Row) error {
			if n++; row.Line < 1 || row.Line > 1+strings.Count(text, "\n") {
				t.Errorf("line %d of %q", row.Line, text)
			}
			for _, name := range row.Names {
				if v, ok := row.Value(name); ok != (v != nil) || !row.Has(name) {
					t.Errorf("%q: %v", name, v)
				}
			}
			return nil
		})
		switch {
		case err != nil && (!errors.Is(err, errBad) || strings.Contains(err.Error(), "json: ") || strings.Contains(err.Error(), "Go ")):
			t.Errorf("%q: %v", text, err)
		case err == nil && n == 0:
			t.Errorf("%q: nothing and no error", text)
		}
	})
}

func TestDescribe_NamesTypes(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, "null"}, {"1", `the text "1"`}, {json.Number("1"), "the number 1"}, {true, "true"}, {[]any{}, "a list"}, {Object{}, "an object"},
		{Cell("1"), `"1"`}, {strings.Repeat("é", 41), `the text "` + strings.Repeat("é", 40) + `…"`},
	} {
		if got := Describe(c.v); got != c.want {
			t.Errorf("%v: %s", c.v, got)
		}
	}
	for text, want := range map[string]bool{"": true, " \t\n\u3000": true, "\u200b\ufeff": true, "a": false, ".": false, "的": false} {
		if Blank(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

func TestFormat_TextThatOnlyBeginsAsUTF16IsRefused(t *testing.T) {
	whole := inUTF16(t, "{\"q\":\"ä\"}\n")
	for name, text := range map[string]string{
		"half a unit":             whole + "x",
		"half a surrogate pair":   whole[:len(whole)-2] + "\x00\xd8",
		"a surrogate and no pair": whole[:2] + "\x00\xdc" + whole[2:],
	} {
		if got, err := read("qa.jsonl", text); !errors.Is(err, errUTF16) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
