package report

import (
	"slices"

	"slm/internal/grid"
	"slm/result"
)

// column is a figure of every system, with its name on the terminal, where an empty one leaves it out, and its title on the page.
type column struct {
	name, title string
	shown       bool
	cell        func(result.System) string
}

// figuresOf are the figures of an exam's table: accuracies where questions are scored, evidence where right places are known.
func figuresOf(s *result.Summary) []column {
	scored := s.Scored() > 0
	classes := slices.ContainsFunc(s.Systems, func(sys result.System) bool { return sys.Balanced != nil })
	all := []column{
		{"", "Right", scored, func(sys result.System) string { return whole(sys.Correct) }},
		{"accuracy", "Accuracy", scored, func(sys result.System) string { return grid.Percent(sys.Accuracy) }},
		{"95 % interval", "95" + nbsp + "% interval", scored, func(sys result.System) string { return grid.Between(sys.Low, sys.High) }},
		{"balanced", "Balanced accuracy", classes, func(sys result.System) string { return defined(sys.Balanced, grid.Percent) }},
		{"macro-F1", "Macro-F1", classes, func(sys result.System) string { return defined(sys.MacroF1, grid.Percent) }},
		{"p vs llm", "p against the LLM alone", scored, func(sys result.System) string { return defined(sys.McNemarP, pvalue) }},
		{"of possible", "Of the possible improvement", scored, func(sys result.System) string { return defined(sys.Headroom, grid.Percent) }},
		{"harm", "Harm", scored, func(sys result.System) string { return defined(sys.Harm, grid.Percent) }},
		{"evidence", "Evidence", s.Evidence > 0, evidence(s, func(e result.Evidence) int { return e.Any })},
		{"first", "Evidence first", s.Evidence > 0, evidence(s, func(e result.Evidence) int { return e.First })},
	}
	for _, f := range []struct {
		name, title string
		of          func(result.Free) *float64
	}{
		{"contains", "Contains", func(f result.Free) *float64 { return f.Contains }}, {"exact", "Exact match", func(f result.Free) *float64 { return f.Exact }},
		{"F1", "Token F1", func(f result.Free) *float64 { return f.F1 }}, {"ROUGE-L", "ROUGE-L", func(f result.Free) *float64 { return f.L }},
		{"faithful", "Faithful", func(f result.Free) *float64 { return f.Faithful }}, {"judged", "Judged right", func(f result.Free) *float64 { return f.Judged }},
	} {
		has := func(sys result.System) bool { return sys.Free != nil && f.of(*sys.Free) != nil }
		all = append(all, column{f.name, f.title, slices.ContainsFunc(s.Systems, has), func(sys result.System) string {
			if !has(sys) {
				return "–"
			}
			return grid.Percent(*f.of(*sys.Free))
		}})
	}
	all = append(all,
		column{"", "In corpus", true, func(sys result.System) string { return whole(sys.Verified) }},
		column{"calls", "LLM calls", true, func(sys result.System) string { return whole(sys.Calls) }},
		column{"tokens", "LLM tokens", true, func(sys result.System) string { return whole(sys.Tokens) }},
		column{"no answer", "No answer", unanswered(s), reasons},
	)
	return slices.DeleteFunc(all, func(c column) bool { return !c.shown })
}

// evidence prints how many questions had some evidence, as a share of those of which right places are known.
func evidence(s *result.Summary, of func(result.Evidence) int) func(result.System) string {
	return func(sys result.System) string {
		if sys.Evidence == nil {
			return "–"
		}
		return grid.Percent(float64(of(*sys.Evidence)) / float64(s.Evidence))
	}
}

// defined prints a figure, or that it is not defined.
func defined(x *float64, print func(float64) string) string {
	if x == nil {
		return "–"
	}
	return print(*x)
}
