package experts

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/question"
	"slm/internal/elementary"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/retrieve"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/gate"
)

const (
	madeMost  = 200 // questions by rules that a curve is fitted on
	found     = 5   // sections in which a question's subject is looked for
	folds     = 5
	scoreRows = 64 // questions that a model reads together
)

// Scout says how probable it is that a question is about a run's corpus. It is fitted between the run's own development questions, with some that
// rules make of its sections, and questions about anything else. No other run has a part in it.
type Scout struct {
	Name    string
	Refusal *gate.Refusal

	dom     *domain.Domain
	keyword *retrieve.Keyword
	rarity  *retrieve.Rarity
	dec     *decode.Decoder
	common  []string
	held    []string // questions about anything else, on which nothing is fitted
}

// NewScout opens a run and fits its curve. The run's folder is only read.
func NewScout(ctx context.Context, folder string, be kernel.Backend) (s *Scout, err error) {
	if _, err := recipe.WithModel(filepath.Join(folder, rundir.RecipeFile)); err != nil {
		return nil, err
	}
	data, small := filepath.Join(folder, stages.Data), lastTrained(folder)
	for _, dir := range []string{data, small} {
		if err := checkpoint.Verify(dir); err != nil {
			return nil, fmt.Errorf("experts: %w", err)
		}
	}
	s = &Scout{Name: filepath.Base(folder)}
	if s.dom, err = domain.Open(data); err != nil {
		return nil, fmt.Errorf("experts: %w", err)
	}
	if err := s.open(ctx, small, be); err != nil {
		return nil, errors.Join(fmt.Errorf("experts: %s: %w", s.Name, err), s.Close())
	}
	return s, nil
}

func lastTrained(folder string) string {
	for _, stage := range []string{stages.RFT, stages.KIT} {
		if rundir.IsCheckpoint(filepath.Join(folder, stage)) {
			return filepath.Join(folder, stage)
		}
	}
	return filepath.Join(folder, stages.DP)
}

func (s *Scout) open(ctx context.Context, small string, be kernel.Backend) error {
	params, err := domain.LoadModel(small)
	if err != nil {
		return err
	}
	s.dec = decode.New(params, be)
	if s.keyword, err = retrieve.OpenKeyword(s.dom.Sections); err != nil {
		return err
	}
	s.rarity = retrieve.NewRarity(s.dom.Sections)
	return s.fit(ctx)
}

// Close closes what the scout looks at.
func (s *Scout) Close() error {
	var err error
	if s.keyword != nil {
		err = s.keyword.Close()
	}
	return errors.Join(err, s.dom.Close())
}

// fit fits the curve. The folds are dealt by order.
func (s *Scout) fit(ctx context.Context) error {
	lang := question.LanguageOf(s.dom.Sections)
	fit, held := question.Elsewhere(lang)
	s.common, s.held = retrieve.CommonTerms(question.FunctionWords(lang), fit), held
	var texts []string
	var people []bool
	for _, items := range [][]exam.Item{s.dom.Items, s.dom.Asked} {
		for _, item := range exam.Only(items, exam.Dev) {
			texts, people = append(texts, item.Question), append(people, !exam.SelfMade(items))
		}
	}
	made := s.dom.Made()
	for _, i := range exam.Evenly(indices(s.dom.Sections.Len()), madeMost) {
		section := s.dom.Sections.At(i)
		for _, q := range made.Of(section, uint64(i)) {
			if q.Held == "" {
				texts = append(texts, q.Text)
				break
			}
		}
	}
	seen, err := s.look(ctx, slices.Concat(texts, fit, held))
	if err != nil {
		return err
	}
	own := make([]gate.Ours, len(texts))
	for i := range own {
		own[i] = gate.Ours{Subject: seen[i], Made: i >= len(people), Fold: i % folds}
		own[i].People = !own[i].Made && people[i]
	}
	foreign := seen[len(texts):]
	if s.Refusal, err = gate.FitRefusal(s.common, own, foreign[:len(fit)], foreign[len(fit):]); err != nil {
		return err
	}
	if s.Refusal == nil {
		return fmt.Errorf("%w: %d questions are too few to know what it is about", rundir.ErrUsage, len(texts))
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

// look is what a question shares with the corpus: its subject, in the whole and in one section, and how well the small model could have said it, in the
// place of a nearest vector: the probability of a byte, which does not depend on the tokenizer, in the geometric mean.
func (s *Scout) look(ctx context.Context, questions []string) ([]gate.Subject, error) {
	out := make([]gate.Subject, len(questions))
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
		out[i].Known, out[i].Best = s.rarity.Subject(q, s.common, texts)
	}
	for at := 0; at < len(questions); at += scoreRows {
		part := questions[at:min(len(questions), at+scoreRows)]
		reqs := make([]decode.ScoreRequest, len(part))
		for i, q := range part {
			tokens := s.dom.Tokenizer.Encode(form.Ask(q))
			reqs[i] = decode.ScoreRequest{Prefix: []int32{s.dom.EOS}, Continuations: [][]int32{tokens[:min(len(tokens), s.dec.Config().Context-1)]}}
		}
		scores, err := s.dec.Score(ctx, reqs)
		if err != nil {
			return nil, err
		}
		for i, q := range part {
			out[at+i].Near = elementary.Exp(scores[i][0] / float64(max(1, len(q))))
		}
	}
	return out, nil
}
