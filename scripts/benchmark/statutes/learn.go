package statutes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"slm/model"
	"slm/model/decode"
	"slm/scripts/benchmark/duel"
	"slm/stages"
	"slm/stages/dp"
	"slm/stages/knowledge"
	"slm/stages/trainer"
)

// levels are the shares of right answers whose time is noted.
var levels = [3]float64{.5, .9, .98}

// point is an evaluation.
type point struct {
	Step    int     `json:"step"`
	Tokens  int64   `json:"tokens"`  // positions of the steps so far, padding included
	Seconds float64 `json:"seconds"` // of training alone
	CPU     float64 `json:"cpu"`     // seconds of all threads, of training alone
	Right   float64 `json:"right"`   // share of the questions
}

// cell is a model trained with one optimiser.
type cell struct {
	Size       string    `json:"size"`
	Parameters int64     `json:"parameters"`
	Optim      string    `json:"optim"`
	Rate       float64   `json:"rate"`
	Reached    [3]*point `json:"reached"` // the first evaluation at or above each level
	Last       point     `json:"last"`
	Curve      []point   `json:"curve"`
}

// note adds an evaluation.
func (c *cell) note(p point) {
	c.Curve, c.Last = append(c.Curve, p), p
	for i, level := range levels {
		if c.Reached[i] == nil && p.Right >= level {
			c.Reached[i] = &p
		}
	}
}

// learn trains a model of that size from nothing. The rate follows from optimiser and width unless a flag gives it.
func (b *bench) learn(ctx context.Context, size, optim string) (cell, error) {
	set, err := shape(size)
	if err != nil {
		return cell{}, err
	}
	set = append(set, "stages.dp.optim.name="+optim)
	r, err := b.load(set...)
	if err != nil {
		return cell{}, err
	}
	rate := stages.At[float64](r, "stages.dp.optim.lr")
	if !slices.ContainsFunc(b.set, func(s string) bool { return strings.HasPrefix(s, "stages.dp.optim.lr=") }) {
		*rate = trainer.Rate(stages.Get[trainer.Optim](r, "stages.dp.optim").Name, r.Model.Width)
	}
	job, err := dp.Job(r, b.dom, r.Seed)
	if err != nil {
		return cell{}, err
	}
	job.HeldOut = nil
	t, err := trainer.Rehearse(b.env, job)
	if err != nil {
		return cell{}, err
	}
	defer t.Close()
	c := cell{Size: size, Parameters: job.Model.Config.Count(), Optim: optim, Rate: *rate}
	var p point
	for p.Step < t.Steps() {
		if ctx.Err() != nil {
			return c, ctx.Err()
		}
		began, busy := time.Now(), duel.Processor()
		if _, err := t.Step(); err != nil {
			return c, err
		}
		p.Seconds, p.CPU = p.Seconds+time.Since(began).Seconds(), p.CPU+duel.Processor()-busy
		p.Step, p.Tokens = p.Step+1, p.Tokens+int64(job.Batch)
		if p.Step%b.every != 0 && p.Step != t.Steps() {
			continue
		}
		if p.Right, err = b.examine(ctx, job.Model); err != nil {
			return c, err
		}
		c.note(p)
		fmt.Fprintf(b.log, "%s %s: step %d, %.0f s, %.1f %%\n", size, optim, p.Step, p.Seconds, 100*p.Right)
	}
	return c, nil
}

// examine is the share of questions that a model answers right by likelihood, as stage eval has its system slm answer.
func (b *bench) examine(ctx context.Context, p *model.Params) (float64, error) {
	items := b.dom.Items[:min(b.items, len(b.dom.Items))]
	speaker := knowledge.New(decode.New(p, b.kernel), b.dom, nil, false)
	questions := make([]string, len(items))
	for i, it := range items {
		questions[i] = it.Question
	}
	pieces, err := speaker.Name(ctx, questions, nil)
	if err != nil {
		return 0, err
	}
	options := make([][]string, len(items))
	for i, it := range items {
		options[i] = it.Choices
	}
	right := 0
	for at := 0; at < len(items); at += 64 {
		to := min(at+64, len(items))
		scores, err := speaker.Score(ctx, pieces[at:to], options[at:to], nil)
		if err != nil {
			return 0, err
		}
		for i, s := range scores {
			if slices.Index(s, slices.Max(s)) == items[at+i].Answer {
				right++
			}
		}
	}
	return float64(right) / float64(len(items)), nil
}
