package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"slm/checkpoint"
	"slm/data/tokenizer"
	"slm/llm"
	"slm/model"
	"slm/pipeline/rundir"
	"slm/result"
	"slm/stages"
	"slm/stages/bpo"
	"slm/stages/domain"
	"slm/stages/gate"
	"slm/stages/knowledge"
	"slm/stages/systems"
)

// Question is what a session is asked.
type Question struct {
	Text      string
	System    string   // that answers; "" = the session's
	Choices   []string // none = the answer is free text
	Silent    bool     // the LLM is not asked
	Grounded  bool     // nor where it would be given nothing that stands in the corpus, if the answer is free text
	MaxTokens int      // of a free reply; 0 = systems.DefaultReplyTokens
	Route     string   // what auto is to reach; "" = the session's

	Seen func(*Answer) // is told what the LLM is about to be given; may be nil
}

// Answer is what a system made of it. Whether the knowledge stands in the corpus, and how sure the small model is of the place that it named,
// are two things, and neither says that the knowledge answers the question.
type Answer struct {
	Question   string         `json:"question"`
	Expert     string         `json:"expert,omitempty"` // the run that answers, where several are asked as one
	System     string         `json:"system"`
	Place      string         `json:"place"`                              // where the knowledge is said to stand; empty without knowledge
	Source     string         `json:"source"`                             // where the corpus has that place; empty when it has no such place
	Knowledge  string         `json:"knowledge"`                          // that the LLM is given
	InCorpus   bool           `json:"in_corpus"`                          // the knowledge stands in the corpus at that place, word for word
	Origin     systems.Origin `json:"origin,omitempty"`                   // of the knowledge: recited, cited, asked, found; where the system has a choice
	Named      string         `json:"named"`                              // the place that the small model named; empty when it named none, or was not asked
	Confidence *float64       `json:"confidence"`                         // that the named place is the right one; null when it cannot be told, or nobody was asked
	Hit        *float64       `json:"search_confidence,omitempty"`        // that what was found is the right place
	Given      []string       `json:"given,omitempty"`                    // places of the corpus's passages that the LLM is given, in order
	Way        gate.Way       `json:"way,omitempty"`                      // that the gate has taken: small, found, both, alone, none; where auto answers
	Route      string         `json:"route,omitempty"`                    // the system that routing by price has chosen; of auto
	Sure       *float64       `json:"way_confidence,omitempty"`           // where something was routed, that the answer is right; else that a right section is in what is given or, where nothing is, would have been; of auto, and of bridge where the run has a gate
	SelfMade   bool           `json:"way_confidence_self_made,omitempty"` // that is judged by questions that the program wrote itself; people's are right less often
	Elsewhere  bool           `json:"way_confidence_elsewhere,omitempty"` // that is judged by questions that people have asked of other texts, since the program's own are surer
	Reply      string         `json:"reply,omitempty"`
	Cut        string         `json:"reply_cut,omitempty"` // why a free reply is not whole
	NoAnswer   *llm.NoAnswer  `json:"no_answer,omitempty"` // why the LLM gave no answer
	Choice     *int           `json:"choice,omitempty"`
	Scores     []float64      `json:"scores,omitempty"` // of the choices, log-likelihood per token
	LLM        string         `json:"llm,omitempty"`    // that replied; empty when none did
	Also       *Answer        `json:"also,omitempty"`   // of another run, where the question is about the texts of two
	Used       llm.Usage      `json:"-"`                // of the LLM, as if nothing had been stored; dollars are not counted
}

// Ask answers a question. Where the LLM fails, the answer comes beside the error, with the knowledge that it was to be given. It may be called from
// several goroutines: one at a time has the run's models and indices, and gives them to the next while the LLM is asked.
func (s *Session) Ask(ctx context.Context, q Question) (a *Answer, err error) {
	if err := s.turn.take(ctx); err != nil {
		return nil, err
	}
	defer s.turn.give()
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	name := cmp.Or(q.System, s.System)
	box := &lazyBox{turn: s.turn, open: func() (llm.Client, error) { return s.client() }}
	with := *s.with // a system keeps what it is made of: each question has its own
	with.ReplyTokens, with.Box, with.Grounded = q.MaxTokens, box, q.Grounded
	if q.Silent {
		with.Box = nil
	}
	if q.Seen != nil {
		with.Known = func(answers []systems.Answer) { q.Seen(known(q, name, answers[0], with.Gate)) }
	}
	if with.Routed, err = s.routed(name, q.Route); err != nil {
		return nil, err
	}
	system, err := open(ctx, name, &with)
	if err != nil {
		return nil, err
	}
	answers, err := system.Answer(ctx, []systems.Question{{Text: q.Text, Choices: q.Choices}})
	s.keepConfidences()
	if len(answers) != 1 {
		return nil, err
	}
	got := answers[0]
	a = known(q, name, got, with.Gate)
	if a.Used = box.used; a.Used.Calls == 0 && got.Calls > 0 { // a system may have run the box's weights itself
		a.Used = llm.Usage{Calls: int64(got.Calls), PromptTokens: int64(got.Tokens - got.Written), OutputTokens: int64(got.Written)}
	}
	if err != nil || q.Silent || got.Way == gate.None {
		return a, err
	}
	a.Reply, a.Cut, a.NoAnswer, a.Scores, a.LLM = got.Text, got.Cut, got.None, got.Scores, box.name()
	if len(q.Choices) > 0 {
		a.Choice = &got.Picked
		if got.Picked >= 0 {
			a.Reply = q.Choices[got.Picked]
		}
	}
	return a, nil
}

