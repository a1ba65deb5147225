package remote

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/store"
)

// PullStages brings only some checkpoints of a run, for others to take over. rundir.ErrLocked: another process brings them. checkpoint.ErrMissing: the store does not have one.
func PullStages(ctx context.Context, s *store.Store, dir, run string, stages []string) error {
	x, _, err := ReadIndex(ctx, s, run)
	if err != nil {
		return err
	}
	folder := filepath.Join(dir, "runs", run)
	if err := checkpoint.MakeDir(folder); err != nil {
		return fmt.Errorf("remote: %w", err)
	}
	held, err := rundir.TakeLock(folder)
	if err != nil {
		return err
	}
	var out Moved
	for _, stage := range stages {
		st := x.Find(stage)
		if st == nil {
			err = fmt.Errorf("remote: %s of %s in %s: %w", stage, run, s, checkpoint.ErrMissing)
		} else {
			err = out.stage(ctx, s, dir, folder, *st)
		}
		if err != nil {
			break
		}
	}
	return errors.Join(err, held.Release())
}
