// Command benchstatutes measures how long models of several sizes take to learn the statutes of recipes/statutes-cn.yaml with each optimiser.
// scripts/bench-statutes builds it and starts it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"slm/model/kernel"
	"slm/pipeline/recipe"
	"slm/recipes"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/prep"
)

// settings gathers a flag that may be given again.
type settings []string

func (s *settings) String() string     { return strings.Join(*s, " ") }
func (s *settings) Set(v string) error { *s = append(*s, v); return nil }

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

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench-statutes:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("bench-statutes", flag.ContinueOnError)
	flags.SetOutput(log)
	sizes := flags.String("sizes", "128x3,192x3,256x4,320x5,384x4", "models, as width x layers; a head is 64 wide")
	optims := flags.String("optim", "adamw,muon", "optimisers")
	format := flags.String("o", "text", "text or json")
	b := &bench{log: log}
	flags.IntVar(&b.every, "every", 50, "steps between two evaluations")
	flags.IntVar(&b.items, "items", 817, "questions of an evaluation, the first of the exam")
	flags.Var((*settings)(&b.set), "s", "KEY=VALUE of the recipe; may be given again")
	if err := flags.Parse(args); err != nil {
		return err
	}
	done, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	var cells []cell
	for _, size := range strings.Split(*sizes, ",") {
		for _, optim := range strings.Split(*optims, ",") {
			c, err := b.learn(ctx, size, optim)
			if err != nil {
				return fmt.Errorf("%s with %s: %w", size, optim, err)
			}
			cells = append(cells, c)
		}
	}
	if *format == "json" {
		return json.NewEncoder(out).Encode(map[string]any{"kernel": b.kernel.Name(), "cells": cells})
	}
	show(out, cells)
	return nil
}

// load reads the recipe with settings of its own behind those of the flags.
func (b *bench) load(more ...string) (*recipe.Loaded, error) {
	return recipe.Load(recipe.Source{Name: "statutes-cn", Shipped: recipes.Files, Env: os.Environ(), Set: append(append([]string{}, b.set...), more...)})
}

// open runs the data stage into a folder that done removes.
func (b *bench) open(ctx context.Context) (done func(), err error) {
	r, err := b.load()
	if err != nil {
		return nil, err
	}
	if b.kernel, err = kernel.Open(""); err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "bench-statutes-")
	if err != nil {
		return nil, err
	}
	done = func() { _ = os.RemoveAll(folder) }
	b.env = &stages.Env{Run: folder, Seed: r.Seed, Kernel: b.kernel, Log: slog.New(slog.DiscardHandler), Now: time.Now, Emit: func(stages.Event) {}}
	if err := prep.New(r.Data, r.Tokenizer).Run(ctx, b.env); err != nil {
		done()
		return nil, err
	}
	if b.dom, err = domain.Open(b.env.Dir(stages.Data)); err != nil {
		done()
		return nil, err
	}
	return done, nil
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
