package verdict

import (
	"math"

	"slm/result"
	"slm/stages/systems"
)

// Small is how many questions an exam needs: with fewer, an interval may be narrow by luck.
const Small = 50

const (
	falling     = 0.10  // of the loss, from three quarters of the steps to the end: it has not come to rest
	fewest      = 6     // tokens trained on for each of the text, questions included: below it nobody has seen a model learn (docs/measurements.md: Muon at 8 does)
	many        = 20    // the same of recipes/legal.yaml are 16, and it names 96 % of the sections
	mostlyRight = 0.75  // of the LLM's answers with the right text in front of it: below, it is the LLM that fails
	widest      = 0.125 // half of an interval that still tells systems apart, as that of about 60 questions
	goal        = 0.10  // half of the interval that a larger exam shall have
	unread      = 0.05  // of the sections
)

// help lists what would make a result better, or surer, as far as the run has reasons for it.
func help(s *result.Summary, v *result.Verdict) (list []result.Help) {
	add := func(h result.Help, why bool) {
		if why {
			list = append(list, h)
		}
	}
	if m := s.Measured; m != nil && v.Model != "" && v.Learned != result.Yes {
		known := v.Place
		if known == nil {
			known = v.Text
		}
		asked := m.Trained != nil && m.Trained.Low > known.High // what was asked about in training is known better
		add(result.MoreQuestions, asked)
		if !(asked && m.Trained.Low >= LearnedFrom) {
			more := Few(m) || m.Loss != nil && Falling(*m.Loss)
			add(result.MorePasses, more)
			add(result.OtherModel, m.Loss != nil && !more || m.Loss != nil && Many(m) && m.Trained != nil && m.Trained.High < LearnedFrom)
		}
		add(result.GentlerTuning, m.Tuning != nil && *m.Tuning == result.Worse)
		add(result.UnreadText, m.Sections > 0 && float64(m.Nameless+m.Cut) > unread*float64(m.Sections))
	}
	alone, okA := s.Find(systems.Alone)
	if top, ok := bound(s); ok && v.Measure == result.ByAccuracy {
		add(result.LargerLLM, top.High < mostlyRight)
		add(result.NoRoom, okA && alone.Low >= mostlyRight && !beatsAlone(s, v.Measure, top.System))
	}
	best, _ := s.Find(v.Best)
	f, ok := Figure(best, v.Measure)
	wide := ok && v.Best != "" && ((f.High-f.Low)/2 > widest || max(s.Scored(), s.Evidence) < Small)
	add(result.LargerExam, v.Learned == result.Unclear || wide)
	return list
}

// Falling says whether a loss was still falling when training ended.
func Falling(l result.Loss) bool { return l.Last < (1-falling)*l.Before }

// Few says whether the text was trained on too few times to say anything about the model or its optimiser.
func Few(m *result.Measured) bool {
	return m.Corpus > 0 && float64(m.Tokens) < fewest*float64(m.Corpus)
}

// Many says whether the text was trained on more often than recipes/legal.yaml needs to know nearly all of it.
func Many(m *result.Measured) bool { return m.Corpus > 0 && float64(m.Tokens) > many*float64(m.Corpus) }

// Questions is about how many questions an exam needs for intervals of ten points to both sides, wherever the figure lies.
func Questions() int { return int(math.Ceil(0.25 * 1.96 * 1.96 / (goal * goal))) }

// bound is the system that has the right text.
func bound(s *result.Summary) (result.System, bool) {
	for _, spec := range systems.All {
		if sys, ok := s.Find(spec.Name); ok && spec.Kind == systems.Bound {
			return sys, true
		}
	}
	return result.System{}, false
}
