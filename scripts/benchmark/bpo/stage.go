package bpo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"slm/checkpoint"
	"slm/llm"
	"slm/model/kernel"
	"slm/pipeline/recipe"
	"slm/stages"
	"slm/stages/bpo"
)

// runStage runs the stage itself on a run's checkpoints, into a temporary folder and without any stored reply, to be profiled.
func runStage(ctx context.Context, dir string, out io.Writer) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	r, err := recipe.Load(recipe.Source{Name: filepath.Join(dir, "recipe.yaml")})
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "slm-bpo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	env := &stages.Env{Run: tmp, Seed: r.Seed, Fingerprint: "bench", Parents: map[string]string{}, Answer: r.LLM.Answer, Log: slog.New(slog.DiscardHandler), Now: time.Now, Emit: func(stages.Event) {}}
	for _, stage := range []string{stages.Data, stages.KIT} {
		m, err := checkpoint.Load(filepath.Join(dir, stage))
		if err != nil {
			return err
		}
		env.Parents[stage] = m.Digest()
		if err := os.Symlink(filepath.Join(dir, stage), env.Dir(stage)); err != nil {
			return err
		}
	}
	if env.Kernel, err = kernel.Open(""); err != nil {
		return err
	}
	client, err := llm.New(r.LLM, llm.Options{Kernel: env.Kernel})
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	env.LLM = func(context.Context) (llm.Client, error) { return client, nil }
	env.Replies = func(path string) error { return client.ExportArrow(path) }
	start := time.Now()
	if err := bpo.New(stages.Get[bpo.Config](r, "stages.bpo"), false).Run(ctx, env); err != nil {
		return err
	}
	m, err := checkpoint.Load(env.Dir(stages.BPO))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "bpo of %s: %.0f s, %d questions, %d calls\n%s\n", filepath.Base(dir), time.Since(start).Seconds(), m.Counters["llm_questions"], m.Counters["llm_calls"], m.Facts["verdict"])
	return err
}
