package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/model/kernel"
	"slm/stages"
)

// fake is a stage that counts to steps, saving each step in its work area, and writes what it was made from. It stands in for the real
// stages, which have tests of their own.
type fake struct {
	name    string
	steps   int
	text    string
	calls   int
	counted int                  // steps done, over all calls
	at      func(step int) error // called before each step
	lacks   error                // of the machine
}

func (f *fake) Name() string { return f.name }
func (f *fake) Ready() error { return f.lacks }

func (f *fake) Run(ctx context.Context, env *stages.Env) error {
	f.calls++
	save := filepath.Join(env.Work(f.name), "step")
	start := 0
	if text, err := os.ReadFile(save); err == nil {
		if start, err = strconv.Atoi(string(text)); err != nil {
			return err
		}
	}
	for i := start; i < f.steps; i++ {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if f.at != nil {
			if err := f.at(i); err != nil {
				return err
			}
		}
		f.counted++
		env.Emit(stages.Event{Type: "step", Step: i + 1, Of: f.steps, Loss: 1 / float64(i+1)})
		if err := checkpoint.WriteFileAtomic(save, []byte(strconv.Itoa(i+1))); err != nil {
			return err
		}
	}
	pending, err := checkpoint.Begin(env.Dir(f.name))
	if err != nil {
		return err
	}
	if err := os.WriteFile(pending.Path("result.txt"), []byte(f.text), 0o666); err != nil {
		return errors.Join(err, pending.Abort())
	}
	return pending.Commit(env.Manifest(f.name))
}

// chain is data → dp → kit, each made from its slice.
func chain(slices map[string]string) (job *Job, made map[string]*fake) {
	made = map[string]*fake{}
	job = &Job{Name: "t", ID: "0123456789abcdef", Recipe: []byte("slm: 1\n"), Class: "none"}
	var before []string
	for _, name := range []string{"data", "dp", "kit"} {
		f := &fake{name: name, steps: 3, text: name + slices[name]}
		made[name] = f
		job.Steps = append(job.Steps, Step{Name: name, Slice: map[string]any{"value": slices[name]}, Parents: before, Format: 1, Stage: f})
		before = []string{name}
	}
	return job, made
}

func clock() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

func deps() Deps {
	return Deps{
		Kernel: func() (kernel.Backend, error) { return nil, nil },
		Log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now:    clock,
		Code: func(err error) int {
			if err != nil {
				return 1
			}
			return 0
		},
	}
}

// execute plans and runs in one go, as a command does.
func execute(t *testing.T, job *Job, choice Choice) (*Outcome, error) {
	t.Helper()
	p, err := New(job, choice)
	if err != nil {
		return nil, err
	}
	return p.Execute(context.Background(), deps())
}

func must(t *testing.T, job *Job, choice Choice) *Outcome {
	t.Helper()
	out, err := execute(t, job, choice)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func calls(made map[string]*fake) string {
	return fmt.Sprintf("%d %d %d", made["data"].calls, made["dp"].calls, made["kit"].calls)
}
