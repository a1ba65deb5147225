package question

import (
	"strings"
	"unicode/utf8"
)

const (
	clozeLeast = 4  // words that a cloze keeps
	clozeMost  = 14 // words, or clauses of a text without spaces
)

// cloze asks by words of a sentence: stop words mostly dropped, others at times, the rest partly everyday words, its two halves at times in the other
// order. It is what is typed into a search box.
func (w *writer) cloze(sentence string) {
	var words []string
	if w.lang.unspaced {
		for _, cut := range append([]string{"，", "、", "；", "。", "：", "“", "”", ",", "."}, w.lang.cuts...) {
			sentence2 := strings.ReplaceAll(sentence, cut, " ")
			sentence = sentence2
		}
	}
	words = strings.Fields(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`.,;:()[]"“”„«»?!`, r) {
			return ' '
		}
		return r
	}, sentence))
	var kept []string
	for _, word := range words {
		drop := 0.25
		if w.lang.isStop(word) {
			drop = 0.8
		} else if utf8.RuneCountInString(word) == 1 {
			drop = 0.9
		}
		if w.draw.Float64() >= drop {
			kept = append(kept, word)
		}
	}
	if len(kept) > clozeMost { // a window of it
		at := w.draw.IntN(len(kept) - clozeMost + 1)
		kept = kept[at : at+clozeMost]
	}
	if n := len(kept); n >= 4 && w.draw.IntN(3) == 0 {
		kept = append(append([]string{}, kept[n/2:]...), kept[:n/2]...)
	}
	if len(kept) < clozeLeast && !w.lang.unspaced {
		return
	}
	w.add(Cloze, "sentence", w.everyday(strings.Join(kept, " ")), sentence)
}
