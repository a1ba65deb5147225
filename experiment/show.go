package experiment

import (
	"fmt"
	"strconv"
	"strings"

	"slm/internal/grid"
)

// Tables are the tables of a comparison, in the order in which they are read: differences, systems, equal cost, questions, failures.
func (out *Comparison) Tables() []grid.Table {
	differences := grid.Table{Title: "Differences of accuracy, in points", Left: 4, Head: []string{"variant", "over", "questions", "system", "difference", "95 % interval", "p (Holm)", "p", "df",
		"better on", "worse on", "detectable", "mixed model"}}
	lines := grid.Table{Title: "Systems", Left: 3, Head: []string{"questions", "system", "variant", "seeds", "accuracy", "95 % interval", "place", "text", "evidence", "ECE", "Brier", "harm", "calls", "tokens", "no answer"}}
	needs := grid.Table{Title: "What a difference takes, with 80 % power", Left: 3, Head: []string{"variant", "questions", "system", "difference", "items", "or seeds"}}
	equal := grid.Table{Title: "At equal cost", Left: 3, Head: []string{"variant", "stage", "figure", "seed", "cost", "at", "value", "spent in all"}}
	differ := grid.Table{Title: "Questions on which they differ", Left: 9, Head: []string{"variant", "over", "system", "item", "question", "right option", "picked", "picked over there", "places", "right", "right over there"}}
	failed := grid.Table{Title: "Failed", Left: 2, Head: []string{"variant", "why", "seed"}}
	for _, d := range out.Differences {
		differences.Rows = append(differences.Rows, []string{d.Variant, d.Over, examOf(d.Exam), d.System, grid.Points(d.Cross.Value), grid.Points(d.Cross.Low) + " to " + grid.Points(d.Cross.High),
			grid.PValue(d.HolmP), grid.PValue(d.Cross.P), fmt.Sprintf("%.1f", d.Cross.DF), strconv.Itoa(d.Won), strconv.Itoa(d.Lost), d.least(), d.check()})
		if n := d.Need; n != nil {
			needs.Rows = append(needs.Rows, []string{d.Variant, examOf(d.Exam), d.System, grid.Points(n.Difference), count(n.Items), count(n.Seeds)})
		}
		for _, q := range d.Differ {
			right := ""
			if q.Answer >= 0 && int(q.Answer) < len(q.Choices) {
				right = q.Choices[q.Answer]
			}
			places := strings.TrimSpace(q.Places[0] + " / " + q.Places[1])
			differ.Rows = append(differ.Rows, []string{d.Variant, d.Over, d.System, q.Item, q.Question.Question, right, q.Picked[0], q.Picked[1], places, share(&q.Shares[0]), share(&q.Shares[1])})
		}
	}
	for _, l := range out.Lines {
		interval := "–"
		if l.Low != nil {
			interval = share(l.Low) + " – " + share(l.High)
		}
		lines.Rows = append(lines.Rows, []string{examOf(l.Exam), l.System, l.Variant, strconv.Itoa(l.Seeds), share(l.Accuracy), interval, share(l.Place), share(l.Text), share(l.Evidence),
			decimal(l.ECE), decimal(l.Brier), share(l.Harm), fmt.Sprintf("%.1f", l.Calls), fmt.Sprintf("%.0f", l.Tokens), strconv.Itoa(l.NoAnswer)})
	}
	for _, x := range out.Equal {
		equal.Rows = append(equal.Rows, []string{x.Variant, x.Stage, x.Figure, strconv.FormatUint(x.Seed, 10), x.Cost, fmt.Sprintf("%.4g", x.At), fmt.Sprintf("%.4f", x.Value), fmt.Sprintf("%.4g", x.Spent)})
	}
	for _, u := range out.Failed {
		failed.Rows = append(failed.Rows, []string{u.Variant, u.Failed, strconv.FormatUint(u.Seed, 10)})
	}
	return []grid.Table{differences, needs, lines, equal, differ, failed}
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
