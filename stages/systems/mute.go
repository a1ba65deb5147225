package systems

import (
	"context"

	"slm/stages/knowledge"
)

// Mute stands for the small model where a run has none: the bridge and the gate of such a run go by the search alone.
const Mute = "none"

// silent names no place, writes nothing, and holds all sections for equally good.
type silent struct{}

// Say implements Speaker.
func (m silent) Say(ctx context.Context, questions []string) ([]knowledge.Piece, error) {
	return m.Name(ctx, questions)
}

// Name implements Speaker.
func (silent) Name(_ context.Context, questions []string) ([]knowledge.Piece, error) {
	out := make([]knowledge.Piece, len(questions))
	for i, q := range questions {
		out[i] = knowledge.Piece{Question: q, Section: -1}
	}
	return out, nil
}

// Score implements Speaker.
func (silent) Score(context.Context, []knowledge.Piece, [][]string) ([][]float64, error) {
	return nil, ErrUnavailable
}

// Judge implements Judge.
func (silent) Judge(_ context.Context, _ string, sections []int) ([]knowledge.Judgement, error) {
	return make([]knowledge.Judgement, len(sections)), nil
}

// Speaker is the one of a system, or Mute; nil = the run has none of that name.
func (r *Resources) Speaker(name string) Speaker {
	if name == Mute {
		return silent{}
	}
	return r.Speakers[name]
}
