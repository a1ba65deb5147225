package study

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"slm/llm"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
)

// Load reads the recipe of an experiment with settings behind the user's own.
type Load func(set ...string) (*recipe.Loaded, error)

// Site is where an experiment is planned and run.
type Site struct {
	Dir      string // where runs/ and experiments/ are
	Kernel   func(kernel.Class) (kernel.Backend, error)
	Versions map[string]string
	Now      func() time.Time
}

// Open opens the kernel of a run, and sets the class of those whose recipes pin none.
func (s Site) Open(r *recipe.Loaded, class *kernel.Class) (kernel.Backend, error) {
	if r.Numerics != kernel.Auto {
		return s.Kernel(r.Numerics)
	}
	if *class == kernel.Auto {
		var err error
		if *class, err = pipeline.ClassFor(r, s.Dir, s.Now); err != nil {
			return nil, err
		}
	}
	be, err := s.Kernel(*class)
	if err == nil {
		*class = be.Class()
	}
	return be, err
}

// How says how an experiment is run.
type How struct {
	Jobs    int  // that may work at a time; 0 = 1
	Offline bool // stored replies only
	View    rundir.Viewer
	Log     *slog.Logger
	Code    func(error) int // exit code of an error
}

// Estimate is what is to be run will take, one stage at a time.
type Estimate struct {
	Seconds   float64  `json:"seconds"`
	Calls     int64    `json:"llm_calls"`
	LLMTokens int64    `json:"llm_tokens"`
	USD       *float64 `json:"usd"`    // nil = the price is not known
	Memory    uint64   `json:"memory"` // of one stage, bytes; 0 = unknown
	Notes     []string `json:"notes,omitempty"`
}

// Ends reports whether an error is one that the other runs of an experiment would meet too.
func Ends(err error) bool {
	return slices.ContainsFunc([]error{
		llm.ErrBudget, llm.ErrAuth, llm.ErrQuota, llm.ErrOffline, llm.ErrNoWeights, rundir.ErrLocked, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, context.Canceled, context.DeadlineExceeded,
	}, func(target error) bool { return errors.Is(err, target) })
}

// Relative is a path as it is named from a folder.
func Relative(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}
