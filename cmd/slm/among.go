package main

import (
	"context"
	"fmt"

	"slm/internal/mpi"
	"slm/internal/ranks"
	"slm/stages/trainer"
)

// among runs lead on rank 0, with the processes that mpirun has started beside it; those train what rank 0 asks for, and print nothing. Without mpirun there
// is no team, and Open MPI is not opened.
func (a *app) among(ctx context.Context, lead func(team *ranks.Team) error) error {
	_, size, err := mpi.Launched(func(name string) string { return a.getenv(name, "") })
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if size < 2 {
		return lead(nil)
	}
	world, err := mpi.Open()
	if err != nil {
		return err
	}
	team := ranks.New(world)
	if team.Rank() == 0 {
		if err = lead(team); err == nil {
			err = trainer.Dismiss(ctx, team)
		}
	} else {
		err = trainer.Follow(ctx, team, a.backend, a.now)
	}
	if err == nil {
		return world.Close()
	}
	if ctx.Err() == nil { // where a signal has come, the launcher knows
		code := exitCode(err, nil)
		a.fail(err, code)
		world.Abort(code)
	}
	return err
}
