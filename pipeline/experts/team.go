// Package experts answers with several runs as with one. A router says for each question which run's corpus it is about, or none, and that run
// answers as it does alone: nothing of a run changes because others stand beside it. What the router knows of a run follows from that run alone.
package experts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/goccy/go-yaml"

	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/schema"
)

// file is a recipe of experts: the runs that answer as one.
type file struct {
	Format  int      `yaml:"slm"`
	Experts []string `yaml:"experts"`
}

// Names reports whether a name is that of a file with experts, as far as its first bytes tell.
func Names(name string) bool {
	text, err := read(name)
	var f struct {
		Experts any `yaml:"experts"`
	}
	return err == nil && yaml.Unmarshal(text, &f) == nil && f.Experts != nil
}

// Folders reads the runs that a file names: folders from where it lies, or runs below dir by their names.
func Folders(name, dir string) ([]string, error) {
	text, err := read(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", recipe.ErrUsage, err)
	}
	var f file
	if err := yaml.UnmarshalWithOptions(text, &f, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", recipe.ErrUsage, name, err)
	}
	switch {
	case f.Format != recipe.Format:
		return nil, fmt.Errorf("%w: %s: slm: format %d is unknown: this program reads %d", recipe.ErrUsage, name, f.Format, recipe.Format)
	case len(f.Experts) == 0:
		return nil, fmt.Errorf("%w: %s: experts: names no run", recipe.ErrUsage, name)
	}
	var out []string
	for _, e := range f.Experts {
		folder := e
		if !filepath.IsAbs(e) {
			folder = filepath.Join(filepath.Dir(name), e)
		}
		if _, err := os.Stat(filepath.Join(folder, rundir.RecipeFile)); err != nil {
			if folder, err = rundir.Find(dir, e); err != nil {
				return nil, fmt.Errorf("experts: %w", err)
			}
		}
		if folder, err = filepath.Abs(folder); err != nil {
			return nil, err
		}
		if slices.Contains(out, folder) {
			return nil, fmt.Errorf("%w: %s: experts: %s stands there twice", recipe.ErrUsage, name, e)
		}
		out = append(out, folder)
	}
	return out, nil
}

// read reads a small regular file.
func read(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no file: %w", name, fs.ErrInvalid)
	case info.Size() > schema.MaxSize:
		return nil, errors.New(name + " is too long for a recipe")
	}
	return os.ReadFile(name)
}
