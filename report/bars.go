package report

import (
	"fmt"
	"html"
	"html/template"
	"strings"

	"slm/internal/grid"
	"slm/result"
	"slm/stages/systems"
)

// bar is a line of the drawn table.
type bar struct {
	Name        string
	Label, Gets string
	Class       string // colour by kind
	Value       string // "86 %"
	Range       string // "79 to 92"
	SVG         template.HTML
}

// kindClass names each kind's colour in the style sheet.
var kindClass = map[systems.Kind]string{
	systems.Baseline: "k-base", systems.Ours: "k-method", systems.Text: "k-text", systems.Bound: "k-bound", systems.Control: "k-control",
}

// bars draws one row a system. A row is stretched to the width that it finds; strokes keep their width.
func bars(s *result.Summary) []bar {
	out := make([]bar, 0, len(s.Systems))
	for _, sys := range s.Systems {
		if s.Scored() == 0 {
			if sys.Evidence == nil {
				continue
			}
			sys.Accuracy, sys.Low, sys.High = sys.Evidence.Rate, sys.Evidence.Low, sys.Evidence.High
		}
		b := bar{Name: sys.System, Label: sys.System, Class: "k-base", Value: grid.Percent(sys.Accuracy)}
		if spec, ok := systems.Lookup(sys.System); ok {
			b.Label, b.Gets, b.Class = spec.Label, spec.Gets, kindClass[spec.Kind]
			if spec.Found != "" && judged(s).Learned == result.NoModel {
				b.Gets = spec.Found
			}
		}
		b.Range = strings.TrimSuffix(grid.Percent(sys.Low), nbsp+"%") + " to " + strings.TrimSuffix(grid.Percent(sys.High), nbsp+"%")
		says := fmt.Sprintf("%s: %s of the questions right, 95 %% interval %s; chance is %s", b.Label, b.Value, b.Range, grid.Percent(s.Chance))
		if s.Scored() == 0 {
			says = fmt.Sprintf("%s: evidence for %s of the questions, 95 %% interval %s", b.Label, b.Value, b.Range)
		}
		b.SVG = barSVG(b, says, sys, s.Chance)
		out = append(out, b)
	}
	return out
}

// barSVG draws a system's share of the questions, its interval and the chance line, over the whole width from 0 to 100 %.
func barSVG(b bar, says string, sys result.System, chance float64) template.HTML {
	const w, h = 1000.0, 40.0
	var out strings.Builder
	fmt.Fprintf(&out, `<svg class="bar %s" viewBox="0 0 %.0f %.0f" preserveAspectRatio="none" role="img" aria-label="%s">`, b.Class, w, h,
		html.EscapeString(says))
	for _, at := range []float64{0, 0.25, 0.5, 0.75, 1} {
		fmt.Fprintf(&out, `<line class="grid" x1="%.1f" x2="%.1f" y1="0" y2="%.0f"/>`, w*at, w*at, h)
	}
	fmt.Fprintf(&out, `<rect class="fill" x="0" y="11" width="%.1f" height="18"/>`, w*sys.Accuracy)
	if chance > 0 {
		fmt.Fprintf(&out, `<line class="chance" x1="%.1f" x2="%.1f" y1="0" y2="%.0f"/>`, w*chance, w*chance, h)
	}
	lo, hi := w*sys.Low, w*sys.High
	fmt.Fprintf(&out, `<path class="whisker" d="M%.1f 20H%.1fM%.1f 14V26M%.1f 14V26"/></svg>`, lo, hi, lo, hi)
	return template.HTML(out.String())
}
