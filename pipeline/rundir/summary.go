package rundir

import (
	"errors"
	"io/fs"
	"path/filepath"

	"slm/result"
	"slm/stages"
	"slm/stages/task"
)

// Summary reads a run's evaluation; nil when it has none.
func Summary(folder string) (*result.Summary, error) {
	s, err := result.ReadSummary(filepath.Join(folder, stages.Eval))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return s, err
}

// Task reads what a run's task has come to; nil when it has none, or none yet.
func Task(folder string) (task.Figures, error) {
	s, err := task.Read(filepath.Join(folder, stages.Task))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return s, err
}
