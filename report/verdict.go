package report

import (
	"fmt"
	"slices"
	"strings"

	"slm/internal/grid"
	"slm/result"
	"slm/stages/systems"
	"slm/stages/verdict"
)

// judged is the verdict of a summary: its own, or one made of the figures that an older program has left.
func judged(s *result.Summary) *result.Verdict {
	if s.Verdict != nil {
		return s.Verdict
	}
	return verdict.Of(s, nil)
}

// Judge gives the exams of a summary of an older program their verdicts, from the figures that it has.
func Judge(s *result.Summary) {
	for _, exam := range s.Exams() {
		exam.Verdict = judged(exam)
	}
}

// Headline says whether the small model has learned its texts, exam by exam.
func Headline(s *result.Summary) string {
	if s.Asked == nil || judged(s).Learned == result.NoModel { // then no exam has one
		return map[result.Learned]string{
			result.Yes:     "The small model has learned its texts.",
			result.Partly:  "The small model has learned a part of its texts.",
			result.No:      "The small model has not learned its texts.",
			result.Unclear: "Too few questions to tell whether the small model has learned its texts.",
			result.NoModel: "There is no small model: search alone finds what the large model is given.",
			"":             "It is not known whether the small model has learned its texts.",
		}[judged(s).Learned]
	}
	var parts []string
	for _, exam := range s.Exams() {
		parts = append(parts, fmt.Sprintf("On questions %s: %s.", exam.Title, degree(judged(exam))))
	}
	return strings.Join(parts, " ")
}

// degree is how far the small model has learned its texts, in two or three words.
func degree(v *result.Verdict) string {
	switch v.Learned {
	case "":
		return "not known whether learned"
	case result.Unclear:
		return "too few questions to tell"
	}
	return string(v.Learned)
}

// Opening says what an exam comes to: what the small model has learned, and which system serves best. What is to be typed stands in backticks.
func Opening(s *result.Summary) []string {
	return []string{capital(degree(judged(s))) + ". " + learnedLine(s), bestLine(s)}
}

// learnedLine is the sentence about recall.
func learnedLine(s *result.Summary) string {
	v := judged(s)
	of := "questions"
	if v.Written {
		of = "questions that the program wrote itself"
	}
	var text string
	switch {
	case v.Learned == result.NoModel:
		return "Search alone finds what the LLM is given (stages.dp: off)."
	case v.Learned == "" && v.Model == "":
		if _, ok := verdict.Method(s); !ok {
			return "Nothing is said of the small model: none of the systems has its text."
		}
		return "The questions come without the texts of their right sections, so recall is not measured."
	case v.Place == nil:
		text = fmt.Sprintf("The small model’s text begins as the right section does for %d of %d %s (%s)", v.Text.Count, v.Text.Of, of, shareOf(v.Text))
	default:
		text = fmt.Sprintf("The small model names the right section for %d of %d %s (%s)", v.Place.Count, v.Place.Of, of, shareOf(v.Place))
		text += fmt.Sprintf(", and its text begins as the section does for %d (%s)", v.Text.Count, shareOf(v.Text))
	}
	return text + "."
}

// shareOf prints a share with its interval.
func shareOf(s *result.Share) string {
	return fmt.Sprintf("%s, 95%s%% interval %s to %s", grid.Percent(s.Value), nbsp, grid.Percent(s.Low), grid.Percent(s.High))
}

// bestLine says which system serves best, and what the small model adds to search.
func bestLine(s *result.Summary) string {
	v := judged(s)
	use, ok := systems.Lookup(v.Use)
	switch {
	case v.Measure == result.ByEvidence && s.Evidence == 0:
		return fmt.Sprintf("The %d questions have no options, and their right sections are not known: nothing is scored.", s.Items)
	case !ok && v.Measure == result.ByEvidence:
		return "No system has a right section for any of the questions."
	case !ok:
		return "The LLM alone was not run, so nothing is compared with it."
	case use.Name == systems.Alone:
		return aloneLine(s, v)
	case !use.Small:
		return searchLine(s, v)
	}
	text := opening(use.Name, does(s, v, use.Name)) + besideAlone(s, v)
	if v.Search == "" {
		return text + ". No search was run, so it is not known whether search alone does as well (eval.systems: [rag])."
	}
	text += fmt.Sprintf(", search alone (%s) %s.", label(v.Search), rate(s, v.Search))
	if c, ok := rival(v, use.Name); ok {
		adds := "The small model adds to search"
		switch {
		case c.Outcome != result.Better:
			adds = "It is not shown to be better than search"
		case v.Learned == result.NoModel:
			adds = "That is more than search"
		}
		text += fmt.Sprintf(" %s: %s.", adds, interval(c.Comparison))
	}
	return text + " Use " + howTo(use.Name) + "."
}

