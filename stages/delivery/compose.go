package delivery

import (
	"context"
	"slices"
	"strings"

	"slm/data/form"
	"slm/internal/elementary"
	"slm/stages/knowledge"
)

// Passage is a text of the corpus and its place.
type Passage struct{ Place, Text string }

// Shelf is where passages are taken from.
type Shelf struct {
	At    func(place string) (text string, ok bool)                            // of the corpus
	Found func(ctx context.Context, question string, k int) ([]Passage, error) // the k best by search, the best first
	Head  func(text string, tokens int) string                                 // of the corpus, cut
	Said  func(text string, tokens int) string                                 // by the small model, cut
}

// Given is what stands beside a question.
type Given struct {
	Text     string
	Places   []string // of its passages, in their order
	Own      []string // of those that stand in the corpus at their places, as far as they go
	InCorpus bool     // all of them do
}

// Compose makes what is given for a question of what the small model has said to it, its most likely answer first, and of what is found.
func (d Delivery) Compose(ctx context.Context, question string, said []knowledge.Piece, shelf Shelf) (Given, error) {
	var texts []string
	g := Given{InCorpus: true}
	add := func(place, text string, own bool) {
		if g.InCorpus = g.InCorpus && own; own {
			g.Own = append(g.Own, place)
		}
		if d.Source && place != "" {
			text = form.Join(place, text)
		}
		texts, g.Places = append(texts, text), append(g.Places, place)
	}
	whole := map[string]bool{} // places whose own text stands there
	for _, p := range d.chosen(said) {
		own, known := shelf.At(p.Place)
		switch {
		case d.Text == Cited && known:
			add(p.Place, shelf.Head(own, d.Tokens), true)
			whole[p.Place] = true
		case d.Text == Generated && p.Text != "":
			add(p.Place, shelf.Said(p.Text, d.Tokens), p.Verified)
			whole[p.Place] = p.Verified
		}
	}
	if d.Passages > 0 {
		found, err := shelf.Found(ctx, question, d.Passages)
		if err != nil {
			return Given{}, err
		}
		for _, f := range found {
			if !whole[f.Place] {
				add(f.Place, shelf.Head(f.Text, d.Tokens), true)
			}
		}
	}
	if d.Reverse {
		slices.Reverse(texts)
		slices.Reverse(g.Places)
		slices.Reverse(g.Own)
	}
	g.Text, g.InCorpus = strings.Join(texts, "\n"), g.InCorpus && len(texts) > 0
	return g, nil
}

// chosen are the pieces that count, of those of which the small model is sure enough.
func (d Delivery) chosen(said []knowledge.Piece) []knowledge.Piece {
	if d.Text == Nothing {
		return nil
	}
	count := map[string]int{}
	var named []knowledge.Piece
	for _, p := range said[:min(d.Samples, len(said))] {
		if count[p.Place]++; count[p.Place] == 1 {
			named = append(named, p)
		}
	}
	slices.SortStableFunc(named, func(a, b knowledge.Piece) int { return count[b.Place] - count[a.Place] })
	if d.Join == Most {
		named = named[:min(1, len(named))]
	}
	return slices.DeleteFunc(named, func(p knowledge.Piece) bool { return elementary.Exp(p.LogProb) < d.Gate })
}
