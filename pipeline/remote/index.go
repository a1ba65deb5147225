// Package remote keeps runs in an object store, so that a run begun on one machine goes on on another: its checkpoints, its replies and journals, what interrupted stages have saved, its events.
//
// In the store a run is an index, runs/NAME.json, and files by digest. The index is written last and over the one that was read, so a push that is stopped, or two at once, leave it whole. Events only ever grow:
// by them a machine knows whether its run, or the store's, is the one that has gone on.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/stages/all"
	"slm/store"
)

// ErrApart says that a run has gone on both here and in the store, each in its own way.
var ErrApart = errors.New("remote: the run has gone on elsewhere too")

const indexVersion = 1

// Index is what a store has of a run.
type Index struct {
	Version int     `json:"v"`
	Run     string  `json:"run"`
	Stages  []Stage `json:"stages"` // checkpoints, and what ask has kept as one
	Files   []File  `json:"files"`  // the run's own, with forward slashes, sorted; events.jsonl among them
}

// Stage is a checkpoint: its manifest lists its files.
type Stage struct {
	Stage       string `json:"stage"` // its folder
	Fingerprint string `json:"fingerprint"`
	Digest      string `json:"digest"`
	Manifest    File   `json:"manifest"`
}

// File is a file by its digest.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

func indexKey(run string) string { return "runs/" + run + ".json" }

// Find is the checkpoint of a stage; nil = the store has none.
func (x *Index) Find(stage string) *Stage {
	for i := range x.Stages {
		if x.Stages[i].Stage == stage {
			return &x.Stages[i]
		}
	}
	return nil
}

// file finds one of the run's own files.
func (x *Index) file(name string) *File {
	for i := range x.Files {
		if x.Files[i].Name == name {
			return &x.Files[i]
		}
	}
	return nil
}

// ReadIndex reads what a store has of a run, and its version. checkpoint.ErrMissing: it has no such run.
func ReadIndex(ctx context.Context, s *store.Store, run string) (*Index, string, error) {
	text, version, err := s.Get(ctx, indexKey(run))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("remote: %s in %s: %w", run, s, checkpoint.ErrMissing)
	}
	if err != nil {
		return nil, "", err
	}
	x, err := decodeIndex(text)
	if err == nil && x.Run != run {
		err = fmt.Errorf("%w: it is of the run %q", checkpoint.ErrCorrupt, x.Run)
	}
	if err != nil {
		return nil, "", fmt.Errorf("remote: %s of %s: %w", indexKey(run), s, err)
	}
	return x, version, nil
}

// decodeIndex reads an index. Names that would lead out of the run's folder, and digests that are none, are ErrCorrupt.
func decodeIndex(text []byte) (*Index, error) {
	var x Index
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&x); err != nil || d.More() {
		return nil, fmt.Errorf("%w: it is no index: %w", checkpoint.ErrCorrupt, err)
	}
	if x.Version > indexVersion {
		return nil, fmt.Errorf("%w: index of version %d", checkpoint.ErrNewer, x.Version)
	}
	if !plainName(x.Run) {
		return nil, fmt.Errorf("%w: it is of the run %q", checkpoint.ErrCorrupt, x.Run)
	}
	seen := map[string]bool{}
	check := func(f File, name string) error {
		if !checkpoint.IsDigest(f.SHA256) || f.Size < 0 || !filepath.IsLocal(filepath.FromSlash(name)) || seen[name] || hidden(name) {
			return fmt.Errorf("%w: it lists %q", checkpoint.ErrCorrupt, name)
		}
		seen[name] = true
		return nil
	}
	for _, s := range x.Stages {
		if err := check(s.Manifest, s.Stage); err != nil || !plainName(s.Stage) || !isCheckpoint(s.Stage) {
			return nil, fmt.Errorf("%w: it lists the checkpoint %q", checkpoint.ErrCorrupt, s.Stage)
		}
	}
	for _, f := range x.Files {
		if err := check(f, f.Name); err != nil || f.Name == rundir.LockFile || isCheckpoint(strings.Split(f.Name, "/")[0]) {
			return nil, fmt.Errorf("%w: it lists the file %q", checkpoint.ErrCorrupt, f.Name)
		}
	}
	return &x, nil
}

// plainName reports whether a name is one of a folder or file, without a path.
func plainName(name string) bool {
	return name != "" && filepath.IsLocal(name) && !strings.ContainsAny(name, `/\`) && name != "." && !hidden(name)
}

// hidden reports whether a file is temporary: what is being written, or was left.
func hidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") {
			return true
		}
	}
	return false
}

// isCheckpoint reports whether a folder of a run is for a checkpoint.
func isCheckpoint(folder string) bool {
	if folder == rundir.AskedFolder {
		return true
	}
	_, ok := all.Lookup(folder)
	return ok
}
