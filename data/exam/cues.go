package exam

import (
	"unicode/utf8"

	"slm/data/corpus/clean"
	"slm/internal/elementary"
)

// Overlap scores options without a model: by the words that they share with the question, each weighed by its inverse document frequency among
// the options of all questions, smoothed as BM25's.
type Overlap struct {
	options int
	df      map[string]int
}

// NewOverlap counts the words of options.
func NewOverlap(options []string) *Overlap {
	o := &Overlap{options: len(options), df: map[string]int{}}
	for _, text := range options {
		for t := range termSet(text) {
			o.df[t]++
		}
	}
	return o
}

// Scores are those of the options of a question, in their order; 0 = it shares no word.
func (o *Overlap) Scores(question string, options []string) []float64 {
	var asked []string
	seen := map[string]bool{}
	for _, t := range clean.Terms(question) {
		if !seen[t] {
			seen[t], asked = true, append(asked, t)
		}
	}
	out := make([]float64, len(options))
	for i, option := range options {
		has := termSet(option)
		for _, t := range asked { // in the question's order: a sum has one
			if has[t] {
				n := float64(o.df[t])
				out[i] += elementary.Log(1 + (float64(o.options)-n+0.5)/(n+0.5))
			}
		}
	}
	return out
}

func termSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, t := range clean.Terms(text) {
		set[t] = true
	}
	return set
}

// cue is a way to choose an option without knowing anything.
type cue struct {
	name   string
	scores func(question string, options []string) []float64
}

// cues are those by which no more questions may be answered than by chance.
func cues(o *Overlap) []cue {
	length := func(sign float64) func(string, []string) []float64 {
		return func(_ string, options []string) []float64 {
			out := make([]float64, len(options))
			for i, option := range options {
				out[i] = sign * float64(utf8.RuneCountInString(option))
			}
			return out
		}
	}
	return []cue{
		{"answered by the words that question and option share", o.Scores},
		{"answered by the longest option", length(1)},
		{"answered by the shortest option", length(-1)},
	}
}

// luck is the chance that one who takes the option of the highest score is right; among equals he guesses.
func luck(scores []float64, right int) float64 {
	equal := 0
	for _, s := range scores {
		if s > scores[right] {
			return 0
		}
		if s == scores[right] {
			equal++
		}
	}
	return 1 / float64(equal)
}

// quota lets no cue answer more of the questions than chance does, up to one: a question that one answers is taken while others made up for it.
type quota struct {
	chance float64
	taken  int
	sums   []float64 // by cue
}

// over says which cue a question would take above its share; -1 = none.
func (q *quota) over(lucks []float64) int {
	for i, l := range lucks {
		if q.sums[i]+l > float64(q.chance*float64(q.taken))+1+1e-9 {
			return i
		}
	}
	return -1
}

func (q *quota) take(lucks []float64) {
	q.taken++
	for i, l := range lucks {
		q.sums[i] += l
	}
}

// KnowsDocument is the expected accuracy of one who knows from which document the answer of each question is, and no more: he guesses among the options of that
// document. ok is false where a question does not say whose its options are.
func KnowsDocument(items []Item) (accuracy float64, ok bool) {
	items = WithChoices(items)
	for _, m := range items {
		if len(m.Documents) != len(m.Choices) {
			return 0, false
		}
		same := 0
		for _, d := range m.Documents {
			if d == m.Documents[m.Answer] {
				same++
			}
		}
		accuracy += 1 / float64(same)
	}
	return accuracy / float64(max(len(items), 1)), len(items) > 0
}
