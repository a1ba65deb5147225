// Package statutes measures how long models of several sizes take to learn the statutes of recipes/statutes-cn.yaml with each optimiser.
package statutes

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"slm/model/kernel"
	"slm/pipeline/recipe"
	"slm/recipes"
	"slm/scripts/benchmark/setup"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/prep"
)

// bench is what all cells of the table share.
type bench struct {
	set    []string // KEY=VALUE of the recipe
	every  int      // steps between evaluations
	items  int
	kernel kernel.Backend
	dom    *domain.Domain
	env    *stages.Env
	log    io.Writer
}

// Command is the subcommand.
func Command() *cobra.Command {
	b := &bench{}
	var sizes, optims []string
	var format string
	cmd := &cobra.Command{
		Use:   "statutes",
		Short: "How fast models of several sizes learn a body of statutes",
		Long: "How fast a body of statutes is learnt: seconds of training and tokens until a model of 1 to 10 million parameters answers 50, 90 and 98 % of\n" +
			"the questions of recipes/statutes-cn.yaml by likelihood, with AdamW and with Muon. Needs the data: slm data pull statutes-cn.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b.log = cmd.ErrOrStderr()
			return setup.InTemp(cmd.Name(), func(folder string) error {
				return b.run(cmd.Context(), folder, sizes, optims, format, cmd.OutOrStdout())
			})
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&sizes, "sizes", []string{"128x3", "192x3", "256x4", "320x5", "384x4"}, "models, as width x layers; a head is 64 wide")
	f.StringSliceVar(&optims, "optim", []string{"adamw", "muon"}, "optimisers")
	f.StringVarP(&format, "output", "o", "text", "text or json")
	f.IntVar(&b.every, "every", 50, "steps between two evaluations")
	f.IntVar(&b.items, "items", 817, "questions of an evaluation, the first of the exam")
	f.StringArrayVarP(&b.set, "set", "s", nil, "KEY=VALUE of the recipe; may be given again")
	return cmd
}

// run trains every size with every optimiser; the data stage writes into folder.
func (b *bench) run(ctx context.Context, folder string, sizes, optims []string, format string, out io.Writer) error {
	if err := b.open(ctx, folder); err != nil {
		return err
	}
	var cells []cell
	for _, size := range sizes {
		for _, optim := range optims {
			c, err := b.learn(ctx, size, optim)
			if err != nil {
				return fmt.Errorf("%s with %s: %w", size, optim, err)
			}
			cells = append(cells, c)
		}
	}
	if format == "json" {
		return json.NewEncoder(out).Encode(map[string]any{"kernel": b.kernel.Name(), "cells": cells})
	}
	show(out, cells)
	return nil
}

// load reads the recipe with settings of its own behind those of the flags.
func (b *bench) load(more ...string) (*recipe.Loaded, error) {
	return recipe.Load(recipe.Source{Name: "statutes-cn", Shipped: recipes.Files, Env: os.Environ(), Set: append(append([]string{}, b.set...), more...)})
}

// open runs the data stage in a folder.
func (b *bench) open(ctx context.Context, folder string) error {
	r, err := b.load()
	if err != nil {
		return err
	}
	if b.kernel, err = kernel.Open(""); err != nil {
		return err
	}
	b.env = &stages.Env{Run: folder, Seed: r.Seed, Kernel: b.kernel, Log: slog.New(slog.DiscardHandler), Now: time.Now, Emit: func(stages.Event) {}}
	if err := prep.New(r.Data, r.Tokenizer).Run(ctx, b.env); err != nil {
		return err
	}
	b.dom, err = domain.Open(b.env.Dir(stages.Data))
	return err
}

// shape reads a size: the model's settings, with heads of 64.
func shape(size string) ([]string, error) {
	w, l, ok := strings.Cut(size, "x")
	width, err := strconv.Atoi(w)
	layers, bad := strconv.Atoi(l)
	if !ok || err != nil || bad != nil || width < 64 || width%64 != 0 || layers < 1 {
		return nil, fmt.Errorf("size %q: want WIDTHxLAYERS, the width a multiple of 64", size)
	}
	heads := width / 64
	return []string{
		fmt.Sprintf("model.width=%d", width), fmt.Sprintf("model.layers=%d", layers), fmt.Sprintf("model.heads=%d", heads), fmt.Sprintf("model.kv_heads=%d", heads),
	}, nil
}

func show(out io.Writer, cells []cell) {
	fmt.Fprintln(out, "| model | parameters | optimiser, rate | 50 % | 90 % | 98 % | at the end | in all |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|")
	for _, c := range cells {
		fmt.Fprintf(out, "| %s | %.1f M | %s, %g |", c.Size, float64(c.Parameters)/1e6, c.Optim, c.Rate)
		for _, r := range c.Reached {
			if r == nil {
				fmt.Fprint(out, " – |")
				continue
			}
			fmt.Fprintf(out, " %.0f s, %.2f M |", r.Seconds, float64(r.Tokens)/1e6)
		}
		fmt.Fprintf(out, " %.1f %% | %.0f s (%.0f s of processor), %.2f M |\n", 100*c.Last.Right, c.Last.Seconds, c.Last.CPU, float64(c.Last.Tokens)/1e6)
	}
}
