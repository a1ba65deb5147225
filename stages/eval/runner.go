package eval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"slm/data/exam"
	"slm/llm"
	"slm/result"
	"slm/stages/knowledge"
	"slm/stages/systems"
)

// runner puts an evaluation's questions to its systems.
type runner struct {
	items    []exam.Item
	with     *systems.Resources
	work     *work
	progress func(system string, items int, asked bool) // is told what a system has answered: anew, or as it was kept; may be nil
	free     bool                                       // questions are answered in words
	whole    func(place string) string                  // the section's place, for one that names a part of it; nil where there are none

	notes   []string
	steered *result.Steered // nil = system proxy was not run
}

// newRunner makes a runner of what the systems are made of. Work that was kept is taken over.
func newRunner(items []exam.Item, with *systems.Resources, w *work, free bool) *runner {
	qs := make([]systems.Question, len(items))
	for i, it := range items {
		qs[i] = systems.Question{ID: it.ID, Text: it.Question, Choices: it.Choices, Section: it.Section, Place: it.Place, Truth: it.Knowledge}
		if free {
			qs[i].Choices = nil
		}
	}
	with.Silent = !free
	with.Examine(qs, w)
	return &runner{items: items, with: with, work: w, free: free}
}

// run answers every item with every system and returns the rows, system by system.
func (r *runner) run(ctx context.Context, specs []systems.Spec) ([]result.Row, error) {
	if len(r.items) == 0 {
		return nil, errors.New("eval: no items to evaluate on")
	}
	var rows []result.Row
	for _, spec := range specs {
		if spec.Chooses && (r.free || len(exam.WithChoices(r.items)) == 0) {
			continue
		}
		system, err := spec.Open(ctx, r.with)
		if errors.Is(err, systems.ErrUnavailable) {
			r.notes = append(r.notes, spec.Name+" was not run: "+strings.TrimPrefix(err.Error(), systems.ErrUnavailable.Error()+": ")+".")
			r.tell(spec.Name, len(r.items), false)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("eval: %s: %w", spec.Name, err)
		}
		got, err := r.ask(ctx, spec.Name, system)
		if err != nil {
			return nil, fmt.Errorf("eval: %s: %w", spec.Name, err)
		}
		if spec.Note != nil {
			if note := spec.Note(got); note != "" {
				r.notes = append(r.notes, note)
			}
		}
		if n, ok := system.(systems.Noter); ok && n.Note() != "" {
			r.notes = append(r.notes, n.Note())
		}
		if s, ok := system.(systems.Steerer); ok {
			set := s.Steered()
			r.steered = &set
		}
		rows = append(rows, got...)
	}
	return rows, nil
}

func (r *runner) tell(system string, items int, asked bool) {
	if r.progress != nil {
		r.progress(system, items, asked)
	}
}

// ask puts every item to one system, block by block, and keeps each block before the next.
func (r *runner) ask(ctx context.Context, name string, system systems.System) ([]result.Row, error) {
	rows := make([]result.Row, 0, len(r.items))
	missing := llm.Tally{Of: len(r.items)}
	for block := range slices.Chunk(r.with.Items, systems.Block) {
		from := len(rows)
		kept, ok := r.work.restore(name, block)
		if !ok {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			answers, err := system.Answer(ctx, block)
			if err != nil {
				return nil, err
			}
			if len(answers) != len(block) {
				return nil, fmt.Errorf("%d answers to %d questions", len(answers), len(block))
			}
			for j, a := range answers {
				kept = append(kept, r.row(name, r.items[from+j], a))
			}
			if err := r.work.keepRows(kept); err != nil {
				return nil, err
			}
		}
		rows = append(rows, kept...)
		r.tell(name, len(kept), !ok)
		for _, row := range kept {
			missing.Add("item "+row.Item, noAnswer(row))
		}
		if err := missing.Err(); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// noAnswer says why a row has no answer; nil = it has one.
func noAnswer(r result.Row) *llm.NoAnswer {
	if r.NoAnswer == "" {
		return nil
	}
	return &llm.NoAnswer{Reason: llm.Reason(r.NoAnswer), Said: r.Said}
}

// row is an item under a system.
func (r *runner) row(system string, it exam.Item, a systems.Answer) result.Row {
	row := result.Row{
		Item: it.ID, Section: it.Section, System: system, Question: it.Question, Place: a.Place, Knowledge: a.Knowledge, Verified: a.InCorpus,
		Choices: it.Choices, Answer: int32(it.Answer), Picked: int32(a.Picked), Correct: a.Picked >= 0 && a.Picked == it.Answer,
		Margin: a.Margin, Scores: a.Scores, ByText: -1, Calls: int32(a.Calls), Tokens: int32(a.Tokens), Written: int32(a.Written),
	}
	if a.None != nil {
		row.NoAnswer, row.Said = string(a.None.Reason), a.None.Said
	}
	if a.Knowledge != "" {
		row.ByText = int32(mostLike(a.Knowledge, it.Choices, 0))
		row.StartOK = knowledge.StartsAs(a.Knowledge, it.Knowledge, result.StartLen)
	}
	row.PlaceOK = a.Place != "" && slices.Contains(it.Right(), a.Place)
	row.Exam, row.Given, row.Right, row.Unscored = it.Exam, a.Given, it.Right(), len(it.Choices) == 0
	row.Rank = r.rank(row.Given, row.Right)
	if r.free {
		scoreFree(&row, it, a)
	}
	return row
}

// rank is that of the first right place among those that were given, from 1; 0 = none is there.
func (r *runner) rank(given, right []string) int32 {
	for i, place := range given {
		if r.whole != nil {
			place = r.whole(place)
		}
		if slices.Contains(right, place) {
			return int32(i + 1)
		}
	}
	return 0
}
