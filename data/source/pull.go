package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"slm/checkpoint"
)

// Base is the address below which a public repository's files lie, as owner/name/commit/path.
const Base = "https://raw.githubusercontent.com"

// Options say how a set is fetched.
type Options struct {
	Folder   string            // of the data
	Base     string            // "" = Base
	Client   *http.Client      // with a time limit of its own
	Progress func(text string) // may be nil
}

// Pulled is what became of a file.
type Pulled struct {
	Path    string `json:"path"` // below the folder
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	Fetched bool   `json:"fetched"` // false: it was there already
}

// Pull makes every file of a set that is not in the folder. A file appears whole and checked or not at all. Parts that have come stay
// aside until their file is made, so that a second attempt goes on after the last of them.
func (s Set) Pull(ctx context.Context, opt Options) ([]Pulled, error) {
	if opt.Base == "" {
		opt.Base = Base
	}
	if opt.Progress == nil {
		opt.Progress = func(string) {}
	}
	var out []Pulled
	for _, f := range s.Files {
		done := Pulled{Path: f.Path, Bytes: f.Size, SHA256: f.SHA256}
		name := filepath.Join(opt.Folder, filepath.FromSlash(f.Path))
		if !whole(name, f.SHA256, f.Size) {
			if err := opt.make(ctx, name, f); err != nil {
				return out, fmt.Errorf("source: %s: %w", f.Path, err)
			}
			done.Fetched = true
		}
		out = append(out, done)
	}
	return out, nil
}

// make fetches the parts of a file and puts them together.
func (o Options) make(ctx context.Context, name string, f File) error {
	aside := filepath.Join(o.Folder, ".parts")
	if err := os.MkdirAll(aside, 0o777); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	parts := make([][]byte, len(f.Parts))
	var kept []string
	for i, p := range f.Parts {
		keep := filepath.Join(aside, p.SHA256)
		kept = append(kept, keep)
		data, err := os.ReadFile(keep)
		if err != nil || hash(data) != p.SHA256 {
			o.Progress(fmt.Sprintf("%s: part %d of %d, %d bytes", f.Path, i+1, len(f.Parts), p.Size))
			if data, err = o.fetch(ctx, p); err != nil {
				return err
			}
			if err := checkpoint.WriteFileAtomic(keep, data); err != nil {
				return err
			}
		}
		parts[i] = data
	}
	data, err := makers[f.made](parts)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFetch, err)
	}
	if got := hash(data); got != f.SHA256 {
		return fmt.Errorf("%w: made from its parts it has the sha256 %s, not %s; nothing was written", ErrFetch, got, f.SHA256)
	}
	if err := checkpoint.WriteFileAtomic(name, data); err != nil {
		return err
	}
	for _, keep := range kept {
		_ = os.Remove(keep) // what stays is used or overwritten the next time
	}
	_ = os.Remove(aside) // unless another file's parts are in it
	return nil
}

// fetch gets one part. More than its size is not read.
func (o Options) fetch(ctx context.Context, p Part) ([]byte, error) {
	address := o.address(p)
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s: %w", ErrFetch, address, fmt.Errorf(format, args...))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fail("%w", err)
	}
	resp, err := o.Client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the address stands in front already
		}
		return nil, fail("no answer: %v", err) // its kind is not passed on: a server that is slow is not a command that ran out of time
	}
	defer func() { _ = resp.Body.Close() }() // read only
	if resp.StatusCode != http.StatusOK {
		return nil, fail("the server answers %s", resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, p.Size+1))
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fail("cut off after %d of %d bytes: %v", len(data), p.Size, err)
	case int64(len(data)) < p.Size:
		return nil, fail("cut off after %d of %d bytes", len(data), p.Size)
	case int64(len(data)) > p.Size:
		return nil, fail("longer than its %d bytes: this is not the file", p.Size)
	case hash(data) != p.SHA256:
		return nil, fail("its sha256 is %s, not %s: this is not the file, or it was changed on its way", hash(data), p.SHA256)
	}
	return data, nil
}

// address is where a part lies.
func (o Options) address(p Part) string {
	var b strings.Builder
	b.WriteString(strings.TrimRight(o.Base, "/") + "/" + p.Repo + "/" + p.Commit)
	for element := range strings.SplitSeq(p.Path, "/") {
		b.WriteString("/" + url.PathEscape(element))
	}
	return b.String()
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// whole reports whether a file is there as it should be.
func whole(name, want string, size int64) bool {
	info, err := os.Stat(name)
	if err != nil || info.Size() != size {
		return false
	}
	data, err := os.ReadFile(name)
	return err == nil && hash(data) == want
}
