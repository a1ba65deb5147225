package cut

import (
	"regexp"
	"strings"
	"unicode"

	"slm/data/corpus/clean"
)

const (
	headMost  = 80 // characters of a heading
	headWords = 10
)

// withoutTail cuts off what stands at the end of a section but belongs to the next: an unnumbered heading between the two.
func withoutTail(text string) string {
	all := paragraphs(text)
	for len(all) > 1 {
		last := text[all[len(all)-1][0]:all[len(all)-1][1]]
		if h := clean.Fold(last); !shortEnough(h) || !titleCase(h) || strings.ContainsRune(".;:,!?)\"”", clean.LastRune(h)) || listItem.MatchString(last) {
			break
		}
		all = all[:len(all)-1]
		text = text[:all[len(all)-1][1]]
	}
	return text
}

// headingOf returns the heading with which a section's text begins, or an empty string: a short first paragraph, a short first
// line in title case, or a short first sentence in title case or capitals.
func headingOf(text string) string {
	text = strings.TrimSpace(text)
	line := clean.Fold(text)
	first, _, _ := strings.Cut(text, "\n")
	next := strings.TrimLeft(text[len(first):], " \t\n")
	if h := clean.Fold(first); shortEnough(h) && (titleLike(next) || itemLike(next)) && !strings.Contains(h, ". ") {
		alone := strings.HasPrefix(strings.TrimLeft(text[len(first):], " \t"), "\n\n")
		if alone && strings.Count(h, ",") < 2 || titleCase(h) && !strings.ContainsRune(".,;:", clean.LastRune(h)) {
			return trimHeading(h)
		}
	}
	for i, r := range line {
		if !strings.ContainsRune(".:;–—", r) && (r != '-' || i == 0 || line[i-1] != ' ') {
			continue
		}
		rest := line[i+len(string(r)):]
		if rest != "" && rest[0] != ' ' {
			continue // 3.1, e.g.
		}
		if r == '.' && i > 1 && unicode.IsUpper(rune(line[i-1])) && !unicode.IsLetter(rune(line[i-2])) {
			continue // U.S.
		}
		if h := line[:i]; shortEnough(h) && titleCase(h) && (titleLike(rest) || itemLike(strings.TrimSpace(rest))) {
			return trimHeading(h)
		}
		return ""
	}
	return ""
}

// itemLike reports whether text begins with the number or letter of a list item.
func itemLike(text string) bool {
	return listItem.MatchString(text) || text != "" && text[0] >= '0' && text[0] <= '9'
}

func shortEnough(h string) bool {
	return h != "" && len(h) <= headMost && len(strings.Fields(h)) <= headWords
}

// firstItem matches the number of a first sub-section that stands on the heading's line ("Definitions 1.1", "Termination a").
var firstItem = regexp.MustCompile(`\s+(?:\d+\.\d+|[a-z])$`)

func trimHeading(h string) string {
	h = strings.Trim(firstItem.ReplaceAllString(strings.Trim(h, " .:;-–—"), ""), " .:;-–—")
	if inner, ok := strings.CutPrefix(h, "("); ok && strings.HasSuffix(inner, ")") && strings.Count(inner, "(") == 0 {
		return strings.TrimSuffix(inner, ")") // (Oggetto)
	}
	return h
}

// titleCase reports whether every word of four letters and more begins with a capital.
func titleCase(h string) bool {
	letters := false
	for _, w := range strings.Fields(h) {
		w = strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) })
		letters = letters || w != ""
		if len(w) >= 4 && unicode.IsLower(clean.FirstRune(w)) && !strings.Contains(" with from into upon under over this that your than when ", " "+w+" ") {
			return false
		}
	}
	return letters && !unicode.IsLower(clean.FirstRune(h))
}

var listItem = regexp.MustCompile(`^[ \t]*\(?(?:[a-z]|[ivx]{1,4}|\d{1,2})[.)]`)
