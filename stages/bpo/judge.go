package bpo

import (
	"context"
	"errors"
	"fmt"
	"math"

	"slm/data/exam"
	"slm/llm"
	"slm/stages/delivery"
	"slm/stages/knowledge"
)

// ErrScores says that the black box's scores cannot tell options apart. A search over such scores would run, and find nothing.
var ErrScores = errors.New("bpo: the scores of the options say nothing")

// result is one question answered with one prompt.
type result struct {
	Place     string        `json:"place,omitempty"` // as the small model named it
	Text      string        `json:"text,omitempty"`  // the knowledge
	Objective float64       `json:"objective"`       // margin of the right option; 1 or 0 where options have no scores
	Right     bool          `json:"right,omitempty"`
	None      *llm.NoAnswer `json:"no_answer,omitempty"` // why there is no answer; the objective is 0 then, neither right nor wrong by likelihood
	Calls     int           `json:"calls"`               // that the question takes of the black box
	Tokens    int           `json:"tokens"`              // prompts and replies,
	Written   int           `json:"written,omitempty"`   // and of them those of the replies
	More      []TextRow     `json:"more,omitempty"`      // said in further samples
	Key       string        `json:"key,omitempty"`       // of what the black box was asked, where more than the text decides it
	Paid      bool          `json:"-"`                   // this arm had not asked the black box the same before
}

// asked tells what the black box was asked from what else it is asked about the item.
func (r result) asked() string {
	if r.Key != "" {
		return r.Key
	}
	return r.Text
}

// said is what the small model has said to one question.
type said struct{ place, text string }

// judge asks the small model and then the black box. The same knowledge for the same question is asked once: many prompts make the
// small model name the same place.
type judge struct {
	say     func(ctx context.Context, questions []string, soft []float32) ([]knowledge.Piece, error)
	answer  func(ctx context.Context, qs []llm.Question) ([]llm.Choice, error)
	soft    func(z []float64) []float32
	words   func(prompt string) []float32 // embeddings of a prompt in words
	keep    func(place, text string)      // hands a text of the journal back to the small model, so that it is not generated again in another batch
	oneStep bool
	cloze   bool // answers carry a score for each option
	shares  bool // the objective is right or wrong
	price   Price

	sample func(ctx context.Context, questions []string, soft []float32, n int) ([][]knowledge.Piece, error) // where a delivery is searched, and
	shelf  delivery.Shelf

	texts map[string]string      // place → text. The first that was generated holds, also after a resume
	known map[[2]string]result   // by item and what was asked
	paid  map[[3]string]struct{} // by arm, item and what was asked

	missing    llm.Tally       // items without an answer, with whatever text
	unanswered map[string]bool // their IDs
}

// score answers items with a trial's prompt.
func (j *judge) score(ctx context.Context, t *trial, space delivery.Space, items []exam.Item) ([]result, error) {
	questions := make([]string, len(items))
	for i, it := range items {
		questions[i] = it.Question
	}
	var soft []float32
	if t.prompt != "" {
		soft = j.words(t.prompt)
	} else {
		soft = j.soft(space.Prompt(t.z))
	}
	if len(space.Knobs) > 0 {
		return j.deliver(ctx, space.Delivery(t.z), questions, soft, items)
	}
	pieces, err := j.say(ctx, questions, soft)
	if err != nil {
		return nil, fmt.Errorf("bpo: ask the small model: %w", err)
	}
	if len(pieces) != len(items) {
		return nil, fmt.Errorf("bpo: %d pieces of knowledge for %d questions", len(pieces), len(items))
	}
	return j.grade(ctx, plain(j.first(pieces), items), items)
}

// first is what was said, with the text that a place had when it was first recited.
func (j *judge) first(pieces []knowledge.Piece) []said {
	texts := make([]said, len(pieces))
	fresh := map[string]string{}
	for i, p := range pieces {
		texts[i] = said{p.Place, p.Text}
		if p.Place != "" && !j.oneStep {
			if first, ok := j.texts[p.Place]; ok {
				texts[i].text = first
			} else if first, ok := fresh[p.Place]; ok {
				texts[i].text = first
			}
			fresh[p.Place] = texts[i].text
		}
	}
	return texts
}

// request is a question to the black box, and what it is made of.
type request struct {
	said
	more     []TextRow    // said in further samples
	question llm.Question //
	key      string       // tells requests about an item apart; "" = the text does
}

