package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/audit"
	"slm/pipeline/remote"
	"slm/pipeline/rundir"
	"slm/store"
)

// storeFlag is where runs are kept beside this machine.
type storeFlag struct{ address string }

// add adds the flag. Where a store is the subject, the environment may name it.
func (f *storeFlag) add(cmd *cobra.Command, a *app, why string, environment bool) {
	usual := ""
	if environment {
		usual, why = a.getenv("SLM_STORE", ""), why+"; also set by $SLM_STORE"
	}
	cmd.PersistentFlags().StringVar(&f.address, "store", usual, "object store `s3://BUCKET/PREFIX`"+why)
}

// open opens the store. One that is to be written must keep the conditions of writes.
func (f *storeFlag) open(ctx context.Context, a *app, write bool) (*store.Store, error) {
	if f.address == "" {
		return nil, usage("--store, or $SLM_STORE, names the store: s3://BUCKET/PREFIX")
	}
	s, err := store.Open(f.address, func(name string) string { return a.getenv(name, "") })
	if err != nil || !write {
		return s, err
	}
	return s, s.Probe(ctx, thisProcess())
}

// thisProcess names this process among those of all machines.
func thisProcess() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}

func newStore(a *app) *cobra.Command {
	var f storeFlag
	cmd := &cobra.Command{Use: "store", GroupID: "trust", Short: "Keep runs in an object store, and bring them back", Args: known,
		Long: "Keeps runs in an object store of S3's protocol (AWS, MinIO, Ceph, R2). Who asks, and where, stands in the environment alone: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, " +
			"AWS_SESSION_TOKEN, AWS_ENDPOINT_URL_S3 (another server than Amazon's), AWS_REGION.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	f.add(cmd, a, "", true)
	push := &cobra.Command{
		Use: "push RUN", Short: "Send a run to the store: what it does not have yet", Args: exact(1, "a run"),
		Long: "Sends a run's checkpoints, replies, journals, events and interrupted work. A file that the store has is not sent again; a large one that was stopped goes on. The run's index is written last, " +
			"over the state that was read, so the store's run is whole at any time. A run that has gone on in the store, too, is refused." + exits(exitDiffers, exitCheckpoint, exitLocked),
		Example: "  slm store push legal --store s3://models/lab",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.move(cmd.Context(), &f, true, func(s *store.Store) (*remote.Moved, error) {
				folder, err := rundir.Find(a.dir, args[0])
				if err != nil {
					return nil, err
				}
				return remote.Push(cmd.Context(), s, folder)
			})
		},
	}
	pull := &cobra.Command{
		Use: "pull RUN", Short: "Bring a run from the store, to use it or to go on with it", Args: exact(1, "a run"),
		Long: "Brings a run below --dir, each checkpoint checked and whole. slm train RECIPE goes on with it where another machine stopped, from its last save and with its replies. " +
			"A run that has gone on here, too, is refused." + exits(exitDiffers, exitCheckpoint, exitLocked),
		Example: "  slm store pull legal-1f0c9a2b --store s3://models/lab",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.move(cmd.Context(), &f, false, func(s *store.Store) (*remote.Moved, error) {
				run, err := remote.Find(cmd.Context(), s, args[0])
				if err != nil {
					return nil, err
				}
				return remote.Pull(cmd.Context(), s, a.dir, run)
			})
		},
	}
	verify := &cobra.Command{
		Use: "verify RUN", Short: "Read a run in the store again and say what differs", Args: exact(1, "a run"),
		Long: "Reads every file of a run in the store and compares it with its digest, and the checkpoints with the digests of what they were made from. Nothing is written." + exits(exitDiffers, exitCheckpoint),
		RunE: func(cmd *cobra.Command, args []string) error { return a.verifyStore(cmd.Context(), &f, args[0]) },
	}
	list := &cobra.Command{
		Use: "list", Short: "List the runs in the store", Args: exact(0, "no arguments"), Long: "Lists the runs in the store." + exits(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listStore(cmd.Context(), &f) },
	}
	cmd.AddCommand(push, pull, verify, list)
	return cmd
}

func (a *app) move(ctx context.Context, f *storeFlag, write bool, how func(*store.Store) (*remote.Moved, error)) error {
	s, err := f.open(ctx, a, write)
	if err != nil {
		return err
	}
	out, err := how(s)
	if err != nil {
		return err
	}
	return a.print(out, func(w io.Writer) {
		showStored(w, out.Run, out.Store, out.Stages)
		_, _ = fmt.Fprintf(w, "moved  %sB\n", term.Amount(float64(out.Bytes)))
	})
}

func showStored(w io.Writer, run, store string, stages map[string]string) {
	_, _ = fmt.Fprintf(w, "run    %s\nstore  %s\n", sanitize.Line(run), sanitize.Line(store))
	for _, stage := range slices.Sorted(maps.Keys(stages)) {
		_, _ = fmt.Fprintf(w, "%-6s %s\n", sanitize.Line(stage), sanitize.Line(stages[stage]))
	}
}

func (a *app) verifyStore(ctx context.Context, f *storeFlag, name string) error {
	s, err := f.open(ctx, a, false)
	if err != nil {
		return err
	}
	run, err := remote.Find(ctx, s, name)
	if err != nil {
		return err
	}
	v, err := remote.Verify(ctx, s, run)
	if err != nil {
		return err
	}
	err = a.print(v, func(w io.Writer) {
		showStored(w, v.Run, v.Store, v.Stages)
		for _, d := range v.Differences {
			_, _ = fmt.Fprintln(w, sanitize.Line(d))
		}
		if len(v.Differences) == 0 {
			_, _ = fmt.Fprintf(w, "%d files, %sB: every byte is what was written\n", v.Files, term.Amount(float64(v.Bytes)))
		}
	})
	if err == nil && len(v.Differences) > 0 {
		err = fmt.Errorf("%s in %s: %w: %d in all; the first: %s", run, s, audit.ErrDiffers, len(v.Differences), v.Differences[0])
	}
	return err
}

func (a *app) listStore(ctx context.Context, f *storeFlag) error {
	s, err := f.open(ctx, a, false)
	if err != nil {
		return err
	}
	runs, err := remote.List(ctx, s)
	if err != nil {
		return err
	}
	return a.print(map[string]any{"store": s.String(), "runs": append([]string{}, runs...)}, func(w io.Writer) {
		for _, run := range runs {
			_, _ = fmt.Fprintln(w, sanitize.Line(run))
		}
	})
}
