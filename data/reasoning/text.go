package reasoning

import (
	"slices"
	"strings"
	"unicode"
)

// Plain is a text as answers are compared: in lower case, words and numbers alone, one space between them.
func Plain(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '%' && r != '.'
	}), " ")
}

// Right reports whether an answer is a task's.
func (t Task) Right(answer string) bool {
	trim := func(s string) string { return strings.Trim(Plain(s), ". ") }
	return trim(answer) == trim(t.Answer)
}

// words counts those of a text.
func words(text string) int { return len(strings.Fields(text)) }

// around is sentence i with its neighbours, the next first, as long as all have at most so many words. Of a sentence that has more, it is the words around
// the bytes from from to to; "" if these have more.
func around(sentences []string, i, from, to, most int) string {
	left := most - words(sentences[i])
	if left < 0 {
		side := (most - words(sentences[i][from:to]) - 2) / 2 // a part of a word on either end stands for the word
		if side < 0 {
			return ""
		}
		return near(sentences[i], from, to, side, side)
	}
	from, to = i, i+1
	for grown := true; grown; {
		grown = false
		if to < len(sentences) && words(sentences[to]) <= left {
			left, to, grown = left-words(sentences[to]), to+1, true
		}
		if from > 0 && words(sentences[from-1]) <= left {
			left, from, grown = left-words(sentences[from-1]), from-1, true
		}
	}
	return strings.Join(sentences[from:to], " ")
}

// clip is a text up to so many words, without a mark at its end.
func clip(text string, most int) string {
	f := strings.Fields(text)
	return strings.TrimRight(strings.Join(f[:min(len(f), most)], " "), ".,;:")
}

// near are the words of a text around its bytes from from to to, so many on each side, without a mark at the end.
func near(text string, from, to, before, after int) string {
	from = strings.LastIndexByte(text[:from], ' ') + 1 // a part of a word stands for the word
	if i := strings.IndexByte(text[to:], ' '); i >= 0 {
		to += i
	} else {
		to = len(text)
	}
	front, back := strings.Fields(text[:from]), strings.Fields(text[to:])
	list := slices.Concat(front[max(0, len(front)-before):], strings.Fields(text[from:to]), back[:min(len(back), after)])
	return strings.TrimRight(strings.Join(list, " "), ".,;:")
}
