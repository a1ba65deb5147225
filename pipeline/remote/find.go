package remote

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/store"
)

// List names the runs of a store, sorted.
func List(ctx context.Context, s *store.Store) (runs []string, err error) {
	keys, err := s.List(ctx, "runs")
	for _, key := range keys {
		if run, ok := strings.CutSuffix(key, ".json"); ok && plainName(run) {
			runs = append(runs, run)
		}
	}
	slices.Sort(runs)
	return runs, err
}

// Find resolves what a user calls a run of a store: its name, or the beginning of one if only one has it. checkpoint.ErrMissing: there is none; rundir.ErrUsage: there are several.
func Find(ctx context.Context, s *store.Store, name string) (string, error) {
	runs, err := List(ctx, s)
	if err != nil {
		return "", err
	}
	if slices.Contains(runs, name) {
		return name, nil
	}
	runs = slices.DeleteFunc(runs, func(run string) bool { return name == "" || !strings.HasPrefix(run, name) })
	switch len(runs) {
	case 1:
		return runs[0], nil
	case 0:
		return "", fmt.Errorf("remote: run %q: %w in %s (slm store list shows them)", name, checkpoint.ErrMissing, s)
	}
	return "", fmt.Errorf("%w: %q can be any of %s", rundir.ErrUsage, name, strings.Join(runs, ", "))
}
