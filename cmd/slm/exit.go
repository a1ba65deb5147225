package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"slm/checkpoint"
	"slm/data/corpus/read"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/gocode"
	"slm/data/pairs"
	"slm/data/source"
	"slm/data/taskrow"
	"slm/data/tokenizer/unigram"
	"slm/data/tokenizer/wordpiece"
	"slm/experiment"
	"slm/internal/mpi"
	"slm/internal/sandbox"
	"slm/llm"
	"slm/model/encoder"
	"slm/model/proxy"
	"slm/model/weights"
	"slm/pipeline/ablate"
	"slm/pipeline/audit"
	"slm/pipeline/export"
	"slm/pipeline/recipe"
	"slm/pipeline/remote"
	"slm/pipeline/rundir"
	"slm/pipeline/schema"
	"slm/result"
	"slm/retrieve"
	"slm/stages/bpo"
	"slm/stages/kit"
	"slm/stages/route"
	"slm/stages/systems"
	"slm/stages/task"
	"slm/stages/trainer"
	"slm/store"
)

// Exit codes: a contract with scripts.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2 // wrong usage or recipe; nothing was started
	exitStopped    = 3 // in good order: budget, time, patience
	exitData       = 4 // missing, unreadable, empty
	exitLLM        = 5 // black box: auth, quota, unavailable, not in the cache offline
	exitDiverged   = 6
	exitDiffers    = 7
	exitCheckpoint = 8 // missing, incomplete, damaged, newer
	exitLocked     = 9

	exitInterrupted = 130 // by SIGINT; 143 by SIGTERM
)

// exitMeaning is what the help says of each code.
var exitMeaning = map[int]string{
	exitDone: "done", exitFailed: "failed; the message says what to do", exitUsage: "wrong usage or recipe; nothing was started",
	exitStopped: "stopped in good order: the budget is used up", exitData: "data missing, unreadable, too little, or overlapping the exam",
	exitLLM: "black-box LLM: no weights, no access, quota, unavailable, unusable reply, or not stored with --offline", exitDiverged: "training diverged; the last good checkpoint is kept",
	exitDiffers: "a difference was found", exitCheckpoint: "checkpoint missing, incomplete, damaged or of a newer format", exitLocked: "run locked by another process",
}

// errUsage marks wrong arguments and flags.
var errUsage = errors.New("wrong usage")

// signalError is why a context was cancelled: the user or the system asked for it.
type signalError struct{ sig os.Signal }

func (e *signalError) Error() string {
	if e.sig == syscall.SIGTERM {
		return "stopped by SIGTERM"
	}
	return "stopped by Ctrl-C"
}

// code is 128 + the signal's number, as shells have it.
func (e *signalError) code() int {
	if s, ok := e.sig.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return exitInterrupted
}

// exitCode maps an error to the program's exit code. cause is why the context ended, nil if it did not.
func exitCode(err, cause error) int {
	var stopped *signalError
	var problems schema.Problems
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	switch {
	case err == nil, is(errFollowed):
		return exitDone
	case errors.As(errors.Join(err, cause), &stopped):
		return stopped.code()
	case is(context.Canceled):
		return exitInterrupted
	case errors.As(err, &problems), is(errUsage, recipe.ErrUsage, rundir.ErrUsage, bpo.ErrTrial, source.ErrUnknown, systems.ErrUnavailable, experiment.ErrOther, experiment.ErrTwice, export.ErrTarget, mpi.ErrUnavailable, sandbox.ErrUnavailable, route.ErrTarget, store.ErrURL):
		return exitUsage
	case is(audit.ErrDiffers, ablate.ErrWork, remote.ErrApart, store.ErrChanged):
		return exitDiffers
	case is(rundir.ErrLocked):
		return exitLocked
	case is(llm.ErrBudget, context.DeadlineExceeded):
		return exitStopped
	case is(retrieve.ErrNoEncoder, encoder.ErrConfig, wordpiece.ErrFormat, unigram.ErrFormat): // before what is wrong with its file of weights
		return exitData
	case is(llm.ErrAuth, llm.ErrQuota, llm.ErrUnavailable, llm.ErrOffline, llm.ErrNoWeights, llm.ErrReply, weights.ErrFormat, weights.ErrUnsupported, proxy.ErrVocabulary, systems.ErrScores, bpo.ErrScores):
		return exitLLM
	case is(trainer.ErrDiverged):
		return exitDiverged
	case is(form.ErrTemplate):
		return exitUsage
	case is(read.ErrEmpty, read.ErrUnreadable, read.ErrUnknown, exam.ErrTooSmall, exam.ErrFormat, pairs.ErrFormat, taskrow.ErrFormat, gocode.ErrSource, task.ErrRows, source.ErrFetch, bpo.ErrItems, kit.ErrOverlap, experiment.ErrItems, experiment.ErrSeen):
		return exitData
	case is(checkpoint.ErrMissing, checkpoint.ErrIncomplete, checkpoint.ErrNewer, checkpoint.ErrCorrupt, result.ErrNewer, experiment.ErrNewer, experiment.ErrCorrupt):
		return exitCheckpoint
	}
	return exitFailed
}

// cure is a sentence about what to do; "" when the error says it itself or nothing is known.
func cure(err error) string {
	path := ""
	var p *fs.PathError
	if errors.As(err, &p) {
		path = p.Path
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		path = link.New
	}
	path, _, _ = strings.Cut(path, "/.") // of a temporary file, the folder that it was to appear in
	var stopped *signalError
	switch {
	case errors.As(err, &stopped):
		return "what was done is saved: the same command goes on from there"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Sprintf("the disk is full at %s: make room, or put runs elsewhere with --dir; the same command goes on from the last save", path)
	case errors.Is(err, syscall.EROFS):
		return fmt.Sprintf("%s is on a read-only file system: put runs elsewhere with --dir", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("no permission for %s: change its owner or mode, or put runs elsewhere with --dir", path)
	case errors.Is(err, llm.ErrNoWeights) && !strings.Contains(err.Error(), "make setup"):
		return "name another file in the recipe's llm.model, or smollm2-135m-instruct, which make setup fetches"
	case errors.Is(err, source.ErrFetch):
		return "what has come is kept: with a network the same command goes on; --base names another server, --to another folder"
	case errors.Is(err, llm.ErrBudget):
		return "raise the limit with -s llm.budget.calls=… (or tokens, usd) and type the same command: what was bought is kept"
	case errors.Is(err, llm.ErrOffline):
		return "without --offline the missing replies are asked for"
	case errors.Is(err, checkpoint.ErrMissing) && strings.Contains(err.Error(), "checkpoint: load"): // else the message says what is meant
		return "this stage of the run is not done yet: slm runs list says how far each run is, and slm train with the run's recipe goes on"
	case errors.Is(err, trainer.ErrDiverged):
		return "try a lower stages.dp.optim.lr or stages.kit.optim.lr; the last good save is kept"
	}
	return ""
}
