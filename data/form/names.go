package form

import (
	"regexp"
	"strings"
	"unicode"

	"slm/data/corpus"
)

// NamesPlace reports whether a question names the number of a section as the set's templates do ("Section 4", "第五条"), or its whole place. The name
// of the document alone does not count: people say it.
func (s Set) NamesPlace(question string, sec corpus.Section) bool {
	text := strings.ToLower(strings.Join(strings.Fields(question), " "))
	if place := strings.ToLower(strings.Join(strings.Fields(strings.TrimRight(s.PlaceOf(sec), Marks)), " ")); place != "" && strings.Contains(text, place) {
		return true
	}
	if sec.Number == "" {
		return false
	}
	for _, phrase := range s.numbered(sec) {
		if holdsPhrase(text, phrase) {
			return true
		}
	}
	return false
}

// beside is a template's word in front of {number}, and the letter that stands right behind it.
var beside = regexp.MustCompile(`(\pL*[^\pL\pN\s{}]{0,2} ?)\{number\}(\pL?)`)

// numbered are the section's number with the words that the templates put beside it, in lower case: "section 4", "§ 4", "第4条".
func (s Set) numbered(sec corpus.Section) (phrases []string) {
	templates := append([]string{s.Place, s.Exam}, s.Document...)
	for _, t := range append(templates, s.Question...) {
		for _, m := range beside.FindAllStringSubmatch(t, -1) {
			phrase := strings.ToLower(strings.TrimSpace(m[1] + sec.Number + m[2]))
			if strings.ContainsFunc(strings.Replace(phrase, strings.ToLower(sec.Number), "", 1), func(r rune) bool { return unicode.IsLetter(r) || r == '§' }) {
				phrases = append(phrases, phrase)
			}
		}
	}
	if strings.ContainsFunc(sec.Number, func(r rune) bool { return unicode.Is(unicode.Han, r) }) { // 第五条 says itself what it is
		phrases = append(phrases, sec.Number)
	}
	return append(phrases, "section "+strings.ToLower(sec.Number), "article "+strings.ToLower(sec.Number), "§ "+strings.ToLower(sec.Number), "§"+strings.ToLower(sec.Number))
}

// holdsPhrase reports whether a text holds a phrase that is not the beginning or the end of a longer word or number.
func holdsPhrase(text, phrase string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], phrase)
		if i < 0 {
			return false
		}
		i += from
		if !joined(text[:i], phrase) && !joined(phrase, text[i+len(phrase):]) {
			return true
		}
		from = i + len(phrase)
	}
}

// joined reports whether two texts that follow each other share a word. In scripts without spaces every character stands alone.
func joined(before, after string) bool {
	letter := func(r rune) bool { return (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.Is(unicode.Han, r) }
	b, a := []rune(before), []rune(after)
	if len(b) == 0 || len(a) == 0 {
		return false
	}
	last, first := b[len(b)-1], a[0]
	if first == '.' && len(a) > 1 && unicode.IsDigit(a[1]) && unicode.IsDigit(last) { // 4.2 is not 4
		return true
	}
	return letter(last) && letter(first)
}
