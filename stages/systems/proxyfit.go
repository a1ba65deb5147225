package systems

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"slm/data/exam"
	"slm/model/decode"
	"slm/model/proxy"
	"slm/result"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/knowledge"
	"slm/stat"
)

// Graded is a development question with options.
type Graded struct {
	Question
	Right int // of its choices
}

// alphas are the values of which one is taken, and of those that are equally good the first: the paper's, then those near to it.
var alphas = []float64{1, 0.5, 1.5, 0.25, 2}

// MostGraded is how many development questions are looked at: each takes the time of a question of the evaluation.
const MostGraded = 200

// shownBelow is the probability of an error below which a gain is shown, after Bonferroni's correction for the number of alphas.
const shownBelow = 0.05

// fitted is what the development questions have said, for all who are made of the same resources.
type fitted struct {
	mu    sync.Mutex
	done  bool
	alpha float64
	note  string
	tried trial
	far   *spelling // of a server that was asked; nil = none was
}

// spelling is how a server names tokens, which open finds out at first use. Several may do so together.
func (f *fitted) spelling(open func() (*spelling, error)) (*spelling, error) {
	f.mu.Lock()
	known := f.far
	f.mu.Unlock()
	if known != nil {
		return known, nil
	}
	known, err := open()
	if err == nil {
		f.mu.Lock()
		f.far = known
		f.mu.Unlock()
	}
	return known, err
}

// trial is how the first of the development questions were answered. Whoever runs out of time leaves what he has found to the next.
type trial struct {
	pieces []knowledge.Piece // of all of them
	alone  []bool            // right by the black box alone
	with   [][]bool          // with each α
}

// Steer sets what the run's evaluation has found on its development questions, so that they need not be asked again.
func (r *Resources) Steer(set result.Steered) {
	r.fitted = &fitted{done: true, alpha: set.Alpha, note: set.Note}
}

// Steered implements Steerer.
func (s *steered) Steered() result.Steered { return result.Steered{Alpha: s.set.Alpha, Note: s.note} }

// fit is measure, once for some resources.
func (s *steered) fit(ctx context.Context) error {
	f := s.r.fitted
	f.mu.Lock() // never while a model is asked: who is asked beside may have to wait for the one who fits
	s.set.Alpha, s.note = max(f.alpha, s.set.Alpha), f.note
	done, tried := f.done, f.tried
	f.mu.Unlock()
	if done {
		return nil
	}
	err := s.measure(ctx, &tried)
	if err == nil && s.ranks {
		s.note += fmt.Sprintf(" The LLM can only be asked for texts: of up to %d answers the likeliest is taken.", s.r.Proxying.Samples)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.done, f.alpha, f.note = true, s.set.Alpha, s.note
	} else if len(tried.alone) > len(f.tried.alone) {
		f.tried = tried
	}
	return err
}

// measure takes α from the development questions, unless the recipe has one. Where none is shown to be better than the black box alone, α is 0.
func (s *steered) measure(ctx context.Context, tried *trial) error {
	if s.set.Alpha > 0 {
		s.note = fmt.Sprintf("proxy: alpha is %g, by the recipe.", s.set.Alpha)
		return nil
	}
	var known []Graded
	if s.r.Graded != nil {
		known = exam.Evenly(s.r.Graded(), MostGraded)
	}
	if s.far != nil {
		var qs []Question
		for _, g := range known {
			qs = append(qs, g.Question)
		}
		if err := s.scorable(qs); errors.Is(err, ErrUnavailable) {
			s.note = "proxy answers as the LLM alone: its server cannot score the options of development questions, of which alpha is taken (eval.proxy.alpha sets it)."
			return nil
		} else if err != nil {
			return err
		}
	}
	if len(known) < fewestKnown {
		s.note = fmt.Sprintf("proxy answers as the LLM alone: alpha takes %d development questions with options, and there are %d (eval.proxy.alpha sets it).", fewestKnown, len(known))
		return nil
	}
	if err := s.try(ctx, known, tried); err != nil {
		return fmt.Errorf("proxy: alpha: %w", err)
	}
	alone, steered := tried.alone, tried.with
	best := 0
	for k := range alphas {
		if count(steered[k]) > count(steered[best]) {
			best = k
		}
	}
	test, err := stat.McNemar(steered[best], alone)
	if err != nil {
		return err
	}
	p := min(1, test.P*float64(len(alphas)))
	figures := fmt.Sprintf("alpha %g has %d of %d development questions right, the LLM alone %d (p = %.2g, corrected for %d alphas)",
		alphas[best], count(steered[best]), len(known), count(alone), p, len(alphas))
	if test.OnlyA <= test.OnlyB || p >= shownBelow {
		s.note = "proxy answers as the LLM alone, since no gain is shown: " + figures + "."
		return nil
	}
	s.set.Alpha = alphas[best]
	s.note = "proxy: " + figures + "."
	return nil
}

