package systems

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/pairs"
	"slm/data/tokenizer"
	"slm/llm"
	"slm/model"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/retrieve"
	"slm/stages"
	"slm/stages/delivery"
	"slm/stages/domain"
	"slm/stages/gate"
	"slm/stages/knowledge"
	"slm/stages/search"
)

// Run is what systems are opened from.
type Run struct {
	Dir     func(stage string) string // folder of a stage's checkpoint
	Domain  *domain.Domain
	Kernel  kernel.Backend
	Seed    uint64
	Box     llm.Client // nil = the black box is not asked
	Style   string
	OneStep bool // the small model writes its text straight from the question
	Limit   int  // tokens that a passage may have
	// Proxying is how system proxy combines models.
	Proxying Proxying
	// Server opens the server whose vectors sections are found by, where the run has one.
	Server func() (llm.Client, error)
	// Prompt is a soft prompt instead of the one that the search has found; nil = that one.
	Prompt func(tok *tokenizer.Tokenizer, p *model.Params) ([]float32, error)
	// Delivery belongs to that prompt; nil = the usual one.
	Delivery *delivery.Delivery
}

// Open finds out what a run has. Weights and the index are read at first use.
func Open(run Run) (r *Resources, err error) {
	s := &source{Run: run, decoders: map[string]*decode.Decoder{}}
	r = &Resources{Seed: run.Seed, Box: run.Box, Style: run.Style, Speakers: map[string]Speaker{}, Corpus: s, Cut: s.cut, Shorter: s.shorter}
	if r.Delivery, err = s.delivery(); err != nil {
		return nil, err
	}
	if r.Retrievers, err = search.Open(search.Source{Dir: run.Dir, Domain: run.Domain, Kernel: run.Kernel, Server: run.Server}); err != nil {
		return nil, err
	}
	r.Search = r.Retrievers[search.Keyword]
	r.Near, _ = r.Retrievers[search.Dense].(retrieve.Scorer)
	if r.Bridge, err = optionally(gate.ReadBridge(run.Dir(stages.Find))); err != nil {
		return nil, err
	}
	if r.Gate, err = optionally(gate.ReadGate(run.Dir(stages.Find))); err != nil {
		return nil, err
	}
	r.Small = func() (*decode.Decoder, error) {
		name := r.Plain()
		if name == "" {
			return nil, fmt.Errorf("%w: the run has no small model", ErrUnavailable)
		}
		spec, _ := Lookup(name)
		return s.decoder(spec.Voice.Stage)
	}
	r.Experts = func() (Experts, error) { return s.experts(r.Plain()) }
	r.Graded = func() []Graded { return graded(run.Domain) }
	r.Proxying, r.OneStep, r.fitted = run.Proxying, run.OneStep || !run.Domain.Forms.TwoSteps(), &fitted{}
	r.Has = map[string]bool{}
	for _, stage := range []string{stages.DP, stages.KIT, stages.RFT, stages.BPO} {
		if r.Has[stage], err = s.has(Voice{Stage: stage}); err != nil {
			return nil, err
		}
	}
	r.Places = run.Domain.Forms.TwoSteps()
	r.Dev = func() []Known { return known(run.Domain, run.Seed) }
	for _, spec := range All {
		if spec.Voice == nil {
			continue
		}
		has, err := s.has(*spec.Voice)
		if err != nil {
			return nil, err
		}
		if has {
			r.Speakers[spec.Name], r.Latest = &voice{source: s, Voice: *spec.Voice}, spec.Name
		}
	}
	return r, nil
}

