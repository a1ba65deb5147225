package main

import (
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/rundir"
)

// open finds the run that a user names, and a kernel of the run's own class of numerics.
func (a *app) open(name string) (folder string, be kernel.Backend, err error) {
	if folder, err = rundir.Find(a.dir, name); err != nil {
		return "", nil, err
	}
	be, err = a.backend(pipeline.ClassOf(folder))
	return folder, be, err
}
