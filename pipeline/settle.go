package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/pipeline/rundir"
)

// tidy settles a finished run whose last process was killed, if nobody else works on it and it can be written. It is not what the user
// asked for, so what stands in its way is no error.
func (p *Plan) tidy() {
	if !p.unsettled() {
		return
	}
	held, err := rundir.TakeLock(p.Folder())
	if err != nil {
		return
	}
	if p.settle() == nil {
		_ = rundir.WriteSeal(p.Folder(), false, nil) // an open seal checks less, and says so
	}
	_ = held.Release() // the process ends soon, and its locks with it
}

// unsettled reports whether a process that was killed has left something behind: an open seal, or a work area.
func (p *Plan) unsettled() bool {
	if s, err := rundir.ReadSeal(p.Folder()); err == nil && s.Open {
		return true
	}
	left, err := os.ReadDir(filepath.Join(p.Folder(), rundir.WorkFolder))
	return err == nil && len(left) > 0 || len(p.unfinished()) > 0
}

// unfinished lists the run's own files that a killed process was about to put in their places.
func (p *Plan) unfinished() (files []string) {
	for _, name := range []string{rundir.RecipeFile, rundir.PlanFile, rundir.SealFile, rundir.ReportFile} {
		files = append(files, rundir.Glob(p.Folder(), "."+name+".tmp-*")...)
	}
	return files
}

// settle removes what killed processes have left behind: temporary folders and files, and the work areas of stages whose checkpoints stand.
func (p *Plan) settle() error {
	whole := true
	for _, s := range p.Stages {
		if s.Digest == "" {
			whole = false
			continue
		}
		if err := errors.Join(p.clean(s.Stage), checkpoint.Sweep(p.folder(s.Stage))); err != nil {
			return err
		}
	}
	if whole {
		if err := os.RemoveAll(filepath.Join(p.Folder(), rundir.WorkFolder)); err != nil {
			return fmt.Errorf("pipeline: %w", err)
		}
	}
	for _, file := range p.unfinished() {
		if err := os.Remove(file); err != nil {
			return fmt.Errorf("pipeline: remove what a killed process left: %w", err)
		}
	}
	return nil
}