// optionally is a value that was read, or nil where there is no file.
func optionally[T any](v T, err error) (*T, error) {
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// known are questions about the development sections: the exam's, and one by heading and one by quotation of each that can be asked so.
func known(dom *domain.Domain, seed uint64) (out []Known) {
	asked := map[string]bool{} // sections
	for _, it := range exam.Only(dom.Items, exam.Dev) {
		if it.Place != "" {
			out = append(out, Known{it.Question, it.Place})
			asked[it.Section] = true
		}
	}
	var sections []corpus.Section
	for _, sec := range dom.Sections.All() {
		if asked[sec.ID] {
			sections = append(sections, sec)
		}
	}
	seen := map[[2]string]bool{}
	for p := range pairs.Over(corpus.Slice(sections), nil, dom.Forms, seed).All() {
		if kind := [2]string{p.Section, p.Kind}; p.Kind != pairs.Number && !seen[kind] {
			seen[kind] = true
			out = append(out, Known{p.Question, p.Place})
		}
	}
	return out
}

// source opens parts of a run, each at first use.
type source struct {
	Run
	decoders map[string]*decode.Decoder // by training stage
	places   *knowledge.Places          // that there are to be named; at first use
	rarity   *retrieve.Rarity           // of terms; at first use
	titles   []string                   // of the corpus, the longest first
	titled   map[string][]int           // sections by title
	chosen   *delivery.Delivery         // by the search of bpo; nil = the usual one
}

// delivery reads what the search of bpo has chosen, if it was to choose one.
func (s *source) delivery() (*delivery.Delivery, error) {
	if s.Prompt != nil {
		s.chosen = s.Delivery
		return s.chosen, nil
	}
	d, err := delivery.Load(filepath.Join(s.Dir(stages.BPO), delivery.File))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s.chosen = &d
	return s.chosen, nil
}

// has reports whether a run has what a voice needs. A checkpoint that is damaged is an error, not an absence.
func (s *source) has(v Voice) (bool, error) {
	need := []string{v.Stage}
	if v.Prompt {
		untuned, err := s.untuned()
		if need = append(need, stages.BPO); untuned || err != nil {
			need = need[1:]
		}
	}
	for _, stage := range need {
		_, err := checkpoint.Load(s.Dir(stage))
		if errors.Is(err, checkpoint.ErrMissing) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// trained is the stage whose weights a voice has: behind a prompt those on which the search was made, of reward tuning where the run has them, and
// of dp where it does not tune.
func (s *source) trained(v Voice) (string, error) {
	if !v.Prompt {
		return v.Stage, nil
	}
	if tuned, err := s.has(Voice{Stage: stages.RFT}); err != nil || tuned {
		return stages.RFT, err
	}
	if untuned, err := s.untuned(); err != nil || untuned {
		return stages.DP, err
	}
	return v.Stage, nil
}

// untuned reports whether the prompt was searched on weights that were not tuned, because the recipe leaves kit out.
func (s *source) untuned() (bool, error) {
	m, err := checkpoint.Load(s.Dir(stages.BPO))
	if errors.Is(err, checkpoint.ErrMissing) {
		return false, nil
	}
	return err == nil && m.Parents[stages.DP] != "", err
}

// decoder opens the model of a training stage.
func (s *source) decoder(stage string) (*decode.Decoder, error) {
	if d := s.decoders[stage]; d != nil {
		return d, nil
	}
	params, err := domain.LoadModel(s.Dir(stage))
	if err != nil {
		return nil, err
	}
	s.decoders[stage] = decode.New(params, s.Kernel)
	return s.decoders[stage], nil
}

// named are the places as stage dp has read them.
func (s *source) named(context int) (*knowledge.Places, error) {
	if s.places == nil {
		read, err := s.Domain.ReadAs(s.Dir(stages.DP), context)
		if err != nil {
			return nil, err
		}
		s.places = knowledge.NewPlaces(s.Domain, read)
	}
	return s.places, nil
}

// At implements Corpus. Of sections at one place the first counts; of a place that names a part, the text from there on.
func (s *source) At(place string) (Passage, bool) {
	sec, _, ok := s.Domain.Section(place)
	return Passage{place, sec.Text, sec.Source}, ok
}

// Passage implements Corpus.
func (s *source) Passage(section int) Passage {
	sec := s.Domain.Sections.At(section)
	return Passage{s.Domain.Forms.PlaceOf(sec), sec.Text, sec.Source}
}

// Covered implements Corpus.
func (s *source) Covered(question, text string) float64 { return s.counted().Covered(question, text) }

// Subject implements Corpus.
func (s *source) Subject(question string, common, texts []string) (known, best float64) {
	return s.counted().Subject(question, common, texts)
}

// counted has counted the terms of the corpus.
func (s *source) counted() *retrieve.Rarity {
	if s.rarity == nil {
		s.rarity = retrieve.NewRarity(s.Domain.Sections)
	}
	return s.rarity
}

// Head implements Corpus.
func (s *source) Head(text string) string { return s.cut(text, s.Limit) }

func (s *source) shorter(text string, tokens int) string {
	return knowledge.Shorter(s.Domain, text, tokens)
}

func (s *source) cut(text string, tokens int) string { return knowledge.Head(s.Domain, text, tokens) }

// voice is a small model of a run.
type voice struct {
	Voice
	source *source
	stage  string // whose weights it has; "" = it is not open
	soft   []float32
}

// Ready implements opener.
func (v *voice) Ready() error {
	_, err := v.speaker()
	return err
}

// speaker opens one for a block of questions. It remembers nothing: what is said to a block depends on the block alone, also in the last bits
// of a product, and not on what had been asked before.
func (v *voice) speaker() (*knowledge.Speaker, error) {
	stage := v.stage
	if stage == "" {
		var err error
		if stage, err = v.source.trained(v.Voice); err != nil {
			return nil, err
		}
	}
	d, err := v.source.decoder(stage)
	if err != nil {
		return nil, err
	}
	if v.Prompt && v.stage == "" {
		if v.soft, err = v.prompt(); err != nil {
			return nil, err
		}
	}
	v.stage = stage
	places, err := v.source.named(d.Config().Context)
	if err != nil {
		return nil, err
	}
	s := knowledge.New(d, v.source.Domain, places, v.source.OneStep)
	s.TextTokens = v.source.Limit
	if v.Prompt && v.source.chosen != nil {
		s.TextTokens = v.source.chosen.Room
	}
	return s, nil
}

// prompt reads the prompt that was found, or makes the one that is wanted instead.
func (v *voice) prompt() ([]float32, error) {
	if v.source.Prompt == nil {
		return domain.LoadPrompt(v.source.Dir(stages.BPO))
	}
	stage, err := v.source.trained(v.Voice)
	if err != nil {
		return nil, err
	}
	params, err := domain.LoadModel(v.source.Dir(stage))
	if err != nil {
		return nil, err
	}
	return v.source.Prompt(v.source.Domain.Tokenizer, params)
}

// Say implements Speaker.
func (v *voice) Say(ctx context.Context, questions []string) ([]knowledge.Piece, error) {
	s, err := v.speaker()
	if err != nil {
		return nil, err
	}
	return s.Say(ctx, questions, v.soft)
}

// Sample implements Sampler.
func (v *voice) Sample(ctx context.Context, questions []string, n int) ([][]knowledge.Piece, error) {
	s, err := v.speaker()
	if err != nil {
		return nil, err
	}
	return s.Sample(ctx, questions, v.soft, n, v.source.Seed)
}

// Name implements Speaker.
func (v *voice) Name(ctx context.Context, questions []string) ([]knowledge.Piece, error) {
	s, err := v.speaker()
	if err != nil {
		return nil, err
	}
	return s.Name(ctx, questions, v.soft)
}

// Judge implements Judge.
func (v *voice) Judge(ctx context.Context, question string, sections []int) ([]knowledge.Judgement, error) {
	s, err := v.speaker()
	if err != nil {
		return nil, err
	}
	return s.Judge(ctx, question, sections)
}

// Score implements Speaker.
func (v *voice) Score(ctx context.Context, pieces []knowledge.Piece, options [][]string) ([][]float64, error) {
	s, err := v.speaker()
	if err != nil {
		return nil, err
	}
	return s.Score(ctx, pieces, options, v.soft)
}
