package read

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestList_FolderStandsForItsReadableFiles(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{
		"b/page.md", "a.txt", "README", "Makefile", "logo.svg", ".git/notes.md", "x/node_modules/p/readme.md", "requirements.txt",
		"drafts/one.md", "drafts/keep.md", "b/old/two.md", "b/only-here.md", "only-here.md", "runs/a/plan.json", "runs/a/recipe.yaml", "runs/a/x.txt",
	} {
		put(name, "text")
	}
	put("empty.md", " \n")
	put("broken.html", "<p>\xff</p>")
	put("latin.md", "Stra\xdfe\n")
	put("table.csv", "a,b\n1,2\n")
	put(".slmignore", "# drafts\ndrafts/*\n!drafts/keep.md\nb/old/\n")
	put("b/.slmignore", "/only-here.md\r\n")
	list, err := List([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, f := range list.Files {
		if labels = append(labels, f.Label); !f.Below || f.Format.Name == "" {
			t.Errorf("%+v", f)
		}
	}
	if want := []string{"README", "a.txt", "b/page.md", "drafts/keep.md", "only-here.md"}; !slices.Equal(labels, want) {
		t.Errorf("%q, want %q", labels, want)
	}
	if got, want := list.Kinds().String(), "3 Markdown, 2 text"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, want := range []string{"3 in .slmignore", "2 written for programs", "1 hidden", "1 no reader for .svg", "1 no reader for names without an ending",
		"1 empty", "2 " + NotText, "1 cannot be read as CSV", "1 a run of this program"} {
		if got := list.Reasons().String(); !strings.Contains(got, want) {
			t.Errorf("%s: no %q", got, want)
		}
	}
	if _, err := List([]string{filepath.Join(dir, ".git", "..", "x")}); !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), "1 written for programs") {
		t.Errorf("a folder with nothing to read: %v", err)
	}
}
