package ablate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/pipeline/study"
)

// meeting is where the workers of an experiment meet: a folder that all of them see, or a store.
type meeting interface {
	// take takes what only one may work on. rundir.ErrLocked: another has it, or may have it.
	take(ctx context.Context, name string) (hold, error)
	// made is the fingerprint of the checkpoint that a run has of a stage; "" = it has none.
	made(ctx context.Context, run, stage string) (string, error)
	// note and noted keep small files: why a stage failed, whether the table is written. A file that is not there is empty.
	note(ctx context.Context, name string, text []byte) error
	noted(ctx context.Context, name string) ([]byte, error)
	// bring makes sure that a run that was taken is here as it was left, and stages of other runs. rundir.ErrLocked: not now.
	bring(ctx context.Context, run string, from map[string][]string) error
	// keep leaves a run to others.
	keep(ctx context.Context, run string) error
	// publish gives the experiment's table to others, and read brings it.
	publish(ctx context.Context) error
	read(ctx context.Context) error
}

// hold is what take gives.
type hold interface {
	Context(ctx context.Context) (context.Context, context.CancelFunc) // ends when the hold is lost
	Release() error
}

// folder is a shared folder as a meeting.
type folder struct {
	path   string // the experiment's
	dir    string // where runs/ is
	leases *rundir.Leases
}

func openFolder(path, dir string, term time.Duration, now func() time.Time) (*folder, error) {
	leases, err := rundir.NewLeases(filepath.Join(path, leasesDir), term, now)
	return &folder{path, dir, leases}, err
}

func (f *folder) take(_ context.Context, name string) (hold, error) {
	l, err := f.leases.Take(name)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (f *folder) made(_ context.Context, run, stage string) (string, error) {
	m, err := checkpoint.Load(filepath.Join(f.dir, "runs", run, stage))
	if err != nil {
		return "", nil // whoever makes it meets what stands in its way
	}
	return m.Fingerprint, nil
}

func (f *folder) note(_ context.Context, name string, text []byte) error {
	if err := checkpoint.MakeDir(filepath.Dir(filepath.Join(f.path, name))); err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	return study.Write(f.path, name, text)
}

func (f *folder) noted(_ context.Context, name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(f.path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// In a folder that all see there is nothing to bring.
func (*folder) bring(context.Context, string, map[string][]string) error { return nil }
func (*folder) keep(context.Context, string) error                       { return nil }
func (*folder) publish(context.Context) error                            { return nil }
func (*folder) read(context.Context) error                               { return nil }

// failure is why a stage has no checkpoint, as the worker that tried notes it.
type failure struct {
	Stage string `json:"stage"`
	By    string `json:"by"` // member
	Why   string `json:"why"`
}

// of is the error of a member that needs the stage.
func (f *failure) of(member string) error {
	why := errors.New(f.Why)
	if f.By != member {
		return &errShared{f.Stage, f.By, why}
	}
	return why
}

func failureName(fingerprint string) string { return failuresDir + "/" + fingerprint + ".json" }

// failureOf reads the note of a failure; nil = there is none.
func failureOf(ctx context.Context, m meeting, fingerprint string) (*failure, error) {
	text, err := m.noted(ctx, failureName(fingerprint))
	if err != nil || len(text) == 0 {
		return nil, err
	}
	var f failure
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("experiment: %s: %w", failureName(fingerprint), err)
	}
	return &f, nil
}

// isFinished reports whether the table of that work is written.
func isFinished(ctx context.Context, m meeting, digest string) (bool, error) {
	text, err := m.noted(ctx, FinishedFile)
	return strings.TrimSpace(string(text)) == digest, err
}
