package read

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestList_FindsFilesInFolders(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.txt", "x/b.txt", "x/y/c.txt", "x/y/d.md", "z/y/e.txt"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("text"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string][]string{
		"*.txt":      {"a.txt"},
		"**/*.txt":   {"a.txt", "x/b.txt", "x/y/c.txt", "z/y/e.txt"},
		"x/**/*.txt": {"x/b.txt", "x/y/c.txt"},
		"**/y/*.txt": {"x/y/c.txt", "z/y/e.txt"},
		"*/*.txt":    {"x/b.txt"},
	} {
		list, err := List([]string{filepath.Join(dir, filepath.FromSlash(pattern))})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range list.Files {
			rel, _ := filepath.Rel(dir, f.Name)
			got = append(got, filepath.ToSlash(rel))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v", pattern, got)
		}
	}
}

func TestList_LinkIsReadAsItsFileAndNoLinkedFolderIsEntered(t *testing.T) {
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
		list, err := List([]string{pattern})
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		var labels []string
		for _, f := range list.Files {
			labels = append(labels, f.Label)
		}
		if !slices.Equal(labels, want) {
			t.Errorf("%s: %q", pattern, labels)
		}
	}
	check(os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(texts, "c.txt")))
	if _, err := List([]string{filepath.Join(texts, "**", "*.txt")}); !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), "c.txt") {
		t.Errorf("a link to nothing: %v", err)
	}
	check(os.Remove(filepath.Join(texts, "c.txt")))
	check(os.Symlink("c.txt", filepath.Join(texts, "c.txt")))
	if _, err := List([]string{filepath.Join(texts, "*.txt")}); !errors.Is(err, ErrUnreadable) {
		t.Errorf("a link to itself: %v", err)
	}
}

func TestList_SourcesNeverClimbOutOfTheirFolder(t *testing.T) {
	for _, c := range [][3]string{
		{"/data/a.txt", "/data/a.txt", "a.txt"}, {"/data/*/a.txt", "/data/x/a.txt", "x/a.txt"}, {"/data/*.txt", "/etc/passwd", "passwd"},
		{"/data/*.txt", "/data/x\x1b[2J\n.txt", "x\uFFFD[2J\uFFFD.txt"},
	} {
		if got := label(c[0], c[1]); got != c[2] {
			t.Errorf("%s for %s: %q", c[1], c[0], got)
		}
	}
}

func TestList_MissingFileOfAKnownSetSaysHowToHaveIt(t *testing.T) {
	_, err := List([]string{filepath.Join(t.TempDir(), "lexeval", "prc_codes.txt")})
	if !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), "slm data pull statutes-cn") {
		t.Error(err)
	}
}
