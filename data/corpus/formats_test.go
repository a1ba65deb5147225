package corpus

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// golden is what a file gave: its sections, and what was left out.
func golden(sections []Section, report *Report) string {
	var b strings.Builder
	for _, s := range sections {
		fmt.Fprintf(&b, "%s | %s | %s | %s\n\t%s\n", s.Title, s.Number, s.Heading, s.Source, strings.ReplaceAll(s.Text, "\n", "\n\t"))
	}
	for _, d := range report.Dropped {
		fmt.Fprintf(&b, "- %s | %s | %s | %d | %s\n", d.Title, d.Why, d.Source, d.Chars, d.Begins)
	}
	fmt.Fprintf(&b, "= %d read, %d kept\n", report.Read, report.Kept)
	return b.String()
}

// balanced collects a corpus and holds that nothing of it is lost: what was read is in sections or in rows of what was left out. Every test
// of a corpus reads through it.
func balanced(t *testing.T, opt Options) ([]Section, *Report, error) {
	t.Helper()
	sections, report, err := Collect(opt)
	if err != nil {
		return sections, report, err
	}
	sum, rows := report.Kept, 0
	for _, d := range report.Dropped {
		if d.Why == "" || d.Source == "" || d.Chars < 0 {
			t.Errorf("row %+v", d)
		}
		sum, rows = sum+d.Chars, rows+1
	}
	for _, l := range report.Left {
		rows -= l.Rows
	}
	if sum != report.Read || rows != 0 {
		t.Errorf("%v: %d characters read, %d in sections and rows; %d rows uncounted", opt.Paths, report.Read, sum, rows)
	}
	return sections, report, nil
}

// Each file is hostile and legal, and its golden file says which sections it has to give.
func TestCollect_EachHostileFileGivesItsSectionsAndLosesNothing(t *testing.T) {
	dir, err := filepath.Abs(filepath.Join("testdata", "formats"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(name string) bool { return filepath.Ext(name) == ".golden" })
	if len(files) < 60 {
		t.Errorf("only %d files", len(files))
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			opt := Options{Paths: []string{name}, Exact: true, Near: 0.8}
			if err := Check(opt); err != nil {
				t.Errorf("check: %v", err)
			}
			sections, report, err := balanced(t, opt)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range sections {
				for _, field := range []string{s.ID, s.Title, s.Number, s.Heading, strings.NewReplacer("\n", "", "\t", "").Replace(s.Text)} {
					if strings.ContainsFunc(field, unicode.IsControl) {
						t.Errorf("%q", s)
					}
				}
			}
			got := golden(sections, report)
			if *update {
				if err := os.WriteFile(name+".golden", []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name + ".golden")
			if err != nil || got != string(want) {
				t.Errorf("%v, got:\n%s", err, got)
			}
		})
	}
}
