package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"slm/data/exam"
	"slm/llm"
	"slm/model"
	"slm/model/decode"
	"slm/optim"
	"slm/rng"
	"slm/stages/knowledge"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// shortest is how long a measurement lasts at least, unless one turn takes longer.
const shortest = 300 * time.Millisecond

// repeat times f: once to warm up, then until enough time has passed. // seconds a turn
func (e *estimator) repeat(ctx context.Context, f func() error) (float64, error) {
	if err := f(); err != nil {
		return 0, err
	}
	start := e.now()
	for n := 1; ; n++ {
		if err := context.Cause(ctx); err != nil {
			return 0, err
		}
		if err := f(); err != nil {
			return 0, err
		}
		if d := e.now().Sub(start); d >= shortest || n >= 1000 {
			return d.Seconds() / float64(n), nil
		}
	}
}

// microPlaces is the most that goes through the training graph at once, as in the trainer: so the memory is that of a run, too.
const microPlaces = 4096

// timeTraining measures a forward and backward pass and a step of the optimiser.
func (e *estimator) timeTraining(ctx context.Context, params *model.Params) error {
	cfg := e.recipe.Stages.DP
	rows := max(1, min(cfg.Batch, microPlaces)/e.shape.Context)
	g, err := model.NewGraph(params, e.kernel, rows, e.shape.Context, true)
	if err != nil {
		return fmt.Errorf("pipeline: calibrate: %w", err)
	}
	defer func() { _ = g.Close() }() // it only drops memory
	n := rows * e.shape.Context
	b := model.Batch{Tokens: make([]int32, n), Targets: make([]int32, n), Docs: make([]int32, n)}
	draw := rng.New(e.recipe.Seed, "plan")
	document := min(e.shape.Context, 256) // places: attention's cost grows with it
	for i := range n {
		b.Tokens[i], b.Targets[i] = int32(draw.IntN(e.shape.Vocab)), int32(draw.IntN(e.shape.Vocab))
		b.Docs[i] = int32(i - i%e.shape.Context%document)
	}
	pass, err := e.repeat(ctx, func() error {
		g.Zero()
		_, err := g.Run(b, 1/float32(n))
		return err
	})
	if err != nil {
		return fmt.Errorf("pipeline: calibrate: %w", err)
	}
	e.place = pass / float64(n)
	grads, err := g.Gradients()
	if err != nil {
		return fmt.Errorf("pipeline: calibrate: %w", err)
	}
	list := make([]optim.Param, len(grads))
	for i, x := range grads {
		list[i] = optim.Param{Name: x.Name, W: x.W, G: x.G, Rows: x.Rows}
	}
	var o optim.Optimizer
	if cfg.Optim.Name == "muon" {
		o, err = optim.NewMuon(list, e.kernel)
	} else {
		o, err = optim.New(list)
	}
	if err != nil {
		return fmt.Errorf("pipeline: calibrate: %w", err)
	}
	e.step, err = e.repeat(ctx, func() error {
		o.Step(1e-6)
		g.Refresh()
		return nil
	})
	return err
}

// timeGeneration measures a token of many sequences that are generated together.
func (e *estimator) timeGeneration(ctx context.Context, params *model.Params) error {
	const together, long = 32, 16
	d := decode.New(params, e.kernel)
	reqs := make([]decode.Request, together)
	draw := rng.New(e.recipe.Seed, "plan", "generate")
	for i := range reqs {
		for range min(20, e.shape.Context-1) {
			reqs[i].Prompt = append(reqs[i].Prompt, int32(draw.IntN(e.shape.Vocab)))
		}
		reqs[i].MaxNew = long
	}
	turn, err := e.repeat(ctx, func() error {
		_, err := d.Generate(ctx, reqs)
		return err
	})
	e.token = turn / (together * long)
	return err
}

// timeQuestions asks weights in this process what a stage would ask.
func (e *estimator) timeQuestions(ctx context.Context, box *BlackBox) error {
	client, err := box.open(e.kernel, nil)
	if err != nil {
		return err
	}
	var qs []llm.Question
	for _, item := range exam.Only(e.dom.Items, exam.Train) {
		qs = append(qs, llm.Question{Knowledge: knowledge.Head(e.dom, item.Knowledge, e.recipe.Eval.Knowledge), Question: item.Question, Choices: item.Choices})
	}
	const together = 4
	if len(qs) < 2*together {
		e.note("there are too few training questions to time the black box: its time is not counted")
		return nil
	}
	if _, err := llm.Answer(ctx, client, e.recipe.LLM.Answer, qs[:together]); err != nil { // the first loads the weights
		return err
	}
	start := e.now()
	if _, err := llm.Answer(ctx, client, e.recipe.LLM.Answer, qs[together:2*together]); err != nil {
		return err
	}
	e.question = e.now().Sub(start).Seconds() / together
	return nil
}

// peakMemory is the most that this process has had in memory. // bytes; 0 = unknown
func peakMemory() uint64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.Sys
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseUint(strings.Fields(rest + " 0")[0], 10, 64)
			if err == nil {
				return kb << 10
			}
		}
	}
	return 0
}
