package eval

import (
	"context"
	"fmt"
	"slices"

	"slm/data/exam"
	"slm/rng"
	"slm/stages/knowledge"
)

// lacks says why a system cannot be run here; empty when it can.
func (b *bench) lacks(name string) string {
	switch name {
	case "dp", "blade-z0", "blade":
		if b.say[name] == nil {
			return "the run has no model for it"
		}
	case "slm", "cite", "shuffled":
		if b.maker() == "" {
			return "the run has no small model"
		}
		if _, ok := b.deranged(); name == "shuffled" && !ok {
			return "there is no other question to take knowledge from"
		}
		if name == "slm" && b.score == nil || name == "cite" && b.cite == nil {
			return "the run cannot do it"
		}
	case "rag1", "rag3":
		if b.search == nil {
			return "there is no corpus to search"
		}
	case "rag+blade":
		if b.search == nil || b.maker() == "" {
			return "it needs a corpus to search and a small model"
		}
	case "oracle":
		for _, it := range b.items {
			if it.Knowledge == "" {
				return "the questions come without a true text"
			}
		}
	}
	return ""
}

// maker is the system whose knowledge slm, cite, rag+blade and shuffled build on: the latest stage of the method that the run has.
func (b *bench) maker() string {
	for _, name := range []string{"blade", "blade-z0", "dp"} {
		if b.say[name] != nil {
			return name
		}
	}
	return ""
}

// know gathers what a system is given for every item.
func (b *bench) know(ctx context.Context, name string) ([]given, error) {
	out := make([]given, len(b.items))
	switch name {
	case "dp", "blade-z0", "blade":
		return b.spoken(ctx, name)
	case "slm":
		return b.spoken(ctx, b.maker())
	case "cite":
		return b.cited(ctx)
	case "rag1":
		return b.found(1)
	case "rag3":
		return b.found(3)
	case "rag+blade":
		return b.foundAndSpoken(ctx)
	case "oracle":
		for i, it := range b.items {
			out[i] = given{it.Place, b.head(it.Knowledge), true}
		}
	case "shuffled":
		spoken, err := b.spoken(ctx, b.maker())
		if err != nil {
			return nil, err
		}
		other, _ := b.deranged()
		for i, j := range other {
			out[i] = spoken[j]
		}
	}
	return out, nil
}

// deranged gives each item another one, of another section.
func (b *bench) deranged() ([]int, bool) {
	groups := make([]string, len(b.items))
	for i, it := range b.items {
		if groups[i] = it.Section; it.Section == "" {
			groups[i] = "item " + it.ID
		}
	}
	return derange(groups, rng.New(b.seed, "eval", "shuffled"))
}

// spoken is the knowledge of a small model.
func (b *bench) spoken(ctx context.Context, maker string) ([]given, error) {
	pieces, err := b.pieces(ctx, maker)
	if err != nil {
		return nil, err
	}
	out := make([]given, len(pieces))
	for i, p := range pieces {
		out[i] = given{p.Place, b.head(p.Text), p.Verified}
	}
	return out, nil
}

// pieces asks a small model about every item, once in an evaluation. Blocks of items are always the same, so that what a model says
// does not depend on where an earlier evaluation was stopped.
func (b *bench) pieces(ctx context.Context, maker string) ([]knowledge.Piece, error) {
	out := make([]knowledge.Piece, 0, len(b.items))
	for block := range slices.Chunk(b.items, chunk) {
		if kept, ok := keptPieces(b.work, maker, block); ok {
			out = append(out, kept...)
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		questions := make([]string, len(block))
		for j, it := range block {
			questions[j] = it.Question
		}
		said, err := b.say[maker](ctx, questions)
		if err != nil {
			return nil, fmt.Errorf("eval: %s: ask the small model: %w", maker, err)
		}
		if len(said) != len(block) {
			return nil, fmt.Errorf("eval: %s: %d pieces of knowledge for %d questions", maker, len(said), len(block))
		}
		keep := make([]entry, len(block))
		for j, it := range block {
			keep[j] = entry{System: maker, Item: it.ID, Piece: &said[j]}
		}
		if err := b.work.append(keep...); err != nil {
			return nil, err
		}
		out = append(out, said...)
	}
	return out, nil
}

// keptPieces returns a block's knowledge from the partial work, if all of it is there.
func keptPieces(w work, maker string, block []exam.Item) ([]knowledge.Piece, bool) {
	out := make([]knowledge.Piece, len(block))
	for j, it := range block {
		p, ok := w.pieces[[2]string{maker, it.ID}]
		if !ok {
			return nil, false
		}
		out[j] = p
	}
	return out, true
}

// cited is the corpus's own text at the places that the small model named. Where the corpus has no such place there is no knowledge.
func (b *bench) cited(ctx context.Context) ([]given, error) {
	pieces, err := b.pieces(ctx, b.maker())
	if err != nil {
		return nil, err
	}
	out, unknown := make([]given, len(pieces)), 0
	for i, p := range pieces {
		text, ok := b.cite(p.Place)
		if !ok {
			out[i] = given{place: p.Place}
			unknown++
			continue
		}
		out[i] = given{p.Place, b.head(text), true}
	}
	if unknown > 0 {
		b.notes = append(b.notes, fmt.Sprintf("cite: the corpus does not have %d of the %d places that the small model named; there the LLM was asked without knowledge.", unknown, len(pieces)))
	}
	return out, nil
}

// found is the text of the k best passages by search, each cut on its own; its place is that of the best.
func (b *bench) found(k int) ([]given, error) {
	out := make([]given, len(b.items))
	for i, it := range b.items {
		hits, err := b.search(it.Question, k)
		if err != nil {
			return nil, fmt.Errorf("eval: search for item %s: %w", it.ID, err)
		}
		for _, h := range hits {
			out[i] = join(out[i], given{h.Place, b.head(h.Text), true})
		}
	}
	return out, nil
}

// foundAndSpoken puts the best passage in front of the generated text.
func (b *bench) foundAndSpoken(ctx context.Context) ([]given, error) {
	found, err := b.found(1)
	if err != nil {
		return nil, err
	}
	spoken, err := b.spoken(ctx, b.maker())
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i] = join(found[i], spoken[i])
	}
	return found, nil
}

// join puts two passages together. The place is the first one's, and both must be verified for the whole to be.
func join(a, b given) given {
	switch {
	case a.text == "":
		return b
	case b.text == "":
		return a
	}
	return given{a.place, a.text + "\n" + b.text, a.verified && b.verified}
}
