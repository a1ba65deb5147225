package main

import (
	"errors"
	"fmt"
	"slices"

	"slm/checkpoint"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/rundir"
)

// open finds the run that a user names, and a kernel of the run's own class of numerics.
func (a *app) open(name string) (folder string, be kernel.Backend, err error) {
	if folder, err = rundir.Find(a.dir, name); err != nil {
		return "", nil, err
	}
	be, err = a.kernelOf(folder)
	return folder, be, err
}

// kernelOf opens a kernel of the class of numerics of a run's folder.
func (a *app) kernelOf(folder string) (kernel.Backend, error) {
	return a.backend(pipeline.ClassOf(folder))
}

// notMade says of a stage's missing checkpoint that the run's recipe has no such stage, where that is so: no training of it would ever make one.
func notMade(folder, stage string, err error) error {
	if !errors.Is(err, checkpoint.ErrMissing) || slices.Contains(rundir.Stages(folder), stage) {
		return err
	}
	return fmt.Errorf("the run's recipe leaves stage %s out, and its section stages.%s would add it: %w", stage, stage, checkpoint.ErrMissing)
}
