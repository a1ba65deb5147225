package systems

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"slm/data/form"
	"slm/data/tokenizer"
	"slm/llm"
	"slm/model/proxy"
	"slm/stages"
	"slm/stages/delivery"
	"slm/stages/knowledge"
)

// Steering is the system of proxy-tuning.
const Steering = "proxy"

// Proxying is the recipe's section eval.proxy.
type Proxying struct {
	Alpha float64 `yaml:"alpha" min:"0" max:"8" doc:"how far the LLM is moved along what tuning has changed in the small model, 1 in the paper; 0 = the value of .25, .5, 1, 1.5 and 2 that is best on the development questions or, where none is shown to be better than the LLM alone, the LLM alone"`
	Top   int     `yaml:"top" min:"0" max:"1024" doc:"an LLM behind a server is asked for so many of its likeliest next tokens, in a call a token, where its tokens are those of the small model; 0 = it is not"`
	Tau   float64 `yaml:"tau" min:"0" max:"1" doc:"with top: a token that the server does not show is written only where all those together have more than this probability"`

	Samples     int     `yaml:"samples" min:"0" max:"64" doc:"of an LLM that can only be asked for texts so many answers are taken, the first as ever and the others drawn, and the one is given that tuning has made likeliest in the small model; 0 = it is not"`
	Temperature float64 `yaml:"temperature" above:"0" max:"2" doc:"with samples: at which the answers are drawn"`
}

// DefaultProxying asks no server: a call a token is expensive.
func DefaultProxying() Proxying { return Proxying{Tau: 0.5, Temperature: 0.8} }

// proxied lets the black box answer with its next-token logits moved by what tuning has changed in the small model. The black box and M⁻ continue the plain
// prompt, M⁺ what the small model alone continues: so proxy is slm where the black box is M⁻, and llm where α is 0.
var proxied = Spec{
	Name: Steering, Label: "LLM steered by the small model", Gets: "its logits moved by what tuning has changed in the small model", Kind: Baseline, Small: true, Needs: stages.DP, Optional: true,
	Against: []Contrast{
		{Over: Alone, Topic: Additional, Subject: "Proxy-tuning", Does: "The LLM with its logits moved by the small model", Than: "the LLM alone"},
		{Over: "slm", Topic: Additional, Subject: "Proxy and small", Does: "The LLM with its logits moved by the small model", Than: "the small model alone"},
	},
	Cost: func(items int, r *stages.Rates) stages.Cost { return r.AskItems(items, false) },
	Open: func(ctx context.Context, r *Resources) (System, error) {
		s, err := r.openProxy()
		if err == nil && len(r.Items) > 0 { // else it is asked at the first question: what only lists systems does not wait for it
			err = s.ready(ctx, r.Items)
		}
		return s, err
	},
}

// steered is the system.
type steered struct {
	r       *Resources
	e       Experts
	by      *proxy.Proxy // nil = nothing has been asked of the server yet, or the weights are not loaded
	here    llm.Weigher  // the black box where its weights are, or will be, in this process; nil = they are elsewhere
	far     *far         // nil = the black box is here, or not asked token by token
	ranks   bool         // its answers are ranked: it gives texts alone
	tok     *tokenizer.Tokenizer
	stop    []int32
	room    int // tokens that each model reads
	speaker string
	set     proxy.Setting
	note    string
}

