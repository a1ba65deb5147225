package experts

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/data/question"
	"slm/pipeline/rundir"
	"slm/retrieve"
	"slm/stages"
	"slm/stages/domain"
)

const (
	madeMost = 200 // questions by rules that a curve is fitted on
	found    = 5   // sections in which a question's subject is looked for
)

// Scout says how probable it is that a question is about a run's corpus. It is fitted between the run's own development questions, with some that
// rules make of its sections, and questions about anything else. No other run has a part in it.
type Scout struct {
	Name string

	curve *curve
	near  *nearness // nil: the run has no vectors that can be asked here

	dom     *domain.Domain
	keyword *retrieve.Keyword
	rarity  *retrieve.Rarity
	wording *retrieve.Wording
	titles  map[string]bool // terms of the documents' titles
	common  []string
	held    []string // questions about anything else, on which nothing is fitted
}

// newScout opens a run and fits its curve. The run's folder is only read, and its small model is not opened.
func newScout(ctx context.Context, folder string, with encoders) (s *Scout, err error) {
	data := filepath.Join(folder, stages.Data)
	if err := checkpoint.Verify(data); err != nil {
		return nil, fmt.Errorf("experts: %w", err)
	}
	s = &Scout{Name: filepath.Base(folder)}
	if s.dom, err = domain.Open(data); err != nil {
		return nil, fmt.Errorf("experts: %w", err)
	}
	if s.near, err = with.near(ctx, folder, s.dom.Sections.Len()); err != nil {
		return nil, errors.Join(fmt.Errorf("experts: %s: %w", s.Name, err), s.Close())
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("experts: %s: %w", s.Name, err), s.Close())
	}
	return s, nil
}

func (s *Scout) open(ctx context.Context) (err error) {
	if s.keyword, err = retrieve.OpenKeyword(s.dom.Sections); err != nil {
		return err
	}
	s.titles = map[string]bool{}
	for _, section := range s.dom.Sections.All() {
		for _, t := range retrieve.SubjectTerms(section.Title, nil) {
			s.titles[t] = true
		}
	}
	s.rarity, s.wording = retrieve.NewRarity(s.dom.Sections), retrieve.NewWording(s.dom.Sections, s.asked(exam.Train))
	return s.fit(ctx)
}

// asked are the questions of both exams in a split.
func (s *Scout) asked(split string) (out []string) {
	for _, item := range exam.Only(slices.Concat(s.dom.Items, s.dom.Asked), split) {
		out = append(out, item.Question)
	}
	return out
}

// Close closes what the scout looks at.
func (s *Scout) Close() error {
	var err error
	if s.keyword != nil {
		err = s.keyword.Close()
	}
	return errors.Join(err, s.dom.Close())
}

// fit fits the curve.
func (s *Scout) fit(ctx context.Context) error {
	lang := question.LanguageOf(s.dom.Sections)
	fit, held := question.Elsewhere(lang)
	s.common, s.held = retrieve.CommonTerms(question.FunctionWords(lang), fit), held
	examined, made := s.asked(exam.Dev), s.dom.Made()
	var ruled []string
	for _, i := range exam.Evenly(indices(s.dom.Sections.Len()), madeMost) {
		section := s.dom.Sections.At(i)
		for _, q := range made.Of(section, uint64(i)) {
			if q.Held == "" {
				ruled = append(ruled, q.Text)
				break
			}
		}
	}
	seen, err := s.look(ctx, slices.Concat(examined, ruled, fit))
	if err != nil {
		return err
	}
	own := len(examined) + len(ruled)
	if s.curve, err = fitCurve(seen[:len(examined)], seen[len(examined):own], seen[own:]); err != nil {
		return err
	}
	if s.curve == nil {
		return fmt.Errorf("%w: %d questions are too few to know what it is about", rundir.ErrUsage, own)
	}
	return nil
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// look is what the run sees of questions.
func (s *Scout) look(ctx context.Context, questions []string) ([]sight, error) {
	out := make([]sight, len(questions))
	for i, q := range questions {
		hits, err := s.keyword.Search(ctx, q, found)
		if err != nil {
			return nil, err
		}
		var texts []string
		for _, h := range hits {
			section := s.dom.Sections.At(h.Section)
			texts = append(texts, section.Title+"\n"+section.Number+"\n"+section.Heading+"\n"+section.Text)
		}
		out[i].known, out[i].best = s.rarity.Subject(q, s.common, texts)
		out[i].familiar = s.wording.Familiar(q, s.common)
	}
	if s.near == nil {
		return out, nil
	}
	cosines, err := s.near.largest(ctx, questions)
	for i, c := range cosines {
		out[i].near = c
	}
	return out, err
}

// names reports whether the subject of a text is a document's name and nothing else.
func (s *Scout) names(text string) bool {
	return !slices.ContainsFunc(retrieve.SubjectTerms(text, s.common), func(t string) bool { return !s.titles[t] })
}
