package sweep

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"slm/data/exam"
	"slm/llm"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/result"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/knowledge"
	"slm/stages/systems"
	"slm/stages/trainer"
)

// Objective is what a sweep makes large or small. All are measured on the development questions.
type Objective struct {
	Name    string `json:"name"`
	Largest bool   `json:"largest"`
	Means   string `json:"means"`
	asks    bool   // the black box
	needs   func(stages []string) string
}

// Loss, Recall and Accuracy are the objectives.
const (
	Loss     = "heldout_loss"
	Recall   = "recall"
	Accuracy = "accuracy"
)

// objectives are all of them.
var objectives = []Objective{
	{Name: Loss, Means: "mean negative log-likelihood of the answers to development questions, nats a token, after the last stage that a key changes"},
	{Name: Recall, Largest: true, Means: "share of the development questions whose place the small model names and whose text it begins word for word", needs: trained},
	{Name: Accuracy, Largest: true, asks: true, Means: "share of the development questions that the black box answers with the small model's text", needs: last},
}

// trained is the last stage that trains the small model.
func trained(list []string) string {
	for _, s := range []string{stages.RFT, stages.KIT} {
		if slices.Contains(list, s) {
			return s
		}
	}
	return stages.DP
}

// last is the last stage before the evaluation.
func last(list []string) string { return list[len(list)-1] }

// objective is the one that was asked for.
func objective(minimise, maximise string) (Objective, error) {
	if minimise != "" && maximise != "" {
		return Objective{}, fmt.Errorf("%w: --minimise and --maximise: one thing is searched for", rundir.ErrUsage)
	}
	name, largest := minimise, false
	if maximise != "" {
		name, largest = maximise, true
	}
	if name == "" {
		name = Loss
	}
	for _, o := range objectives {
		if o.Name == name && o.Largest == largest {
			return o, nil
		}
	}
	return Objective{}, fmt.Errorf("%w: what can be searched for is --minimise %s, --maximise %s or --maximise %s", rundir.ErrUsage, Loss, Recall, Accuracy)
}

// measure is the value of a run that has finished the stage until.
func (o Objective) measure(ctx context.Context, run, until string, r *recipe.Loaded, kernelOf func() (kernel.Backend, error), client func(kernel.Backend) (llm.Client, error)) (float64, error) {
	if o.Name == Loss {
		rows, err := trainer.ReadMetrics(filepath.Join(run, until))
		if err != nil {
			return 0, err
		}
		if n := len(rows); n == 0 || rows[n-1].HeldOut == nil {
			return 0, fmt.Errorf("%w: %s has no held-out loss: the recipe has no development questions (data.exam.split.dev)", rundir.ErrUsage, until)
		}
		return *rows[len(rows)-1].HeldOut, nil
	}
	be, err := kernelOf()
	if err != nil {
		return 0, err
	}
	dom, err := domain.Open(filepath.Join(run, stages.Data))
	if err != nil {
		return 0, err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	items := exam.Only(dom.Items, exam.Dev)
	limit, err := knowledge.Limit(dom, r.Eval.Knowledge)
	if err != nil {
		return 0, err
	}
	with := systems.Run{
		Dir: func(stage string) string { return filepath.Join(run, stage) }, Domain: dom, Kernel: be, Seed: r.Seed, Style: r.LLM.Answer, OneStep: knowledge.InOneStep(r), Limit: limit,
	}
	if o.asks {
		if with.Box, err = client(be); err != nil {
			return 0, err
		}
	}
	open, err := systems.Open(with)
	if err != nil {
		return 0, err
	}
	defer func() { _ = open.Close() }() // weights, read only
	if o.asks {
		return accuracyOf(ctx, open, exam.WithChoices(items))
	}
	return recallOf(ctx, open, items)
}

// accuracyOf is the share that the method's last stage answers right.
func accuracyOf(ctx context.Context, with *systems.Resources, items []exam.Item) (float64, error) {
	spec, _ := systems.Lookup(with.Latest)
	system, err := spec.Open(ctx, with)
	if err != nil {
		return 0, err
	}
	qs := make([]systems.Question, len(items))
	for i, it := range items {
		qs[i] = systems.Question{Text: it.Question, Choices: it.Choices}
	}
	answers, err := system.Answer(ctx, qs)
	if err != nil {
		return 0, err
	}
	return share(len(items), "options", func(i int) bool { return answers[i].None == nil && answers[i].Picked == items[i].Answer })
}

// recallOf is the share whose place and text the small model knows.
func recallOf(ctx context.Context, with *systems.Resources, items []exam.Item) (float64, error) {
	items = slices.DeleteFunc(slices.Clone(items), func(it exam.Item) bool { return it.Place == "" })
	texts := make([]string, len(items))
	for i, it := range items {
		texts[i] = it.Question
	}
	said, err := with.Speakers[with.Latest].Say(ctx, texts)
	if err != nil {
		return 0, err
	}
	return share(len(items), "places", func(i int) bool {
		return slices.Contains(items[i].Right(), said[i].Place) && begins(said[i].Text, items[i].Knowledge)
	})
}

func share(n int, of string, is func(i int) bool) (float64, error) {
	if n == 0 {
		return 0, fmt.Errorf("%w: the recipe has no development questions with %s (data.exam.split.dev)", rundir.ErrUsage, of)
	}
	right := 0
	for i := range n {
		if is(i) {
			right++
		}
	}
	return float64(right) / float64(n), nil
}

// begins reports whether a text begins as the true one does, as far as recall looks (result.StartLen); true where none is known.
func begins(text, truth string) bool {
	fold := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	want := []rune(fold(truth))
	return strings.HasPrefix(fold(text), string(want[:min(len(want), result.StartLen)]))
}

// names are the stages of a plan before the evaluation: those that a sweep may run.
func names(p *pipeline.Plan) (list []string) {
	for _, s := range p.Stages {
		if s.Stage != stages.Eval {
			list = append(list, s.Stage)
		}
	}
	return list
}
