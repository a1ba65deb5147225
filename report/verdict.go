package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"slm/result"
	"slm/stages/systems"
)

// Finding is one sentence about the figures.
type Finding struct {
	Subject string // what it is about, in two or three words
	Text    string
	Mark    string // "yes" shown, "no" not shown, "warn" a control that should have failed did not, "plain" just a figure
}

// method is the system that stands for the method: the latest stage of it that was evaluated.
func method(s *result.Summary) (latest result.System, ok bool) {
	for _, spec := range systems.All {
		if sys, run := s.Find(spec.Name); run && spec.Kind == systems.Ours {
			latest, ok = sys, true
		}
	}
	return latest, ok
}

// reader is the black box's name for a sentence.
func reader(s *result.Summary) string {
	if s.LLM == "" {
		return "the LLM"
	}
	return s.LLM
}

// Headline says in one sentence what an evaluation shows about the method. An interval that holds 0 shows nothing, and it says so.
func Headline(s *result.Summary) string {
	m, okM := method(s)
	llm, okL := s.Find(systems.Alone)
	if !okM || !okL {
		return fmt.Sprintf("%d questions under %d systems; the method itself was not among them.", s.Items, len(s.Systems))
	}
	if s.Scored() == 0 {
		return evidenceLine(s, m)
	}
	with, alone := percent(m.Accuracy), percent(llm.Accuracy)
	switch shown(s, m, llm) {
	case 1:
		return fmt.Sprintf("With the small model’s knowledge, %s answers %s of the questions right. Alone, it answers %s.", reader(s), with, alone)
	case -1:
		return fmt.Sprintf("The small model’s knowledge makes %s worse: %s of the questions right with it, %s without.", reader(s), with, alone)
	}
	return fmt.Sprintf("No improvement shown: %s answers %s of the questions right with the small model’s knowledge, %s without.", reader(s), with, alone)
}

// evidenceLine is the headline of questions that nothing but evidence is scored of.
func evidenceLine(s *result.Summary, m result.System) string {
	if m.Evidence == nil {
		return fmt.Sprintf("%d questions without options, of which no right places are known: nothing is scored.", s.Items)
	}
	best := m
	for _, sys := range s.Systems {
		if spec, ok := systems.Lookup(sys.System); ok && spec.Kind == systems.Text && sys.Evidence != nil && sys.Evidence.Any > best.Evidence.Any {
			best = sys
		}
	}
	text := fmt.Sprintf("The small model’s own text comes from a right place for %s of the questions.", percent(m.Evidence.Rate))
	if best.System != m.System {
		text += fmt.Sprintf(" Most often %s gives one to the LLM: for %s.", label(best.System), percent(best.Evidence.Rate))
	}
	return text
}

// shown is 1 where the method is shown to be better than the LLM alone, -1 where it is shown to be worse, and 0 where nothing is shown. The
// interval of their difference decides; a summary that has none of this system still has McNemar's test.
func shown(s *result.Summary, m, llm result.System) int {
	c, ok := s.Compare(m.System, systems.Alone)
	switch {
	case ok && c.Low > 0:
		return 1
	case ok && c.High < 0:
		return -1
	case ok || m.McNemarP == nil || *m.McNemarP >= 0.05:
		return 0
	}
	return cmp.Compare(m.Accuracy, llm.Accuracy)
}

