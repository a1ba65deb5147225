package corpus

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

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
			label, err := filepath.Rel(folder(pattern), name)
			if err != nil {
				label = filepath.Base(name)
			}
			found = append(found, file{name, filepath.ToSlash(label)})
		}
	}
	slices.SortStableFunc(found, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return slices.CompactFunc(found, func(a, b file) bool { return a.name == b.name }), nil
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
		err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
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
