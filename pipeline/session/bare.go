package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"slm/data/tokenizer"
	"slm/llm"
	"slm/model"
	"slm/model/schedule"
	"slm/pipeline/rundir"
	"slm/stages/systems"
)

// Names of the models that continue tokens.
const (
	SmallModel = "small-model" // the last one that the run has trained
	BlackBox   = "black-box"   // the LLM, where its weights are in this process
)

// Bare is a model that continues tokens, for several goroutines at a time.
type Bare struct {
	*schedule.Scheduler
	Config    model.Config
	Tokenizer *tokenizer.Tokenizer
	Stop      []int32 // tokens that end a text
}

// Small is the small model of the method's last training stage, without a prompt in front; systems.ErrUnavailable: there is none.
func (s *Session) Small(ctx context.Context) (Bare, error) {
	if b := s.small.Load(); b != nil {
		return *b, nil
	}
	if err := s.turn.take(ctx); err != nil {
		return Bare{}, err
	}
	defer s.turn.give()
	if err := s.load(ctx); err != nil {
		return Bare{}, err
	}
	if s.small.Load() == nil {
		d, err := s.with.Small()
		if err != nil {
			return Bare{}, err
		}
		s.small.Store(&Bare{schedule.New(d, schedule.Options{}), d.Config(), s.dom.Tokenizer, []int32{s.dom.EOS}})
	}
	return *s.small.Load(), nil
}

// Ready opens all that answers are made of, so that none reads the run's folder later: it may be replaced or removed while they are under way. The LLM is
// not asked. What cannot be opened is told to whoever asks for it.
func (s *Session) Ready(ctx context.Context) error {
	if _, _, err := s.Systems(ctx); err != nil {
		return err
	}
	if err := s.turn.take(ctx); err != nil {
		return err
	}
	s.with.Ready()
	_, err := s.client()
	s.turn.give()
	if errors.Is(err, fs.ErrNotExist) && !errors.Is(err, llm.ErrNoWeights) { // the folder has gone meanwhile
		return err
	}
	if _, err := s.Small(ctx); err != nil && !errors.Is(err, systems.ErrUnavailable) {
		return err
	}
	return nil
}

// HasLarge is nil where Large has a model, which is not loaded for it.
func (s *Session) HasLarge(context.Context) error {
	service, err := s.box.Open(s.kernel, nil)
	if err == nil && !service.Here() {
		err = errElsewhere
	}
	return err
}

// errElsewhere says where the black box is not.
var errElsewhere = fmt.Errorf("%w: the black box's weights are not in this process", systems.ErrUnavailable)

// Large is the black box's model where its weights are in this process; systems.ErrUnavailable: they are not.
func (s *Session) Large(context.Context) (Bare, error) {
	service, err := s.box.Open(s.kernel, nil)
	if err != nil {
		return Bare{}, err
	}
	w, ok, err := service.Weights()
	if err == nil && !ok {
		err = errElsewhere
	}
	return Bare{w.Scheduler, w.Config, w.Tokenizer, w.Stop}, err
}

// Stats are those of the models that write texts for several at a time, by name. None is opened.
func (s *Session) Stats() map[string]schedule.Stats {
	out := map[string]schedule.Stats{}
	if b := s.small.Load(); b != nil {
		out[SmallModel] = b.Stats()
	}
	if service, ok := s.box.Opened(); ok {
		if st, ok := service.Stats(); ok {
			out[BlackBox] = st
		}
	}
	return out
}

// Embed makes vectors of length 1, by the run's first encoder, of questions or of texts of the corpus; systems.ErrUnavailable: the run has no encoder.
func (s *Session) Embed(ctx context.Context, texts []string, questions bool) ([][]float32, error) {
	if err := s.turn.take(ctx); err != nil {
		return nil, err
	}
	defer s.turn.give()
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	return s.with.Embed(ctx, texts, questions)
}

// Price is that of the black box; nil = it costs nothing, or is unknown.
func (s *Session) Price() *llm.Price { return s.Recipe.LLM.Price }

// Stamp says which checkpoints the session has opened.
func (s *Session) Stamp() string { return s.stamp }

// Stamp says which run it is, and which checkpoints it has now.
func Stamp(folder string) string {
	e := rundir.Look(folder)
	parts := []string{folder}
	for _, stage := range slices.Sorted(maps.Keys(e.Done)) {
		parts = append(parts, stage, e.Done[stage])
	}
	return strings.Join(parts, " ")
}

// HasEncoder reports whether the run has an encoder, without opening it.
func (s *Session) HasEncoder(ctx context.Context) bool {
	if s.turn.take(ctx) != nil {
		return false
	}
	defer s.turn.give()
	return s.load(ctx) == nil && s.with.Near != nil
}

// Tell puts a message to the black box as it is, and returns its reply of so many tokens at most.
func (s *Session) Tell(ctx context.Context, message string, tokens int) (llm.Reply, error) {
	c, err := s.client()
	if err != nil {
		return llm.Reply{}, err
	}
	replies, err := llm.Write(ctx, c, []string{message}, tokens)
	if err != nil {
		return llm.Reply{}, err
	}
	return replies[0], nil
}
