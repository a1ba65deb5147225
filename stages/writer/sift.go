package writer

import (
	"context"
	"fmt"
	"strings"

	"slm/data/exam"
	"slm/data/form"
	"slm/data/rouge"
)

// Limits of a question, words. Alpaca's are 3 and 150 for instructions.
const (
	fewest = 4
	most   = 80
	// A question repeats the text if it has a run of so many words from it, or if most of it is one.
	longestRun = 10
	mostRun    = 0.7
)

// sift applies the filters that need no model, in order; of two questions that are near to each other the first stays. A question that the exam
// holds out, or a near copy of one, and one that was written before, are dropped whatever the recipe says.
func (w *work) sift(context.Context) error {
	guard, kept, same := w.Domain.Guard(), rouge.NewIndex(), map[string]bool{}
	for _, q := range w.Known {
		kept.Add(q)
		same[exam.Fold(q)] = true
	}
	for i := range w.out.Questions {
		q := &w.out.Questions[i]
		if q.Dropped, q.Why = w.fault(q, guard, kept, same); q.Dropped == "" {
			kept.Add(q.Pair.Question)
			same[exam.Fold(q.Pair.Question)] = true
		}
	}
	return nil
}

// fault is the first filter that a question does not pass, and what it says.
func (w *work) fault(q *Question, guard *exam.Guard, kept *rouge.Index, same map[string]bool) (filter, why string) {
	text, section := q.Pair.Question, w.Domain.Sections.At(q.Section)
	words := rouge.Words(text)
	if n := len(words); w.has(Length) && (n < fewest || n > most) {
		return Length, fmt.Sprintf("dropped: it has %d words", n)
	}
	if w.has(Place) {
		if w.Domain.Forms.NamesPlace(text, section) {
			return Place, "dropped: it names the place"
		}
		if word, ok := form.SpeaksOfText(text); ok {
			return Place, fmt.Sprintf("dropped: it speaks of the text (%s)", word)
		}
	}
	if w.has(Copy) {
		if n := rouge.Run(words, rouge.Words(section.Text)); n >= longestRun || n >= fewest && float64(n) >= mostRun*float64(len(words)) {
			return Copy, fmt.Sprintf("dropped: it repeats %d words of the text", n)
		}
	}
	if item, ok := guard.Near(text); ok {
		return Held, fmt.Sprintf("dropped: it resembles question %s, which the exam holds out", item)
	}
	if same[exam.Fold(text)] {
		return Similar, "dropped: it was asked before"
	}
	if w.has(Similar) {
		if _, f, ok := kept.Above(text, w.Similar); ok {
			return Similar, fmt.Sprintf("dropped: ROUGE-L %.2f with a kept question", f)
		}
	}
	return "", ""
}

// shortAnswer is the first line of a reply that was asked for a short answer, without a label.
func shortAnswer(reply string) string {
	text, _, _ := strings.Cut(strings.TrimSpace(reply), "\n")
	return unlabelled(text, answerLabel)
}
