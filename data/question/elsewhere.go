package question

import (
	_ "embed"
	"strings"

	"slm/data/corpus"
)

// Questions about everyday life, sport, geography, health, computers and the like, one a line, by language. None is about a corpus in particular.
var (
	//go:embed elsewhere.de.txt
	elsewhereGerman string
	//go:embed elsewhere.en.txt
	elsewhereEnglish string
	//go:embed elsewhere.fr.txt
	elsewhereFrench string
	//go:embed elsewhere.ko.txt
	elsewhereKorean string
	//go:embed elsewhere.zh.txt
	elsewhereChinese string
)

// Elsewhere are questions in a language that have nothing to do with most corpora: what a search must be able to turn away. The lines alternate between
// two halves over the same subjects: fit is for fitting what turns them away, held for measuring it. A language without a list of its own has the
// English one.
func Elsewhere(lang string) (fit, held []string) {
	list := elsewhereEnglish
	switch lang {
	case "de":
		list = elsewhereGerman
	case "fr":
		list = elsewhereFrench
	case "ko":
		list = elsewhereKorean
	case "zh":
		list = elsewhereChinese
	}
	for i, q := range strings.Split(strings.TrimSpace(list), "\n") {
		if i%2 == 0 {
			fit = append(fit, q)
		} else {
			held = append(held, q)
		}
	}
	return fit, held
}

// sampled bounds the sections whose language is looked at.
const sampled = 200

// LanguageOf is that of most sections of a corpus that have one with rules: its code, "" for none.
func LanguageOf(store corpus.Store) string {
	count := map[string]int{}
	step := max(1, store.Len()/sampled)
	for i, s := range store.All() {
		if i%step == 0 {
			count[languageOf(s.Text).code]++
		}
	}
	best := ""
	for _, l := range languages() {
		if l.code != "" && count[l.code] > count[best] {
			best = l.code
		}
	}
	return best
}

// FunctionWords are the words of a language that say nothing of a text's subject; none of a language without rules.
func FunctionWords(lang string) []string {
	for _, l := range languages() {
		if l.code == lang && lang != "" {
			return append(append([]string{}, l.function...), l.stop...)
		}
	}
	return nil
}
