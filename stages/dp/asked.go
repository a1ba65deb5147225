package dp

import (
	"strconv"

	"slm/data/pack"
	"slm/data/pairs"
	"slm/rng"
)

// ask adds a pass's questions by rules to its examples. They are made anew in each pass: what a section is asked depends on (seed, epoch, section).
func (m *Mixture) ask(e *epoch, number int) {
	if m.made == nil {
		return
	}
	for i, s := range m.dom.Sections.All() {
		if !e.reads(i) {
			continue
		}
		draw := rng.New(m.seed, "dp", "asked", s.ID).At(uint64(number))
		n := times(draw, m.mix.Asked/m.mix.Corpus)
		if n == 0 {
			continue
		}
		var free []string
		for _, q := range m.made.Of(s, draw.Uint64()) {
			if q.Held == "" {
				free = append(free, q.Text)
			}
		}
		for range min(n, len(free)) { // without replacement
			k := draw.IntN(len(free))
			e.examples = append(e.examples, example{section: int32(i), kind: asked, n: int32(len(e.questions))})
			e.questions = append(e.questions, free[k])
			free = append(free[:k], free[k+1:]...)
		}
	}
}

// askedAbout is a question by rules with the place of its section; where the domain has no places, with the text.
func (e epoch) askedAbout(x example) (pack.Example, error) {
	s := e.dom.Sections.At(int(x.section))
	p := pairs.Pair{ID: s.ID + "/asked", Question: e.questions[x.n], Place: e.dom.Forms.PlaceOf(s)}
	return e.answered(p, int(x.section), p.Place == "")
}

// askedFacts count the questions by rules that a pass draws from, and what the exams' held-out questions take away; nothing without such questions.
func (m *Mixture) askedFacts(facts map[string]string) {
	if m.made == nil {
		return
	}
	made, held, near, without := 0, 0, 0, 0
	for _, s := range m.dom.Sections.All() {
		free := 0
		// The wordings of the first pass: those of the others are as many, but for what the draws change.
		draw := rng.New(m.seed, "dp", "asked", s.ID).At(0)
		times(draw, m.mix.Asked/m.mix.Corpus)
		for _, q := range m.made.Of(s, draw.Uint64()) {
			made++
			switch {
			case q.Held == "":
				free++
			case q.Near:
				near++
			default:
				held++
			}
		}
		if free == 0 {
			without++
		}
	}
	facts["asked_questions"], facts["asked_held_out"], facts["asked_near_copies"], facts["asked_sections_without"] = strconv.Itoa(made), strconv.Itoa(held), strconv.Itoa(near), strconv.Itoa(without)
}