// try finds out which development questions are answered right, by the black box alone and with each alpha, from where a trial has ended.
func (s *steered) try(ctx context.Context, known []Graded, t *trial) (err error) {
	if len(t.pieces) == 0 {
		qs := make([]Question, len(known))
		for i, k := range known {
			qs[i] = k.Question
		}
		if t.pieces, err = s.r.ask(ctx, s.speaker, s.r.Speakers[s.speaker].Name, qs); err != nil {
			return err
		}
	}
	t.alone, t.with = slices.Clone(t.alone), slices.Clone(t.with)
	for len(t.with) < len(alphas) {
		t.with = append(t.with, nil)
	}
	for i := range t.with {
		t.with[i] = slices.Clone(t.with[i])
	}
	if s.ranks {
		return s.tryDrawn(ctx, known, t)
	}
	settings := make([]proxy.Setting, 1, len(alphas)+1)
	for _, a := range alphas {
		settings = append(settings, proxy.Setting{Alpha: a})
	}
	for i := len(t.alone); i < len(known); i++ {
		prompts, options, err := s.prompts(known[i].Question, t.pieces[i])
		if err != nil {
			return err
		}
		scores, err := s.scores(ctx, prompts, options, settings...)
		if err != nil {
			return err
		}
		for j, row := range scores {
			picked, _ := top(row)
			if j == 0 {
				t.alone = append(t.alone, picked == known[i].Right)
			} else {
				t.with[j-1] = append(t.with[j-1], picked == known[i].Right)
			}
		}
	}
	return nil
}

func count(right []bool) (n int) {
	for _, r := range right {
		if r {
			n++
		}
	}
	return n
}

// graded are the development questions of both exams that have options.
func graded(dom *domain.Domain) (out []Graded) {
	for _, items := range [][]exam.Item{dom.Items, dom.Asked} {
		for _, it := range exam.WithChoices(exam.Only(items, exam.Dev)) {
			out = append(out, Graded{Question{ID: it.ID, Text: it.Question, Choices: it.Choices, Section: it.Section}, it.Answer})
		}
	}
	return out
}

// Experts are the small models of proxy-tuning.
type Experts struct {
	Speaker     string // of Plus
	Plus, Minus proxy.Model
	Stop        []int32 // tokens that end what Plus writes, for a black box whose own are not known
}

// experts are the model of a system and what it was before it was tuned: the frozen weights under its adapter, or those that stage dp has left to the stage that
// tuned it.
func (s *source) experts(system string) (e Experts, err error) {
	spec, ok := Lookup(system)
	if !ok || spec.Voice == nil {
		return e, fmt.Errorf("%w: the run has no small model", ErrUnavailable)
	}
	stage := spec.Voice.Stage
	e = Experts{system, proxy.Model{Name: "stage " + stage, Tokenizer: s.Domain.Tokenizer}, proxy.Model{Name: "stage " + stages.DP, Tokenizer: s.Domain.Tokenizer}, []int32{s.Domain.EOS}}
	if e.Plus.Decoder, err = s.decoder(stage); err != nil {
		return e, err
	}
	switch {
	case domain.HasAdapter(s.Dir(stage)):
		e.Minus.Name = "the weights below the adapter"
		e.Minus.Decoder, err = s.frozen(stage)
	case stage == stages.DP:
		err = fmt.Errorf("%w: the small model was not tuned: proxy-tuning takes stage kit, or an adapter", ErrUnavailable)
	default:
		e.Minus.Decoder, err = s.decoder(stages.DP)
	}
	return e, err
}

// frozen opens the weights below the adapter of a stage.
func (s *source) frozen(stage string) (*decode.Decoder, error) {
	params, err := domain.LoadTrained(s.Dir(stage))
	if err != nil {
		return nil, err
	}
	params.Adapter = nil
	return decode.New(params, s.Kernel), nil
}
