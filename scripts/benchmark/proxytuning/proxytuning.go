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
	"strings"

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
	var dir, big, domain string
	var small, set []string
	var rounds int
	cmd := &cobra.Command{
		Use:   "proxytuning",
		Short: "How much of a large model's tuning a small one replaces",
		Long: "Trains three sizes of a model from nothing on the beginnings of licences (dp), tunes each to answer questions with them (kit), and steers the large\n" +
			"untuned one by what tuning has changed in a small one: the share of the gap to the large tuned one that is closed, the margin over the small tuned\n" +
			"one alone, what is lost with k log-probabilities, and the time of a token.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if large, err = parse("large", big); err != nil {
				return err
			}
			if len(small) > 0 {
				experts = nil
			}
			for _, text := range small {
				name, of, _ := strings.Cut(text, "=")
				s, err := parse(name, of)
				if err != nil {
					return err
				}
				experts = append(experts, s)
			}
			measure := func(folder string) error {
				if err := train(cmd.Context(), folder, domain, set, cmd.ErrOrStderr()); err != nil {
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
	f.StringVar(&big, "large", "128,4,4", "`WIDTH,LAYERS,HEADS` of the large model; 12 M parameters: 384,6,6")
	f.StringArrayVar(&small, "expert", nil, "`NAME=WIDTH,LAYERS,HEADS` of an expert; give several (default small=64,2,2 and middle=96,3,3; 1 M: small=128,4,4, 4 M: middle=256,5,4)")
	f.StringVar(&domain, "recipe", "", "recipe `FILE` of another domain, with a tokenizer of its own and stages dp and kit; default: the beginnings of licences")
	f.StringArrayVarP(&set, "set", "s", nil, "another value of the recipe, as `KEY=VALUE`: stages.dp.tokens=20M")
	f.IntVar(&rounds, "rounds", 5, "rounds of the measurement of time")
	return cmd
}

// parse reads a size.
func parse(name, text string) (s size, err error) {
	s.name = name
	if _, err := fmt.Sscanf(text, "%d,%d,%d", &s.width, &s.layers, &s.heads); err != nil || name == "" || s.width < 1 || s.layers < 1 || s.heads < 1 || s.width%s.heads != 0 {
		return s, fmt.Errorf("%s: %q is no WIDTH,LAYERS,HEADS whose heads divide the width", name, text)
	}
	return s, nil
}

// train trains what is not trained yet, by the recipe of a domain with other values.
func train(ctx context.Context, dir, domain string, other []string, log io.Writer) error {
	file := domain
	if file == "" {
		file = filepath.Join(dir, "proxytuning.yaml")
		if err := os.WriteFile(file, recipe, 0o644); err != nil {
			return err
		}
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
		for _, o := range other {
			set = append(set, "-s", o)
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
