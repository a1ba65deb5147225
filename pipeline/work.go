package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"slm/checkpoint"
)

// writable says early and in words what a run would meet late: that its folder cannot be written.
func writable(dir string) error {
	if err := checkpoint.MakeDir(dir); err != nil {
		return fmt.Errorf("pipeline: run folder: %w", err)
	}
	f, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("pipeline: run folder: %w", err)
	}
	err = f.Close()
	if rerr := os.Remove(f.Name()); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	if err != nil {
		return fmt.Errorf("pipeline: run folder: %w", err)
	}
	return nil
}

// prepare makes a stage's work area fit: what another recipe or other parents left in it goes.
func (p *Plan) prepare(stage, mark string) error {
	old, err := os.ReadFile(p.stampFile(stage))
	if p.choice.Fresh || p.choice.NoResume || err != nil || string(old) != mark {
		if err := os.RemoveAll(p.work(stage)); err != nil {
			return fmt.Errorf("pipeline: work area of %s: %w", stage, err)
		}
	}
	if err := checkpoint.MakeDir(p.work(stage)); err != nil {
		return fmt.Errorf("pipeline: work area of %s: %w", stage, err)
	}
	if string(old) == mark {
		return nil
	}
	if err := checkpoint.WriteFileAtomic(p.stampFile(stage), []byte(mark)); err != nil {
		return fmt.Errorf("pipeline: work area of %s: %w", stage, err)
	}
	return nil
}

// clean removes a stage's work area once its checkpoint stands.
func (p *Plan) clean(stage string) error {
	err := errors.Join(os.RemoveAll(p.work(stage)), os.RemoveAll(p.stampFile(stage)))
	if err != nil {
		return fmt.Errorf("pipeline: work area of %s: %w", stage, err)
	}
	return nil
}

// adopt makes a checkpoint at final with the files of another run's. They are linked where the file system can, since a checkpoint's
// files never change; else copied.
func adopt(source, final string) error {
	fail := func(err error) error { return fmt.Errorf("pipeline: take over %s: %w", source, err) }
	m, err := checkpoint.Load(source)
	if err != nil {
		return fail(err)
	}
	if err := checkpoint.Verify(source); err != nil {
		return fail(err)
	}
	pending, err := checkpoint.Begin(final)
	if err != nil {
		return fail(err)
	}
	for _, f := range m.Files {
		from := filepath.Join(source, filepath.FromSlash(f.Name))
		if err := checkpoint.Link(from, pending.Path(f.Name)); err != nil {
			return errors.Join(fail(err), pending.Abort())
		}
	}
	if err := pending.Commit(m); err != nil {
		return fail(err)
	}
	return nil
}
