package dp

import (
	"slices"
	"strings"

	"slm/data/corpus"
	"slm/data/form"
	"slm/data/pack"
	"slm/data/pairs"
	"slm/rng"
)

// longestDrill is how many words a made-up heading has at most.
const longestDrill = 6

// drilled is a question about a made-up section with its place.
type drilled struct{ question, place string }

// drill adds a pass's exercises to its examples: questions in the forms of the corpus about headings, or numbers, that no section has. There is
// nothing to remember about them, so their places can only be copied from the question, which is what a model has to do for a section whose own
// question it has never seen. A few hundred real headings are learned by heart sooner than that (docs/log.md).
func (m *Mixture) drill(e *epoch, number int) {
	if m.mix.Drill == 0 || !m.dom.Forms.TwoSteps() {
		return
	}
	n := m.dom.Sections.Len()
	siblings := map[string][]string{} // headings of training sections, by document
	for _, i := range m.trained {
		s := m.dom.Sections.At(int(i))
		siblings[s.Title] = append(siblings[s.Title], s.Heading)
	}
	for i, s := range m.dom.Sections.All() {
		if !e.reads(i) {
			continue
		}
		draw := rng.New(m.seed, "dp", "drill", s.ID).At(uint64(number))
		for range times(draw, m.mix.Drill/m.mix.Corpus) {
			made := corpus.Section{Title: s.Title, Number: m.dom.Sections.At(draw.IntN(n)).Number, Heading: m.heading(siblings[s.Title], draw)}
			question := m.askAbout(made, draw)
			if _, held := m.guard.Holds(question); made.Heading == "" || held || m.real[m.dom.Forms.PlaceOf(made)] {
				continue
			}
			e.examples = append(e.examples, example{section: int32(i), kind: exercise, n: int32(len(e.drilled))})
			e.drilled = append(e.drilled, drilled{question, m.dom.Forms.PlaceOf(made)})
		}
	}
}

// askAbout asks about a section in a form by its place.
func (m *Mixture) askAbout(s corpus.Section, draw *rng.Stream) string {
	forms := m.dom.Forms
	k := draw.IntN(len(forms.Question) + len(forms.Heading))
	if k < len(forms.Question) || !strings.Contains(forms.Place, "{heading}") {
		return forms.QuestionOf(s, k)
	}
	return forms.HeadingOf(s, k-len(forms.Question))
}

// heading makes up a heading: words of a text, the beginning of a heading and the end of another, or a sibling's heading with one word changed.
// The sibling's own question is known by heart, so that only reading every word tells the two apart.
func (m *Mixture) heading(siblings []string, draw *rng.Stream) string {
	kind := draw.IntN(4)
	if kind < 2 || len(m.trained) == 0 {
		return phrase(m.dom.Sections.At(draw.IntN(m.dom.Sections.Len())).Text, draw)
	}
	words := func() []string {
		return strings.Fields(m.dom.Sections.At(int(m.trained[draw.IntN(len(m.trained))])).Heading)
	}
	first, second := words(), words()
	if kind == 2 && len(siblings) > 0 && len(second) > 0 {
		near := strings.Fields(siblings[draw.IntN(len(siblings))])
		if len(near) > 0 {
			near[draw.IntN(len(near))] = second[draw.IntN(len(second))]
		}
		return strings.Join(near, " ")
	}
	first, second = first[:draw.IntN(len(first)+1)], second[draw.IntN(len(second)+1):]
	return strings.Join(slices.Concat(first, second), " ")
}

// phrase is a few words in a row of a text.
func phrase(text string, draw *rng.Stream) string {
	words := strings.Fields(text)
	if len(words) == 0 {
		return ""
	}
	at := draw.IntN(len(words))
	return strings.Join(words[at:min(len(words), at+1+draw.IntN(longestDrill))], " ")
}

// drilledIn is an exercise with its place.
func (e epoch) drilledIn(x example) (pack.Example, error) {
	d := e.drilled[x.n]
	made, err := e.answered(pairs.Pair{ID: e.dom.Sections.At(int(x.section)).ID + "/drill", Question: d.question, Place: d.place}, int(x.section), false)
	made.Prompt = min(len(e.dom.Tokenizer.Encode(form.Ask(d.question))), len(made.Tokens)) // made-up words are not worth knowing
	return made, err
}

// places are those that there are.
func places(forms form.Set, store corpus.Store) map[string]bool {
	there := map[string]bool{}
	for _, s := range store.All() {
		there[forms.PlaceOf(s)] = true
	}
	return there
}
