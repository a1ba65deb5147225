package question

import (
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus"
)

// rule reads a question off a sentence. Its pattern names what it takes: s = who does it, v = what is done, p = its participle, c = a condition, x = a term, u = a unit.
// A form may also say {k}, the best key phrase of the sentence, {is}, {does} and {has}, which agree with s, and {title}, the document's name.
type rule struct {
	name string
	kind string
	find *regexp.Regexp
	not  *regexp.Regexp // nil, or what the match must not have
	ask  []string
}

const (
	partWords = 11 // words that a question takes of a sentence in one part
	partHan   = 30 // characters, in a script without spaces
	subject   = 8  // words of s
)

// leastOf is how many words a part has at least.
var leastOf = map[string]int{"v": 2, "c": 3}

// match is what a rule finds in a sentence.
type match struct {
	rule  rule
	ask   []string // its forms
	parts []string // the whole, and its pattern's groups
}

// matches are what the language's rules find in a sentence.
func (r *Reading) matches(sentence string) (out []match) {
	for _, l := range r.lang.rules {
		ask := l.ask
		if r.manual != nil {
			if ask = r.manual.rules[l.name]; ask == nil {
				continue
			}
		}
		if m := l.find.FindStringSubmatch(sentence); m != nil && (l.not == nil || !l.not.MatchString(m[0])) {
			out = append(out, match{l, ask, m})
		}
	}
	return out
}

// rules asks what the language's rules have found in a sentence.
func (w *writer) rules(sentence string, found []match) {
	for _, m := range found {
		parts, ok := w.parts(m.rule, m.parts)
		if !ok {
			continue
		}
		// Two forms, so that training sees more than one wording; of two alike the filter keeps one.
		for _, k := range w.draw.Perm(len(m.ask))[:min(2, len(m.ask))] {
			w.ask(m.rule, m.ask[k], parts, sentence)
		}
	}
}

func (w *writer) ask(r rule, form string, parts map[string]string, sentence string) {
	if strings.Contains(form, "{k}") {
		k := w.keyOf(sentence)
		if k == "" {
			return
		}
		parts["k"] = w.everyday(k)
	}
	if strings.Contains(form, "{title}") {
		names := w.corpus.Names(w.section.Title)
		if len(names) == 0 {
			return
		}
		parts["title"] = w.pick(names)
	}
	fill := make([]string, 0, 2*len(parts))
	for _, name := range sortedKeys(parts) {
		fill = append(fill, "{"+name+"}", parts[name])
	}
	w.add(r.kind, r.name, strings.NewReplacer(fill...).Replace(form), sentence)
}

// parts are what a rule takes of a sentence, in the words of who asks; false if one of them is no part of a question.
func (w *writer) parts(r rule, m []string) (map[string]string, bool) {
	out := map[string]string{}
	for i, name := range r.find.SubexpNames() {
		if name == "" || m[i] == "" {
			continue
		}
		part := strings.TrimSpace(m[i])
		if name != "u" {
			part = w.clip(part)
		}
		if name == "s" && (len(strings.Fields(part)) > subject || strings.ContainsAny(part, ",;:()")) {
			return nil, false
		}
		if least := leastOf[name]; !w.lang.unspaced && len(strings.Fields(part)) < least {
			return nil, false
		}
		if name == "s" {
			out["is"], out["does"], out["has"] = agree(part)
		}
		part = w.asked(part)
		if part == "" || utf8.RuneCountInString(part) < 2 {
			return nil, false
		}
		out[name] = part
	}
	return out, true
}

