// Package proxytuning measures what proxy-tuning (package model/proxy) makes of a large model, with models of three sizes that are trained from nothing.
package proxytuning

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"slm/scripts/benchmark/setup"
	"slm/stages"
)

//go:embed recipe.yaml
var recipe []byte

// size is a model; a head is width/heads wide.
type size struct {
	name                 string
	width, layers, heads int
}

// The large model is steered, and tuned as the bound; one of the others is the expert.
var (
	large   = size{"large", 128, 4, 4}
	experts = []size{{"small", 64, 2, 2}, {"middle", 96, 3, 3}}
)

// Command is the subcommand.
func Command() *cobra.Command {
	var dir string
	var rounds int
	cmd := &cobra.Command{
		Use:   "proxytuning",
		Short: "How much of a large model's tuning a small one replaces",
		Long: "Trains three sizes of a model from nothing on the beginnings of licences (dp), tunes each to answer questions with them (kit), and steers the large\n" +
			"untuned one by what tuning has changed in a small one: the share of the gap to the large tuned one that is closed, the margin over the small tuned\n" +
			"one alone, what is lost with k log-probabilities, and the time of a token.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			measure := func(folder string) error {
				if err := train(cmd.Context(), folder, cmd.ErrOrStderr()); err != nil {
					return err
				}
				t, err := measured(cmd.Context(), folder, rounds)
				if err != nil {
					return err
				}
				return t.show(cmd.OutOrStdout())
			}
			if dir != "" {
				return measure(dir)
			}
			return setup.InTemp(cmd.Name(), measure)
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "dir", "", "folder that keeps the runs, so that what is trained is used again; without it they are removed")
	f.IntVar(&rounds, "rounds", 5, "rounds of the measurement of time")
	return cmd
}

// train trains what is not trained yet.
func train(ctx context.Context, dir string, log io.Writer) error {
	file := filepath.Join(dir, "proxytuning.yaml")
	if err := os.WriteFile(file, recipe, 0o644); err != nil {
		return err
	}
	slm, err := setup.Slm(ctx, dir, log)
	if err != nil {
		return err
	}
	for _, s := range append(experts, large) {
		set := []string{"train", file, "--dir", dir, "-q", "--until", stages.KIT}
		for key, value := range map[string]any{"name": s.name, "model.width": s.width, "model.layers": s.layers, "model.heads": s.heads, "model.kv_heads": s.heads} {
			set = append(set, "-s", fmt.Sprintf("%s=%v", key, value))
		}
		cmd := exec.CommandContext(ctx, slm, set...)
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("train %s: %w", s.name, err)
		}
	}
	return nil
}

// runOf is the folder of a size's run.
func runOf(dir string, s size) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "runs", s.name+"-*", stages.KIT))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("%d runs of %s with stage kit below %s, want one", len(found), s.name, dir)
	}
	return filepath.Dir(found[0]), nil
}
