// Package writer has a language model write questions about the sections of a corpus, in the words of somebody who does not know them, and sifts
// them: instruction data as BLADE (arXiv 2403.18365, §3.3) and Self-Instruct (arXiv 2212.10560) mean them.
//
// A question is asked for together with its short answer; where a reply has none, the writer is asked for it once more. Filters that need no
// model come first. Then the run's black box judges, which is the model that the knowledge is for: BLADE's round trip keeps a question that it
// answers right with the section's text, the leak filter one that it answers wrong without, the counterfactual one where the text makes the
// difference. BLADE's questions have options, these have none. So the short answer becomes one, among the answers to questions about the
// sections nearest in the corpus, or yes stands against no; the black box is asked as in the exam, by likelihood or by letter, and right is
// who picks the answer that was written. A question whose answer has nothing to stand against is dropped where a filter asks.
//
// It trains nothing, and asks nothing that is stored.
package writer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/pairs"
	"slm/llm"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/knowledge"
)

// Question is one that was written, and what became of it.
type Question struct {
	Section int        // index in the corpus
	Pair    pairs.Pair // without its text, which is the section's
	Answer  string     // short; empty = none was written
	Keep    bool
	Why     string // it was kept or dropped
	Dropped string // the filter that dropped it; empty = none
}

// Result is everything that was written.
type Result struct {
	Questions []Question // section by section
	Sections  int        // that were asked about
	Barren    int        // replies without a question
	Lost      int        // lines of replies that began like an item and held no question
	Calls     int        // to both models, whether or not their replies had been stored
	Tokens    int
	Missing   llm.Tally // requests without an answer
}

// Job is what is to be written, and with what.
type Job struct {
	Config
	Domain  *domain.Domain
	Seed    uint64
	Writer  llm.Client
	Judge   llm.Client // the run's black box; nil if no filter asks it
	Answer  string     // how it is asked: cloze or letter
	Passage int        // tokens of knowledge that it is given
	Known   []string   // questions that are kept already
	Work    string     // folder of what is kept for the next start; empty = nothing is
	Key     string     // what that belongs to
	Tell    func(phase string, done, of int)
}

// Blocks of requests, after each of which work is kept.
const (
	writeBlock = 16
	judgeBlock = 64
)

// Run writes and sifts. After an error or an interruption the next call goes on behind the last whole block.
func Run(ctx context.Context, job Job) (*Result, error) {
	w := &work{Job: job, out: &Result{}}
	for _, step := range []func(context.Context) error{w.write, w.answers, w.sift, w.judge} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	for i := range w.out.Questions {
		if q := &w.out.Questions[i]; q.Dropped == "" && q.Why == "" {
			q.Keep, q.Why = true, "kept: no filter asks about it"
		}
	}
	return w.out, nil
}

// work is a job that is being done.
type work struct {
	Job
	out *Result
}

// sections are the indices of those that are asked about.
func (w *work) sections() []int {
	held := map[string]bool{}
	if w.Sections == "train" {
		held = exam.Held(w.Domain.Items)
	}
	var out []int
	for i, s := range w.Domain.Sections.All() {
		if !held[s.ID] {
			out = append(out, i)
		}
	}
	if w.Most > 0 && w.Most < len(out) {
		rng.New(w.Seed, "writer", "sections").Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		out = out[:w.Most]
		slices.Sort(out)
	}
	return out
}

// write asks for questions about each section.
func (w *work) write(ctx context.Context) error {
	const questionTokens, spare = 64, 64 // a question with its answer
	sections := w.sections()
	w.out.Sections = len(sections)
	replies, err := w.ask(ctx, "write", len(sections), w.Questions*questionTokens+spare, func(i int) string {
		s := w.Domain.Sections.At(sections[i])
		return form.WriteQuestions(s.Title, knowledge.Head(w.Domain, s.Text, w.Text), w.Questions)
	})
	if err != nil {
		return err
	}
	for i, r := range replies {
		s := w.Domain.Sections.At(sections[i])
		drafts, lost := parse(r.Text)
		w.out.Lost += lost
		if r.Cut && len(drafts) > 1 { // the last may be half of one
			drafts = drafts[:len(drafts)-1]
		}
		if r.None == nil && len(drafts) == 0 {
			w.out.Barren++
		}
		for n, d := range drafts[:min(len(drafts), 2*w.Questions)] {
			w.out.Questions = append(w.out.Questions, w.question(sections[i], s, n, d))
		}
	}
	return nil
}