// openProxy sees whether the three models go together. A server is not asked, and no weights of the black box are loaded.
func (r *Resources) openProxy() (*steered, error) {
	if r.Experts == nil {
		return nil, fmt.Errorf("%w: the LLM is not in this process", ErrUnavailable)
	}
	e, err := r.Experts()
	if err != nil {
		return nil, err
	}
	s := &steered{r: r, e: e, tok: e.Plus.Tokenizer, speaker: e.Speaker, set: proxy.Setting{Alpha: r.Proxying.Alpha, Tau: r.Proxying.Tau}}
	s.room = min(e.Plus.Decoder.Config().Context, e.Minus.Decoder.Config().Context)
	switch {
	case r.Box == nil:
		return s, nil
	case r.Hidden && r.Proxying.Samples > 0:
		return s, s.openRanks()
	case r.Hidden:
		return nil, fmt.Errorf("%w: personal data are hidden from the LLM, which reads the question token by token here", ErrUnavailable)
	}
	box, ok := r.Box.(llm.Weigher)
	var tok *tokenizer.Tokenizer
	if ok {
		if tok, ok, err = box.Tokenizer(); err != nil {
			return nil, err
		}
	}
	if !ok {
		return s, s.openFar()
	}
	if err = proxy.OneVocabulary(proxy.Model{Name: theLLM, Tokenizer: tok}, e.Plus, e.Minus); err != nil {
		if r.Proxying.Samples > 0 {
			return s, s.openRanks()
		}
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	s.here = box
	return s, nil
}

// theLLM is what messages call the black box.
const theLLM = "the LLM"

// loadHere loads the black box's weights.
func (s *steered) loadHere() error {
	w, ok, err := s.here.Weights()
	switch {
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("%w: the LLM's weights are not in this process", ErrUnavailable)
	}
	if s.by, err = proxy.New(proxy.Model{Name: theLLM, Decoder: w.Decoder, Tokenizer: w.Tokenizer}, s.e.Plus, s.e.Minus); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	s.tok, s.stop, s.room = w.Tokenizer, w.Stop, min(s.room, w.Config.Context)
	return nil
}

// openRanks prepares for a black box that gives texts alone: no token of it is looked at.
func (s *steered) openRanks() (err error) {
	s.ranks = true
	if s.by, err = proxy.NewFar(nil, s.e.Plus, s.e.Minus); err != nil {
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// openFar prepares for a black box behind a server.
func (s *steered) openFar() error {
	switch {
	case s.r.Proxying.Samples > 0 && (s.r.Proxying.Top == 0 || !s.r.Box.Info().CanShow):
		return s.openRanks()
	case !s.r.Box.Info().CanShow:
		return fmt.Errorf("%w: the LLM is not in this process, and it shows no next tokens (eval.proxy.samples ranks its answers)", ErrUnavailable)
	case s.r.Proxying.Top == 0:
		return fmt.Errorf("%w: the LLM is not in this process (eval.proxy.top lets its server show its likeliest next tokens, eval.proxy.samples ranks its answers)", ErrUnavailable)
	}
	s.far, s.stop = &far{box: s.r.Box}, s.e.Stop
	return nil
}

// ready loads the weights that are to be in this process, or finds out what a server's tokens are and whether it can score the questions' options, and then α.
func (s *steered) ready(ctx context.Context, qs []Question) error {
	if s.here != nil && s.by == nil {
		if err := s.loadHere(); err != nil {
			return err
		}
	}
	if s.far != nil && s.by == nil {
		known, err := s.r.fitted.spelling(func() (*spelling, error) {
			f, err := openFar(ctx, s.r.Box, s.e.Plus, s.r.Proxying.Top, s.room)
			if err != nil {
				return nil, err
			}
			return f.spelling, nil
		})
		if errors.Is(err, proxy.ErrVocabulary) || errors.Is(err, llm.ErrReply) || errors.Is(err, llm.ErrRequest) { // it will not do better the next time
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		if err != nil {
			return fmt.Errorf("steer the LLM: %w", err)
		}
		s.far.spelling = known
		if s.by, err = proxy.NewFar(s.far, s.e.Plus, s.e.Minus); err != nil {
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	if s.far != nil {
		if err := s.scorable(qs); err != nil {
			return err
		}
	}
	return s.fit(ctx)
}

// scorable is why a server cannot score the options of questions; nil = it can.
func (s *steered) scorable(qs []Question) error {
	qs = slices.DeleteFunc(slices.Clone(qs), func(q Question) bool { return len(q.Choices) == 0 })
	switch {
	case s.far.echoes || len(qs) == 0:
		return nil
	case !s.far.forces:
		return fmt.Errorf("%w: the LLM's server neither echoes a prompt with its log-probabilities nor tells of a token that it is made to write, so that options cannot be scored", ErrUnavailable)
	}
	for _, q := range qs {
		asked, err := llm.Render(llm.Cloze, delivery.Delivery{}.Question("", q.Text, q.Choices))
		if err != nil {
			return err
		}
		for _, o := range asked.Options {
			if !s.far.wholly(s.tok.Encode(o)...) {
				return fmt.Errorf("%w: the LLM's server tells nothing of parts of characters, of which the option %.60q has some", ErrUnavailable, o)
			}
		}
	}
	return nil
}

// Note implements Noter.
func (s *steered) Note() string { return s.note }

// Answer implements System.
func (s *steered) Answer(ctx context.Context, qs []Question) ([]Answer, error) {
	if s.r.Box != nil {
		if err := s.ready(ctx, qs); err != nil {
			return nil, err
		}
		if s.set.Alpha == 0 {
			return s.r.Reader(func(context.Context, []Question) ([]Answer, error) { return make([]Answer, len(qs)), nil }).Answer(ctx, qs)
		}
	}
	pieces, err := s.r.pieces(ctx, s.speaker, qs)
	if err != nil {
		return nil, err
	}
	out := make([]Answer, len(qs))
	for i := range out {
		out[i] = Answer{Picked: -1, Place: pieces[i].Place, Named: pieces[i].Place}
		s.r.locate(&out[i])
	}
	if s.r.Known != nil {
		s.r.Known(out)
	}
	if s.r.Box == nil {
		return out, nil
	}
	if s.ranks {
		return out, s.rank(ctx, qs, pieces, out)
	}
	if len(qs) > 1 {
		ctx = llm.Hear(ctx, nil)
	}
	return out, s.each(ctx, len(qs), func(ctx context.Context, i int) (err error) {
		switch q := qs[i]; {
		case len(q.Choices) > 0:
			err = s.choose(ctx, q, pieces[i], &out[i])
		case !s.r.Silent:
			err = s.write(ctx, q, pieces[i], &out[i])
		}
		if err != nil {
			return fmt.Errorf("steer the LLM: %w (item %s)", err, qs[i].ID)
		}
		return nil
	})
}

// each does something for all questions, of a server for all at the same time: it has one token of each to think about.
func (s *steered) each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	if s.far == nil || n == 1 {
		for i := range n {
			if err := do(ctx, i); err != nil {
				return err
			}
		}
		return nil
	}
	run, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := do(run, i); err != nil {
				stop(err) // the first one counts
			}
		})
	}
	all.Wait()
	return context.Cause(run)
}

// choose picks the option of the highest mean log-probability a token.
func (s *steered) choose(ctx context.Context, q Question, p knowledge.Piece, a *Answer) error {
	prompts, options, err := s.prompts(q, p)
	if err != nil {
		return err
	}
	scores, err := s.scores(ctx, prompts, options, s.set)
	if err != nil {
		return err
	}
	if err := checkScores(scores[0], len(options)); err != nil {
		return err
	}
	a.Scores, a.Calls, a.Tokens = scores[0], 1, len(prompts.Base)
	a.Picked, a.Margin = top(a.Scores)
	for _, o := range options {
		a.Tokens += len(o)
	}
	if s.far != nil { // each option is a call that reads the prompt again, and one token is written behind
		a.Calls, a.Written = len(options), len(options)
		a.Tokens += (len(options)-1)*len(prompts.Base) + a.Written
		if s.far.forces { // or each of its tokens is
			a.Calls, a.Tokens = 0, 0
			for _, o := range options {
				a.Calls += len(o)
				a.Tokens += len(o)*(len(prompts.Base)+1) + len(o)*(len(o)-1)/2
			}
			a.Written = a.Calls
		}
	}
	return nil
}

// write continues the question.
func (s *steered) write(ctx context.Context, q Question, p knowledge.Piece, a *Answer) error {
	prompts := s.lead(form.Ask(q.Text), p)
	var heard func([]int32)
	if told := llm.Listener(llm.HearAs(ctx, settled)); told != nil {
		heard = func(tokens []int32) { told(s.tok.Decode(tokens)) }
	}
	got, err := s.by.Generate(ctx, prompts, s.set, s.r.replyTokens(), s.stop, heard)
	if err != nil {
		return err
	}
	a.say(s.tok.Decode(got.Tokens), !got.Stopped, len(got.Tokens))
	a.Calls, a.Written, a.Tokens = 1, len(got.Tokens), len(prompts.Base)+len(got.Tokens)
	if s.far != nil { // a call for each token and for the stop, of all that is before it
		a.Calls, a.Written = len(got.Tokens), len(got.Tokens)
		if got.Stopped {
			a.Calls, a.Written = a.Calls+1, a.Written+1
		}
		a.Tokens = a.Written + a.Calls*len(prompts.Base) + a.Calls*(a.Calls-1)/2
	}
	return nil
}

// prompts are those of a question with options, and the options' tokens, cut where a model's context ends.
func (s *steered) prompts(q Question, p knowledge.Piece) (proxy.Prompts, [][]int32, error) {
	asked, err := llm.Render(llm.Cloze, delivery.Delivery{}.Question("", q.Text, q.Choices))
	if err != nil {
		return proxy.Prompts{}, nil, err
	}
	prompts := s.lead(asked.Prompt, p)
	room := s.room - max(len(prompts.Base), len(prompts.Tuned))
	if room < 1 {
		return prompts, nil, fmt.Errorf("the question %.60q leaves no room for an option in a context of %d tokens", q.Text, s.room)
	}
	options := make([][]int32, len(asked.Options))
	for i, o := range asked.Options {
		tokens := s.tok.Encode(o)
		options[i] = tokens[:min(len(tokens), room)]
	}
	return prompts, options, nil
}

// lead is the plain prompt for two of the models, and what the small model alone continues for the tuned one.
func (s *steered) lead(plain string, p knowledge.Piece) proxy.Prompts {
	own, _ := knowledge.Lead(p, s.r.OneStep)
	tokens := s.tok.Encode(plain)
	if start, ok := s.tok.Start(); ok {
		tokens = append([]int32{start}, tokens...)
	}
	return proxy.Prompts{Base: tokens, Tuned: s.tok.Encode(own), Untuned: tokens}
}

// scores are mean log-probabilities a token of each option under each setting.
func (s *steered) scores(ctx context.Context, prompts proxy.Prompts, options [][]int32, by ...proxy.Setting) ([][]float64, error) {
	sums, err := s.by.Score(ctx, prompts, options, by...)
	for _, row := range sums {
		for i, o := range options {
			row[i] /= float64(max(1, len(o)))
		}
	}
	return sums, err
}
