// Package draft makes a reply to somebody's message from a run's documents: what they say to each question in it, with where that stands, and which
// questions nothing in them answers.
//
// It searches nothing and asks no model by itself: each question goes the way of slm ask.
package draft

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"slm/data/question"
	"slm/llm"
	"slm/model/decode"
	"slm/pipeline/session"
	"slm/stages/gate"
)

// Run is what a draft is made with: a session.
type Run interface {
	Ask(ctx context.Context, q session.Question) (*session.Answer, error)
	Passages(ctx context.Context, places []string) ([]session.Passage, error)
}

// Options say how a draft is made.
type Options struct {
	Quote     bool // the LLM is not asked: sentences of the documents are quoted
	MaxTokens int  // of what the LLM says to one question; 0 = systems.DefaultReplyTokens
}

// Draft is a reply to a message.
type Draft struct {
	Message    string    `json:"message"`
	Text       string    `json:"text"` // the reply, with numbers of sources and marks behind its sentences; empty where nothing is covered
	Parts      []Part    `json:"parts"`
	NotCovered []string  `json:"not_covered"` // questions to which the documents say nothing
	Sources    []Source  `json:"sources"`
	Aside      []string  `json:"not_asked"`    // what no question was made of: greetings, thanks, signatures, what is told besides
	Faithful   *float64  `json:"faithfulness"` // share of the LLM's sentences that their passages support, by score.Faithful's measure; where all is quoted, of these; null = there are none
	Sentences  int       `json:"sentences"`    // that it is a share of
	Marked     int       `json:"marked"`       // sentences with a mark
	Quoted     bool      `json:"quoted"`       // all of it is quoted from the documents, word for word
	LLM        string    `json:"llm,omitempty"`
	Used       llm.Usage `json:"-"`
}

// Part is one question of a message, and what is said to it.
type Part struct {
	Question   string        `json:"question"`
	Covered    bool          `json:"covered"`
	Way        gate.Way      `json:"way,omitempty"`        // that the gate has taken
	Confidence *float64      `json:"confidence,omitempty"` // by the gate: that a right section is in what is given, or would have been
	Sentences  []Sentence    `json:"sentences"`
	Cut        string        `json:"cut,omitempty"`       // why what the LLM said is not whole
	NoAnswer   *llm.NoAnswer `json:"no_answer,omitempty"` // why the LLM said nothing
}

// Sentence is one of a draft.
type Sentence struct {
	Text    string   `json:"text"`
	Sources []int    `json:"sources"`        // numbers of Draft.Sources, from 1
	Support *float64 `json:"support"`        // share of its content words that stand in the passages of its question; null = it has no such word
	Quoted  bool     `json:"quoted"`         // it stands in the documents so
	Mark    string   `json:"mark,omitempty"` // why it is not to be relied on
}

// Source is where a draft has something from.
type Source struct {
	Number int    `json:"number"`
	Place  string `json:"place"`
	Source string `json:"source"` // file and line, or address
	Text   string `json:"text"`   // of the section, as much as an LLM is given
}

// Write drafts a reply. To a question of which the LLM says nothing that the documents support, they are quoted first. Where it fails, the draft is quoted
// and comes beside the error; that it writes no texts (llm.ErrNoText) is no error.
func Write(ctx context.Context, run Run, message string, how Options) (*Draft, error) {
	m := question.Parts(message)
	d := &Draft{Message: message, Parts: []Part{}, NotCovered: []string{}, Sources: []Source{}, Aside: append([]string{}, m.Aside...)}
	var failed error
	silent := how.Quote
	for _, q := range m.Asked {
		a, err := ask(ctx, run, session.Question{Text: q, Silent: silent, Grounded: true, MaxTokens: how.MaxTokens})
		if a == nil || ctx.Err() != nil {
			return nil, cmp.Or(err, context.Cause(ctx))
		}
		if err != nil {
			silent = !errors.Is(err, llm.ErrOffline) // of other questions replies may be stored
			if !errors.Is(err, llm.ErrNoText) && failed == nil {
				failed = err
			}
		}
		if err := d.add(ctx, run, q, a); err != nil {
			return nil, err
		}
	}
	d.finish()
	return d, failed
}

// fewestWords is how short a question is made that is too long for a model.
const fewestWords = 4

// ask asks a question, and where it is too long for a model, its second half: what is asked stands at the end.
func ask(ctx context.Context, run Run, q session.Question) (*session.Answer, error) {
	for {
		a, err := run.Ask(ctx, q)
		words := strings.Fields(q.Text)
		if !errors.Is(err, decode.ErrTooLong) && !errors.Is(err, llm.ErrTooLong) || len(words) < 2*fewestWords {
			return a, err
		}
		q.Text = strings.Join(words[len(words)-len(words)/2:], " ")
	}
}

// add says what an answer has for a question.
func (d *Draft) add(ctx context.Context, run Run, q string, a *session.Answer) error {
	p := Part{Question: q, Way: a.Way, Confidence: a.Sure, Sentences: []Sentence{}, Cut: a.Cut, NoAnswer: a.NoAnswer}
	var passages []session.Passage
	if a.InCorpus && a.Knowledge != "" && a.Way != gate.None {
		var err error
		if passages, err = run.Passages(ctx, a.Given); err != nil {
			return err
		}
	}
	d.Used.Calls += a.Used.Calls
	d.Used.PromptTokens += a.Used.PromptTokens
	d.Used.OutputTokens += a.Used.OutputTokens
	if len(passages) == 0 {
		d.Parts, d.NotCovered = append(d.Parts, p), append(d.NotCovered, q)
		return nil
	}
	p.Covered = true
	held := false
	for _, text := range spoken(a.Reply) {
		said := d.sentence(text, q, passages, nil)
		p.Sentences, held, d.LLM = append(p.Sentences, said), held || said.Mark == "", a.LLM
	}
	if !held {
		p.Sentences = append(d.quote(q, passages), p.Sentences...)
	}
	d.Parts = append(d.Parts, p)
	return nil
}

// number is that of a passage among the sources.
func (d *Draft) number(p session.Passage) int {
	at := slices.IndexFunc(d.Sources, func(s Source) bool { return s.Place == p.Place && s.Source == p.Source })
	if at < 0 {
		at = len(d.Sources)
		d.Sources = append(d.Sources, Source{at + 1, p.Place, p.Source, p.Head})
	}
	return at + 1
}
