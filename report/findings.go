package report

import (
	"fmt"
	"strings"

	"slm/internal/grid"
	"slm/result"
	"slm/stages/systems"
	"slm/stages/verdict"
)

// Finding is one sentence about the figures.
type Finding struct {
	Subject string // what it is about, in two or three words
	Text    string
	Mark    string // "yes" shown, "no" not shown, "warn" it speaks against the method, "plain" just a figure
}

// Findings lists what the figures say beyond the opening. A small model that has not learned its texts has no good marks: whatever is better, it is
// not by what it knows.
func Findings(s *result.Summary) []Finding {
	var out []Finding
	add := func(f Finding, ok bool) {
		if ok {
			out = append(out, f)
		}
	}
	v := judged(s)
	m, ok := verdict.Method(s)
	for _, outcome := range []result.Outcome{result.Better, result.Worse, result.Neither} {
		add(againstSearch(v, outcome))
	}
	if ok && s.Scored() > 0 {
		add(gain(s, v, m))
		add(possible(s, m))
		add(harm(s, m))
		add(byText(s, m))
	}
	add(places(s))
	for _, c := range contrasts(s) {
		switch {
		case c.Subject == "", c.Topic == systems.Instead && len(v.Against) > 0: // the best search has been spoken of
		case c.Over == systems.Method:
			add(content(s, c, m))
		case controls(c.System):
			add(control(s, c))
		default:
			add(difference(s, c))
		}
	}
	for _, spec := range systems.All {
		if spec.Kind == systems.Bound && s.Scored() > 0 {
			add(bound(s, spec))
		}
	}
	if v.Learned == result.No {
		for i := range out {
			if out[i].Mark == "yes" {
				out[i].Mark = "plain"
			}
		}
	}
	return out
}

// marks are those of comparisons.
var marks = map[result.Outcome]string{result.Better: "yes", result.Worse: "warn", result.Neither: "no"}

// againstSearch lists the systems with the small model that do better than the best search, worse, or neither.
func againstSearch(v *result.Verdict, outcome result.Outcome) (Finding, bool) {
	var parts []string
	for _, c := range v.Against {
		if c.Outcome == outcome {
			parts = append(parts, fmt.Sprintf("%s, %s", who(c.System), versus(c)))
		}
	}
	if parts == nil {
		return Finding{}, false
	}
	begin := map[result.Outcome]string{
		result.Better: "Better than the best search, %s: ", result.Worse: "Worse than the best search, %s: ", result.Neither: "No difference from the best search, %s, is shown: ",
	}[outcome]
	return Finding{"Against search", fmt.Sprintf(begin, label(v.Search)) + strings.Join(parts, "; ") + ".", marks[outcome]}, true
}

// gain compares the method with the LLM alone.
func gain(s *result.Summary, v *result.Verdict, m result.System) (Finding, bool) {
	c, ok := s.Compare(m.System, systems.Alone)
	if !ok {
		return Finding{}, false
	}
	f := Finding{Subject: "Against the LLM alone", Mark: "no", Text: fmt.Sprintf("%s answers %s right, the LLM alone %s: %s", capital(who(m.System)), grid.Percent(m.Accuracy), rate(s, systems.Alone), interval(c))}
	switch {
	case c.Low > 0 && v.Learned == result.No:
		f.Mark, f.Text = "plain", f.Text+". The small model has not learned its texts, so this is not what it knows"
	case c.Low > 0:
		f.Mark = "yes"
	case c.High < 0:
		f.Mark = "warn"
	default:
		f.Text += ", which holds 0: no improvement is shown"
	}
	f.Text += "."
	return f, true
}

// possible says how much of what the right text gives the method gives.
func possible(s *result.Summary, m result.System) (Finding, bool) {
	if m.Headroom == nil {
		return Finding{}, false
	}
	f := Finding{Subject: "Possible improvement", Mark: "plain"}
	f.Text = fmt.Sprintf("The small model’s text gives %s of the possible improvement, which is the way from the LLM alone to the LLM with the right text", grid.Percent(*m.Headroom))
	if m.HeadroomLow != nil && m.HeadroomHigh != nil {
		f.Text += fmt.Sprintf(" (95%s%% interval %s to %s)", nbsp, grid.Percent(*m.HeadroomLow), grid.Percent(*m.HeadroomHigh))
	}
	f.Text += "."
	return f, true
}

func harm(s *result.Summary, m result.System) (Finding, bool) {
	llm, ok := s.Find(systems.Alone)
	if !ok || m.Harm == nil {
		return Finding{}, false
	}
	return Finding{Subject: "Harm", Mark: "plain", Text: fmt.Sprintf("Of the %d questions that the LLM alone has right, %d are wrong with the small model’s text (%s).",
		llm.Correct, m.HarmCount, grid.Percent(*m.Harm))}, true
}