// known is an answer without the LLM's part. by is the gate that has judged how sure one may be; nil = the run has none.
func known(q Question, system string, got systems.Answer, by *gate.Gate) *Answer {
	return &Answer{
		Question: q.Text, System: system, Place: got.Place, Source: got.Source, Knowledge: got.Knowledge, InCorpus: got.InCorpus,
		Origin: got.Origin, Named: got.Named, Confidence: got.Confidence, Hit: got.Hit,
		Given: got.Given, Way: got.Way, Route: got.Route, Sure: got.Sure,
		SelfMade:  got.Sure != nil && got.Route == "" && by != nil && by.SelfMade() && !got.Bound,
		Elsewhere: got.Bound,
	}
}

// open makes a system of what a run has.
func open(ctx context.Context, name string, with *systems.Resources) (systems.System, error) {
	spec, ok := systems.Lookup(name)
	if !ok {
		return nil, fmt.Errorf("%w: there is none of that name: %q", systems.ErrUnavailable, name)
	}
	system, err := spec.Open(ctx, with)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return system, nil
}

// Systems lists what answers questions of this run whose answers are not known: all that it has but bounds and controls. It says too which of them
// answers where none is named.
func (s *Session) Systems(ctx context.Context) (names []string, usual string, err error) {
	if l := s.listed.Load(); l != nil {
		return l.names, l.usual, nil
	}
	if err := s.turn.take(ctx); err != nil {
		return nil, "", err
	}
	defer s.turn.give()
	if err := s.load(ctx); err != nil {
		return nil, "", err
	}
	l := &listing{usual: s.System, lacks: map[string]error{}}
	for _, spec := range systems.All {
		if spec.Kind == systems.Bound || spec.Kind == systems.Control {
			continue
		}
		with := *s.with
		with.Box = &lazyBox{turn: s.turn, open: func() (llm.Client, error) { return s.client() }}
		if with.Routed, err = s.routed(spec.Name, ""); err != nil {
			return nil, "", err
		}
		switch _, err := open(ctx, spec.Name, &with); {
		case err == nil:
			l.names = append(l.names, spec.Name)
		case errors.Is(err, systems.ErrUnavailable), errors.Is(err, llm.ErrUnavailable), errors.Is(err, llm.ErrAuth):
			l.lacks[spec.Name] = err
		default:
			return nil, "", err
		}
	}
	s.listed.Store(l)
	return l.names, s.System, nil
}

// Lacks says why this run has no such system, in the words of Ask; nil = it has it, or Systems has not looked yet, or leaves it out.
func (s *Session) Lacks(name string) error {
	if l := s.listed.Load(); l != nil {
		return l.lacks[name]
	}
	return nil
}

// listing is what Systems has found out.
type listing struct {
	names []string
	usual string
	lacks map[string]error // why a system is not among them
}

// client is the black box, behind what the session puts before it.
func (s *Session) client() (llm.Client, error) {
	service, err := s.box.Open(s.kernel, nil)
	if err != nil {
		return nil, err
	}
	var c llm.Client = service
	if s.guard != nil {
		c = s.guard(service)
	}
	return s.hidden(c), nil
}

// hidden is a client that is told no personal data, where that is wanted.
func (s *Session) hidden(c llm.Client) llm.Client {
	if s.opt.Redact == nil {
		return c
	}
	return llm.Redacted(c, s.opt.Redact)
}

