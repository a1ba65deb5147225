package ablate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"slm/checkpoint"
	"slm/experiment"
	"slm/pipeline/remote"
	"slm/pipeline/rundir"
	"slm/pipeline/study"
	"slm/store"
)

// depot is an object store as a meeting: what a stage is made from is brought from there, and what is made is brought there.
type depot struct {
	store  *store.Store
	leases *store.Leases
	name   string // of the experiment
	dir    string // where this machine has runs/ and experiments/
}

func openDepot(s *store.Store, name, dir, who string, now func() time.Time) *depot {
	return &depot{s, store.NewLeases(s, leaseTerm, who, now), name, dir}
}

func (d *depot) key(name string) string { return experiment.Folder + "/" + d.name + "/" + name }
func (d *depot) path() string           { return filepath.Join(d.dir, experiment.Folder, d.name) }

func (d *depot) take(ctx context.Context, name string) (hold, error) {
	l, err := d.leases.Take(ctx, d.key(leasesDir+"/"+name))
	if errors.Is(err, store.ErrTaken) {
		return nil, fmt.Errorf("%w: %w", rundir.ErrLocked, err)
	}
	if err != nil {
		return nil, err
	}
	return &depotHold{Lease: l, ctx: context.WithoutCancel(ctx)}, nil
}

// depotHold is a lease of the store in the words of those of a folder.
type depotHold struct {
	*store.Lease
	ctx context.Context
}

// How long a worker that is to end tries to give a lease back, and to leave what it has made.
const (
	patience = 2 * time.Minute
	longest  = time.Hour
)

func (h *depotHold) Release() error {
	ctx, cancel := context.WithTimeout(h.ctx, patience)
	defer cancel()
	err := h.Lease.Release(ctx)
	if errors.Is(err, store.ErrLost) {
		err = fmt.Errorf("%w: %w", rundir.ErrLost, err)
	}
	return err
}

func (d *depot) made(ctx context.Context, run, stage string) (string, error) {
	x, _, err := remote.ReadIndex(ctx, d.store, run)
	if errors.Is(err, checkpoint.ErrMissing) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if st := x.Find(stage); st != nil {
		return st.Fingerprint, nil
	}
	return "", nil
}

func (d *depot) note(ctx context.Context, name string, text []byte) error {
	return d.store.Set(ctx, d.key(name), text)
}

func (d *depot) noted(ctx context.Context, name string) ([]byte, error) {
	text, _, err := d.store.Get(ctx, d.key(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// bring makes the store's state of a run that of this machine, which holds it, and brings the stages of other runs. What this machine made of the run while another had it is dropped.
func (d *depot) bring(ctx context.Context, run string, from map[string][]string) error {
	_, err := remote.Pull(ctx, d.store, d.dir, run)
	if errors.Is(err, remote.ErrApart) {
		if err = rundir.Remove(filepath.Join(d.dir, "runs", run)); err == nil {
			_, err = remote.Pull(ctx, d.store, d.dir, run)
		}
	}
	if err != nil && !errors.Is(err, checkpoint.ErrMissing) { // of a run that nobody has begun
		return err
	}
	for other, stages := range from {
		if err := remote.PullStages(ctx, d.store, d.dir, other, stages); err != nil {
			return err
		}
	}
	return nil
}

func (d *depot) keep(ctx context.Context, run string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longest)
	defer cancel()
	folder := filepath.Join(d.dir, "runs", run)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return nil // it has not come so far
	}
	short, enough := context.WithTimeout(ctx, patience)
	defer enough()
	for pause := lookSoon; ; pause = min(2*pause, lookRarely) {
		_, err := remote.Push(ctx, d.store, folder)
		if !errors.Is(err, rundir.ErrLocked) || wait(short, pause) != nil { // locked: another worker of this machine takes stages over from it
			return err
		}
	}
}

// tables are the files of an experiment that readers want.
func tables() (names []string) {
	for _, f := range study.TableFiles {
		names = append(names, f.Name)
	}
	return append(names, SummaryFile, rundir.ReportFile, experiment.File, experiment.QuestionsFile, experiment.ItemsFile)
}

func (d *depot) publish(ctx context.Context) error {
	for _, name := range tables() {
		text, err := os.ReadFile(filepath.Join(d.path(), name))
		if err != nil {
			return fmt.Errorf("experiment: %w", err)
		}
		if err := d.store.Set(ctx, d.key(name), text); err != nil {
			return err
		}
	}
	return nil
}

func (d *depot) read(ctx context.Context) error {
	for _, name := range tables() {
		if err := d.fetch(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// fetch brings a file of the experiment's folder.
func (d *depot) fetch(ctx context.Context, name string) error {
	text, _, err := d.store.Get(ctx, d.key(name))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s has no %s of an experiment %q", rundir.ErrUsage, d.store, name, d.name)
	}
	if err != nil {
		return err
	}
	if err := checkpoint.MakeDir(filepath.Dir(filepath.Join(d.path(), name))); err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	return study.Write(d.path(), name, text)
}

// work brings what there is to do.
func (d *depot) work(ctx context.Context) error {
	names, err := d.store.List(ctx, d.key(recipesDir))
	if err != nil {
		return err
	}
	for _, name := range names {
		if !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) {
			continue // none of ours
		}
		if err := d.fetch(ctx, recipesDir+"/"+name); err != nil {
			return err
		}
	}
	return errors.Join(d.fetch(ctx, rundir.RecipeFile), d.fetch(ctx, WorkFile))
}

// Give brings the work of an experiment that Hand has written to a store, and with it what its runs have here already.
func (p *Plan) Give(ctx context.Context, s *store.Store) error {
	d := openDepot(s, p.Name, p.Dir, "", nil)
	for _, m := range p.Members {
		if err := d.keep(ctx, filepath.Base(m.Run())); err != nil && !errors.Is(err, remote.ErrApart) { // the store's is as good
			return err
		}
	}
	failures, err := s.List(ctx, d.key(failuresDir))
	if err != nil {
		return err
	}
	for _, name := range failures { // what is empty is not there
		if err := s.Set(ctx, d.key(failuresDir+"/"+name), nil); err != nil {
			return err
		}
	}
	files := []string{FinishedFile, rundir.RecipeFile}
	for _, m := range p.Members {
		files = append(files, recipeName(filepath.Base(m.Run())))
	}
	for _, name := range append(files, WorkFile) {
		text, err := os.ReadFile(filepath.Join(p.Path(), name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("experiment: %w", err)
		}
		if err := s.Set(ctx, d.key(filepath.ToSlash(name)), text); err != nil {
			return err
		}
	}
	return nil
}
