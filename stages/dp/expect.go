package dp

import (
	"fmt"
	"math"
)

// Range is a share with the range that was measured around it.
type Range struct{ Low, Mid, High float64 }

// String is "91 % (85 to 96 %)".
func (r Range) String() string {
	return fmt.Sprintf("%.0f %% (%.0f to %.0f %%)", 100*r.Mid, 100*r.Low, 100*r.High)
}

// measured is the table of docs/measurements.md, "Passes and recall": the share of held-out sections whose place the model named, asked by
// heading, and whose text it began right, the lower of both, after so many passes over the mixture of slm init's recipes, and its interval. The
// first two rows are one training each. The last is of two corpora, which came to 73 % and, between two of its trainings, 90 %: their middle, and
// a range that has both intervals; its lower end bounds the row before it, too.
var measured = []struct {
	passes float64
	recall Range
}{
	{0, Range{0, 0, 0}},
	{8.1, Range{0.43, 0.54, 0.66}},
	{13.5, Range{0.61, 0.73, 0.80}},
	{22, Range{0.61, 0.82, 0.96}},
}

// enoughPasses is where the table reaches Enough, or else its end.
var enoughPasses = passesFor(Enough)

// expect is the recall after a number of passes, by the table, in straight lines between its rows.
func expect(passes float64) Range {
	last := measured[len(measured)-1]
	for i, row := range measured {
		if passes <= row.passes {
			if i == 0 {
				return row.recall
			}
			before := measured[i-1]
			at := (passes - before.passes) / (row.passes - before.passes)
			mix := func(a, b float64) float64 { return a + float64(at*(b-a)) }
			return Range{mix(before.recall.Low, row.recall.Low), mix(before.recall.Mid, row.recall.Mid), mix(before.recall.High, row.recall.High)}
		}
	}
	return last.recall
}

// passesFor is the least number of whole passes by which the table expects a recall.
func passesFor(recall float64) float64 {
	last := math.Ceil(measured[len(measured)-1].passes)
	for n := 1.0; n < last; n++ {
		if expect(n).Mid >= recall {
			return n
		}
	}
	return last
}
