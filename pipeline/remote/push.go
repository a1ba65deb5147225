package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/store"
)

// Moved is what a push or a pull has done.
type Moved struct {
	Run    string            `json:"run"`
	Store  string            `json:"store"`
	Stages map[string]string `json:"digests"` // of the checkpoints that both have now
	Files  int               `json:"files"`   // of all of them and the run's own
	Bytes  int64             `json:"bytes"`   // that went over the network
}

// Push brings a run to a store: what changed is sent, the index last. The run is locked meanwhile: rundir.ErrLocked. ErrApart: the store's run has gone on from another state; store.ErrChanged: another machine has
// pushed it at the same time. A run that the store's has gone on from is not pushed, and that is no error.
func Push(ctx context.Context, s *store.Store, folder string) (*Moved, error) {
	held, err := rundir.TakeLock(folder)
	if err != nil {
		return nil, err
	}
	out, err := push(ctx, s, folder)
	return out, errors.Join(err, held.Release())
}

func push(ctx context.Context, s *store.Store, folder string) (*Moved, error) {
	run := filepath.Base(folder)
	old, version, err := ReadIndex(ctx, s, run)
	if errors.Is(err, checkpoint.ErrMissing) {
		old, err = &Index{Version: indexVersion, Run: run}, nil
	}
	if err != nil {
		return nil, err
	}
	here, err := events(folder)
	if err != nil {
		return nil, err
	}
	how, err := compare(ctx, s, old, here)
	if err != nil {
		return nil, err
	}
	out := &Moved{Run: run, Store: s.String(), Stages: map[string]string{}}
	switch how {
	case apart:
		return nil, fmt.Errorf("%w: %s here and in %s", ErrApart, run, s)
	case behind:
		for _, st := range old.Stages {
			out.Stages[st.Stage] = st.Digest
		}
		return out, nil
	}
	x, err := out.send(ctx, s, folder, here)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(x, "", " ")
	if err != nil {
		return nil, fmt.Errorf("remote: %w", err)
	}
	if before, _ := json.MarshalIndent(old, "", " "); version != "" && bytes.Equal(before, text) {
		return out, nil
	}
	_, err = s.Put(ctx, indexKey(run), append(text, '\n'), version)
	return out, err
}

// send sends all files of a run and returns its index.
func (out *Moved) send(ctx context.Context, s *store.Store, folder string, here []byte) (*Index, error) {
	x := &Index{Version: indexVersion, Run: out.Run, Stages: []Stage{}, Files: []File{}}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("remote: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case hidden(name) || name == rundir.LockFile || name == rundir.EventsFile:
		case isCheckpoint(name):
			st, err := out.checkpoint(ctx, s, filepath.Join(folder, name))
			if err != nil {
				return nil, err
			}
			if st != nil {
				x.Stages = append(x.Stages, *st)
			}
		default:
			files, err := out.tree(ctx, s, folder, name)
			if err != nil {
				return nil, err
			}
			x.Files = append(x.Files, files...)
		}
	}
	f := File{Name: rundir.EventsFile, Size: int64(len(here)), SHA256: checkpoint.HashBytes(here)}
	if err := out.one(ctx, s, bytes.NewReader(here), f); err != nil {
		return nil, err
	}
	x.Files = append(x.Files, f)
	slices.SortFunc(x.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return x, nil
}

// checkpoint sends a checkpoint, its manifest last; nil = there is none. A file that is not what the manifest says is checkpoint.ErrCorrupt.
func (out *Moved) checkpoint(ctx context.Context, s *store.Store, dir string) (*Stage, error) {
	m, err := checkpoint.Load(dir)
	if errors.Is(err, checkpoint.ErrMissing) || errors.Is(err, checkpoint.ErrIncomplete) {
		return nil, nil // it is made again
	}
	if err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		if err := out.path(ctx, s, filepath.Join(dir, filepath.FromSlash(f.Name)), File{f.Name, f.Size, f.SHA256}); err != nil {
			return nil, err
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, checkpoint.ManifestName))
	if err != nil {
		return nil, fmt.Errorf("remote: %w", err)
	}
	st := &Stage{Stage: filepath.Base(dir), Fingerprint: m.Fingerprint, Digest: m.Digest(), Manifest: File{checkpoint.ManifestName, int64(len(text)), checkpoint.HashBytes(text)}}
	out.Stages[st.Stage] = st.Digest
	return st, out.one(ctx, s, bytes.NewReader(text), st.Manifest)
}

// tree sends a file of a run, or all those below a folder.
func (out *Moved) tree(ctx context.Context, s *store.Store, folder, name string) (files []File, err error) {
	err = filepath.WalkDir(filepath.Join(folder, name), func(path string, e fs.DirEntry, err error) error {
		rel, rerr := filepath.Rel(folder, path)
		if err = errors.Join(err, rerr); err != nil {
			return err
		}
		if rel = filepath.ToSlash(rel); hidden(rel) {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() {
			return nil
		}
		sum, size, err := checkpoint.HashFile(path)
		if err != nil {
			return err
		}
		f := File{rel, size, sum}
		files = append(files, f)
		return out.path(ctx, s, path, f)
	})
	if err != nil {
		err = fmt.Errorf("remote: %w", err)
	}
	return files, err
}

func (out *Moved) path(ctx context.Context, s *store.Store, path string, f File) error {
	in, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("remote: %w", err)
	}
	return errors.Join(out.one(ctx, s, in, f), in.Close())
}

func (out *Moved) one(ctx context.Context, s *store.Store, in io.ReaderAt, f File) error {
	sent, err := s.Send(ctx, in, f.Size, f.SHA256)
	out.Files, out.Bytes = out.Files+1, out.Bytes+sent
	if err != nil {
		err = fmt.Errorf("%s: %w", f.Name, err)
	}
	return err
}
