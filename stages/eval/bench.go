package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"slm/data/exam"
	"slm/llm"
	"slm/result"
	"slm/stages/knowledge"
)

// ErrScores says that the black box's scores cannot tell options apart: they are missing, no numbers, or all the same. A table made
// from such scores would show chance and look like a result.
var ErrScores = errors.New("eval: the scores of the options say nothing")

// chunk is how many items are spoken about or answered between two saves of partial work.
const chunk = 32

// passage is a text and where it stands.
type passage struct{ Place, Text string }

// bench holds what the systems are made of. A part that the run lacks is nil, and the systems that need it are left out.
type bench struct {
	items []exam.Item
	seed  uint64
	cloze bool // the black box's answers carry a score for each option
	// answer asks the black box.
	answer func(context.Context, []llm.Question) ([]llm.Choice, error)
	// say asks a small model; by the system that is made with it: dp, blade-z0, blade.
	say map[string]func(context.Context, []string) ([]knowledge.Piece, error)
	// score is the small model's length-normalised log-likelihood of each option, after what it named as its place.
	score func(context.Context, []knowledge.Piece, [][]string) ([][]float64, error)
	// cite gives the corpus's text at a place.
	cite func(place string) (text string, ok bool)
	// search gives the k best passages.
	search func(question string, k int) ([]passage, error)
	// head cuts a passage to what the LLM is given.
	head func(text string) string
	// progress tells how far a system is; may be nil.
	progress func(system string, done, of int)

	work  work
	notes []string
}

// given is what a system knows about an item before it answers.
type given struct {
	place, text string
	verified    bool
}

// run answers every item with every system and returns the rows, system by system.
func (b *bench) run(ctx context.Context, systems []string) ([]result.Row, error) {
	if len(b.items) == 0 {
		return nil, errors.New("eval: no items to evaluate on")
	}
	var rows []result.Row
	for _, name := range systems {
		if why := b.lacks(name); why != "" {
			b.notes = append(b.notes, name+" was not run: "+why+".")
			continue
		}
		got, err := b.system(ctx, name)
		if err != nil {
			return nil, err
		}
		rows = append(rows, got...)
	}
	return rows, nil
}

// system answers every item with one system, block by block, and keeps each block before the next.
func (b *bench) system(ctx context.Context, name string) ([]result.Row, error) {
	know, err := b.know(ctx, name)
	if err != nil {
		return nil, err
	}
	rows := make([]result.Row, len(b.items))
	for i := range rows {
		rows[i] = b.blank(name, i, know[i])
	}
	done := 0
	for block := range slices.Chunk(rows, chunk) {
		if !b.work.restore(block) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if err := b.settleBlock(ctx, name, block); err != nil {
				return nil, err
			}
			keep := make([]entry, len(block))
			for j := range block {
				keep[j] = entry{Row: &block[j]}
			}
			if err := b.work.append(keep...); err != nil {
				return nil, err
			}
		}
		if done += len(block); b.progress != nil {
			b.progress(name, done, len(rows))
		}
	}
	return rows, nil
}

// settleBlock answers some items: through the black box, or, for slm, by the small model's own scores.
func (b *bench) settleBlock(ctx context.Context, name string, rows []result.Row) error {
	if name == "slm" {
		return b.scoreAlone(ctx, rows)
	}
	qs := make([]llm.Question, len(rows))
	for j, r := range rows {
		qs[j] = llm.Question{Knowledge: r.Knowledge, Question: r.Question, Choices: r.Choices}
	}
	choices, err := b.answer(ctx, qs)
	if err != nil {
		return fmt.Errorf("eval: %s: ask the black box: %w", name, err)
	}
	if len(choices) != len(qs) {
		return fmt.Errorf("eval: %s: %d answers to %d questions", name, len(choices), len(qs))
	}
	for j, c := range choices {
		if b.cloze {
			if err := told(c.Scores, len(rows[j].Choices)); err != nil {
				return fmt.Errorf("%w (%s, item %s)", err, name, rows[j].Item)
			}
		}
		settle(&rows[j], c.Index, c.Scores, c.Margin, c.Calls, c.Tokens)
	}
	return nil
}

// scoreAlone answers without the black box.
func (b *bench) scoreAlone(ctx context.Context, rows []result.Row) error {
	pieces, options := make([]knowledge.Piece, len(rows)), make([][]string, len(rows))
	for j, r := range rows {
		pieces[j], options[j] = b.work.pieces[[2]string{b.maker(), r.Item}], r.Choices
	}
	scores, err := b.score(ctx, pieces, options)
	if err != nil {
		return fmt.Errorf("eval: slm: score the options: %w", err)
	}
	if len(scores) != len(rows) {
		return fmt.Errorf("eval: slm: %d scores for %d items", len(scores), len(rows))
	}
	for j := range rows {
		if err := told(scores[j], len(options[j])); err != nil {
			return fmt.Errorf("%w (slm, item %s)", err, rows[j].Item)
		}
		best, margin := top(scores[j])
		settle(&rows[j], best, scores[j], margin, 0, 0)
	}
	return nil
}

// blank is a row before its answer.
func (b *bench) blank(name string, i int, know given) result.Row {
	it := b.items[i]
	r := result.Row{
		Item: it.ID, Section: it.Section, System: name, Question: it.Question, Place: know.place, Knowledge: know.text, Verified: know.verified,
		Choices: it.Choices, Answer: int32(it.Answer), Picked: -1, ByText: -1,
	}
	if know.text != "" {
		r.ByText = int32(mostLike(know.text, it.Choices))
		r.StartOK = startsAs(know.text, it.Knowledge, result.StartLen)
	}
	r.PlaceOK = know.place != "" && know.place == it.Place
	return r
}

// settle fills in an answer.
func settle(r *result.Row, picked int, scores []float64, margin float64, calls, tokens int) {
	r.Picked, r.Scores, r.Margin, r.Calls, r.Tokens = int32(picked), scores, margin, int32(calls), int32(tokens)
	r.Correct = r.Picked == r.Answer
}

// told checks that scores tell n options apart: one finite number each, not all the same.
func told(scores []float64, n int) error {
	if len(scores) != n {
		return fmt.Errorf("%w: %d scores for %d options", ErrScores, len(scores), n)
	}
	for _, s := range scores {
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return fmt.Errorf("%w: a score is %v", ErrScores, s)
		}
	}
	if n > 1 && slices.Min(scores) == slices.Max(scores) {
		return fmt.Errorf("%w: all %d are %v", ErrScores, n, scores[0])
	}
	return nil
}

// top returns the best option, the first of equals, and its lead over the next.
func top(scores []float64) (best int, margin float64) {
	second := math.Inf(-1)
	for i, s := range scores {
		switch {
		case s > scores[best]:
			second, best = scores[best], i
		case i != best:
			second = math.Max(second, s)
		}
	}
	if math.IsInf(second, -1) {
		return best, 0
	}
	return best, scores[best] - second
}
