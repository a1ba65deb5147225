package eval

import (
	"slm/data/exam"
	"slm/result"
	"slm/score"
	"slm/stages/systems"
)

// shortWords is how many words an answer may have to be looked for in a reply. A longer one is compared as a whole: no reply has it word for word.
const shortWords = 20

// golden is what a free answer to an item is compared with.
type golden struct {
	exact    []string // short answers
	contains []string // of which a right reply holds one
	whole    []string // answers of any length, and the reference
}

func goldenOf(it exam.Item) (g golden) {
	for _, text := range it.Gold() {
		g.whole = append(g.whole, text)
		if len(score.Words(text)) <= shortWords {
			g.exact = append(g.exact, text)
		}
	}
	if g.contains = it.Contains; g.contains == nil {
		g.contains = g.exact
	}
	if it.Reference != "" {
		g.whole = append(g.whole, it.Reference)
	}
	return g
}

// scoreFree scores the row of an item that was answered in words. Right is a reply that holds an accepted answer; where the item has options, which the
// black box has not seen, one that means the right one.
func scoreFree(row *result.Row, it exam.Item, a systems.Answer) {
	const undefined = -1
	g := goldenOf(it)
	row.Free, row.Reply = true, a.Text
	row.Exact, row.Contains, row.F1, row.RougeL, row.Faithful = undefined, undefined, undefined, undefined, undefined
	if len(g.exact) > 0 {
		row.Exact = float64(count(score.Exact(a.Text, g.exact)))
	}
	if len(g.contains) > 0 {
		row.Contains = float64(count(score.Contains(a.Text, g.contains)))
	}
	if len(g.whole) > 0 {
		row.F1, row.RougeL = score.F1(a.Text, g.whole), score.L(a.Text, g.whole)
	}
	if share, ok := score.Faithful(a.Text, a.Knowledge); ok && a.Knowledge != "" {
		row.Faithful = share
	}
	switch {
	case len(it.Choices) > 0:
		row.Picked = int32(meant(a.Text, it.Choices))
		row.Correct, row.Unscored = row.Picked == row.Answer, false
	default:
		row.Correct, row.Unscored = row.Contains == 1, row.Contains == undefined
	}
}

// meant is the option that a reply names: the only one that it holds; where it holds none, the one that it gives most of, if that is more than half.
// -1 = none, or one that could be two.
func meant(text string, options []string) int {
	held := -1
	for i, o := range options {
		if score.Contains(text, []string{o}) {
			if held >= 0 {
				return -1
			}
			held = i
		}
	}
	if held >= 0 {
		return held
	}
	return mostLike(text, options, 0.5)
}

// freeOf are the means of a system's free answers; nil if there are none.
func freeOf(rows []result.Row) *result.Free {
	var f result.Free
	any := false
	for _, r := range rows {
		any = any || r.Free
	}
	if !any {
		return nil
	}
	for _, m := range []struct {
		to **float64
		of func(result.Row) float64
	}{
		{&f.Exact, func(r result.Row) float64 { return r.Exact }}, {&f.Contains, func(r result.Row) float64 { return r.Contains }},
		{&f.F1, func(r result.Row) float64 { return r.F1 }}, {&f.L, func(r result.Row) float64 { return r.RougeL }},
		{&f.Faithful, func(r result.Row) float64 { return r.Faithful }},
		{&f.Judged, func(r result.Row) float64 { return [3]float64{0, -1, 1}[r.Judged+1] }},
	} {
		sum, n := 0.0, 0
		for _, r := range rows {
			if x := m.of(r); r.Free && x >= 0 {
				sum, n = sum+x, n+1
			}
		}
		*m.to = defined(sum / float64(n))
	}
	return &f
}
