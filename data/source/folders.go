package source

import (
	"os"
	"path/filepath"
	"strings"
)

// Variable names the environment variable that says where data lies; in a recipe's path it stands for the folder: ${SLM_DATA}/x/y.txt.
const Variable = "SLM_DATA"

const prefix = "${" + Variable + "}/"

// Cache is where Pull puts data when nothing else is said.
func Cache(getenv func(string) string) string {
	cache := getenv("XDG_CACHE_HOME")
	if cache == "" {
		cache = filepath.Join(getenv("HOME"), ".cache")
	}
	return filepath.Join(cache, "slm", "data")
}

// Folders are where data is looked for, in order: where the variable points, and nowhere else if it is set; else shared/data beside
// one of the folders near, and the cache.
func Folders(getenv func(string) string, near ...string) []string {
	if dir := getenv(Variable); dir != "" {
		return []string{dir}
	}
	var dirs []string
	for _, dir := range near {
		dirs = append(dirs, filepath.Join(dir, "..", "shared", "data"))
	}
	return append(dirs, Cache(getenv))
}

// Resolve turns a path that begins with the variable into one in the first folder that has such a file, or in the last folder when none
// has. Any other path is returned as it is.
func Resolve(path string, folders []string) string {
	rest, ok := strings.CutPrefix(path, prefix)
	if !ok {
		return path
	}
	var name string
	for _, dir := range folders {
		name = filepath.Join(dir, filepath.FromSlash(rest))
		if found, err := filepath.Glob(name); err == nil && len(found) > 0 {
			break
		}
		if _, err := os.Stat(name); err == nil {
			break
		}
	}
	return name
}

// Hint says how a missing file is had, if it belongs to a set; it continues a sentence.
func Hint(path string) string {
	path = filepath.ToSlash(path)
	for _, name := range Names() {
		set, err := Lookup(name)
		if err != nil {
			continue
		}
		for _, f := range set.Files {
			if strings.HasSuffix(path, "/"+f.Path) {
				return "; it comes with: slm data pull " + name + " (or set " + Variable + " to the folder that holds " + f.Path + ")"
			}
		}
	}
	return ""
}
