package cut

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// value reads arabic, roman and Chinese numbers.
func value(s string) (int, bool) {
	if n, err := strconv.Atoi(s); err == nil {
		return n, true
	}
	if n, ok := roman(s); ok {
		return n, true
	}
	return chinese(s)
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
