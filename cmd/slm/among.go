package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"slm/internal/mpi"
	"slm/internal/ranks"
	"slm/llm"
	"slm/model/kernel"
	"slm/stages/trainer"
)

// errFollowed ends a command on ranks other than 0, whose work is done.
var errFollowed = errors.New("rank 0 goes on")

// together are the commands that several processes may be started with: as ranks, or each by itself.
var together = []string{"train", "plan", "worker", "version", "help"}

// alone refuses to run a command as often as mpirun has started it: all would write the same files.
func (a *app) alone(cmd *cobra.Command) error {
	_, size, err := mpi.Launched(func(name string) string { return a.getenv(name, "") })
	if err == nil && size > 1 && !slices.Contains(together, cmd.Name()) {
		return fmt.Errorf("%w: %d processes were started, and %s works in one: mpirun is for slm train", errUsage, size, cmd.CommandPath())
	}
	return nil
}

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
	world, err := mpi.Open(a.now)
	if err != nil {
		return err
	}
	kernel.Reserve() // for the exchange of gradients
	team := ranks.New(world)
	if team.Rank() == 0 {
		if err = lead(team); err == nil {
			err = team.Dismiss(ctx)
		}
	} else {
		orders := trainer.Orders(a.backend, a.now)
		maps.Copy(orders, llm.Orders(a.backend, llm.Options{Getenv: os.Getenv}))
		err = ranks.Serve(ctx, team, orders)
	}
	if err == nil {
		return world.Close()
	}
	if ctx.Err() != nil { // the launcher has sent the signal, or sees this process end and stops the others
		a.silent = team.Rank() > 0
		return err
	}
	code := exitCode(err, nil)
	a.fail(err, code)
	world.Abort(code)
	return err
}
