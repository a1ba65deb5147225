package experiment

import (
	"fmt"
	"strconv"
	"strings"

	"slm/internal/grid"
)

// Tables are the tables of a comparison, in the order in which they are read: differences, power, systems, what they found, equal cost, questions, failures, and what
// the differences rest on. None is wider than a page of a paper.
func (out *Comparison) Tables() []grid.Table {
	tables := []grid.Table{out.differences(), out.needs(), out.systems(), out.found(), out.equal(), out.differ(), out.failed(), out.checks()}
	for i, t := range tables {
		tables[i] = t.Without("questions", examOf("")).Without("no answer", "0")
	}
	return tables
}

// base is the name of the variant with which the others are compared.
func (out *Comparison) base() string {
	if len(out.Differences) == 0 {
		return "the first"
	}
	return out.Differences[0].Over
}

func (out *Comparison) differences() grid.Table {
	t := grid.Table{Title: "Difference of " + measures[out.Of].title + " from " + out.base() + ", in points", Left: 3, Head: []string{"questions", "system", "variant", "difference", "95 % interval", "p (Holm)", "better on", "worse on", "detectable"}}
	for _, d := range out.Differences {
		t.Rows = append(t.Rows, []string{examOf(d.Exam), d.System, d.Variant, grid.Points(d.Cross.Value), grid.Points(d.Cross.Low) + " to " + grid.Points(d.Cross.High), grid.PValue(d.HolmP),
			strconv.Itoa(d.Won), strconv.Itoa(d.Lost), d.least()})
	}
	return t
}

// checks are what specialists ask of a difference: p before the correction, degrees of freedom, and another estimator.
func (out *Comparison) checks() grid.Table {
	t := grid.Table{Title: "The same differences by another estimator", Left: 3, Head: []string{"questions", "system", "variant", "difference", "p, not corrected", "df", "mixed model"}}
	for _, d := range out.Differences {
		t.Rows = append(t.Rows, []string{examOf(d.Exam), d.System, d.Variant, grid.Points(d.Cross.Value), grid.PValue(d.Cross.P), fmt.Sprintf("%.1f", d.Cross.DF), d.check()})
	}
	return t
}

func (out *Comparison) needs() grid.Table {
	t := grid.Table{Title: "What it takes to find a difference, with 80 % power", Left: 3, Head: []string{"questions", "system", "variant", "difference", "items", "or seeds"}}
	for _, d := range out.Differences {
		if n := d.Need; n != nil {
			t.Rows = append(t.Rows, []string{examOf(d.Exam), d.System, d.Variant, grid.Points(n.Difference), count(n.Items), count(n.Seeds)})
		}
	}
	return t
}

func (out *Comparison) systems() grid.Table {
	t := grid.Table{Title: "Systems", Left: 3, Head: []string{"questions", "system", "variant", "seeds", "accuracy", "95 % interval", "harm", "calls", "tokens", "no answer"}}
	for _, l := range out.Lines {
		interval := "–"
		if l.Low != nil {
			interval = share(l.Low) + " – " + share(l.High)
		}
		t.Rows = append(t.Rows, []string{examOf(l.Exam), l.System, l.Variant, strconv.Itoa(l.Seeds), share(l.Accuracy), interval, share(l.Harm), fmt.Sprintf("%.1f", l.Calls), fmt.Sprintf("%.0f", l.Tokens), strconv.Itoa(l.NoAnswer)})
	}
	return t
}

// found is what stands behind the accuracies: places, texts and evidence, and how far confidence can be trusted.
func (out *Comparison) found() grid.Table {
	t := grid.Table{Title: "Right places, texts and evidence; calibration", Left: 3, Head: []string{"questions", "system", "variant", "place", "text", "evidence", "ECE", "Brier"}}
	for _, l := range out.Lines {
		t.Rows = append(t.Rows, []string{examOf(l.Exam), l.System, l.Variant, share(l.Place), share(l.Text), share(l.Evidence), decimal(l.ECE), decimal(l.Brier)})
	}
	return t
}

func (out *Comparison) equal() grid.Table {
	t := grid.Table{Title: "At equal cost", Left: 3, Head: []string{"variant", "stage", "figure", "seed", "cost", "at", "value", "spent in all"}}
	for _, x := range out.Equal {
		t.Rows = append(t.Rows, []string{x.Variant, x.Stage, x.Figure, strconv.FormatUint(x.Seed, 10), x.Cost, amount(x.At), fmt.Sprintf("%.4f", x.Value), amount(x.Spent)})
	}
	return t
}

// differ are the questions on which a variant and the first differ, side by side.
func (out *Comparison) differ() grid.Table {
	base := out.base()
	t := grid.Table{Title: "Questions on which they differ", Left: 8, Head: []string{"variant", "system", "item", "question", "right option", "it picked", base + " picked", "places", "it is right", base + " is right"}}
	for _, d := range out.Differences {
		for _, q := range d.Differ {
			right := ""
			if q.Answer >= 0 && int(q.Answer) < len(q.Choices) {
				right = q.Choices[q.Answer]
			}
			places := strings.TrimSpace(q.Places[0] + " / " + q.Places[1])
			t.Rows = append(t.Rows, []string{d.Variant, d.System, q.Item, q.Question.Question, right, q.Picked[0], q.Picked[1], places, share(&q.Shares[0]), share(&q.Shares[1])})
		}
	}
	return t
}

func (out *Comparison) failed() grid.Table {
	t := grid.Table{Title: "Failed", Left: 2, Head: []string{"variant", "why", "seed"}}
	for _, u := range out.Failed {
		t.Rows = append(t.Rows, []string{u.Variant, u.Failed, strconv.FormatUint(u.Seed, 10)})
	}
	return t
}

// least is the smallest difference that would be found.
func (d Difference) least() string {
	if d.Detectable == nil {
		return "–"
	}
	return grid.Points(*d.Detectable)
}

// check is what the mixed model says.
func (d Difference) check() string {
	if d.Mixed == nil {
		return "–"
	}
	return grid.Points(d.Mixed.Value) + " ± " + grid.Points(d.Mixed.SE)
}

func examOf(name string) string {
	if name == "" {
		return "exam"
	}
	return name
}

func share(x *float64) string {
	if x == nil {
		return "–"
	}
	return strconv.FormatFloat(100**x, 'f', 1, 64) + " %"
}

func decimal(x *float64) string {
	if x == nil {
		return "–"
	}
	return strconv.FormatFloat(*x, 'f', 3, 64)
}

func count(n int) string {
	if n == 0 {
		return "–"
	}
	return strconv.Itoa(n)
}
