package read

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"slm/data/source"
)

// Glob returns the files that match any of the patterns, sorted, each once. "**" stands for any number of folders.
// A pattern that matches nothing is an error.
func Glob(patterns []string) ([]string, error) {
	found, err := globAll(patterns)
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = f.name
	}
	return names, err
}

// file is a file that a pattern has found.
type file struct {
	name  string
	label string // from the folder that the pattern begins with, with slashes: the same wherever that folder lies
}

func globAll(patterns []string) ([]file, error) {
	var found []file
	for _, pattern := range patterns {
		names, err := glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("corpus: %s: %w: %w", pattern, ErrUnreadable, err)
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("corpus: %s: %w: no such file%s", pattern, ErrUnreadable, source.Hint(pattern))
		}
		for _, name := range names {
			if info, err := os.Stat(name); err != nil {
				return nil, fmt.Errorf("corpus: %w: %w", ErrUnreadable, err)
			} else if !info.Mode().IsRegular() { // opening a pipe would wait for ever
				return nil, fmt.Errorf("corpus: %s: %w: a folder, pipe or device is no file of text", name, ErrUnreadable)
			}
			found = append(found, file{name, label(pattern, name)})
		}
	}
	slices.SortStableFunc(found, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return slices.CompactFunc(found, func(a, b file) bool { return a.name == b.name }), nil
}

// label is a file's name from the folder that the pattern begins with: without the machine's folders, without ../ and, as it will be
// printed, without control characters.
func label(pattern, name string) string {
	rel, err := filepath.Rel(folder(pattern), name)
	if err != nil || !filepath.IsLocal(rel) {
		rel = filepath.Base(name)
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, filepath.ToSlash(rel))
}

// folder is the part of a pattern up to the first element with a wildcard, or to the file's name.
func folder(pattern string) string {
	if at := strings.IndexAny(pattern, `*?[`); at >= 0 {
		pattern = pattern[:at] + "x"
	}
	return filepath.Dir(pattern)
}

func glob(pattern string) ([]string, error) {
	root, rest, deep := strings.Cut(pattern, "**")
	if !deep {
		return filepath.Glob(pattern)
	}
	if rest = strings.Trim(rest, string(filepath.Separator)); strings.Contains(rest, "**") {
		return nil, errors.New(`"**" may stand once`)
	}
	roots, err := filepath.Glob(filepath.Clean(root + "."))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, root := range roots {
		// The separator makes a link to a folder the folder. Links below it are not entered: they may lead out, or round and round.
		err := filepath.WalkDir(root+string(filepath.Separator), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if entry.Type()&fs.ModeSymlink != 0 {
				if info, err := os.Stat(name); err == nil && info.IsDir() {
					return nil
				}
			}
			// The pattern's tail may hold folders of its own: it is matched against as many last elements of the name.
			parts, tail := strings.Split(name, string(filepath.Separator)), strings.Count(rest, string(filepath.Separator))+1
			ok, err := filepath.Match(rest, strings.Join(parts[max(0, len(parts)-tail):], string(filepath.Separator)))
			if ok || rest == "" {
				names = append(names, name)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}