// question makes a question of draft n about a section.
func (w *work) question(index int, s corpus.Section, n int, d draft) Question {
	return Question{Section: index, Answer: d.answer, Pair: pairs.Pair{
		ID: s.ID + "/" + pairs.Written + "/" + strconv.Itoa(n), Section: s.ID, Kind: pairs.Written, Question: d.question, Place: w.Domain.Forms.PlaceOf(s),
		Source: "written by " + w.Writer.Info().Model + " from " + s.Source,
	}}
}

// answers asks for those that were not written, if they are needed.
func (w *work) answers(ctx context.Context) error {
	const answerTokens = 48
	if !w.Judges() {
		return nil
	}
	var open []int
	for i, q := range w.out.Questions {
		if q.Answer == "" {
			open = append(open, i)
		}
	}
	replies, err := w.ask(ctx, "answer", len(open), answerTokens, func(i int) string {
		q := w.out.Questions[open[i]]
		return form.AnswerShortly(knowledge.Head(w.Domain, w.Domain.Sections.At(q.Section).Text, w.Text), q.Pair.Question)
	})
	if err != nil {
		return err
	}
	for i, r := range replies {
		w.out.Questions[open[i]].Answer = shortAnswer(r.Text)
	}
	return nil
}

// said is what came of a request.
type said struct {
	Text   string        `json:"text,omitempty"`
	Cut    bool          `json:"cut,omitempty"`
	None   *llm.NoAnswer `json:"none,omitempty"`
	Right  bool          `json:"right,omitempty"` // of a question that was judged
	Calls  int           `json:"calls"`
	Tokens int           `json:"tokens"`
}

// ask puts n messages to the writer.
func (w *work) ask(ctx context.Context, phase string, n, tokens int, message func(i int) string) ([]said, error) {
	return w.blocks(phase, n, writeBlock, w.Writer, func(from, to int) ([]said, error) {
		messages := make([]string, 0, to-from)
		for i := from; i < to; i++ {
			messages = append(messages, message(i))
		}
		replies, err := llm.Write(ctx, w.Writer, messages, tokens)
		if err != nil {
			return nil, err
		}
		out := make([]said, len(replies))
		for i, r := range replies {
			out[i] = said{Text: r.Text, Cut: r.Cut, None: r.None, Calls: r.Calls, Tokens: r.PromptTokens + r.OutputTokens}
		}
		return out, nil
	})
}

// block is a piece of the journal.
type block struct {
	From int    `json:"from"`
	Said []said `json:"said"`
}

// blocks goes through n requests, block by block, from where the phase's journal ends, and counts what they took.
func (w *work) blocks(phase string, n, size int, client llm.Client, ask func(from, to int) ([]said, error)) (out []said, err error) {
	if n == 0 {
		return nil, nil
	}
	var journal *stages.Partial[block]
	if w.Work != "" {
		var done []block
		if journal, done, err = stages.OpenPartial[block](filepath.Join(w.Work, phase+".journal"), w.Key, client); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, journal.Close()) }()
		for _, b := range done {
			if b.From == len(out) && len(b.Said) == min(size, n-b.From) {
				out = append(out, b.Said...)
			}
		}
	}
	missing := llm.Tally{Of: n}
	for from := 0; from < n; from += size {
		to := min(from+size, n)
		if to > len(out) {
			part, err := ask(from, to)
			if err != nil {
				return nil, err
			}
			if err := journal.Append(block{from, part}); err != nil {
				return nil, err
			}
			out = append(out, part...)
		}
		for i, s := range out[from:to] {
			w.out.Calls += s.Calls
			w.out.Tokens += s.Tokens
			missing.Add(fmt.Sprintf("%s %d", phase, from+i+1), s.None)
			w.out.Missing.Add(fmt.Sprintf("%s %d", phase, from+i+1), s.None)
		}
		if err := missing.Err(); err != nil {
			return nil, err
		}
		w.Tell(phase, to, n)
	}
	w.out.Missing.Of += n
	return out, nil
}
