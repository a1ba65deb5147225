package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus/read"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/pairs"
	"slm/data/source"
	"slm/llm"
	"slm/model/weights"
	"slm/pipeline/audit"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/schema"
	"slm/retrieve"
	"slm/stages/kit"
	"slm/stages/trainer"
)

func TestExitCode_EveryErrorHasItsOwn(t *testing.T) {
	interrupt, terminate := &signalError{os.Interrupt}, &signalError{syscall.SIGTERM}
	for _, c := range []struct {
		err, cause error
		want       int
	}{
		{nil, nil, 0},
		{nil, interrupt, 0}, // the signal came when all was done
		{errors.New("anything"), nil, 1},
		{&fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, nil, 1},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EROFS}, nil, 1},
		{errUsage, nil, 2},
		{recipe.ErrUsage, nil, 2},
		{rundir.ErrUsage, nil, 2},
		{schema.Problems{{What: "x"}}, nil, 2},
		{llm.ErrBudget, nil, 3},
		{read.ErrEmpty, nil, 4},
		{read.ErrUnreadable, nil, 4},
		{read.ErrUnknown, nil, 4},
		{exam.ErrTooSmall, nil, 4},
		{exam.ErrFormat, nil, 4},
		{pairs.ErrFormat, nil, 4},
		{source.ErrFetch, nil, 4},
		{kit.ErrOverlap, nil, 4},
		{form.ErrTemplate, nil, 2},
		{llm.ErrAuth, nil, 5},
		{llm.ErrQuota, nil, 5},
		{llm.ErrUnavailable, nil, 5},
		{llm.ErrOffline, nil, 5},
		{llm.ErrNoWeights, nil, 5},
		{llm.ErrReply, nil, 5},
		{weights.ErrFormat, nil, 5},
		{retrieve.ErrNoEncoder, nil, 4},
		{fmt.Errorf("%w: %w", retrieve.ErrNoEncoder, weights.ErrUnsupported), nil, 4},
		{trainer.ErrDiverged, nil, 6},
		{checkpoint.ErrMissing, nil, 8},
		{checkpoint.ErrIncomplete, nil, 8},
		{checkpoint.ErrNewer, nil, 8},
		{checkpoint.ErrCorrupt, nil, 8},
		{audit.ErrDiffers, nil, 7},
		{rundir.ErrLocked, nil, 9},
		{context.Canceled, interrupt, 130},
		{context.Canceled, terminate, 143},
		{terminate, terminate, 143},
		{llm.ErrUnavailable, terminate, 143}, // a call that the signal cut off
		{context.Canceled, nil, 130},
	} {
		errs := []error{c.err}
		if c.err != nil { // however deep it is wrapped, and beside another
			errs = append(errs, fmt.Errorf("dp: %w", fmt.Errorf("step 3: %w", c.err)), errors.Join(errors.New("beside"), c.err))
		}
		for _, err := range errs {
			if got := exitCode(err, c.cause); got != c.want {
				t.Errorf("%v (cause %v): exit %d, want %d", err, c.cause, got, c.want)
			}
		}
	}
}

func TestCure_FileSystemErrorsNameThePathAndOne(t *testing.T) {
	for err, want := range map[error]string{
		&fs.PathError{Op: "write", Path: "/d/w.arrow", Err: syscall.ENOSPC}:     "disk is full at /d/w.arrow",
		&fs.PathError{Op: "mkdir", Path: "/d/runs", Err: syscall.EROFS}:         "/d/runs is on a read-only file system",
		&fs.PathError{Op: "mkdir", Path: "/d/runs", Err: syscall.EACCES}:        "no permission for /d/runs",
		&os.LinkError{Op: "rename", Old: "a", New: "/d/b", Err: syscall.ENOSPC}: "disk is full at /d/b",
		llm.ErrNoWeights: "make setup",
		llm.ErrBudget:    "what was bought is kept",
		fmt.Errorf("checkpoint: load runs/a/eval: %w", checkpoint.ErrMissing): "slm train with the run's recipe goes on",
	} {
		if got := cure(fmt.Errorf("pipeline: %w", err)); !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

func TestHelp_EveryCommandSaysItsExitCodes(t *testing.T) {
	a := &app{}
	for _, cmd := range a.root().Commands() {
		list := cmd.Commands()
		if len(list) == 0 {
			list = append(list, cmd)
		}
		for _, c := range list {
			if !strings.Contains(c.Long, "EXIT STATUS") {
				t.Errorf("%s does not say its exit codes", c.CommandPath())
			}
		}
	}
}
