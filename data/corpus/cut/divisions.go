package cut

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"slm/data/corpus/clean"
)

// Between the sections of a law stand the headings of its parts and chapters. They belong to no section: a mark of each ends the one above.

// partLine matches a line that heads a part of a law: CHAPTER II, Titre premier, Erster Abschnitt, 2. Abschnitt, Capítulo III. De los bienes.
var partLine = regexp.MustCompile(`(?mi)^[ \t]*(?:#{1,6}[ \t]+)?(?:` +
	`(?:part|chapter|title|subtitle|subchapter|division|subdivision|book|teil|kapitel|abschnitt|unterabschnitt|titel|untertitel|buch|hauptstück|partie|titre|chapitre|livre|sous-titre|sous-section|` +
	`parte|título|titulo|capítulo|capitulo|libro|livro|capo|titolo|capitolo|часть|раздел|глава)` +
	`[ \t]+(?-i:[IVXLC]+(?:er|re)?|\d{1,3}[a-zA-Z]?|[A-Z]|(?i:premier|première|preliminar|préliminaire|unique|único|one|two|three|primero|segundo|tercero|cuarto|quinto|sexto))\b` +
	`|(?:(?:erst|zweit|dritt|viert|fünft|sechst|siebt|siebent|acht|neunt|zehnt|elft|zwölft)e[rs]?|\d{1,2}\.)[ \t]+(?:teil|kapitel|abschnitt|unterabschnitt|titel|untertitel|buch|hauptstück)\b` +
	`)(.*)$`)

// divisions are marks of the headings between the marks of a run, from each to the next section.
func divisions(text string, marks []mark) []mark {
	out := slices.Clone(marks)
	for _, at := range partLine.FindAllStringSubmatchIndex(text, -1) {
		i := slices.IndexFunc(marks, func(m mark) bool { return m.start > at[0] })
		if i <= 0 || at[0] < marks[i-1].body || !isHeading(text[at[2]:at[3]]) {
			continue // in front of the first section or behind the last, or in a sentence
		}
		out = append(out, mark{start: at[0], body: at[1], part: true})
	}
	slices.SortStableFunc(out, func(a, b mark) int { return a.start - b.start })
	// Of headings that follow each other the first is enough.
	return slices.CompactFunc(out, func(a, b mark) bool { return a.part && b.part })
}

// isHeading says of the rest of a line that names a part whether it is a title, if anything, and not the rest of a sentence.
func isHeading(rest string) bool {
	rest = strings.TrimSpace(strings.TrimLeft(rest, " \t.:–—-"))
	return rest == "" || titleLike(rest) && !strings.Contains(rest, "\n") && utf8.RuneCountInString(rest) <= headMost && !strings.ContainsRune(".;,", clean.LastRune(rest))
}
