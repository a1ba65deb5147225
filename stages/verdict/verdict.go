// Package verdict judges an evaluation: whether the small model has learned its corpus, which system serves best, whether the small model has a
// part in that, and what would help. It reads a summary, computes no statistics but an interval of a share, and makes no words: package report does.
package verdict

import (
	"strings"

	"slm/result"
	"slm/stages/systems"
	"slm/stat"
)

// Bounds of learning, on recall by place and by text, the lower of the two. Learned: even at the lower end of the 95 % interval the small model
// gives two right texts for each wrong one. Not learned: even at the upper end it gives two wrong ones for each right one, so that what stands in
// front of the LLM is mostly about something else. Between them it knows a part, and what it says needs a check; but a part must be
// there at the lower end too, at half of what would do at the upper one, since a hit or two of a few questions are none. All else tells nothing:
// there are too few questions.
const (
	LearnedFrom  = 2.0 / 3
	NotLearnedTo = 1.0 / 3
	PartlyFrom   = NotLearnedTo / 2
)

// level is that of tests.
const level = 0.05

// Of judges a summary, by the comparisons of its systems with the best search (Rival) where they were made; nil = those of the summary, as far
// as it has them.
func Of(s *result.Summary, against []result.Versus) *result.Verdict {
	v := &result.Verdict{Measure: Measure(s), Written: s.Written || strings.Contains(s.Title, "written by the program")} // a title is all that older programs say
	if m, ok := Method(s); ok {
		if r, ok := s.RecallOf(m.System); ok && r.Items > 0 {
			v.Model = m.System
			v.Place, v.Text = Share(r.Place, r.Items), Share(r.Start, r.Items)
			if r.Place == 0 && r.Start > 0 { // texts are recited from places: these were not asked for
				v.Place = nil
			}
			v.Learned = learned(v.Place, v.Text)
		}
	}
	if m := s.Measured; v.Model == "" && m != nil && m.Parameters == 0 {
		v.Learned = result.NoModel
	}
	v.Best, v.Search = best(s, v.Measure, usable), Rival(s)
	if v.Against = against; against == nil {
		v.Against = known(s, v)
	}
	v.Use = use(s, v)
	v.Help = help(s, v)
	return v
}

// Share is a part of some questions, with its interval; nil of none.
func Share(k, n int) *result.Share {
	if n == 0 {
		return nil
	}
	i := stat.Wilson(k, n)
	return &result.Share{Count: k, Of: n, Value: i.Value, Low: i.Low, High: i.High}
}

// learned is the degree of the lower of two recalls.
func learned(place, text *result.Share) result.Learned {
	worse := text
	if place != nil && place.Value < text.Value {
		worse = place
	}
	switch {
	case worse.Low >= LearnedFrom:
		return result.Yes
	case worse.High < NotLearnedTo:
		return result.No
	case worse.Low >= PartlyFrom:
		return result.Partly
	}
	return result.Unclear
}

// Measure is what the systems of a summary are compared by.
func Measure(s *result.Summary) result.Measure {
	if s.Scored() > 0 {
		return result.ByAccuracy
	}
	return result.ByEvidence
}

// Figure is a system's figure by a measure, with its interval; false where it has none.
func Figure(sys result.System, by result.Measure) (result.Range, bool) {
	if by == result.ByAccuracy {
		return result.Range{Value: sys.Accuracy, Low: sys.Low, High: sys.High}, true
	}
	if sys.Evidence == nil {
		return result.Range{}, false
	}
	return result.Range{Value: sys.Evidence.Rate, Low: sys.Evidence.Low, High: sys.Evidence.High}, true
}

// Method is the system that stands for the method: the latest stage of it that was evaluated.
func Method(s *result.Summary) (latest result.System, ok bool) {
	for _, spec := range systems.All {
		if sys, run := s.Find(spec.Name); run && spec.Kind == systems.Ours {
			latest, ok = sys, true
		}
	}
	return latest, ok
}

// Rival is the best system that searches and has no small model, by the summary's measure; "" = none was run. It is the best of several on the
// same questions, which favours it.
func Rival(s *result.Summary) string {
	return best(s, Measure(s), func(spec systems.Spec) bool { return spec.Kind == systems.Text && !spec.Small })
}

// Own says whether a system is compared with the best search: the method after its last stage, and all others in which the small model has a part.
func Own(s *result.Summary, spec systems.Spec) bool {
	if spec.Kind == systems.Ours {
		m, ok := Method(s)
		return ok && m.System == spec.Name
	}
	return spec.Small && usable(spec)
}

// usable says that a system is one that can answer questions whose answers are not known.
func usable(spec systems.Spec) bool {
	return spec.Kind != systems.Bound && spec.Kind != systems.Control
}

// best is the system with the highest figure of those that are wanted. Of equals the plainer one counts, without the small model before with it, and
// of these the first.
func best(s *result.Summary, by result.Measure, want func(systems.Spec) bool) (name string) {
	var most float64
	for _, small := range []bool{false, true} {
		for _, spec := range systems.All {
			sys, run := s.Find(spec.Name)
			if !run || spec.Small != small || !want(spec) {
				continue
			}
			if f, ok := Figure(sys, by); ok && (name == "" || f.Value > most) {
				name, most = spec.Name, f.Value
			}
		}
	}
	return name
}

// known are the comparisons with the best search that a summary has, as one of an older program has some.
func known(s *result.Summary, v *result.Verdict) (out []result.Versus) {
	if v.Measure != result.ByAccuracy {
		return nil
	}
	for _, spec := range systems.All {
		if c, ok := s.Compare(spec.Name, v.Search); ok && Own(s, spec) {
			out = append(out, result.Versus{Comparison: c, Outcome: Outcome(c)})
		}
	}
	return out
}

// Outcome is what a comparison shows. Interval and corrected test must agree: of few questions a bootstrap interval is too narrow.
func Outcome(c result.Comparison) result.Outcome {
	switch {
	case c.Low > 0 && c.HolmP < level:
		return result.Better
	case c.High < 0 && c.HolmP < level:
		return result.Worse
	}
	return result.Neither
}

// use is the plainest system that none is shown to be better than: the LLM alone, then search, then what the small model has a part in.
func use(s *result.Summary, v *result.Verdict) string {
	beats := func(name string) bool { return name != "" && beatsAlone(s, v.Measure, name) }
	own, most := "", 0.0
	for _, c := range v.Against {
		if c.Outcome == result.Better && beats(c.System) && (own == "" || c.Difference > most) {
			own, most = c.System, c.Difference
		}
	}
	switch {
	case own != "":
		return own
	case beats(v.Search):
		return v.Search
	}
	if own = best(s, v.Measure, func(spec systems.Spec) bool { return Own(s, spec) && beats(spec.Name) }); own != "" {
		return own
	}
	if _, ok := s.Find(systems.Alone); ok && v.Measure == result.ByAccuracy {
		return systems.Alone
	}
	return ""
}

// beatsAlone says whether a system is shown to be better than the LLM alone, which has no evidence to be compared by.
func beatsAlone(s *result.Summary, by result.Measure, name string) bool {
	sys, _ := s.Find(name)
	alone, ok := s.Find(systems.Alone)
	if by == result.ByEvidence {
		return sys.Evidence != nil && sys.Evidence.Any > 0
	}
	return ok && sys.McNemarP != nil && *sys.McNemarP < level && sys.Accuracy > alone.Accuracy
}
