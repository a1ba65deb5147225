package report

import (
	"fmt"
	"math"

	"slm/internal/grid"
	"slm/result"
	"slm/stages/systems"
	"slm/stages/verdict"
	"slm/stat"
)

// helpsOf says what would help, exam by exam, and nothing twice.
func helpsOf(s *result.Summary) (out [][]string) {
	said := map[string]bool{}
	for _, exam := range s.Exams() {
		var list []string
		for _, text := range helps(exam) {
			if !said[text] {
				said[text], list = true, append(list, text)
			}
		}
		out = append(out, list)
	}
	return out
}

// helps says what would help, each with what was measured and the keys to change.
func helps(s *result.Summary) (out []string) {
	v, m := judged(s), s.Measured
	if m == nil {
		m = &result.Measured{}
	}
	for _, h := range v.Help {
		if text := helpLine(s, v, m, h); text != "" {
			out = append(out, text)
		}
	}
	return out
}

func helpLine(s *result.Summary, v *result.Verdict, m *result.Measured, h result.Help) string {
	switch h {
	case result.MoreQuestions:
		return fmt.Sprintf("More kinds of questions in training (stages.dp.mix.asked, stages.dp.mix.drill). Of training questions the small model knows the section for %d of %d, of the exam’s for %s.",
			m.Trained.Count, m.Trained.Of, known(v))
	case result.MorePasses:
		if m.Loss == nil || !verdict.Falling(*m.Loss) {
			return "More passes (stages.dp.tokens). The text was read too few times to be learned by heart" + passes(m) + trained(m) + "."
		}
		return fmt.Sprintf("More passes (stages.dp.tokens). The training loss was still falling: %.2f at three quarters of the steps, %.2f at the end%s.", m.Loss.Before, m.Loss.Last, passes(m)+trained(m))
	case result.OtherModel:
		if verdict.Falling(*m.Loss) {
			return fmt.Sprintf("A larger model (model.width, model.layers) or another optimiser (stages.dp.optim). The text was trained on %.1f times, and of training questions the small model still knows the section for %d of %d.",
				float64(m.Tokens)/float64(m.Corpus), m.Trained.Count, m.Trained.Of)
		}
		still := fmt.Sprintf("the training loss stood still, %.2f at three quarters of the steps, %.2f at the end%s.", m.Loss.Before, m.Loss.Last, passes(m)+trained(m))
		if !verdict.Many(m) { // a rate that falls to nothing brings a loss to rest, too
			return "A larger model (model.width, model.layers), another optimiser (stages.dp.optim), or more passes (stages.dp.tokens; slm plan says what they come to). " + capital(still)
		}
		return "A larger model (model.width, model.layers) or another optimiser (stages.dp.optim). More of the same is not likely to help: " + still
	case result.GentlerTuning:
		return gentler(s)
	case result.UnreadText:
		return fmt.Sprintf("Text that the model can reach (model.context, stages.dp.long: parts). Of %d sections, %d have names that leave no room for their text, and %d are read at their beginning only.", m.Sections, m.Nameless, m.Cut)
	case result.LargerLLM:
		return fmt.Sprintf("A larger LLM (llm.model). With the right text in front of it, %s answers %s right; no knowledge lifts it above that.", reader(s), boundFigure(s))
	case result.NoRoom:
		return fmt.Sprintf("Nothing may be needed. Alone, %s answers %s right, with the right text %s: no difference is shown.", reader(s), rate(s, systems.Alone), boundFigure(s))
	case result.LargerExam:
		sys, _ := s.Find(v.Best)
		f, _ := verdict.Figure(sys, v.Measure)
		if n := counted(s); f.Low == f.High { // a resampled share of equal outcomes has no width
			w := stat.Wilson(int(math.Round(f.Value*float64(n))), n)
			f.Low, f.High = w.Low, w.High
		}
		return fmt.Sprintf("More questions to test on (data.exam.split, data.asked, eval.items). With %d the best figure lies between %s and %s; about %d give ten points to each side.",
			counted(s), grid.Percent(f.Low), grid.Percent(f.High), verdict.Questions())
	}
	return ""
}

// known is the verdict's recall in words.
func known(v *result.Verdict) string {
	share := v.Place
	if share == nil {
		share = v.Text
	}
	return fmt.Sprintf("%d of %d", share.Count, share.Of)
}

// passes says how much was trained on.
func passes(m *result.Measured) string {
	if m.Corpus == 0 {
		return ""
	}
	return fmt.Sprintf("; %s tokens were trained on, %.1f times the text, by a model of %s parameters", short(float64(m.Tokens)), float64(m.Tokens)/float64(m.Corpus), short(float64(m.Parameters)))
}

// trained says how well the small model knows what it was trained on.
func trained(m *result.Measured) string {
	if m.Trained == nil {
		return ""
	}
	return fmt.Sprintf("; of training questions it knows the section for %d of %d", m.Trained.Count, m.Trained.Of)
}

// gentler sets what the small model knew after pretraining beside what it knows after tuning.
func gentler(s *result.Summary) string {
	m, _ := verdict.Method(s)
	before, okB := s.RecallOf("dp")
	after, okA := s.RecallOf(m.System)
	if !okB || !okA {
		return ""
	}
	return fmt.Sprintf("Gentler tuning (stages.kit.epochs, stages.kit.optim.lr). After pretraining the small model named %d right sections and began %d texts right, after tuning %d and %d.",
		before.Place, before.Start, after.Place, after.Start)
}

// boundFigure is the accuracy with the right text.
func boundFigure(s *result.Summary) string {
	for _, spec := range systems.All {
		if sys, ok := s.Find(spec.Name); ok && spec.Kind == systems.Bound {
			return grid.Percent(sys.Accuracy)
		}
	}
	return "–"
}

// counted is how many questions an exam's figures are of.
func counted(s *result.Summary) int {
	if n := s.Scored(); n > 0 {
		return n
	}
	return s.Evidence
}
