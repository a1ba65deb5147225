package retrieve

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTerms bounds the expression, whose parser in SQLite is recursive and limits depth; a question has some twenty terms.
const maxTerms = 200

// expression turns any string into an FTS5 expression: its terms, each once, quoted so that nothing in them is an operator, joined by OR.
// A string without terms gives "".
func expression(query string) string {
	var quoted []string
	seen := map[string]bool{}
	for _, term := range strings.FieldsFunc(spaced(query, false), func(r rune) bool { return !isWord(r) }) {
		key := strings.ToLower(term)
		if seen[key] || len(quoted) == maxTerms {
			continue
		}
		seen[key] = true
		term = `"` + strings.ReplaceAll(term, `"`, `""`) + `"`
		if r, n := utf8.DecodeRuneInString(key); n == len(key) && unicode.In(r, unspaced...) {
			term += " *" // one character is the beginning of the pairs that it stands in
		}
		quoted = append(quoted, term)
	}
	return strings.Join(quoted, " OR ")
}

// cited is an FTS5 expression for the sections that a query names by number and by the end of a law's name in front of it. Where it names
// none, no section matches.
func cited(query string) string {
	names := []string{`""`}
	for _, at := range ordinal.FindAllStringIndex(query, maxTerms) {
		if last := lastTwo(query[:at[0]]); last != "" {
			names = append(names, `name : "`+last+zeros.Replace(query[at[0]:at[1]])+`"`)
		}
	}
	return strings.Join(names, " OR ")
}

// isWord says which characters make a term; combining marks belong to the letter before them.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// clean makes a text valid UTF-8 without NUL, which would end a string in SQLite.
func clean(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	return strings.ReplaceAll(text, "\x00", " ")
}

// unspaced are the scripts that put no spaces between words. Hangul does.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// ordinal matches a numbered part of a statute, 第三百二十四条 or 第十条之一.
var ordinal = regexp.MustCompile(`第[ \t]*[零〇○一二三四五六七八九十百千\d]+[ \t]*[条款项章节编](?:之[一二三四五六七八九十]+)?`)

// zeros writes a number's zero in one way, and without spaces: ○ is no letter, and would cut the number in two.
var zeros = strings.NewReplacer("〇", "零", "○", "零", " ", "", "\t", "")

// spaced puts spaces between the terms of scripts that have none, and leaves the rest as it is. Each pair of neighbouring characters is a
// term (bigrams, as Lucene's CJKAnalyzer has them), and a number such as 第三百二十四条 is one term: its pairs stand in hundreds of other
// numbers. Where two characters stand in front of it, usually the end of a law's name, they and the number are a term too. In a text,
// though not in a query, the last character of a run is a term, so that each character begins one.
func spaced(text string, whole bool) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unspaced...) }) {
		return text
	}
	var b strings.Builder
	b.Grow(3 * len(text))
	from := 0
	for _, at := range ordinal.FindAllStringIndex(text, -1) {
		before := text[from:at[0]]
		pairs(&b, before, whole)
		unit := zeros.Replace(text[at[0]:at[1]])
		b.WriteString(" " + unit + " ")
		if last := lastTwo(before); last != "" {
			b.WriteString(last + unit + " ")
		}
		from = at[1]
	}
	pairs(&b, text[from:], whole)
	return b.String()
}

// pairs writes a text with its unspaced runs cut into pairs.
func pairs(b *strings.Builder, text string, whole bool) {
	var last rune // of the run, 0 outside
	single := false
	end := func() {
		if last != 0 && (whole || single) {
			b.WriteRune(last)
		}
		if last != 0 {
			b.WriteByte(' ')
		}
		last = 0
	}
	for _, r := range text {
		switch {
		case !unicode.In(r, unspaced...):
			end()
			b.WriteRune(r)
		case last == 0:
			b.WriteByte(' ')
			last, single = r, true
		default:
			b.WriteRune(last)
			b.WriteRune(r)
			b.WriteByte(' ')
			last, single = r, false
		}
	}
	end()
}

// lastTwo are the two characters that a text ends in, if both are of scripts without spaces.
func lastTwo(text string) string {
	from := len(text)
	for range 2 {
		r, n := utf8.DecodeLastRuneInString(text[:from])
		if !unicode.In(r, unspaced...) {
			return ""
		}
		from -= n
	}
	return text[from:]
}
