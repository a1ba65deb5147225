package bpo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"testing"

	"slm/data/exam"
	"slm/llm"
	"slm/rng"
	"slm/stages/knowledge"
	"slm/stages/stagetest"
)

// duo is a small model and a black box of which everything is known. With soft prompt z the small model names the right place for a share
// of the questions that skill gives: for question i when its difficulty, a fixed uniform number, is below skill(z). The black box
// believes what it is told.
type duo struct {
	skill func(z []float64) float64
	items []exam.Item

	said, asked int32        // questions put to the small model and to the black box
	dieAfter    int32        // answers after which the black box fails with death; 0 = never
	death       error        //
	seen        map[int]bool // items asked, by number
	letter      bool
	none        map[int]bool           // questions that the black box refuses
	spoilt      func(z []float64) bool // prompts for which the black box's scores are NaN
	now         []float64              // the prompt that was said last
}

func newDuo(n int, skill func(z []float64) float64) *duo {
	return &duo{skill: skill, items: stagetest.Items(n, exam.Dev), death: errors.New("the power is gone"), seen: map[int]bool{}}
}

func (w *duo) difficulty(i int) float64 { return rng.New(99, "difficulty").At(uint64(i)).Float64() }

func number(question string) int {
	i, err := stagetest.Number(question)
	if err != nil {
		panic(err)
	}
	return i
}

// say reads z from the soft prompt, in which the test's projection has put it.
func (w *duo) say(_ context.Context, questions []string, soft []float32) ([]knowledge.Piece, error) {
	z := make([]float64, len(soft))
	for i, v := range soft {
		z[i] = float64(v)
	}
	share := w.skill(z)
	w.now = z
	out := make([]knowledge.Piece, len(questions))
	for k, q := range questions {
		atomic.AddInt32(&w.said, 1)
		i := number(q)
		w.seen[i] = true
		place := i
		if w.difficulty(i) >= share {
			place = (i + 1) % len(w.items) // the neighbour's section
		}
		// The text has a mark of when it was generated: only the first one for a place may count.
		out[k] = knowledge.Piece{Question: q, Place: fmt.Sprintf("section %d:", place), Text: fmt.Sprintf("text of %d, draft %d", place, atomic.LoadInt32(&w.said)%2)}
	}
	return out, nil
}

func (w *duo) answer(_ context.Context, qs []llm.Question) ([]llm.Choice, error) {
	out := make([]llm.Choice, len(qs))
	for k, q := range qs {
		if n := atomic.AddInt32(&w.asked, 1); w.dieAfter > 0 && n > w.dieAfter {
			return nil, w.death
		}
		i := number(q.Question)
		var place, draft int
		if _, err := fmt.Sscanf(q.Knowledge, "text of %d, draft %d", &place, &draft); err != nil {
			return nil, err
		}
		scores := []float64{-2, -2.1, -1.9, -2.05}
		if place == i {
			scores[i%4] += 1 + 0.5*w.difficulty(i)
		} else {
			scores[i%4] -= 0.3
		}
		if w.none[i] {
			out[k] = llm.Choice{Index: -1, None: &llm.NoAnswer{Reason: llm.Refused, Said: "cannot"}, Calls: 1, Tokens: 10}
			continue
		}
		c := llm.Choice{Scores: scores, Calls: 1, Tokens: 10}
		for j, s := range scores {
			if s > scores[c.Index] {
				c.Index = j
			}
		}
		if w.letter {
			c.Scores = nil
		} else if w.spoilt != nil && w.spoilt(w.now) {
			c.Scores[1] = math.NaN()
		}
		out[k] = c
	}
	return out, nil
}

// words stands for a prompt in words by a point of the box that belongs to it alone.
func (w *duo) words(prompt string) []float32 {
	draw := rng.New(5, prompt)
	return []float32{float32(2*draw.Float64() - 1), float32(2*draw.Float64() - 1)}
}

// settings are a small search in two dimensions.
func settings() Config {
	cfg := Default()
	cfg.Soft.Dim, cfg.Init, cfg.Trials, cfg.Items.Ladder, cfg.Final.Best = 2, 6, 14, []int{20, 40, 80}, 3
	return cfg
}

// search opens a search of the duo, with its journal in dir.
func (w *duo) search(t testing.TB, cfg Config, dir string) *search {
	t.Helper()
	return w.searchFrom(t, cfg, dir, nil)
}

// searchFrom is search, which begins with what a search before has left.
func (w *duo) searchFrom(t testing.TB, cfg Config, dir string, from *inheritance) *search {
	t.Helper()
	s, err := newSearch(cfg, w.items, true, 7, from)
	if err != nil {
		t.Fatal(err)
	}
	s.judge = &judge{say: w.say, answer: w.answer, cloze: !w.letter, soft: func(z []float64) []float32 {
		if zero(z) {
			return nil
		}
		out := make([]float32, len(z))
		for i, v := range z {
			out[i] = float32(v)
		}
		return out
	}, words: w.words}
	if dir != "" {
		if s.log, err = openJournal(dir, "key of the search", nil); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.log.close() })
	}
	return s
}

// hill is a skill with its top away from the middle: .5 without a soft prompt, .95 at the top, next to nothing far away.
func hill(z []float64) float64 {
	if len(z) == 0 {
		return 0.5
	}
	q := (z[0]-0.5)*(z[0]-0.5) + (z[1]+0.4)*(z[1]+0.4)
	return 0.95 * math.Exp(-1.5*q)
}

// downhill is a skill that every soft prompt spoils.
func downhill(z []float64) float64 {
	if len(z) == 0 {
		return 0.9
	}
	return 0.4
}

// idle is a skill that no soft prompt changes.
func idle([]float64) float64 { return 0.6 }
