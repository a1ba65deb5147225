package kit

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/llm"
	"slm/model"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

const (
	sectionCount = 12
	options      = 3
	unasked      = 6 // a section without a question in the exam
)

var forms = form.Set{
	Place:    "{title}, section {number}:",
	Document: []string{"{title}, section {number}:", "Section {number} of {title} reads as follows.", "[{title} | {number}]"},
	Question: []string{
		"What does section {number} of {title} say?", "Quote section {number} of {title}.", "In {title}, what is written in section {number}?",
		"What is the text of section {number} in {title}?", "Please recite {title}, section {number}.", "Which words stand in section {number} of {title}?",
	},
	Heading: []string{"What does {title} say under \"{heading}\"?"},
	Quote:   []string{"Which section of which document says: \"{quote}\"?", "Where does it stand: \"{quote}\"?"},
	Exam:    "What does section {number} of {title} say?",
}

// newDomain has one act; of every four sections one is held out for dev and one for test.
func newDomain(t *testing.T) *domain.Domain {
	t.Helper()
	spec := stagetest.Spec{Forms: forms, Item: func(i int, item *exam.Item) bool {
		item.Answer, item.Split, item.Choices = i%options, []string{exam.Train, exam.Dev, exam.Train, exam.Test}[i%4], nil
		for c := range options {
			item.Choices = append(item.Choices, stagetest.Text((i + c - item.Answer + sectionCount) % sectionCount)[:30])
		}
		return i != unasked
	}}
	for i := range sectionCount {
		spec.Sections = append(spec.Sections, corpus.Section{ID: fmt.Sprintf("Act#%d", i), Title: "Act", Number: strconv.Itoa(i), Text: stagetest.Text(i), Source: fmt.Sprintf("act.txt:%d", i)})
	}
	return stagetest.Domain(t, spec)
}

// box is a fake black box: with a section's text before it, it picks the right option, except for the sections that it gets wrong.
type box struct {
	t      *testing.T
	items  []exam.Item
	wrong  map[string]bool       // sections
	none   map[string]llm.Reason // sections that have no answer
	fails  error
	opened int
	asked  map[string]int // by item
}

func (b *box) Info() llm.Info { return llm.Info{Provider: "fake", Model: "box", CanScore: true} }

func (b *box) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	if b.fails != nil {
		return nil, b.fails
	}
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		at := slices.IndexFunc(b.items, func(it exam.Item) bool { return strings.Contains(r.Prompt, it.Question) })
		if at < 0 {
			b.t.Errorf("asked something else: %q", r.Prompt)
			continue
		}
		item := b.items[at]
		b.asked[item.ID]++
		if !strings.Contains(r.Prompt, item.Knowledge[:30]) || len(r.Options) != options {
			b.t.Errorf("%s was asked without its knowledge, or with %d options", item.ID, len(r.Options))
		}
		if why := b.none[item.Section]; why != "" {
			out[i].None = &llm.NoAnswer{Reason: why, Said: "cannot"}
			continue
		}
		pick := item.Answer
		if b.wrong[item.Section] {
			pick = (pick + 1) % options
		}
		for c := range r.Options {
			score := llm.Score{LogProb: -9 - float64(c), Tokens: 3}
			if c == pick {
				score.LogProb = -1
			}
			out[i].Scores = append(out[i].Scores, score)
		}
	}
	return out, nil
}

// newRun writes the checkpoints that the stage reads and returns its surroundings.
func newRun(t *testing.T, dom *domain.Domain, b *box) *stages.Env {
	t.Helper()
	b.t, b.items, b.asked = t, dom.Items, map[string]int{}
	env := stagetest.Env(t)
	env.Answer, env.Replies = llm.Cloze, func(path string) error { return os.WriteFile(path, []byte("replies"), 0o644) }
	env.LLM = func(context.Context) (llm.Client, error) { b.opened++; return b, nil }
	stagetest.WriteData(t, env, dom)
	stagetest.Commit(t, env, stages.DP, func(p *checkpoint.Pending) []error {
		return []error{domain.SaveModel(p.Path(domain.WeightsFile), model.New(stagetest.Shape(dom), 1))}
	})
	return env
}

// brief is a recipe of one step.
func brief() Config {
	c := Default()
	c.Epochs, c.Batch = 0.01, 128
	return c
}
