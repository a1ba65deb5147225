// Package redact puts placeholders in place of personal data, and the data back in place of the placeholders. It knows data by their form: where a form
// has a check digit (IBAN, cards, most national numbers), what fails the check stays. Names and addresses have no form, and stay.
package redact

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is a kind of personal data.
type Kind string

// The kinds.
const (
	Email      Kind = "email"
	Phone      Kind = "phone"
	IBAN       Kind = "iban"
	Card       Kind = "card"        // credit and debit cards
	NationalID Kind = "national_id" // of Britain, China, France, Germany, Italy, Poland, Spain and the USA
)

// Kinds are all kinds. Where two find the same characters, the earlier one has them.
var Kinds = []Kind{Email, IBAN, Card, NationalID, Phone}

// Redactor finds some kinds of data.
type Redactor struct{ kinds []Kind }

// New makes a redactor of kinds by their names.
func New(names []string) (*Redactor, error) {
	r := &Redactor{}
	for _, k := range Kinds {
		if slices.Contains(names, string(k)) {
			r.kinds = append(r.kinds, k)
		}
	}
	for _, n := range names {
		if !slices.Contains(Kinds, Kind(n)) {
			return nil, fmt.Errorf("no kind of personal data is called %q (there are: %s)", n, list())
		}
	}
	return r, nil
}

func list() string {
	names := make([]string, len(Kinds))
	for i, k := range Kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

// Found is a place in a text, in bytes.
type Found struct {
	Kind     Kind
	From, To int
}

// Find returns what a text has, in order and without overlaps.
func (r *Redactor) Find(text string) []Found {
	var out []Found
	for _, k := range r.kinds {
		for _, f := range forms[k] {
			for _, m := range f.pattern.FindAllStringIndex(text, -1) {
				from, to := m[0], m[1]
				apart := func(o Found) bool { return to <= o.From || from >= o.To }
				if alone(text, from, to) && (f.valid == nil || f.valid(text[from:to])) && !slices.ContainsFunc(out, func(o Found) bool { return !apart(o) }) {
					out = append(out, Found{k, from, to})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b Found) int { return cmp.Compare(a.From, b.From) })
	return out
}

// alone reports whether a match is no part of a longer word or number.
func alone(text string, from, to int) bool {
	before, n := utf8.DecodeLastRuneInString(text[:from])
	after, m := utf8.DecodeRuneInString(text[to:])
	joins := func(r rune) bool {
		return (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_') && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
	}
	if n > 0 && joins(before) || m > 0 && joins(after) {
		return false
	}
	digit := func(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }
	if n > 0 && strings.ContainsRune(".,:/-", before) && from > 1 && digit(text[from-2:]) { // 1.2 goes on from 1.
		return false
	}
	return m == 0 || !strings.ContainsRune(".,:/-", after) || !digit(text[to+m:])
}

// Map has what stands behind the placeholders of some texts that go together.
type Map struct {
	values  []string          // behind the placeholders, by number
	holders map[string]string // by value
	taken   map[int]bool      // numbers that the texts themselves have in this form
}

// placeholder is what stands for a value; a model may write it in its own way.
var placeholder = regexp.MustCompile(`(?i)\[?\b(?:EMAIL|PHONE|IBAN|CARD|NATIONAL_ID)_(\d{1,6})\b\]?`)

// NewMap makes a map for texts, whose own words are never taken for placeholders.
func NewMap(texts ...string) *Map {
	m := &Map{holders: map[string]string{}, taken: map[int]bool{}}
	for _, t := range texts {
		for _, p := range placeholder.FindAllStringSubmatch(t, -1) {
			n, _ := strconv.Atoi(p[1])
			m.taken[n] = true
		}
	}
	return m
}

// Hide puts placeholders into a text: the same one for the same value.
func (r *Redactor) Hide(text string, m *Map) string {
	var b strings.Builder
	at := 0
	for _, f := range r.Find(text) {
		b.WriteString(text[at:f.From])
		b.WriteString(m.holder(f.Kind, text[f.From:f.To]))
		at = f.To
	}
	if at == 0 {
		return text
	}
	return b.String() + text[at:]
}

func (m *Map) holder(k Kind, value string) string {
	if h, ok := m.holders[value]; ok {
		return h
	}
	for m.taken[len(m.values)+1] {
		m.values = append(m.values, "") // nobody's
	}
	m.values = append(m.values, value)
	h := fmt.Sprintf("[%s_%d]", strings.ToUpper(string(k)), len(m.values))
	m.holders[value] = h
	return h
}

// RestoreSoFar is a beginning of what Restore makes of a text to which more will be added: it ends before anything that may become a placeholder.
func (m *Map) RestoreSoFar(text string) string {
	if len(m.values) == 0 {
		return text
	}
	return m.Restore(strings.TrimRightFunc(text, func(r rune) bool {
		return r == '[' || r == ']' || r == '_' || r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
	}))
}

// Restore puts the values back. A placeholder that was never given stays as it is.
func (m *Map) Restore(text string) string {
	if len(m.values) == 0 {
		return text
	}
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		n, _ := strconv.Atoi(placeholder.FindStringSubmatch(p)[1])
		if n < 1 || n > len(m.values) || m.values[n-1] == "" {
			return p
		}
		return m.values[n-1]
	})
}
