package exam

import (
	"cmp"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"slm/data/corpus"
	"slm/data/corpus/clean"
	"slm/data/form"
)

// Found is what Locate has found.
type Found struct {
	Items   int // questions of which at least one right section is known
	Missing []Missing
}

// Locate finds for questions from a file the sections that answer them, and fills in sections, places and, where the file gives none, the
// knowledge, which is the first section's text. It goes through the sections twice.
//
// A question whose row names places is answered there, at any of them; a citing text names a section by its id, by its place, by title and number
// (《民法》第一条, 民法典第一条), or all of a document by the title. One with a focus is answered by the sections below that title that hold a right answer word for
// word, or by all of them where none does; where no document has that title, by those with that heading. Any other is about the section that the question itself names, if it is one. A
// question that names no section of the corpus, or several, stays as it is.
//
// A place that the corpus does not have stays among the question's places, as the row has it: nothing that is found is there. See Missing.
func Locate(items []Item, sections iter.Seq2[corpus.Section, error], forms form.Set) (Found, error) {
	x, err := indexOf(items, sections, forms)
	if err != nil {
		return Found{}, err
	}
	var found Found
	asked := map[string][]int{} // id → items
	for i := range items {
		item := &items[i]
		switch c := item.cited; {
		case c == nil:
			if id := named(fold(item.Question), x.names, x.longest); id != "" {
				item.Section = id
			}
		case len(c.places) > 0:
			item.Sections, item.Places = x.resolve(c, &found.Missing)
		default:
			item.Sections, item.Places = x.resolve(&cited{c.file, c.line, []citation{x.focused(item.Focus)}}, &found.Missing)
		}
		for _, id := range item.about() {
			asked[id] = append(asked[id], i)
		}
	}
	bodies := map[string]corpus.Section{}
	for s, err := range sections {
		if err != nil {
			return found, err
		}
		if asked[s.ID] != nil {
			bodies[s.ID] = s
		}
	}
	for i := range items {
		if items[i].fill(bodies, forms) {
			found.Items++
		}
	}
	return found, nil
}

// fill takes what the sections say into an item that asks about them, and reports whether there are any.
func (m *Item) fill(bodies map[string]corpus.Section, forms form.Set) bool {
	if m.cited != nil && len(m.cited.places) == 0 {
		holding := slices.DeleteFunc(slices.Clone(m.Sections), func(id string) bool {
			return !holdsAny(bodies[id].Text, m.Gold()) && !holdsAny(bodies[id].Text, m.Contains)
		})
		if len(holding) > 0 {
			m.Sections = holding
		}
	}
	about := m.about()
	if len(about) == 0 {
		return false
	}
	first := bodies[about[0]]
	m.Section, m.Place, m.Knowledge = first.ID, forms.PlaceOf(first), cmp.Or(m.Knowledge, first.Text)
	if m.cited != nil && m.Place != "" {
		var there []string
		for _, id := range about {
			there = append(there, forms.PlaceOf(bodies[id]))
		}
		m.Places = append(there, m.Places...)
	}
	return true
}

// fold makes spelling even: one line, lower case.
func fold(text string) string { return strings.ToLower(clean.Fold(text)) }

// namesOf are the ways in which a question may name a section.
func namesOf(s corpus.Section, forms form.Set) []string {
	var out []string
	if place := fold(strings.TrimRight(forms.PlaceOf(s), form.Marks)); place != "" {
		out = append(out, place)
	}
	switch {
	case strings.HasPrefix(s.Number, "第"):
		out = append(out, fold(s.Title+s.Number))
	case strings.HasPrefix(s.Number, "제"):
		out = append(out, fold(s.Title+" "+s.Number))
	}
	return out
}

// named is the one section that a question names. Where one name is the beginning or the end of another, the longer one is meant.
func named(question string, names map[string]string, longest []int) string {
	runes := []rune(question)
	taken := make([]bool, len(runes))
	id := ""
	for _, n := range longest {
		for at := 0; at+n <= len(runes); at++ {
			got, ok := names[string(runes[at:at+n])]
			if !ok || slices.Contains(taken[at:at+n], true) || !stands(runes, at, at+n) {
				continue
			}
			for i := at; i < at+n; i++ {
				taken[i] = true
			}
			if got == "" || id != "" && got != id {
				return ""
			}
			id = got
		}
	}
	return id
}

// longer matches what makes another number of the one before it: 之二, の二, 의2, .1, -1, bis.
var longer = regexp.MustCompile(`^(?:[之のノ][一二三四五六七八九十百\d０-９]|의[ \t]*\d|[.\-–][\d]|-[a-z]\b|[ \t]?-?(?:bis|ter|quater|quinquies|sexies|septies|octies|novies|nonies|decies)\b)`)

// stands reports whether runes[from:to] are a name and not part of a longer one: section 1 in section 12, 第一条 in 第一条之二, article 2 in article 2 bis.
func stands(runes []rune, from, to int) bool {
	glued := func(a, b rune) bool {
		word := func(r rune) bool {
			return (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.In(r, unicode.Han, unicode.Hangul)
		} // words and particles follow without a space
		return word(a) && word(b)
	}
	if from > 0 && glued(runes[from-1], runes[from]) || to < len(runes) && glued(runes[to-1], runes[to]) {
		return false
	}
	return !longer.MatchString(string(runes[to:min(to+16, len(runes))]))
}