// clip cuts a part at the first clause behind it, and to so many words that it still ends where a phrase does.
func (w *writer) clip(part string) string {
	if c := w.lang.clause; c != nil {
		if at := c.FindStringIndex(part); at != nil && at[0] > 0 {
			part = part[:at[0]]
		}
	}
	part = strings.Trim(part, " ,;:.，、；：。\"“”‘’'()")
	if w.lang.unspaced {
		if r := []rune(part); len(r) > partHan {
			return ""
		}
		return part
	}
	words := strings.Fields(part)
	if len(words) > partWords && w.lang.verbLast {
		words = words[len(words)-partWords:]
	}
	if len(words) > partWords {
		end := partWords
		for end > partWords/2 && !w.lang.isStop(words[end]) {
			end--
		}
		words = words[:end]
	}
	for len(words) > 1 && w.lang.weak != nil && w.lang.weak.MatchString(words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	return strings.Trim(strings.Join(words, " "), " ,;:.\"“”")
}

// asked puts a part of a sentence into the words of who asks.
func (w *writer) asked(part string) string {
	for _, c := range w.lang.asker {
		part = c.find.ReplaceAllString(part, c.with)
	}
	if !w.lang.unspaced && !w.lang.nouns {
		part = w.smallNames(part)
	} else if first, rest, _ := strings.Cut(part, " "); w.lang.isStop(first) {
		part = strings.ToLower(first) + " " + rest
	}
	return strings.Join(strings.Fields(w.everyday(part)), " ")
}

// smallNames writes the terms that a contract writes with capitals (Covered Code) in small letters; three capitals in a row are a
// name, and an article in front of them is none.
func (r *Reading) smallNames(part string) string {
	words := strings.Fields(part)
	capital := func(i int) bool {
		if i < 0 || i >= len(words) {
			return false
		}
		c, _ := utf8.DecodeRuneInString(words[i])
		return unicode.IsUpper(c) && !r.lang.isStop(words[i])
	}
	out := slices.Clone(words)
	for i, word := range words {
		before, behind := 0, 0
		for capital(i - before - 1) {
			before++
		}
		for capital(i + behind + 1) {
			behind++
		}
		c, size := utf8.DecodeRuneInString(word)
		if r.lang.isStop(word) && word != "I" {
			out[i] = strings.ToLower(word)
			continue
		}
		if shouts := word == strings.ToUpper(word) && len(word) > mostCapitals; shouts || word != "I" && unicode.IsUpper(c) && before+behind < 2 && !strings.ContainsFunc(word[size:], unicode.IsUpper) {
			out[i] = strings.ToLower(word)
		}
	}
	return strings.Join(out, " ")
}

// everyday replaces half of the formal words by everyday ones.
func (w *writer) everyday(text string) string {
	if w.lang.formal == nil {
		return text
	}
	return w.lang.formal.ReplaceAllStringFunc(text, func(word string) string {
		to, ok := w.lang.plain[strings.ToLower(word)]
		if !ok || w.draw.IntN(2) == 0 {
			return word
		}
		return w.pick(strings.Split(to, "|"))
	})
}

// keyOf is the best key phrase of a sentence; empty if there is none.
func (w *writer) keyOf(sentence string) string {
	if p := w.phrasesOf(corpus.Section{Text: sentence}); len(p) > 0 {
		return p[0]
	}
	return ""
}

// agree are the forms of be, do and have that go with an English subject.
func agree(subject string) (is, does, has string) {
	words := strings.Fields(strings.ToLower(subject))
	if len(words) == 0 {
		return "is", "does", "has"
	}
	// The head of "the receipt of notices" is receipt.
	head := words[len(words)-1]
	for i, w := range words {
		if i > 0 && slices.Contains([]string{"of", "in", "to", "for", "with", "under", "that", "who", "from"}, w) {
			head = words[i-1]
			break
		}
	}
	plural := strings.HasSuffix(head, "s") && !strings.HasSuffix(head, "ss") && !strings.HasSuffix(head, "us") && !strings.HasSuffix(head, "is") || head == "people" || head == "children" || head == "data" || slices.Contains(words, "and")
	if plural && words[0] != "a" && words[0] != "an" && words[0] != "each" && words[0] != "every" {
		return "are", "do", "have"
	}
	return "is", "does", "has"
}

// anyOf matches any of some words, the longest first; whole words where words are apart.
func anyOf(words []string, apart bool) *regexp.Regexp {
	sort.Slice(words, func(i, j int) bool {
		if len(words[i]) != len(words[j]) {
			return len(words[i]) > len(words[j])
		}
		return words[i] < words[j]
	})
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = regexp.QuoteMeta(w)
	}
	all := "(?i:" + strings.Join(quoted, "|") + ")"
	if apart {
		all = `\b` + all + `\b`
	}
	return regexp.MustCompile(all)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
