package task

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/question"
	"slm/data/rouge"
	"slm/data/taskrow"
	"slm/model/decode"
	"slm/stages"
	"slm/stages/domain"
)

// Summarise is the kind of task whose answers are texts: a summary of what is asked about, such as an abstract's conclusion.
//
// Controls are the first three sentences of the text, the one sentence of it that is nearest to the summary, which nobody can choose who does not
// know the summary, and the black box.
const Summarise = "summary"

var summaries = kind{name: Summarise, file: SummariesFile, lesson: newSummarised, read: readAs[Summaries]}

// SummaryConfig is the recipe's section stages.task.summary.
type SummaryConfig struct {
	Last    int    `yaml:"last" min:"1" max:"100" doc:"of a .txt file, whose texts have an empty line between them: how many sentences at the end of a text are its summary. Texts with fewer than five in front of them are left out"`
	Tokens  int    `yaml:"tokens" min:"8" max:"100000" doc:"longest summary, tokens, which the text leaves free in the model's context. What is longer is cut, in training too"`
	Read    bool   `yaml:"read" doc:"the training texts are read too, each with its summary: another example of each row, with the loss on every token"`
	LLM     int    `yaml:"llm" min:"0" max:"100000" unset:"none" doc:"how many of the test texts the black box summarises too, alone and with the small model's summary as a draft: two calls a text"`
	Message string `yaml:"message" doc:"what the black box is asked; names {text}"`
	Draft   string `yaml:"draft" doc:"what it is asked with the draft; names {text} and {draft}"`
}

// draftField is where the small model's summary stands in the message with the draft.
const draftField = "{draft}"

// askSummary is the question for a summary, where a recipe has none.
const askSummary = "Summarise this text: " + textField

func defaultSummary() SummaryConfig {
	return SummaryConfig{
		Last: 2, Tokens: 96, Read: true,
		Message: textField + "\n\nSummarise this text in one or two sentences.",
		Draft:   textField + "\n\nA draft of its summary, which may be wrong: " + draftField + "\n\nSummarise the text in one or two sentences.",
	}
}

// Validate checks the messages.
func (c SummaryConfig) Validate() error {
	var errs []error
	if strings.Count(c.Message, textField) != 1 {
		errs = append(errs, errors.New("message: must name {text} once"))
	}
	if strings.Count(c.Draft, textField) != 1 || strings.Count(c.Draft, draftField) != 1 {
		errs = append(errs, errors.New("draft: must name {text} and {draft} once"))
	}
	return errors.Join(errs...)
}

// summarised is texts with their summaries.
type summarised struct {
	material
	cfg  SummaryConfig
	seen int // held-out summaries that stand in the corpus
}

func newSummarised(s *Stage, dom *domain.Domain, seed uint64) (lesson, error) {
	rows, train, err := s.filed(seed)
	if err != nil {
		return nil, err
	}
	m := &summarised{material: rows, cfg: s.cfg.Summary}
	if len(train) == 0 {
		return nil, fmt.Errorf("task: %w: none of %d is for training", ErrRows, len(m.held))
	}
	m.reads = s.cfg.Summary.Read
	m.seen = standing(dom, m.held)
	return m, nil
}

func (m *summarised) rows() *material { return &m.material }

func (m *summarised) reserve(*domain.Domain) int { return m.cfg.Tokens }

// window is how many words in a row tell that a summary stands in the corpus.
const window = 12

// standing counts rows of whose summaries so many words in a row stand in the corpus: what dp has read is not held out.
func standing(dom *domain.Domain, rows []taskrow.Row) (n int) {
	of := map[string][]int{}
	for i, r := range rows {
		for w := range slices.Chunk(rouge.Words(r.Target), window) {
			of[strings.Join(w, " ")] = append(of[strings.Join(w, " ")], i)
		}
	}
	seen := map[int]bool{}
	for _, sec := range dom.Sections.All() {
		words := rouge.Words(sec.Text)
		for at := 0; at+window <= len(words); at++ {
			for _, i := range of[strings.Join(words[at:at+window], " ")] {
				seen[i] = true
			}
		}
	}
	return len(seen)
}

// test has the test texts summarised in every way.
func (m *summarised) test(ctx context.Context, t *trial) (*outcome, error) {
	if m.seen > 0 {
		t.env.Emit(stages.Event{Type: "warning", Stage: stages.Task, Message: fmt.Sprintf("%d of the held-out summaries stand in the corpus, which the small model has read: the figures flatter it", m.seen)})
	}
	var rows []Written
	for _, r := range m.held {
		if r.Split == exam.Test {
			first, nearest := sentencesOf(r.Text, r.Target)
			rows = append(rows, Written{ID: r.ID, Text: r.Text, Summary: r.Target, First: first, Nearest: nearest})
		}
	}
	w := &writer{asker: t.asks, model: decode.New(t.params, t.env.Kernel), most: m.cfg.Tokens}
	for from := 0; from < len(rows); from += block {
		part := rows[from:min(from+block, len(rows))]
		texts := make([]string, len(part))
		for i, r := range part {
			texts[i] = r.Text
		}
		said, err := w.write(ctx, texts)
		if err != nil {
			return nil, fmt.Errorf("task: ask the small model: %w", err)
		}
		for i, s := range said {
			part[i].Model, part[i].Whole = s.Summary, s.Whole
		}
		t.env.Emit(stages.Event{Type: "step", Stage: stages.Task, Phase: "summarise", Step: from + len(part), Of: len(rows)})
	}
	facts := map[string]string{"test": strconv.Itoa(len(rows)), "in_corpus": strconv.Itoa(m.seen)}
	if m.cfg.LLM > 0 {
		if err := m.ask(ctx, t.env, rows, facts); err != nil {
			return nil, err
		}
	}
	figures, err := summariesOf(rows, t.asks.dom, t.env.Seed)
	if err != nil {
		return nil, err
	}
	figures.Ask, figures.Most, figures.InCorpus = t.cfg.Ask, m.cfg.Tokens, m.seen
	return &outcome{figures, facts, func(p *checkpoint.Pending) error {
		err := checkpoint.WriteTable(p.Path(AnswersFile), rows, nil)
		if m.cfg.LLM > 0 {
			err = errors.Join(err, t.env.Replies(p.Path(RepliesFile)))
		}
		return err
	}}, nil
}

// lead is how many sentences the first control has.
const lead = 3

// sentencesOf are what needs no training: the first sentences of a text, and the one that is nearest to the summary by ROUGE-L.
func sentencesOf(text, summary string) (first, nearest string) {
	s := question.Sentences(corpus.Section{Text: text})
	if len(s) == 0 {
		return text, text
	}
	nearest = slices.MaxFunc(s, func(a, b string) int { return cmp.Compare(rouge.L(a, summary), rouge.L(b, summary)) })
	return strings.Join(s[:min(lead, len(s))], " "), nearest
}
