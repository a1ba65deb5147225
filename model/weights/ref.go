package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Ref names weights in a recipe: SCHEME:PATH, such as gguf:models/small.gguf.
type Ref struct {
	Format Format
	Path   string
}

// Parse reads a reference. ok says that text begins with a registered scheme; then an error is one of the reference.
func Parse(text string) (r Ref, ok bool, err error) {
	for _, f := range Formats() {
		path, mine := strings.CutPrefix(text, f.Scheme+":")
		if !mine {
			continue
		}
		if path == "" {
			return Ref{}, true, fmt.Errorf("%s: names no %s", f.Scheme, strings.ToLower(f.What()))
		}
		return Ref{f, path}, true, nil
	}
	return Ref{}, false, nil
}

// Schemes lists what references may look like, for messages: "gguf:FILE".
func Schemes() []string {
	var out []string
	for _, f := range Formats() {
		out = append(out, f.Scheme+":"+f.What())
	}
	return out
}

// String is what Parse reads.
func (r Ref) String() string { return r.Format.Scheme + ":" + r.Path }

// Absolute is the reference from anywhere; a relative path starts at dir, or where the program runs.
func (r Ref) Absolute(dir string) (Ref, error) {
	if filepath.IsAbs(r.Path) {
		return r, nil
	}
	abs, err := filepath.Abs(filepath.Join(dir, r.Path))
	if err != nil {
		return r, fmt.Errorf("weights: %w", err)
	}
	r.Path = abs
	return r, nil
}

// Portable is the reference without what depends on the machine: the path keeps its last part. The digest tells files of one name apart.
func (r Ref) Portable() Ref {
	r.Path = filepath.Base(r.Path)
	return r
}

// Fetched is the folder in which set-up keeps the models that it fetches: slm/models below $XDG_CACHE_HOME or ~/.cache.
func Fetched(getenv func(string) string) string {
	cache := getenv("XDG_CACHE_HOME")
	if cache == "" {
		cache = filepath.Join(getenv("HOME"), ".cache")
	}
	return filepath.Join(cache, "slm", "models")
}

// Files lists the files that the weights are made of. One that is not there, or is no regular file, is an error that wraps fs.ErrNotExist.
func (r Ref) Files() ([]string, error) {
	files := []string{r.Path}
	if r.Format.Files != nil {
		var err error
		if files, err = r.Format.Files(r.Path); err != nil {
			return nil, fmt.Errorf("weights: %w", err)
		}
	}
	for _, f := range files {
		switch info, err := os.Stat(f); {
		case err != nil:
			return nil, fmt.Errorf("weights: %w", errors.Join(err, fs.ErrNotExist))
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("weights: %s is no regular file: %w", f, fs.ErrNotExist)
		}
	}
	return files, nil
}

// Digest identifies the weights wherever they lie: the hash of their file or, of several, the SHA-256 over each one's name and hash. hash
// gives the SHA-256 of a file's content in hexadecimal digits.
func (r Ref) Digest(hash func(path string) (string, error)) (string, error) {
	files, err := r.Files()
	if err != nil {
		return "", err
	}
	all := sha256.New()
	for _, f := range files {
		sum, err := hash(f)
		if err != nil {
			return "", err
		}
		if len(files) == 1 {
			return sum, nil
		}
		fmt.Fprintf(all, "%s\n%s\n", filepath.Base(f), sum)
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// Open opens the model.
func (r Ref) Open() (Source, error) { return r.Format.Open(r.Path) }
