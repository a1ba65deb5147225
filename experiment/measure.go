package experiment

import "slices"

// What a comparison can be of.
const (
	Accuracy = "accuracy" // the answer is right
	Place    = "place"    // the place that is named is a right one
	Text     = "text"     // the text begins as the true one does
)

// Measures are the names of what Options.Of takes.
var Measures = []string{Accuracy, Place, Text}

// measure is what of a row counts, and when it is right.
type measure struct {
	title  string // of its differences
	needs  string // what a system must have
	lacks  string // of an exam without it
	counts func(Row) bool
	right  func(Row) bool
}

var measures = map[string]measure{
	Accuracy: {
		"accuracy", "questions that are scored", "its questions have no options, and nothing but their evidence is scored",
		func(r Row) bool { return r.Scored }, func(r Row) bool { return r.Correct },
	},
	// Of a question of which no place was named neither the place nor the text is right.
	Place: {"places named right", "places that it names", "the right places of its questions are not known", known, func(r Row) bool { return r.Placed != nil && *r.Placed }},
	Text:  {"texts that begin right", "places that it names", "the right places of its questions are not known", known, func(r Row) bool { return r.Begins != nil && *r.Begins }},
}

func known(r Row) bool { return r.Found != nil }

// counted are the questions, by exam and name, of which a measure says something.
func (t *tables) counted(of string) map[[2]string]bool {
	if t.counts[of] == nil {
		t.counts[of] = map[[2]string]bool{}
		for _, r := range t.e.Rows {
			if measures[of].counts(r) {
				t.counts[of][[2]string{r.Exam, r.Item}] = true
			}
		}
	}
	return t.counts[of]
}

// measures reports whether a measure says something of any question of an exam.
func (t *tables) measures(of, exam string) bool {
	for at := range t.counted(of) {
		if at[0] == exam {
			return true
		}
	}
	return false
}

// names reports whether a system names a place at all.
func names(bySeed map[uint64][]Row) bool {
	for _, rows := range bySeed {
		if slices.ContainsFunc(rows, func(r Row) bool { return r.Placed != nil }) {
			return true
		}
	}
	return false
}
