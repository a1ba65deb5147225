package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/store"
)

// Pull brings a run from a store below dir/runs. What is here already is not fetched again, not from another run either; each checkpoint appears whole, and the events last, so a pull that is stopped is done again.
// The run is locked meanwhile. checkpoint.ErrMissing: the store has no such run; ErrApart: the run here has gone on from another state. A run that has gone on from the store's stays as it is.
func Pull(ctx context.Context, s *store.Store, dir, run string) (*Moved, error) {
	if !plainName(run) {
		return nil, fmt.Errorf("%w: a run of the store is named as it is below runs/, not %q", rundir.ErrUsage, run)
	}
	x, _, err := ReadIndex(ctx, s, run)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(dir, "runs", run)
	if err := checkpoint.MakeDir(folder); err != nil {
		return nil, fmt.Errorf("remote: %w", err)
	}
	held, err := rundir.TakeLock(folder)
	if err != nil {
		return nil, err
	}
	out := &Moved{Run: run, Store: s.String(), Stages: map[string]string{}}
	return out, errors.Join(out.pull(ctx, s, x, dir, folder), held.Release())
}

func (out *Moved) pull(ctx context.Context, s *store.Store, x *Index, dir, folder string) error {
	here, err := events(folder)
	if err != nil {
		return err
	}
	how, err := compare(ctx, s, x, here)
	if err != nil {
		return err
	}
	if how == apart {
		return fmt.Errorf("%w: %s here and in %s", ErrApart, x.Run, s)
	}
	for _, st := range x.Stages {
		out.Stages[st.Stage] = st.Digest
		if how == ahead {
			continue
		}
		if err := out.stage(ctx, s, dir, folder, st); err != nil {
			return err
		}
	}
	if how == ahead {
		return nil
	}
	if err := out.removeWork(x, folder); err != nil {
		return err
	}
	last := File{}
	for _, f := range x.Files {
		if f.Name == rundir.EventsFile {
			last = f
			continue
		}
		if err := out.file(ctx, s, folder, f); err != nil {
			return err
		}
	}
	if last.Name == "" {
		return nil
	}
	return out.file(ctx, s, folder, last)
}

// stage brings a checkpoint, unless it is here.
func (out *Moved) stage(ctx context.Context, s *store.Store, dir, folder string, st Stage) error {
	final := filepath.Join(folder, st.Stage)
	if sum, _, err := checkpoint.HashFile(filepath.Join(final, checkpoint.ManifestName)); err == nil && sum == st.Manifest.SHA256 {
		if _, err := checkpoint.Load(final); err == nil {
			return nil
		}
	}
	var text bytes.Buffer
	if err := s.Read(ctx, st.Manifest.SHA256, st.Manifest.Size, &text); err != nil {
		return err
	}
	m, err := checkpoint.ReadManifest(text.Bytes())
	if err != nil {
		return err
	}
	pending, err := checkpoint.Begin(final)
	if err != nil {
		return err
	}
	twin := beside(dir, st)
	for _, f := range m.Files {
		to := pending.Path(f.Name)
		if twin != "" && checkpoint.Link(filepath.Join(twin, filepath.FromSlash(f.Name)), to) == nil { // Restore checks it
			continue
		}
		if err := s.Fetch(ctx, f.SHA256, f.Size, to); err != nil {
			return errors.Join(fmt.Errorf("%s/%s: %w", st.Stage, f.Name, err), pending.Abort())
		}
		out.Files, out.Bytes = out.Files+1, out.Bytes+f.Size
	}
	return pending.Restore(text.Bytes())
}

// beside finds the same checkpoint in another run that is here; "" = there is none that is whole.
func beside(dir string, st Stage) string {
	for _, path := range rundir.Glob(dir, "runs", "*", st.Stage, checkpoint.ManifestName) {
		sum, _, err := checkpoint.HashFile(path)
		if err == nil && sum == st.Manifest.SHA256 && checkpoint.Verify(filepath.Dir(path)) == nil {
			return filepath.Dir(path)
		}
	}
	return ""
}

// file brings one of the run's own files, unless it is here.
func (out *Moved) file(ctx context.Context, s *store.Store, folder string, f File) error {
	path := filepath.Join(folder, filepath.FromSlash(f.Name))
	if sum, size, err := checkpoint.HashFile(path); err == nil && sum == f.SHA256 && size == f.Size {
		return nil
	}
	if err := checkpoint.MakeDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("remote: %w", err)
	}
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp-pull")
	if err := s.Fetch(ctx, f.SHA256, f.Size, temp); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	out.Files, out.Bytes = out.Files+1, out.Bytes+f.Size
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("remote: %w", err)
	}
	return nil
}

// removeWork removes what an interrupted stage has left here and the store's run is past.
func (out *Moved) removeWork(x *Index, folder string) error {
	var gone []string
	err := filepath.WalkDir(filepath.Join(folder, rundir.WorkFolder), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		rel, rerr := filepath.Rel(folder, path)
		if err = errors.Join(err, rerr); err == nil && !e.IsDir() && x.file(filepath.ToSlash(rel)) == nil {
			gone = append(gone, path)
		}
		return err
	})
	for _, path := range gone {
		err = errors.Join(err, os.Remove(path))
	}
	if err != nil {
		return fmt.Errorf("remote: %w", err)
	}
	return nil
}
