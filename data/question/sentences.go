package question

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus"
)

const (
	leastSentence = 12  // characters
	mostSentence  = 600 // longer ones are cut at a semicolon, or left
)

// marker is what numbers an item within a section: (a), 3.1, 2., •, （一）.
var marker = regexp.MustCompile(`^(?:\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]|\d+(?:\.\d+)+\.?|[-*•–]|[（(][一二三四五六七八九十]+[）)]|[①-⑳])\s+|^[（(][一二三四五六七八九十]+[）)]|^[①-⑳]`)

// Sentences cuts the text of a section into sentences, without its heading and without the marks of items.
func Sentences(s corpus.Section) []string {
	text := s.Text
	if s.Heading != "" && strings.HasPrefix(text, s.Heading) {
		text = strings.TrimLeft(text[len(s.Heading):], " .:：\n")
	}
	var out []string
	keep := func(part string) {
		part = strings.Join(strings.Fields(part), " ")
		for {
			short := marker.ReplaceAllString(part, "")
			if short == part {
				break
			}
			part = short
		}
		if n := utf8.RuneCountInString(part); n >= leastSentence || n >= leastSentence/2 && len(part) > 2*n {
			out = append(out, part)
		}
	}
	from := 0
	for _, at := range ends(text) {
		keep(text[from:at])
		from = at
	}
	keep(text[from:])
	return out
}

// ends are the bytes behind which a sentence is over: a full stop before a space and a capital letter or an item, and the stops of Chinese.
func ends(text string) (out []int) {
	start := 0
	for i, r := range text {
		after := i + utf8.RuneLen(r)
		if r == utf8.RuneError {
			after = i + 1
		}
		end := false
		switch r {
		case '。', '！', '？', '；':
			end = true
		case '\n':
			end = i-start > leastSentence
		case ';', ':':
			end = strings.HasPrefix(text[after:], " ") && (i-start > mostSentence/2 || marker.MatchString(strings.TrimLeft(text[after:], " ")))
		case '.', '!', '?':
			rest := strings.TrimLeft(text[after:], `"”’')`)
			next, _ := utf8.DecodeRuneInString(strings.TrimLeft(rest, " "))
			end = strings.HasPrefix(rest, " ") && (unicode.IsUpper(next) || unicode.IsDigit(next) || strings.ContainsRune(`("“‘•`, next) || unicode.Is(unicode.Hangul, next)) && !abbreviated(text[start:i])
		}
		if end {
			out = append(out, after)
			start = after
		}
	}
	return out
}

// abbreviated reports whether a full stop behind a text belongs to its last word: U.S., e.g., Art., No.
func abbreviated(text string) bool {
	word := text[strings.LastIndexAny(text, " (\n")+1:]
	if utf8.RuneCountInString(word) == 1 || strings.Contains(word, ".") && utf8.RuneCountInString(word) <= 4 {
		return true
	}
	switch strings.ToLower(word) {
	case "art", "no", "nr", "abs", "sec", "inc", "corp", "ltd", "co", "vs", "bzw", "al", "st", "mr", "dr", "ca", "vgl", "ziff":
		return true
	}
	return false
}
