package pipeline

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/corpus/read"
)

// settle is how old a file's change must be before its digest is kept: one changed within a clock tick of the digest's making could
// change again without a new time.
const settle = 2 * time.Second

// digests hashes input files and remembers the hashes by size and time of change, so that a large corpus is read once and not at
// each start. The memory is a file that may be deleted at any time.
type digests struct {
	path    string
	now     func() time.Time
	known   map[string]knownDigest
	changed bool
}

type knownDigest struct {
	Size    int64  `json:"size"`
	Changed int64  `json:"changed"` // ns since 1970
	SHA256  string `json:"sha256"`
}

// openDigests reads the memory at path; an unreadable one is an empty one.
func openDigests(path string, now func() time.Time) *digests {
	d := &digests{path: path, now: now, known: map[string]knownDigest{}}
	if data, err := os.ReadFile(path); err == nil {
		if json.Unmarshal(data, &d.known) != nil || d.known == nil {
			d.known = map[string]knownDigest{}
		}
	}
	return d
}

// files digests what patterns name: the base name and content of each file, in rundir.Order. Names without their folders, because a corpus
// that moves is the same corpus; of a file below a folder that is named, the way from there, which may be part of its title.
func (d *digests) files(patterns []string) (string, error) {
	found, err := corpus.List(patterns)
	if err != nil {
		return "", err
	}
	list := make([][2]string, len(found.Files))
	for i, f := range found.Files {
		sum, err := d.file(f.Name)
		if err != nil {
			return "", fmt.Errorf("%w: %w", read.ErrUnreadable, err)
		}
		name := filepath.Base(f.Name)
		if f.Below {
			name = f.Label
		}
		list[i] = [2]string{name, sum}
	}
	return checkpoint.HashJSON(list)
}

// file is the hex SHA-256 of a file.
func (d *digests) file(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	now := knownDigest{Size: info.Size(), Changed: info.ModTime().UnixNano()}
	if k, ok := d.known[path]; ok && k.Size == now.Size && k.Changed == now.Changed {
		return k.SHA256, nil
	}
	if now.SHA256, _, err = checkpoint.HashFile(path); err != nil {
		return "", err
	}
	if d.now().Sub(info.ModTime()) > settle {
		d.known[path], d.changed = now, true
	}
	return now.SHA256, nil
}

// save writes the memory down. It is a convenience: the caller may ignore the error.
func (d *digests) save() error {
	if !d.changed {
		return nil
	}
	text, err := json.Marshal(d.known)
	if err != nil {
		return err
	}
	return checkpoint.WriteFileAtomic(d.path, text)
}
