package systems

import (
	"context"
	"fmt"
	"slices"

	"slm/retrieve"
	"slm/stages/gate"
	"slm/stages/knowledge"
)

// Sight is what is seen of a question before it is answered: the place that a small model names, and the sections that a search finds.
type Sight struct {
	Named    knowledge.Piece
	Sections []int       // best first, at most gate.Depth
	Features [][]float64 // of each: gate.Features
	Near     float64     // the largest cosine of a section's vector with the question's; 0 = there are no vectors
	Lead     float64     // retrieve.Lead of the sections
}

// Judge is a speaker that says how well sections go with a question.
type Judge interface {
	Judge(ctx context.Context, question string, sections []int) ([]knowledge.Judgement, error)
}

// Plain is the last training stage's system whose small model speaks without a prompt, and so before one is searched; "" = there is none.
func (r *Resources) Plain() (name string) {
	for _, s := range All {
		if s.Voice != nil && !s.Voice.Prompt && r.Speakers[s.Name] != nil {
			name = s.Name
		}
	}
	return name
}

// See looks at a question: what the search finds, and what the small model that has named a place thinks of it.
func (r *Resources) See(ctx context.Context, speaker string, by retrieve.Retriever, named knowledge.Piece) (Sight, error) {
	s := Sight{Named: named}
	judge, ok := r.Speaker(speaker).(Judge)
	if !ok {
		return s, fmt.Errorf("%w: no small model of %q judges sections", ErrUnavailable, speaker)
	}
	hits, err := by.Search(ctx, named.Question, gate.Depth)
	if err != nil {
		return s, err
	}
	for _, h := range hits {
		s.Sections = append(s.Sections, h.Section)
	}
	judged, err := judge.Judge(ctx, named.Question, s.Sections)
	if err != nil {
		return s, err
	}
	for i, h := range hits {
		row := make([]float64, len(gate.Features))
		row[gate.Score], row[gate.Rank], row[gate.Asked], row[gate.Named] = h.Score, 1/float64(i+1), judged[i].Asked, judged[i].Named
		if h.Section == named.Section {
			row[gate.Own] = 1
		}
		switch r.Corpus.Names(named.Question, r.Corpus.Passage(h.Section).Place) {
		case This:
			row[gate.Mentions] = 1
		case Other:
			row[gate.Mentions] = -1
		}
		s.Features = append(s.Features, row)
	}
	s.Features, s.Lead = gate.Standardise(s.Features), retrieve.Lead(hits)
	s.Near, err = r.near(ctx, named.Question)
	return s, err
}

// near is the largest cosine of a section's vector with the question's, by the run's first encoder; 0 without one.
func (r *Resources) near(ctx context.Context, question string) (float64, error) {
	if r.Near == nil {
		return 0, nil
	}
	cosines, err := r.Near.Scores(ctx, question)
	if err != nil || len(cosines) == 0 {
		return 0, err
	}
	return slices.Max(cosines), nil
}

// Embed makes vectors of length 1 by the run's first encoder: of questions, or of texts of the corpus.
func (r *Resources) Embed(ctx context.Context, texts []string, questions bool) ([][]float32, error) {
	e, ok := r.Near.(retrieve.Embedder)
	if !ok {
		return nil, fmt.Errorf("%w: the run has no encoder (stages.find.dense)", ErrUnavailable)
	}
	return e.Embed(ctx, texts, questions)
}

// Glance looks at a question without the small model: what a search finds, and how near it is.
func (r *Resources) Glance(ctx context.Context, by retrieve.Retriever, question string) (s Sight, err error) {
	hits, err := by.Search(ctx, question, gate.Depth)
	if err != nil {
		return s, err
	}
	for _, h := range hits {
		s.Sections = append(s.Sections, h.Section)
	}
	s.Named.Question = question
	s.Near, err = r.near(ctx, question)
	return s, err
}

// Subject is what is seen of whether the corpus is about a question. common are terms that say nothing of what it is about.
func (r *Resources) Subject(s Sight, common []string) gate.Subject {
	texts := make([]string, len(s.Sections))
	for i, at := range s.Sections {
		p := r.Corpus.Passage(at)
		texts[i] = p.Place + "\n" + p.Text
	}
	about := gate.Subject{Near: s.Near}
	about.Known, about.Best = r.Corpus.Subject(s.Named.Question, common, texts)
	return about
}

// Evidence is what the gate sees where the bridge has put the sections into an order and gives the first k of them.
func (r *Resources) Evidence(s Sight, o gate.Weighed, k int) gate.Evidence {
	e := gate.Evidence{Known: s.Named.Known(), LogProb: s.Named.LogProb, Margin: s.Named.Margin, Passages: k, Lead: s.Lead}
	if e.Known {
		e.Place = r.mention(s.Named.Question, s.Named.Place, r.Corpus.Passage(s.Named.Section).Text)
	}
	if k == 0 {
		return e
	}
	first := r.Corpus.Passage(s.Sections[o.Order[0]])
	e.Found, e.First = r.mention(s.Named.Question, first.Place, first.Text), o.P[0]
	for i, at := range o.Order[:k] {
		if e.Sum += o.P[i]; s.Sections[at] == s.Named.Section {
			if e.Listed = 1; i == 0 {
				e.Agree = 1
			}
		}
	}
	return e
}

// mention is what a question and a section have in common.
func (r *Resources) mention(question, place, text string) gate.Mention {
	seen := r.Corpus.Names(question, place).seen()
	return gate.Mention{This: seen[0], NoOther: seen[1], Overlap: r.Corpus.Covered(question, place+"\n"+text)}
}

// bridge looks at questions and lets the bridge order and choose.
func (r *Resources) bridge(ctx context.Context, by retrieve.Retriever, qs []Question) (sights []Sight, chosen []gate.Weighed, err error) {
	pieces, err := r.pieces(ctx, r.Bridge.Speaker, qs)
	if err != nil {
		return nil, nil, err
	}
	sights, chosen = make([]Sight, len(qs)), make([]gate.Weighed, len(qs))
	for i := range qs {
		if sights[i], err = r.See(ctx, r.Bridge.Speaker, by, pieces[i]); err != nil {
			return nil, nil, fmt.Errorf("item %s: %w", qs[i].ID, err)
		}
		chosen[i].Order, chosen[i].P = r.Bridge.Weigh(sights[i].Features)
	}
	return sights, chosen, nil
}

// passages are the answer that some sections make, in their order, each once.
func (r *Resources) passages(sections []int) (a Answer) {
	for i, at := range sections {
		if slices.Index(sections, at) < i {
			continue
		}
		p := r.Corpus.Passage(at)
		a = join(a, Answer{Place: p.Place, Source: p.Source, Given: placesOf(p.Place), Knowledge: r.Corpus.Head(p.Text), InCorpus: true})
	}
	return a
}