// Findings lists what the figures say beyond the headline.
func Findings(s *result.Summary) []Finding {
	var out []Finding
	add := func(f Finding, ok bool) {
		if ok {
			out = append(out, f)
		}
	}
	m, ok := method(s)
	if ok && s.Scored() > 0 {
		add(gain(s, m))
		add(headroom(s, m))
		add(harm(s, m))
		add(recall(s, m))
	}
	for _, c := range contrasts() {
		switch {
		case c.Subject == "":
		case c.spec.Kind == systems.Control:
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
	return out
}

func gain(s *result.Summary, m result.System) (Finding, bool) {
	c, ok := s.Compare(m.System, systems.Alone)
	if !ok {
		return Finding{}, false
	}
	f := Finding{Subject: "Gain", Mark: "no"}
	f.Text = fmt.Sprintf("%s against %s: %s; McNemar p%s%s.", label(m.System), label(systems.Alone), interval(c), nbsp, equals(c.McNemarP))
	if c.Low > 0 {
		f.Mark = "yes"
	} else if c.High < 0 {
		f.Mark = "warn"
	} else {
		f.Text += " The interval holds 0: no improvement shown."
	}
	return f, true
}

// equals prints a p value with its relation, for a sentence.
func equals(p float64) string {
	if s := pvalue(p); strings.HasPrefix(s, "<") {
		return s
	} else {
		return "=" + nbsp + s
	}
}

func headroom(s *result.Summary, m result.System) (Finding, bool) {
	if m.Headroom == nil {
		return Finding{}, false
	}
	f := Finding{Subject: "Headroom", Mark: "plain"}
	f.Text = fmt.Sprintf("It closes %s of the distance between the LLM alone and the LLM with the true text", percent(*m.Headroom))
	if m.HeadroomLow != nil && m.HeadroomHigh != nil {
		f.Text += fmt.Sprintf(" (95%s%% interval %s to %s)", nbsp, percent(*m.HeadroomLow), percent(*m.HeadroomHigh))
	}
	f.Text += "."
	return f, true
}

func harm(s *result.Summary, m result.System) (Finding, bool) {
	llm, ok := s.Find(systems.Alone)
	if !ok || m.Harm == nil {
		return Finding{}, false
	}
	return Finding{Subject: "Harm", Mark: "plain", Text: fmt.Sprintf("Of the %d questions that the LLM has right alone, %d are wrong with the knowledge (%s).",
		llm.Correct, m.HarmCount, percent(*m.Harm))}, true
}

func recall(s *result.Summary, m result.System) (Finding, bool) {
	r, ok := s.RecallOf(m.System)
	if !ok || r.Items == 0 {
		return Finding{}, false
	}
	n := float64(r.Items)
	return Finding{Subject: "Recall", Mark: "plain", Text: fmt.Sprintf("The small model names the right place in %s of %d cases, begins with the true text’s first %d characters in %s, "+
		"and its text is most like the right option in %s.", percent(float64(r.Place)/n), r.Items, result.StartLen, percent(float64(r.Start)/n), percent(float64(r.Option)/n))}, true
}

// contrast is a comparison that a system asks for.
type contrast struct {
	systems.Contrast
	spec systems.Spec
}

// contrasts are all comparisons that systems ask for, in the order of their topics.
func contrasts() (out []contrast) {
	for _, spec := range systems.All {
		for _, c := range spec.Against {
			out = append(out, contrast{c, spec})
		}
	}
	slices.SortStableFunc(out, func(a, b contrast) int { return cmp.Compare(a.Topic, b.Topic) })
	return out
}

func difference(s *result.Summary, of contrast) (Finding, bool) {
	c, ok := s.Compare(of.spec.Name, of.Over)
	if !ok {
		return Finding{}, false
	}
	f := Finding{Subject: of.Subject, Mark: "no", Text: fmt.Sprintf("No difference shown between %s and %s: %s.", lower(of.Does), of.Than, interval(c))}
	switch {
	case c.Low > 0:
		f.Mark, f.Text = "yes", fmt.Sprintf("%s is better than %s: %s.", of.Does, of.Than, interval(c))
	case c.High < 0:
		f.Mark, f.Text = "warn", fmt.Sprintf("%s is worse than %s: %s.", of.Does, of.Than, interval(c))
	}
	return f, true
}

// control judges a system that must not help.
func control(s *result.Summary, of contrast) (Finding, bool) {
	sys, ok := s.Find(of.spec.Name)
	c, okC := s.Compare(of.spec.Name, of.Over)
	if !ok || !okC {
		return Finding{}, false
	}
	text := fmt.Sprintf("%s gives %s", of.Does, percent(sys.Accuracy))
	if c.Low > 0 {
		return Finding{Subject: of.Subject + " failed", Mark: "warn", Text: text + fmt.Sprintf(", better than %s (%s). It should not help: read the gains above with care.", of.Than, interval(c))}, true
	}
	return Finding{Subject: of.Subject, Mark: "yes", Text: text + fmt.Sprintf(", no better than %s. It is the content that counts.", of.Than)}, true
}

// bound says what is achieved at the top, which is as far as any knowledge can lift this LLM.
func bound(s *result.Summary, spec systems.Spec) (Finding, bool) {
	sys, ok := s.Find(spec.Name)
	if !ok {
		return Finding{}, false
	}
	return Finding{Subject: "Upper bound", Mark: "plain", Text: fmt.Sprintf("With %s the LLM answers %s; chance is %s.", spec.Gets, percent(sys.Accuracy), percent(s.Chance))}, true
}

// lower makes a phrase fit inside a sentence: its first letter small, unless it opens with a name in capitals.
func lower(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