// plain are the requests of the usual delivery.
func plain(texts []said, items []exam.Item) []request {
	out := make([]request, len(texts))
	for i, p := range texts {
		out[i] = request{said: p, question: llm.Question{Knowledge: p.text, Question: items[i].Question, Choices: items[i].Choices}}
	}
	return out
}

// grade puts requests to the black box, one an item. An error that wraps ErrScores or llm.ErrScores says that the replies are of no use.
func (j *judge) grade(ctx context.Context, reqs []request, items []exam.Item) ([]result, error) {
	out := make([]result, len(items))
	var ask []int
	var qs []llm.Question
	for i, p := range reqs {
		key := p.key
		if key == "" {
			key = p.text
		}
		if r, ok := j.known[[2]string{items[i].ID, key}]; ok {
			out[i] = r
		} else {
			ask = append(ask, i)
			qs = append(qs, p.question)
		}
		out[i].Place, out[i].Text, out[i].More, out[i].Key = p.place, p.text, p.more, p.key
	}
	if len(qs) == 0 {
		return out, nil
	}
	choices, err := j.answer(ctx, qs)
	if err != nil {
		return nil, fmt.Errorf("bpo: ask the black box: %w", err)
	}
	if len(choices) != len(qs) {
		return nil, fmt.Errorf("bpo: %d answers to %d questions", len(choices), len(qs))
	}
	for k, i := range ask {
		if out[i].Objective, err = j.objective(choices[k], items[i]); err != nil {
			return nil, fmt.Errorf("%w (item %s)", err, items[i].ID)
		}
		if choices[k].None == nil {
			out[i].Objective -= float64(j.price.Call*float64(choices[k].Calls)) + float64(j.price.Token*float64(choices[k].Tokens))
		}
		out[i].None = choices[k].None
		out[i].Right, out[i].Calls, out[i].Tokens, out[i].Written = choices[k].Index == items[i].Answer, choices[k].Calls, choices[k].Tokens, choices[k].Written
	}
	return out, nil
}

// take remembers results, whether they come from score or from the journal, and says which of them the arm pays for.
func (j *judge) take(arm string, items []exam.Item, results []result) []result {
	if j.texts == nil {
		j.texts, j.known, j.paid = map[string]string{}, map[[2]string]result{}, map[[3]string]struct{}{}
		j.unanswered = map[string]bool{}
	}
	out := make([]result, len(results))
	for i, r := range results {
		for _, p := range append([]TextRow{{r.Place, r.Text}}, r.More...) {
			if _, ok := j.texts[p.Place]; !ok && p.Place != "" {
				j.texts[p.Place] = p.Text
				if j.keep != nil {
					j.keep(p.Place, p.Text)
				}
			}
		}
		j.known[[2]string{items[i].ID, r.asked()}] = r
		if r.None != nil && !j.unanswered[items[i].ID] {
			j.unanswered[items[i].ID] = true
			j.missing.Add("item "+items[i].ID, r.None)
		}
		bill := [3]string{arm, items[i].ID, r.asked()}
		_, before := j.paid[bill]
		r.Paid = !before
		j.paid[bill] = struct{}{}
		out[i] = r
	}
	return out
}

// objective is the margin of the right option: its length-normalised log-likelihood less that of the best wrong one, nats a token. Where it
// crosses 0 the answer turns right; right or wrong alone would say nothing of how close it is.
func (j *judge) objective(c llm.Choice, it exam.Item) (float64, error) {
	if c.None != nil {
		return 0, nil
	}
	if !j.cloze {
		if c.Index == it.Answer {
			return 1, nil
		}
		return 0, nil
	}
	if len(c.Scores) != len(it.Choices) {
		return 0, fmt.Errorf("%w: %d scores for %d options", ErrScores, len(c.Scores), len(it.Choices))
	}
	wrong, same := math.Inf(-1), true
	for i, s := range c.Scores {
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return 0, fmt.Errorf("%w: a score is %v", ErrScores, s)
		}
		if i != it.Answer {
			wrong = math.Max(wrong, s)
		}
		same = same && s == c.Scores[0]
	}
	if same && len(c.Scores) > 1 {
		return 0, fmt.Errorf("%w: all %d are %v", ErrScores, len(c.Scores), c.Scores[0])
	}
	if len(c.Scores) < 2 {
		return 0, fmt.Errorf("%w: one option leaves nothing to tell apart", ErrScores)
	}
	if j.shares {
		if c.Index == it.Answer {
			return 1, nil
		}
		return 0, nil
	}
	return c.Scores[it.Answer] - wrong, nil
}