// byText says how often the small model's text is most like the right option.
func byText(s *result.Summary, m result.System) (Finding, bool) {
	r, ok := s.RecallOf(m.System)
	if !ok || r.Items == 0 {
		return Finding{}, false
	}
	return Finding{Subject: "Its text and the options", Mark: "plain", Text: fmt.Sprintf("Of the options, the right one is most like the small model’s text for %d of %d questions.", r.Option, r.Items)}, true
}

// places says what the small model names where it is wrong.
func places(s *result.Summary) (Finding, bool) {
	if s.Measured == nil || s.Measured.Named == nil {
		return Finding{}, false
	}
	n := s.Measured.Named
	wrong := n.Questions - n.Right
	if wrong == 0 {
		return Finding{}, false
	}
	text := fmt.Sprintf("For %d questions the small model names %d different sections; %d are wrong", n.Questions, n.Different, wrong)
	var parts []string
	if n.Document > 0 {
		parts = append(parts, fmt.Sprintf("%d of them another section of the right document", n.Document))
	}
	if n.Absent > 0 {
		parts = append(parts, fmt.Sprintf("%d sections that do not exist", n.Absent))
	}
	if len(parts) > 0 {
		text += ", " + strings.Join(parts, ", ")
	}
	if n.Most > max(1, n.Questions/5) {
		text += fmt.Sprintf(". One and the same section is named %d times", n.Most)
	}
	return Finding{Subject: "What it names", Mark: "plain", Text: text + "."}, true
}

// contrasts are the comparisons that the systems of a table ask for. Which of them were made, the summary says.
func contrasts(s *result.Summary) []systems.Made {
	run := func(name string) bool { _, ok := s.Find(name); return ok }
	return systems.Contrasts(run, func(string) bool { return false })
}

// controls reports whether a system is one that must fail.
func controls(system string) bool {
	spec, _ := systems.Lookup(system)
	return spec.Kind == systems.Control
}

func difference(s *result.Summary, of systems.Made) (Finding, bool) {
	c, ok := s.Compare(of.System, of.With)
	if !ok {
		return Finding{}, false
	}
	f := Finding{Subject: of.Subject, Mark: "no"}
	shows := "no difference is shown"
	switch {
	case c.Low > 0:
		f.Mark, shows = "yes", "better"
	case c.High < 0:
		f.Mark, shows = "warn", "worse"
	}
	f.Text = fmt.Sprintf("%s, against %s: %s, %s.", capital(of.Does), of.Than, shows, interval(c))
	return f, true
}

// content compares the method with a control that has the same kind of text for other questions: whether it is what the text says that counts.
func content(s *result.Summary, of systems.Made, m result.System) (Finding, bool) {
	sys, ok := s.Find(of.System)
	c, okC := s.Compare(of.System, m.System)
	if !ok || !okC {
		return Finding{}, false
	}
	figures := fmt.Sprintf("%s: %s, against %s with %s (%s)", of.Does, grid.Percent(sys.Accuracy), grid.Percent(m.Accuracy), of.Than, interval(c))
	if c.High < 0 {
		return Finding{of.Subject, figures + ". What the text says is what counts.", "yes"}, true
	}
	return Finding{of.Subject, figures + ". It is not shown that what the text says counts.", "no"}, true
}

// control judges a system that must not help.
func control(s *result.Summary, of systems.Made) (Finding, bool) {
	sys, ok := s.Find(of.System)
	c, okC := s.Compare(of.System, of.With)
	if !ok || !okC {
		return Finding{}, false
	}
	figures := fmt.Sprintf("%s: %s, against %s of %s (%s)", of.Does, grid.Percent(sys.Accuracy), rate(s, of.With), of.Than, interval(c))
	if c.Low > 0 {
		return Finding{of.Subject + " failed", figures + ". It should not help: read the gains above with care.", "warn"}, true
	}
	return Finding{of.Subject, figures + ". It is not shown to help, as it must be.", "yes"}, true
}

// bound says what is achieved at the top, which is as far as any knowledge can lift this LLM.
func bound(s *result.Summary, spec systems.Spec) (Finding, bool) {
	sys, ok := s.Find(spec.Name)
	if !ok {
		return Finding{}, false
	}
	return Finding{Subject: "Upper bound", Mark: "plain", Text: fmt.Sprintf("With %s the LLM answers %s right; chance is %s.", spec.Gets, grid.Percent(sys.Accuracy), grid.Percent(s.Chance))}, true
}
