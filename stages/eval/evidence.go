package eval

import (
	"slices"
	"strings"

	"slm/result"
	"slm/stages/knowledge"
	"slm/stat"
)

// evidence counts how often a system gave the black box a passage from a right place; nil where no right place is known.
func evidence(a answers, opt stat.Options) (*result.Evidence, error) {
	var e result.Evidence
	var there []bool
	for _, r := range a.rows {
		if len(r.Right) > 0 {
			there = append(there, r.Rank > 0)
			e.First, e.Any = e.First+count(r.Rank == 1), e.Any+count(r.Rank > 0)
		}
	}
	if len(there) == 0 {
		return nil, nil
	}
	mean, err := stat.Mean(stat.Floats(there), opt)
	e.Rate, e.Low, e.High = mean.Value, mean.Low, mean.High
	return &e, err
}

// mostClasses is how many options all questions may share to count as classes.
const mostClasses = 8

// classesOf are the options of questions that all have the same few, in a fixed order: yes, no, maybe. Of so few questions that most
// classes are seen once there are none.
func classesOf(rows []result.Row) []string {
	var classes []string
	n := 0
	for _, r := range rows {
		if len(r.Choices) == 0 {
			continue
		}
		options := make([]string, len(r.Choices))
		for i, c := range r.Choices {
			options[i] = strings.ToLower(knowledge.Fold(c))
		}
		slices.Sort(options)
		if n++; n == 1 {
			classes = options
		}
		if !slices.Equal(options, classes) {
			return nil
		}
	}
	if len(classes) > mostClasses || n < 2*len(classes) {
		return nil
	}
	return classes
}

// byClass is the balanced accuracy and the macro-averaged F1 of a system over classes.
func byClass(a answers, classes []string) (balanced, f1 *float64) {
	of := func(r result.Row, i int32) int {
		if i < 0 {
			return -1
		}
		return slices.Index(classes, strings.ToLower(knowledge.Fold(r.Choices[i])))
	}
	var gold, said []int
	for _, r := range a.rows {
		if len(r.Choices) > 0 {
			gold, said = append(gold, of(r, r.Answer)), append(said, of(r, r.Picked))
		}
	}
	b, f := stat.Balanced(gold, said, len(classes)), stat.MacroF1(gold, said, len(classes))
	return defined(b), defined(f)
}
