package train

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"slm/model"
	"slm/model/kernel"
)

// sizes are the models of the table, from 1 to 135 million parameters; A, B and C are among them.
var sizes = []model.Config{
	config(4096, 128, 3, 2, 2, 352, 0, 1e4), jobs[0].Config, config(8192, 384, 6, 6, 6, 1024, 0, 1e4), jobs[1].Config, jobs[2].Config,
}

// rows are the lengths of the table's rows, with the length of the documents in them. Each step trains on stepTokens tokens.
var rows = []struct {
	length, document int
	recompute        bool
}{{128, 128, false}, {256, 256, false}, {512, 512, false}, {512, 512, true}, {1024, 1024, false}, {2048, 2048, false}, {4096, 4096, false}, {4096, 128, false}}

const stepTokens = 4096

// cell is one measurement of the table.
type cell struct {
	Parameters int64   `json:"parameters"`
	Row        int     `json:"row"`      // tokens
	Document   int     `json:"document"` // tokens
	Recompute  bool    `json:"recompute"`
	TokS       float64 `json:"tok_s"`
	TokCPU     float64 `json:"tok_cpu_s"` // tokens a second of processor time, which neighbours disturb less
	RSS        float64 `json:"rss"`       // bytes, the peak
}

// showTable measures the cells of some models, or of all, with the default kernel.
func showTable(ctx context.Context, models, format string, out, log io.Writer) error {
	be, err := kernel.Open("")
	if err != nil {
		return err
	}
	var all [][]cell
	for _, cfg := range sizes {
		if name := fmt.Sprintf("%.0f", float64(cfg.Count())/1e6); models != "all" && !slices.Contains(strings.Split(models, ","), name) {
			continue
		}
		var line []cell
		for _, r := range rows {
			c := cell{Parameters: cfg.Count(), Row: r.length, Document: r.document, Recompute: r.recompute}
			cfg.Context = r.length
			b := &bench{job: job{Config: cfg, Batch: stepTokens / r.length, Length: r.length, Document: r.document, Recompute: r.recompute, LR: 1e-3, Decay: 0.1}}
			if err := b.measure(ctx, &c); err != nil {
				return err
			}
			fmt.Fprintf(log, "%+v\n", c)
			line = append(line, c)
		}
		all = append(all, line)
	}
	if len(all) == 0 {
		return fmt.Errorf("--table %s: no such model", models)
	}
	if format == "json" {
		return json.NewEncoder(out).Encode(map[string]any{"kernel": be.Name(), "places": stepTokens, "cells": all})
	}
	fmt.Fprintf(out, "%s, %d tokens a step\n", be.Name(), stepTokens)
	for _, part := range []struct {
		what string
		of   func(c cell) string
	}{
		{"tokens a second", func(c cell) string { return fmt.Sprintf("%.0f", c.TokS) }},
		{"tokens a second of processor time", func(c cell) string { return fmt.Sprintf("%.0f", c.TokCPU) }},
		{"peak memory, MB", func(c cell) string { return fmt.Sprintf("%.0f", c.RSS/1e6) }},
	} {
		fmt.Fprintf(out, "\n| %s |", part.what)
		for _, c := range all[0] {
			fmt.Fprintf(out, " %s |", c.column())
		}
		fmt.Fprint(out, "\n|"+strings.Repeat("---|", 1+len(all[0])))
		for _, line := range all {
			fmt.Fprintf(out, "\n| %.1f M |", float64(line[0].Parameters)/1e6)
			for _, c := range line {
				fmt.Fprintf(out, " %s |", part.of(c))
			}
		}
		fmt.Fprintln(out)
	}
	return nil
}

// column heads the cells of one kind of row.
func (c cell) column() string {
	switch {
	case c.Recompute:
		return fmt.Sprintf("%d, recompute", c.Row)
	case c.Document != c.Row:
		return fmt.Sprintf("%d in documents of %d", c.Row, c.Document)
	}
	return fmt.Sprint(c.Row)
}

// measure takes the best of up to tableSteps single steps, in a process of their own, after one that compiles. Long ones are fewer.
func (b *bench) measure(ctx context.Context, c *cell) error {
	clean, err := b.prepare(2, false)
	if err != nil {
		return err
	}
	defer clean()
	s, err := b.ours(ctx, "")
	if err != nil {
		return err
	}
	defer s.Stop()
	wall, cpu := math.Inf(1), math.Inf(1)
	for n := 0; n < 2 || n < 1+tableSteps && wall < 5; n++ {
		a, err := s.steps(1)
		if err != nil {
			return err
		}
		wall, cpu, c.RSS = min(wall, a.Seconds), min(cpu, a.CPU), a.RSS
	}
	c.TokS, c.TokCPU = stepTokens/wall, stepTokens/cpu
	return nil
}

// tableSteps are timed in each cell.
const tableSteps = 3