// load opens the run once. The caller has the turn.
func (s *Session) load(ctx context.Context) error {
	if s.with != nil {
		return nil
	}
	there, err := s.hash(stages.Data, stages.DP, stages.KIT, stages.RFT, stages.Find, stages.BPO)
	if err != nil {
		return err
	}
	if err := s.openRouter(); err != nil {
		return err
	}
	with, err := s.open(there)
	if err != nil {
		return err
	}
	if with.Confidences == nil {
		with.Confidences = map[string]systems.Confidence{}
	}
	switch {
	case s.System != "":
	case with.Latest == "" && !s.Recipe.Off(stages.DP):
		return errors.Join(fmt.Errorf("pipeline: %s has no model yet: %w", s.Folder, checkpoint.ErrMissing), with.Close())
	case with.Gate != nil, s.Route != "", s.router != nil:
		s.System = systems.Auto
	case with.Latest == "":
		s.System = systems.Searching(with)
	case with.Places:
		s.System = systems.Checked
	default:
		s.System = with.Latest
	}
	first := *with
	first.Box = &lazyBox{turn: s.turn, open: func() (llm.Client, error) { return s.client() }}
	if first.Routed, err = s.routed(s.System, ""); err == nil {
		_, err = open(ctx, s.System, &first)
	}
	if err != nil {
		return errors.Join(err, with.Close())
	}
	s.with = with
	return nil
}

// open opens what the run's systems are made of.
func (s *Session) open(there map[string]bool) (*systems.Resources, error) {
	var err error
	if s.dom, err = domain.Open(filepath.Join(s.Folder, stages.Data)); err != nil {
		return nil, err
	}
	limit, err := knowledge.Limit(s.dom, s.Recipe.Eval.Knowledge)
	if err != nil {
		return nil, err
	}
	run := systems.Run{
		Dir: func(stage string) string { return filepath.Join(s.Folder, stage) }, Domain: s.dom, Kernel: s.kernel, Seed: s.Recipe.Seed,
		Style: s.Recipe.LLM.Answer, OneStep: s.oneStep(), Limit: limit, Server: s.openServer, Proxying: s.Recipe.Eval.Proxy,
	}
	if s.Trial != "" {
		if !there[stages.BPO] {
			return nil, fmt.Errorf("pipeline: %s has searched no prompts yet: %w", s.Folder, checkpoint.ErrMissing)
		}
		run.Prompt = func(tok *tokenizer.Tokenizer, p *model.Params) ([]float32, error) {
			return bpo.PromptOf(filepath.Join(s.Folder, stages.BPO), s.Trial, stages.Get[bpo.Soft](s.Recipe, "stages.bpo.soft"), tok, p, s.Recipe.Seed)
		}
		var err error
		if run.Delivery, err = bpo.DeliveryOf(filepath.Join(s.Folder, stages.BPO), s.Trial, stages.Get[bpo.Config](s.Recipe, "stages.bpo"), slices.Concat(s.dom.Items, s.dom.Asked), run.Style == llm.Cloze); err != nil {
			return nil, err
		}
	}
	with, err := systems.Open(run)
	if err != nil {
		return nil, err
	}
	with.Judge, with.Fitting, with.Hidden = true, s.fitting, s.opt.Redact != nil
	if err := s.steer(with); err != nil {
		return nil, err
	}
	if s.Trial == "" { // what was fitted belongs to the prompt that was found
		s.digests = map[string]string{}
		for stage := range there {
			m, err := checkpoint.Load(filepath.Join(s.Folder, stage))
			if err != nil {
				return nil, err
			}
			s.digests[stage] = m.Digest()
		}
		if with.Confidences, err = rundir.ReadConfidence(s.Folder, s.digests); err != nil {
			s.log.Info("confidences are fitted anew", "folder", s.Folder, "why", err)
		}
		s.kept = len(with.Confidences)
	}
	return with, nil
}

// steer tells system proxy how far the run's evaluation has moved the black box, where its table has that row.
func (s *Session) steer(with *systems.Resources) error {
	sum, err := result.ReadSummary(filepath.Join(s.Folder, stages.Eval))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case sum.Steered != nil && s.Trial == "":
		with.Steer(*sum.Steered)
	}
	return nil
}

// fitting shows how far the fit of a confidence is, and says what it is for: it takes a while, and is made before the first answer.
func (s *Session) fitting(step, of int) {
	const stage, phase = "ask", "confidence"
	if step == 0 {
		s.emit(stages.Event{Type: "stage", Stage: stage, Message: fmt.Sprintf("how sure an answer may be is found out first, on %d development questions; once for this run", of)})
		return
	}
	s.emit(stages.Event{Type: "step", Stage: stage, Phase: phase, Step: step, Of: of})
	if step == of && s.opt.View != nil {
		s.opt.View.Close() // answers are printed next
	}
}

// keepConfidences writes down what this session had to fit, so that the next one need not. Where nothing can be written nothing is lost but time.
func (s *Session) keepConfidences() {
	if s.hold == nil || s.digests == nil || len(s.with.Confidences) == s.kept {
		return
	}
	if err := rundir.WriteConfidence(s.Folder, s.digests, s.with.Confidences); err != nil {
		s.log.Info("confidences are not kept", "folder", s.Folder, "why", err)
	}
	s.kept = len(s.with.Confidences)
}
