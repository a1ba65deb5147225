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

// File is a file that a pattern has found.
type File struct {
	Name   string
	Label  string // from the folder that the pattern begins with, with slashes: the same wherever that folder lies
	Format Format // that reads it; the zero value when none does
	About  About  // of a file below a folder
	Below  bool   // it was found below a folder that a recipe names; nobody has chosen it by its name
}

// List returns the files that match any of the patterns, sorted, each once, with their formats. "**" stands for any number of folders; a pattern
// that is a folder stands for all readable files below it. A pattern that matches nothing is an error.
func List(patterns []string) (Listing, error) {
	var l Listing
	several := len(slices.DeleteFunc(slices.Clone(patterns), func(p string) bool { return !isFolder(p) })) > 1
	for _, pattern := range patterns {
		if isFolder(pattern) {
			found, left, err := walk(pattern)
			if err != nil {
				return Listing{}, fmt.Errorf("corpus: %s: %w: %w", pattern, ErrUnreadable, err)
			}
			about(pattern, found, several)
			l.Files, l.Left = append(l.Files, found...), append(l.Left, left...)
			if len(found) == 0 {
				return Listing{}, fmt.Errorf("corpus: %s: %w: no file below it can be read%s", pattern, ErrUnreadable, because(l.Reasons().String()))
			}
			continue
		}
		found, err := named(pattern)
		if err != nil {
			return Listing{}, err
		}
		l.Files = append(l.Files, found...)
	}
	slices.SortStableFunc(l.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	l.Files = slices.CompactFunc(l.Files, func(a, b File) bool { return a.Name == b.Name })
	return l, nil
}

func isFolder(pattern string) bool {
	info, err := os.Stat(pattern)
	return err == nil && info.IsDir()
}

func because(reasons string) string {
	if reasons == "" {
		return ": it is empty"
	}
	return " (left out: " + reasons + ")"
}

// named are the files that match a pattern which is no folder.
func named(pattern string) ([]File, error) {
	names, err := glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("corpus: %s: %w: %w", pattern, ErrUnreadable, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("corpus: %s: %w: no such file%s", pattern, ErrUnreadable, source.Hint(pattern))
	}
	var found []File
	for _, name := range names {
		if info, err := os.Stat(name); err != nil {
			return nil, fmt.Errorf("corpus: %w: %w", ErrUnreadable, err)
		} else if !info.Mode().IsRegular() { // opening a pipe would wait for ever
			return nil, fmt.Errorf("corpus: %s: %w: a folder, pipe or device is no file of text", name, ErrUnreadable)
		}
		format, _ := formatOf(name) // a recipe's other files have formats of their own
		found = append(found, File{Name: name, Label: label(pattern, name), Format: format})
	}
	return found, nil
}

// label is a file's name from the folder that the pattern begins with: without the machine's folders, without ../ and, as it will be
// printed, without control characters.
func label(pattern, name string) string {
	rel, err := filepath.Rel(folder(pattern), name)
	if err != nil || !filepath.IsLocal(rel) {
		rel = filepath.Base(name)
	}
	return printable(filepath.ToSlash(rel))
}

func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, name)
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