// besideAlone goes on with how the LLM alone does, where it can be compared.
func besideAlone(s *result.Summary, v *result.Verdict) string {
	if v.Measure != result.ByAccuracy {
		return ""
	}
	return fmt.Sprintf(", %s alone %s", reader(s), rate(s, systems.Alone))
}

// rival is the comparison of a system with the best search.
func rival(v *result.Verdict, name string) (result.Versus, bool) {
	i := slices.IndexFunc(v.Against, func(c result.Versus) bool { return c.System == name })
	if i < 0 {
		return result.Versus{}, false
	}
	return v.Against[i], true
}

// aloneLine is that of an exam on which nothing is shown to help the LLM.
func aloneLine(s *result.Summary, v *result.Verdict) string {
	text := fmt.Sprintf("No system is shown to be better than %s alone, which answers %s right; chance is %s.", reader(s), rate(s, systems.Alone), grid.Percent(s.Chance))
	if v.Best != systems.Alone {
		text += fmt.Sprintf(" The highest figure is %s, of %s.", rate(s, v.Best), who(v.Best))
	}
	return text
}

// searchLine says that no system with the small model is shown to be better than search, and what they come to beside it.
func searchLine(s *result.Summary, v *result.Verdict) string {
	text := does(s, v, v.Search)
	if v.Learned == result.NoModel {
		text = capital(text) + besideAlone(s, v)
	}
	m, _ := verdict.Method(s)
	others := []string{m.System}
	if best, known := systems.Lookup(v.Best); known && best.Small && best.Name != m.System {
		others = append(others, best.Name)
	}
	leader, lead := "", 0.0
	for _, name := range others {
		ahead, ok := aheadOfSearch(s, v, name)
		if !ok {
			continue
		}
		text += fmt.Sprintf(", %s %s", who(name), rate(s, name))
		if ahead > lead {
			leader, lead = name, ahead
		}
	}
	c, compared := rival(v, leader)
	switch {
	case v.Learned == result.NoModel:
		return fmt.Sprintf("%s. Use %s; whether a small model would add to it is not known.", text, howTo(v.Search))
	case leader == "" || compared && c.High < worth:
		adds := "the small model adds nothing on these questions"
		if leader != "" {
			adds = fmt.Sprintf("the small model adds %s points at most", grid.Points(c.High))
		} else if slices.Contains([]result.Learned{result.Partly, result.No, result.Unclear}, v.Learned) {
			adds = "the small model adds nothing yet"
		}
		return fmt.Sprintf("Search alone is enough here: %s. Use %s; %s.", text, howTo(v.Search), adds)
	}
	text = fmt.Sprintf("Whether search alone is enough, %d questions do not show: %s", s.Items, text)
	if compared {
		text += fmt.Sprintf(" (%s)", versus(c))
	}
	return fmt.Sprintf("%s. Use %s for the higher figure, or `--system %s`, which is simpler.", text, howTo(leader), v.Search)
}

// worth is the gain over search, as a share of the questions, that a small model has to be able to have: where its interval ends below, search is enough.
const worth = 0.05

// aheadOfSearch is by how much a system's figure is above that of the best search, as a share; false = one of them was not run.
func aheadOfSearch(s *result.Summary, v *result.Verdict, name string) (float64, bool) {
	var figures [2]float64
	for i, of := range []string{name, v.Search} {
		sys, run := s.Find(of)
		f, has := verdict.Figure(sys, v.Measure)
		if !run || !has {
			return 0, false
		}
		figures[i] = f.Value
	}
	return figures[0] - figures[1], true
}

// does says how well a system does.
func does(s *result.Summary, v *result.Verdict, name string) string {
	if v.Measure == result.ByEvidence {
		return fmt.Sprintf("%s has a right section for %s of the questions", who(name), rate(s, name))
	}
	return fmt.Sprintf("%s answers %s right", who(name), rate(s, name))
}

// who names a system in a sentence.
func who(name string) string {
	switch spec, _ := systems.Lookup(name); {
	case spec.Kind == systems.Ours:
		return "the LLM with the small model’s text"
	case name == systems.Alone:
		return "the LLM alone"
	}
	return label(name)
}

// opening begins a sentence about a system. What is the system's very name stays small.
func opening(name, text string) string {
	if who(name) == name {
		return text
	}
	return capital(text)
}

// capital begins a sentence.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// howTo is what to type for a system.
func howTo(name string) string { return fmt.Sprintf("`slm ask RUN --system %s`", name) }

// rate is a system's figure by the measure of its exam.
func rate(s *result.Summary, name string) string {
	sys, _ := s.Find(name)
	f, _ := verdict.Figure(sys, verdict.Measure(s))
	return grid.Percent(f.Value)
}

// reader is the black box's name for a sentence.
func reader(s *result.Summary) string {
	if s.LLM == "" {
		return "the LLM"
	}
	return s.LLM
}
