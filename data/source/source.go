// Package source knows the public data that recipes of this program read and the program does not hold: what each set is made from,
// where its files may lie on this machine, and how they are fetched and checked. It does not read them: see corpus and exam.
package source

import (
	"bufio"
	_ "embed" // the lists
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var (
	// ErrUnknown says that there is no set of that name.
	ErrUnknown = errors.New("unknown data")
	// ErrFetch says that a file could not be had, or is not what it should be.
	ErrFetch = errors.New("cannot be fetched")
)

// Set is data under one name.
type Set struct {
	Name  string
	Files []File
}

// File is one file of a set, as recipes read it.
type File struct {
	Path   string // below the folder of the data, with slashes
	SHA256 string // hex
	Size   int64  // bytes
	Parts  []Part // what it is made from, in order
	made   string // how: a key of makers
}

// Part is a file of a public repository.
type Part struct {
	Repo   string // owner/name
	Commit string // hex
	Path   string // in the repository, with slashes
	SHA256 string
	Size   int64
}

//go:embed statutes-cn.txt
var statutesCN string

//go:embed gdpr.txt
var gdpr string

// lists are the sets by name, each as text: see statutes-cn.txt.
var lists = map[string]string{"gdpr": gdpr, "statutes-cn": statutesCN}

// Names lists the sets, sorted.
func Names() []string {
	var names []string
	for name := range lists {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Lookup returns the set of a name.
func Lookup(name string) (Set, error) {
	text, ok := lists[name]
	if !ok {
		return Set{}, fmt.Errorf("source: %w: there is no %q; there is: %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	files, err := parse(text)
	if err != nil {
		return Set{}, fmt.Errorf("source: %s: %w", name, err)
	}
	return Set{name, files}, nil
}

// parse reads a list. A line of a repository or a file holds for the lines after it.
func parse(text string) ([]File, error) {
	var files []File
	var repo, commit string
	scan := bufio.NewScanner(strings.NewReader(text))
	for line := 1; scan.Scan(); line++ {
		f := strings.Fields(scan.Text())
		switch {
		case len(f) == 0 || f[0] == "#":
		case f[0] == "repo" && len(f) == 3:
			repo, commit = f[1], f[2]
		case f[0] == "file" && len(f) == 5:
			size, err := strconv.ParseInt(f[4], 10, 64)
			if err != nil || len(f[3]) != 64 || makers[f[2]] == nil {
				return nil, fmt.Errorf("line %d names no file", line)
			}
			files = append(files, File{Path: f[1], made: f[2], SHA256: f[3], Size: size})
		case len(f) == 3 && len(f[0]) == 64 && len(files) > 0 && repo != "":
			size, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", line, err)
			}
			last := &files[len(files)-1]
			last.Parts = append(last.Parts, Part{Repo: repo, Commit: commit, Path: f[2], SHA256: f[0], Size: size})
		default:
			return nil, fmt.Errorf("line %d is neither a repository nor a file nor a part of one", line)
		}
	}
	return files, scan.Err()
}

// Only is the set with some of its files; all of them when none is named.
func (s Set) Only(paths []string) (Set, error) {
	if len(paths) == 0 {
		return s, nil
	}
	out := Set{Name: s.Name}
	for _, path := range paths {
		at := slices.IndexFunc(s.Files, func(f File) bool { return f.Path == path })
		if at < 0 {
			var have []string
			for _, f := range s.Files {
				have = append(have, f.Path)
			}
			return Set{}, fmt.Errorf("source: %w: %s has no %q; it has: %s", ErrUnknown, s.Name, path, strings.Join(have, ", "))
		}
		out.Files = append(out.Files, s.Files[at])
	}
	return out, nil
}
