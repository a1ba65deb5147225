package exam

import (
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus"
	"slm/data/corpus/clean"
	"slm/data/form"
)

// Locate finds for questions from a file the section that each names, as its place has it or by title and number (民法第一条), and fills in
// section, place and, where the file gives none, the knowledge. A question that names no section of the corpus, or several, stays as it
// is. It returns how many were found, and goes through the sections twice.
func Locate(items []Item, sections iter.Seq2[corpus.Section, error], forms form.Set) (int, error) {
	names := map[string]string{} // name → id of the one section that bears it; "" when two do
	lengths := map[int]bool{}
	for s, err := range sections {
		if err != nil {
			return 0, err
		}
		for _, name := range namesOf(s, forms) {
			if id, taken := names[name]; taken && id != s.ID {
				names[name] = ""
			} else {
				names[name] = s.ID
			}
			lengths[utf8.RuneCountInString(name)] = true
		}
	}
	var longest []int
	for n := range lengths {
		longest = append(longest, n)
	}
	slices.SortFunc(longest, func(a, b int) int { return b - a })
	asked := map[string][]int{} // id → items
	for i, item := range items {
		if id := named(fold(item.Question), names, longest); id != "" {
			asked[id] = append(asked[id], i)
		}
	}
	found := 0
	for s, err := range sections {
		if err != nil {
			return 0, err
		}
		for _, i := range asked[s.ID] {
			items[i].Section, items[i].Place = s.ID, forms.PlaceOf(s)
			if items[i].Knowledge == "" {
				items[i].Knowledge = s.Text
			}
			found++
		}
	}
	return found, nil
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
