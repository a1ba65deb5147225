package exam

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// markup is what says nothing by itself: each pattern with what stays of it. The order counts: pictures before links.
var markup = []struct {
	find *regexp.Regexp
	with string
}{
	{regexp.MustCompile("(?:```|~~~)[\\w-]*(?: *[\\w-]+=\"[^\"]*\")*"), " "},                   // the fence of code and its settings
	{regexp.MustCompile(`\{!.*?!\}|\{\{.*?\}\}|\{%.*?%\}|\{[.#:][^{}]*\}`), " "},               // files to insert, templates, attributes
	{regexp.MustCompile(`!\[[^\]]*\](?:\([^()]*\)|\[[^\]]*\])`), " "},                          // pictures and badges
	{regexp.MustCompile(`\[(?:\S+ ){0,2}\S+?\](?:\([^()]*\)|\[[^\]]*\])`), " "},                // links of up to three words
	{regexp.MustCompile(`\[([^\]]*)\](?:\([^()]*\)|\[[^\]]*\])`), " $1 "},                      // a longer one is a sentence
	{regexp.MustCompile(`</?[a-zA-Z][^<>]*>`), " "},                                            // tags
	{regexp.MustCompile(`(?:https?|ftp)://\S+|\bwww\.\S+|\bmailto:\S+`), " "},                  // addresses
	{regexp.MustCompile(`(?:Next|Previous|Prev|Up): [^,\[\]]*,?|\[(?:Index|Contents)\]`), " "}, // the bar of Texinfo's pages
	{regexp.MustCompile("^[^\\pL\\pN`]*(?:`[^`]+`|[\\w.:/-]+)[^\\pL\\pN`]*$"), " "},            // a lone name
	{regexp.MustCompile(`:{2,}\s*\S+`), " "},                                                   // directives that insert a text
}

// bare reports whether an option would show nothing but links, addresses, badges or the name of something: its answer cannot be known.
func bare(text string) bool {
	for _, m := range markup {
		text = m.find.ReplaceAllString(text, m.with)
	}
	letters, words := 0, 0
	for _, w := range strings.Fields(text) {
		n := 0
		for _, r := range w {
			if unicode.IsLetter(r) {
				n++
				if r >= 0x2e80 { // a character is worth two letters
					n++
				}
			}
		}
		if letters += n; n > 0 {
			words += 1 + n/12 // scripts without spaces
		}
	}
	return letters < 12 || words < 3
}

// kindOf is how an option looks: c = code, l = a list, t = a table, p = prose.
func kindOf(head string) byte {
	switch {
	case strings.HasPrefix(head, "```") || strings.HasPrefix(head, "~~~") || strings.HasPrefix(head, "<pre"):
		return 'c'
	case strings.HasPrefix(head, "|"):
		return 't'
	}
	r, size := utf8.DecodeRuneInString(head)
	if strings.ContainsRune("*-•+", r) && strings.HasPrefix(head[size:], " ") {
		return 'l'
	}
	return 'p'
}
