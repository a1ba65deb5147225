package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"slm/internal/sanitize"
	"slm/pipeline/ablate"
	"slm/pipeline/launch"
	"slm/pipeline/study"
	"slm/store"
)

// launched is the result of ablate --on.
type launched struct {
	Experiment string   `json:"experiment"`
	Runs       int      `json:"runs"`
	Stages     int      `json:"stages"`
	File       string   `json:"file"`      // that starts the workers
	Command    []string `json:"command"`   // that submits it
	Submitted  bool     `json:"submitted"` // false: the command is not on this machine
}

// launcher checks the flags of the launcher.
func (f *ablateFlags) launcher() error {
	if f.on == "" {
		switch {
		case len(f.with) > 0:
			return usage("--with %s: the launcher that it is for is named by --on", f.with[0])
		case f.store.address != "":
			return usage("--store %s: the launcher of the workers that meet there is named by --on", f.store.address)
		}
		return nil
	}
	l, err := launch.Lookup(f.on)
	if err != nil {
		return err
	}
	_, err = l.Settings(f.with)
	return err
}

// launch writes what workers need and what starts them, and submits it where that can be done from here.
func (a *app) launch(ctx context.Context, p *ablate.Plan, f *ablateFlags) error {
	l, err := launch.Lookup(f.on)
	if err != nil {
		return err
	}
	set, err := l.Settings(f.with)
	if err != nil {
		return err
	}
	work := p.Work(f.offline)
	w := &launch.Work{Name: p.Name, Levels: work.Levels(), Jobs: max(1, f.jobs), Set: set, Store: f.store.address != ""}
	if w.Folder, err = filepath.Abs(p.Path()); err != nil {
		return err
	}
	if w.Dir, err = filepath.Abs(p.Dir); err != nil {
		return err
	}
	if w.Program, err = os.Executable(); err != nil {
		return err
	}
	w.Experiment = []string{"--experiment", w.Folder}
	var s *store.Store
	if w.Store {
		w.Experiment = []string{"--experiment", p.Name, "--store", f.store.address}
		if s, err = f.store.open(ctx, a, true); err != nil {
			return err
		}
	}
	text, err := l.Emit(w)
	if err != nil {
		return err
	}
	if err := p.Hand(work); err != nil {
		return err
	}
	if err := study.Write(w.Folder, l.File, text); err != nil {
		return err
	}
	if w.Store {
		if err := p.Give(ctx, s); err != nil {
			return err
		}
	}
	file := filepath.Join(w.Folder, l.File)
	out := launched{Experiment: p.Path(), Runs: len(p.Members), Stages: len(work.Stages), File: file, Command: l.Submit(file)}
	if out.Submitted, err = a.submit(ctx, l, out.Command); err != nil {
		return err
	}
	return a.print(out, func(b io.Writer) {
		say := "submitted   %s\n"
		if !out.Submitted {
			say = "submit it   %s\n"
		}
		_, _ = fmt.Fprintf(b, "experiment  %s\nstages      %d, of %d runs\n"+say, sanitize.Line(out.Experiment), out.Stages, out.Runs, sanitize.Line(strings.Join(out.Command, " ")))
	})
}

// submit calls the command that submits a file, if this machine has what it needs.
func (a *app) submit(ctx context.Context, l launch.Launcher, command []string) (bool, error) {
	if _, err := exec.LookPath(l.Needs); errors.Is(err, exec.ErrNotFound) {
		return false, nil
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = a.env, a.err, a.err
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // which it passes on to its workers
	if err := cmd.Run(); err != nil {
		return false, fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	return true, nil
}
