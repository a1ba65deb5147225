package question

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// language is what is known of a language: one table, a file.
type language struct {
	code     string
	unspaced bool     // written without spaces
	nouns    bool     // capitals are kept: German
	verbLast bool     // a long part keeps its end, where the verb is: Korean
	function []string // frequent words by which it is known
	stop     []string // further words that no key phrase has
	cuts     []string // of a script without spaces: what separates phrases

	topic  []string          // forms of topic questions, with {x}
	named  []string          // forms that name the document: {name}, {q} = question from a small letter on, {Q} = as it is, {bare} = without its mark
	place  *regexp.Regexp    // cites a place, or speaks of the text
	rules  []rule            // read off a sentence
	clause *regexp.Regexp    // where the part of a sentence ends that a question takes
	asker  []change          // "you" becomes "I"
	plain  map[string]string // formal words → everyday ones, separated by |
	verbal *regexp.Regexp    // words in which no key phrase begins or ends
	trim   *regexp.Regexp    // particles at the end of a key phrase
	weak   *regexp.Regexp    // what a question's part must not end in
	known  map[string]bool   // function, for look-up
	stops  map[string]bool   // function and stop, for look-up
	formal *regexp.Regexp    // any key of plain
	manual *manual           // for the documentation of software; nil = as any text
	letter *letter           // in messages; nil = as in all languages
}

// change replaces what a pattern finds.
type change struct {
	find *regexp.Regexp
	with string
}

// languages are those with rules. The last is for all others. Their patterns are compiled when the first question is made.
var languages = sync.OnceValue(func() []*language {
	list := []*language{english(), chinese(), german(), french(), korean(), universal()}
	for _, l := range list {
		l.prepare()
	}
	return list
})

func (l *language) prepare() {
	l.known, l.stops = map[string]bool{}, map[string]bool{}
	for _, w := range l.function {
		l.known[w], l.stops[w] = true, true
	}
	for _, w := range l.stop {
		l.stops[w] = true
	}
	if len(l.plain) == 0 {
		return
	}
	var keys []string
	for k := range l.plain {
		keys = append(keys, k)
	}
	l.formal = anyOf(keys, !l.unspaced)
}

// isStop reports whether no key phrase has a word.
func (l *language) isStop(word string) bool { return l.stops[strings.ToLower(word)] }

// leastWord is how many characters a key phrase of one word has at least.
func (l *language) leastWord() int {
	if l.verbLast { // a syllable is a character
		return 2
	}
	return 5
}

// languageOf finds the language of a text by its script and its function words.
func languageOf(text string) *language {
	han, hangul, kana, letters := 0, 0, 0, 0
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.Is(unicode.Hangul, r):
			hangul++
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			kana++
		}
		if unicode.IsLetter(r) {
			letters++
		}
	}
	script := ""
	switch {
	case 3*hangul > letters:
		script = "ko"
	case 3*han > letters && 20*kana < letters:
		script = "zh"
	}
	list := languages()
	best, most := list[len(list)-1], 0
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) })
	for _, l := range list[:len(list)-1] {
		if script != "" {
			if l.code == script {
				return l
			}
			continue
		}
		n := 0
		for _, w := range words {
			if l.known[w] {
				n++
			}
		}
		if n > most && 8*n >= len(words) {
			best, most = l, n
		}
	}
	return best
}

// Language is the code of a text's language (en, zh, de, fr, ko), by its script and its function words; empty for any other.
func Language(text string) string { return languageOf(text).code }
