package read

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// ignoreFile holds patterns, in the syntax of .gitignore, of what is left out of a folder. It may lie in any folder below, too.
const ignoreFile = ".slmignore"

// notes are files without an ending that people write for readers. Others (Makefile, Dockerfile, CNAME) are for programs.
var notes = []string{"readme", "license", "licence", "copying", "notice", "changelog", "changes", "history", "news", "authors", "contributing", "install", "todo", "faq"}

// machinery are folders that tools fill, and files that have an ending of text and are for programs.
var machinery = []string{"node_modules", "bower_components", "__pycache__", "site-packages", "_build", "_includes", "_layouts", "_sass", "_site", "_static", "_templates", "_themes", "requirements.txt",
	"cmakelists.txt", "robots.txt", "llms.txt"}

// probed is how much of a file in a folder is read to learn whether it can be, bytes.
const probed = 64 << 10

// NotText is why a file is left out that is of a known format and no text of a known encoding.
const NotText = "not UTF-8 text"

// Left is a file or folder that a folder's reading leaves out.
type Left struct {
	Label string // its name, from the folder that the recipe names
	Why   string // "no reader for .png", "hidden", "in .slmignore", …
}

// walk finds the readable files below a folder in the order of their names, and what it leaves out.
func walk(root string) (found []File, left []Left, err error) {
	w := &walker{root: root}
	// The separator makes a link to a folder the folder. Links below it are not entered: they may lead out, or round and round.
	err = filepath.WalkDir(root+string(filepath.Separator), w.visit)
	return w.found, w.left, err
}

type walker struct {
	root   string
	ignore []gitignore.Pattern // of all folders that were entered; each knows its own
	found  []File
	left   []Left
}

func (w *walker) visit(name string, entry fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(w.root, name)
	if err != nil {
		return err
	}
	f := File{Name: filepath.Join(w.root, rel), Label: printable(filepath.ToSlash(rel)), Below: true}
	if rel == "." {
		return w.enter(name, nil)
	}
	why := w.why(entry, strings.Split(filepath.ToSlash(rel), "/"))
	switch {
	case why != "" && entry.IsDir():
		w.left = append(w.left, Left{f.Label + "/", why})
		return filepath.SkipDir
	case why != "":
		if entry.Name() != ignoreFile {
			w.left = append(w.left, Left{f.Label, why})
		}
		return nil
	case entry.IsDir():
		return w.enter(name, strings.Split(filepath.ToSlash(rel), "/"))
	}
	if f.Format, why = probe(f); why != "" {
		w.left = append(w.left, Left{f.Label, why})
		return nil
	}
	w.found = append(w.found, f)
	return nil
}

// enter takes up a folder's own patterns.
func (w *walker) enter(name string, domain []string) error {
	text, err := os.ReadFile(filepath.Join(name, ignoreFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			w.ignore = append(w.ignore, gitignore.ParsePattern(line, domain))
		}
	}
	return err
}

// why says why an entry is left out by its name alone; empty when it is not.
func (w *walker) why(entry fs.DirEntry, path []string) string {
	base := entry.Name()
	switch {
	case strings.HasPrefix(base, "."):
		return "hidden"
	case slices.Contains(machinery, strings.ToLower(base)):
		return "written for programs"
	case gitignore.NewMatcher(w.ignore).Match(path, entry.IsDir()):
		return "in " + ignoreFile
	case entry.IsDir() && isRun(filepath.Join(w.root, filepath.Join(path...))):
		return "a run of this program"
	}
	return ""
}

// isRun reports whether a folder is one in which this program has worked.
func isRun(dir string) bool {
	for _, name := range []string{"plan.json", "recipe.yaml"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// probe returns the format of a file in a folder, or why it is not read: nobody has named this file, so that it cannot be read is no mistake.
func probe(f File) (Format, string) {
	info, err := os.Stat(f.Name)
	if err != nil || !info.Mode().IsRegular() {
		return Format{}, "no regular file"
	}
	inner, _ := unpacked(f.Name)
	end := strings.ToLower(filepath.Ext(inner))
	format, known := byEnd(end)
	switch {
	case end == "" && !slices.Contains(notes, strings.ToLower(filepath.Base(inner))):
		return Format{}, "no reader for names without an ending"
	case !known || format.Named:
		return Format{}, "no reader for " + printable(end)
	}
	for _, err := range f.documents(Options{Head: probed}) {
		switch {
		case errors.Is(err, ErrEmpty):
			return Format{}, "empty"
		case errors.Is(err, errText), errors.Is(err, errCharset):
			return Format{}, NotText
		case err != nil:
			return Format{}, "cannot be read as " + format.Name
		}
	}
	return format, ""
}

// Listing is what the patterns of a corpus name.
type Listing struct {
	Files []File
	Left  []Left // of folders
}

// Count is how many of a listing have something in common.
type Count struct {
	What string `json:"what"`
	N    int    `json:"n"`
}

// Counts is a list of them, the most frequent first.
type Counts []Count

// String is "41 Markdown, 1 HTML".
func (c Counts) String() string {
	var parts []string
	for _, x := range c {
		parts = append(parts, strconv.Itoa(x.N)+" "+x.What)
	}
	return strings.Join(parts, ", ")
}

// Kinds counts the files by their format.
func (l Listing) Kinds() Counts {
	return count(l.Files, func(f File) string { return f.Format.Name })
}

// Reasons counts what was left out by its reason.
func (l Listing) Reasons() Counts {
	return count(l.Left, func(x Left) string { return x.Why })
}

func count[T any](list []T, of func(T) string) Counts {
	n := map[string]int{}
	for _, x := range list {
		n[of(x)]++
	}
	var counts Counts
	for _, what := range slices.Sorted(maps.Keys(n)) {
		counts = append(counts, Count{what, n[what]})
	}
	slices.SortStableFunc(counts, func(a, b Count) int { return b.N - a.N })
	return counts
}
