package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"slm/internal/grid"
	"slm/result"
)

// routingView is the part of the page about an exam's routing.
type routingView struct {
	Title string // of the exam, where there are two
	Lines []string
	Plots []figure
}

// viewRoutings are those of a run's exams.
func viewRoutings(s *result.Summary) (out []routingView) {
	if s == nil {
		return nil
	}
	for _, exam := range s.Exams() {
		if r := exam.Routing; r != nil && r.Test != nil {
			v := routingView{Lines: routingLines(r)}
			if s.Asked != nil {
				v.Title = "Questions " + exam.Title
			}
			v.Plots = []figure{traded(r), foretold(r.Test)}
			out = append(out, v)
		}
	}
	return out
}

// routingLines say in words what routing comes to.
func routingLines(r *result.Routing) []string {
	t := r.Test
	if t == nil {
		return []string{"Routing to " + r.Target + ": no question has a right answer to compare with."}
	}
	lines := []string{fmt.Sprintf("Routing to %s, chosen on %d development questions, over %d test questions: %s right (%s; %s, the best single system in development, has %s), with %s calls of the LLM for a question%s.",
		r.Target, devQuestions(r), t.Questions, grid.Percent(t.Quality.Value), grid.Between(t.Quality.Low, t.Quality.High), r.Best, grid.Percent(qualityOf(t, r.Best)), decimals2(t.Calls.Value), callsShare(t, r.Best))}
	lines = append(lines, fmt.Sprintf("It is wrong where %s is right for %s of the questions (%s)%s. A draw with as many calls would have %s, and who knew which system is right %s with %s calls.",
		r.Best, grid.Percent(t.Lost.Value), grid.Between(t.Lost.Low, t.Lost.High), harmOf(t), grid.Percent(t.Random), grid.Percent(t.Oracle.Value), decimals2(t.OracleUse)))
	if t.APGR != nil {
		text := fmt.Sprintf("Average performance gap recovered between %s and %s (RouteLLM’s APGR; by chance .50): %s (%s – %s)", r.Weak, r.Best, grid.Decimals(t.APGR.Value), grid.Decimals(t.APGR.Low), grid.Decimals(t.APGR.High))
		for _, c := range []struct {
			name string
			v    *float64
		}{{"half of the gap", t.CPT50}, {"four fifths", t.CPT80}} {
			if c.v != nil {
				text += fmt.Sprintf("; %s with %s of the questions sent to the LLM", c.name, grid.Percent(*c.v))
			}
		}
		lines = append(lines, text+".")
	} else {
		lines = append(lines, fmt.Sprintf("Between %s and %s there is no gap that so few questions could tell how much of is recovered.", r.Weak, r.Best))
	}
	lines = append(lines, fmt.Sprintf("Probabilities: expected calibration error %s, Brier score %s.", decimals3(t.ECE), decimals3(t.Brier)))
	return lines
}

// routingTable is the table of the systems that were chosen among.
func routingTable(r *result.Routing) string {
	if r == nil || r.Test == nil {
		return ""
	}
	rows := [][]string{{"route", "right, always", "95 % interval", "calls", "taken", "AUROC", "ECE"}}
	for _, c := range r.Test.Systems {
		auroc := "–"
		if c.AUROC != nil {
			auroc = grid.Decimals(*c.AUROC)
		}
		rows = append(rows, []string{c.System, plain(grid.Percent(c.Quality.Value)), plain(grid.Percent(c.Quality.Low) + " – " + grid.Percent(c.Quality.High)), decimals2(c.Calls), fmt.Sprint(c.Taken), auroc, grid.Decimals(c.ECE)})
	}
	var b strings.Builder
	b.WriteString("\n")
	for _, line := range routingLines(r) {
		b.WriteString(plain(wrap(line, 80)))
	}
	return b.String() + grid.Align(rows, 1)
}

// traded is the curve of quality over cost.
func traded(r *result.Routing) figure {
	usd := r.Unit == "usd"
	cost := func(calls, dollars float64) float64 {
		if usd {
			return 1000 * dollars
		}
		return calls
	}
	name := "calls of the LLM for a question"
	if usd {
		name = "dollars for 1,000 questions"
	}
	list := slices.Clone(r.Test.Curve)
	slices.SortStableFunc(list, func(a, b result.Traded) int { return cmp.Compare(cost(a.Calls, a.USD), cost(b.Calls, b.USD)) })
	var line, low, high, single []point
	for _, p := range list {
		x := cost(p.Calls, p.USD)
		line, low, high = append(line, point{x, p.Quality.Value}), append(low, point{x, p.Quality.Low}), append(high, point{x, p.Quality.High})
	}
	for _, c := range r.Test.Systems {
		single = append(single, point{cost(c.Calls, c.USD), c.Quality.Value})
	}
	f := figure{Title: "Quality over cost", Text: "Each point is a price for a call, chosen on development questions; the area is a 95 % interval. Dots are the systems by themselves."}
	p := plot{title: f.Title, detail: f.Text, xName: name, xFromZero: true, yText: func(v float64) string { return grid.Percent(v) }, series: []series{
		{class: "band band-a", points: high, lower: low}, {class: "line-a", points: line}, {class: "dot-b", points: single, dots: true},
	}}
	f.Plot = p.both(470, 280)
	return f
}

// foretold is the reliability diagram of all probabilities.
func foretold(t *result.Routed) figure {
	var points []point
	for _, b := range t.Bins {
		if b.Cases > 0 {
			points = append(points, point{b.Mean, b.Right})
		}
	}
	low, high := 0.0, 1.0
	f := figure{Title: "Share right against probability", Text: fmt.Sprintf("Of every system on every question; expected calibration error %.3f.", t.ECE)}
	p := plot{title: f.Title, detail: f.Text, xName: "probability", xFromZero: true, yLow: &low, yHigh: &high, series: []series{
		{class: "line-c", points: []point{{0, 0}, {1, 1}}}, {class: "line-a", points: points}, {class: "dot-a", points: points, dots: true},
	}}
	f.Plot = p.both(470, 280)
	return f
}

func devQuestions(r *result.Routing) int {
	if r.Dev == nil {
		return 0
	}
	return r.Dev.Questions
}

// qualityOf is that of a system taken always.
func qualityOf(t *result.Routed, system string) float64 {
	for _, c := range t.Systems {
		if c.System == system {
			return c.Quality.Value
		}
	}
	return 0
}

func callsShare(t *result.Routed, best string) string {
	if t.Share == nil {
		return ""
	}
	return fmt.Sprintf(", %s of %s’s (%s)", grid.Percent(t.Share.Value), best, grid.Between(t.Share.Low, t.Share.High))
}

func harmOf(t *result.Routed) string {
	if t.Harm == nil {
		return ""
	}
	return fmt.Sprintf(", and for %s of those that the LLM alone has right (%s)", grid.Percent(t.Harm.Value), grid.Between(t.Harm.Low, t.Harm.High))
}

func decimals2(x float64) string { return fmt.Sprintf("%.2f", x) }
func decimals3(x float64) string { return strings.TrimPrefix(fmt.Sprintf("%.3f", x), "0") }
