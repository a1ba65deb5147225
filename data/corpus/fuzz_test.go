package corpus

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus/read"
)

// FuzzSections_AnyFileIsReadOrRefused holds for any bytes in a file of any kind: an error that names the file, or sections with different ids, clean throughout.
func FuzzSections_AnyFileIsReadOrRefused(f *testing.F) {
	kinds := []string{"a.txt", "a.md", "a.jsonl"}
	for kind, text := range []string{"One.\n\nTwo \x1b[31mred\x07.\r\n", "# A\n\n## B\n\ntext <b>\n\n# A\n\nmore", "{\"text\":\"x\"}\n{\"text\":\"y\",\"title\":\"T\",\"number\":1}"} {
		f.Add(byte(kind), false, []byte(text))
	}
	f.Add(byte(0), true, []byte(book))
	f.Add(byte(1), true, []byte("Preamble\n1. Alpha\n2. Beta\n3. Gamma\n4. Delta\nAPPENDIX\nend"))
	f.Add(byte(2), false, []byte("\ufeff{\"text\":\"&#27;[2J \\u001b]0;t\\u0007\",\"title\":\"\\u0000\\n#\"}"))
	f.Fuzz(func(t *testing.T, kind byte, only bool, data []byte) {
		opt := Options{Exact: true, Near: 0.8, Numbered: only, block: 512}
		name := kinds[int(kind)%len(kinds)]
		docs := read.From(bytes.NewReader(data), name, name, read.Options{Block: opt.block})
		report := newReport()
		ids, count := map[string]bool{}, 0
		err := stream(opt, docs, report, func(s Section, err error) bool {
			for _, text := range []string{s.Title, s.Number, s.Heading, s.Text} {
				text = strings.NewReplacer("\n", "", "\t", "").Replace(text) // of code and tables
				if strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) {
					t.Errorf("%+q", s)
				}
			}
			if ids[s.ID] || s.Text == "" || s.Title == "" {
				t.Errorf("%+v", s)
			}
			ids[s.ID], count = true, count+1
			return true
		})
		if err != nil && !strings.Contains(err.Error(), name) && !errors.Is(err, read.ErrEmpty) || err == nil && count == 0 {
			t.Errorf("%d sections, %v", count, err)
		}
	})
}
