package systems

import (
	"context"
	"fmt"

	"slm/stages"
	"slm/stages/knowledge"
)

// Voice says which small model of a run speaks: a training stage's, by itself or behind the prompt that the search has found.
type Voice struct {
	Stage  string // that trained it
	Prompt bool
}

// needs is the stage without which there is no such voice: the search of the prompt, which goes on from whatever weights there are, or the training.
func (v Voice) needs() string {
	if v.Prompt {
		return stages.BPO
	}
	return v.Stage
}

// Speaker is a small model that is asked.
type Speaker interface {
	// Say writes a piece of knowledge about each question.
	Say(ctx context.Context, questions []string) ([]knowledge.Piece, error)
	// Name is Say without the texts.
	Name(ctx context.Context, questions []string) ([]knowledge.Piece, error)
	// Score is the model's own log-likelihood of each option, by token, after what it named as its place.
	Score(ctx context.Context, pieces []knowledge.Piece, options [][]string) ([][]float64, error)
}

// Sampler is a speaker that can be asked more than once.
type Sampler interface {
	// Sample writes n pieces about each question; the first is that of Say.
	Sample(ctx context.Context, questions []string, n int) ([][]knowledge.Piece, error)
}

// speaks makes a system that gives the black box what a small model says: the method after one of its stages.
func speaks(name, label, gets string, v Voice, against ...Contrast) Spec {
	return Spec{
		Name: name, Label: label, Gets: gets, Kind: Ours, Small: true, Voice: &v, Recalls: true, Against: against,
		Cost: func(items int, r *stages.Rates) stages.Cost {
			c := r.AskItems(items, true)
			c.Add(r.Speak(items))
			return c
		},
		Open: func(_ context.Context, r *Resources) (System, error) {
			if r.Speakers[name] == nil {
				return nil, fmt.Errorf("%w: the run has no model for it", ErrUnavailable)
			}
			if v.Prompt && r.Delivery != nil {
				return r.delivered(name), nil
			}
			return r.Reader(func(ctx context.Context, qs []Question) ([]Answer, error) { return r.say(ctx, name, qs) }), nil
		},
	}
}

// needSpeaker is the system whose speaker others build on: that of the latest stage of the method that the run has.
func (r *Resources) needSpeaker() (string, error) {
	if r.Latest == "" {
		return "", fmt.Errorf("%w: the run has no small model", ErrUnavailable)
	}
	return r.Latest, nil
}

// say is what a small model knows about questions, within the limit of a passage.
func (r *Resources) say(ctx context.Context, speaker string, qs []Question) ([]Answer, error) {
	pieces, err := r.pieces(ctx, speaker, qs)
	if err != nil {
		return nil, err
	}
	answers := r.given(pieces)
	return answers, r.judge(ctx, speaker, qs, pieces, answers)
}

// given is what the black box gets of some pieces.
func (r *Resources) given(pieces []knowledge.Piece) []Answer {
	out := make([]Answer, len(pieces))
	for i, p := range pieces {
		out[i] = Answer{Place: p.Place, Knowledge: r.Corpus.Head(p.Text), InCorpus: p.Verified}
		if p.Verified {
			out[i].Given = placesOf(p.Place)
		}
	}
	return out
}

// pieces are what a small model says about questions. Questions of an evaluation are asked about once, in blocks that are always the same, so
// that what a model says does not depend on who asks first or on where an earlier evaluation was stopped. Others are asked about together.
func (r *Resources) pieces(ctx context.Context, speaker string, qs []Question) ([]knowledge.Piece, error) {
	out := make([]knowledge.Piece, len(qs))
	var rest []int
	for i, q := range qs {
		at, ok := r.position(q.ID)
		if !ok {
			rest = append(rest, i)
			continue
		}
		p, ok := r.journal().Piece(speaker, q.ID)
		if !ok {
			from := at - at%Block
			if err := r.sayBlock(ctx, speaker, r.Items[from:min(from+Block, len(r.Items))]); err != nil {
				return nil, err
			}
			if p, ok = r.journal().Piece(speaker, q.ID); !ok {
				return nil, fmt.Errorf("%s: the piece of item %s is lost", speaker, q.ID)
			}
		}
		out[i] = p
	}
	others := make([]Question, len(rest))
	for j, i := range rest {
		others[j] = qs[i]
	}
	said, err := r.ask(ctx, speaker, r.Speaker(speaker).Say, others)
	if err != nil {
		return nil, err
	}
	for j, i := range rest {
		out[i] = said[j]
	}
	return out, nil
}

// Name is the places that the small model after the last stage of the method names for some questions; ErrUnavailable where it names none.
func (r *Resources) Name(ctx context.Context, qs []Question) ([]string, error) {
	speaker, err := r.needSpeaker()
	if err != nil {
		return nil, err
	}
	if !r.Places {
		return nil, fmt.Errorf("%w: the small model names no places", ErrUnavailable)
	}
	said, err := r.ask(ctx, speaker, r.Speakers[speaker].Name, qs)
	places := make([]string, len(said))
	for i, p := range said {
		places[i] = p.Place
	}
	return places, err
}

// sayBlock asks about a block of an evaluation's questions and keeps what was said. A block of which a part is kept is asked about anew.
func (r *Resources) sayBlock(ctx context.Context, speaker string, block []Question) error {
	said, err := r.ask(ctx, speaker, r.Speaker(speaker).Say, block)
	if err != nil {
		return err
	}
	ids := make([]string, len(block))
	for j, q := range block {
		ids[j] = q.ID
	}
	return r.journal().Keep(speaker, ids, said)
}

// ask lets a small model speak about questions, together.
func (r *Resources) ask(ctx context.Context, speaker string, speak func(context.Context, []string) ([]knowledge.Piece, error), qs []Question) ([]knowledge.Piece, error) {
	if len(qs) == 0 {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	texts := make([]string, len(qs))
	for j, q := range qs {
		texts[j] = q.Text
	}
	said, err := speak(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("ask the small model of %s: %w", speaker, err)
	}
	if len(said) != len(qs) {
		return nil, fmt.Errorf("%s: %d pieces of knowledge for %d questions", speaker, len(said), len(qs))
	}
	return said, nil
}
