package cut

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// key is a number as sections are ordered by it: [12] for 12, [12 1] for 12a and 第十二条之一, [2 2] for 2 bis, [1 1 3] for 1.1.3.
type key []int

func (k key) less(other key) bool { return slices.Compare(k, other) < 0 }

// latin are the numerals of inserted articles: 2 bis, 2 ter. The place of each is its value, from 2.
var latin = []string{"bis", "ter", "quater", "quinquies", "sexies", "septies", "octies", "novies", "decies", "undecies", "duodecies"}

// ordinals are the words that stand for the number of a first article: Article premier, Artículo único. Spanish statutes go on.
var ordinals = map[string]int{
	"premier": 1, "première": 1, "unique": 1, "único": 1, "unico": 1, "primero": 1, "segundo": 2, "tercero": 3, "cuarto": 4, "quinto": 5,
	"sexto": 6, "séptimo": 7, "octavo": 8, "noveno": 9, "décimo": 10,
}

// numberPart is one piece of a written number.
var numberPart = regexp.MustCompile(`\d+|(?i:bis|ter|quater|quinquies|sexies|septies|octies|novies|nonies|decies|undecies|duodecies)\b|[A-Za-z]`)

// ordinalEnd is what may follow a number that is read as "the first": 1er, 1st, 1º.
var ordinalEnd = regexp.MustCompile(`(?i)(\d)(?:er|re|ère|st|nd|rd|th|\.?[º°ª])`)

// keyOf reads a number as it is written in a text of the Latin alphabet: 12, IV, 12a, 2 bis, 1-bis, 1.1, L. 121-1, 1er.
func keyOf(s string) (key, bool) {
	s = strings.TrimSpace(s)
	if n, err := strconv.Atoi(s); err == nil {
		return key{n}, true
	}
	if n, ok := ordinals[strings.ToLower(s)]; ok {
		return key{n}, true
	}
	if n, ok := roman(s); ok {
		return key{n}, true
	}
	s = ordinalEnd.ReplaceAllString(s, "$1")
	if at := strings.IndexAny(s, arabic); at > 0 {
		s = s[at:] // the letter of a code's part: L. 121-1
	}
	var k key
	for _, p := range numberPart.FindAllString(s, -1) {
		n, err := strconv.Atoi(p)
		switch at := slices.Index(latin, strings.ToLower(p)); {
		case err == nil:
		case at >= 0:
			n = at + 2
		case strings.EqualFold(p, "nonies"):
			n = 9
		default:
			n = int(unicode.ToLower(rune(p[0]))-'a') + 1
		}
		k = append(k, n)
	}
	return k, len(k) > 0 && len(k) <= 8
}

// value reads arabic, roman and Chinese numbers.
func value(s string) (int, bool) {
	s = halfWidth(s)
	if n, err := strconv.Atoi(s); err == nil {
		return n, true
	}
	if n, ok := roman(s); ok {
		return n, true
	}
	return chinese(s)
}

// halfWidth makes ASCII of full-width digits.
func halfWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			return r - '０' + '0'
		}
		return r
	}, s)
}

func roman(s string) (int, bool) {
	digit := map[rune]int{'I': 1, 'V': 5, 'X': 10, 'L': 50, 'C': 100}
	total, last := 0, 0
	for _, r := range strings.ToUpper(s) {
		d := digit[r]
		if d == 0 {
			return 0, false
		}
		total += d
		if last < d {
			total -= 2 * last
		}
		last = d
	}
	return total, total > 0
}
func chinese(s string) (int, bool) {
	const digits = "零一二三四五六七八九"
	units := map[rune]int{'十': 10, '百': 100, '千': 1000}
	if !strings.ContainsAny(s, "十百千") {
		return places(s, digits)
	}
	total, digit := 0, 0
	for _, r := range s {
		if u := units[r]; u > 0 {
			total += max(digit, 1) * u
			digit = 0
			continue
		}
		if r == '○' || r == '〇' {
			r = '零'
		}
		at := strings.IndexRune(digits, r)
		if at < 0 {
			return 0, false
		}
		digit = utf8.RuneCountInString(digits[:at])
	}
	return total + digit, true
}

// places reads a Chinese number written digit by digit, as years are: 一九八四.
func places(s, digits string) (int, bool) {
	total, n := 0, 0
	for _, r := range s {
		if r == '○' || r == '〇' {
			r = '零'
		}
		at := strings.IndexRune(digits, r)
		if n++; at < 0 || n > 6 {
			return 0, false
		}
		total = 10*total + utf8.RuneCountInString(digits[:at])
	}
	return total, n > 0
}
