package cut

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus/clean"
)

// Parts of one section are told apart by what each is about: the term with which it begins, else one that it alone sets off from its text.

// termMost is the longest such term, characters.
const termMost = 48

var (
	// lead matches the term of an entry: in code, bold or as a link, at the start of an item or of a table's row. Its text is in one of the groups.
	lead = regexp.MustCompile("^[ \\t]*(?:(?:[-*+•|]|\\d{1,9}[.)])[ \\t]*)?(?:\\*\\*|__)?\\[?(?:`+([^`]+)`+|\\*\\*([^*]+)\\*\\*|__([^_]+)__|\\[([^\\]]+)\\]\\()")
	// strong matches what a text sets off: in code or bold.
	strong = regexp.MustCompile("`+([^`\\n]+)`+|\\*\\*([^*\\n]+)\\*\\*|__([^_\\n]+)__")
	// links matches a link's target, of which only the text is a term.
	links = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// leadTerm is the term with which an entry begins; empty when it has none.
func leadTerm(text string) string {
	lines := strings.Split(text, "\n")
	m := lead.FindStringSubmatch(lines[len(lines)-1]) // of a table's first row, behind the header
	if m == nil {
		return ""
	}
	return cmp.Or(termOf(m[1]+m[4]), emphasised(m[2]+m[3]))
}

// termOf is a term as a heading has it; empty when it can be none.
func termOf(text string) string {
	text = clean.Fold(strings.Trim(links.ReplaceAllString(text, "$1"), " \t`*_:：.,;~"))
	n, letters := utf8.RuneCountInString(text), 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
			if unicode.Is(unicode.Han, r) {
				letters++
			}
		}
	}
	if n > termMost || letters < 3 || letters < n/2 {
		return ""
	}
	return text
}

// emphasised is a term that a text sets in bold; small words are but stressed, and notes announce themselves.
func emphasised(text string) string {
	t := termOf(text)
	first, _, _ := strings.Cut(t, " ")
	if unicode.IsLower(clean.FirstRune(t)) || slices.Contains(announcing, strings.ToLower(first)) {
		return ""
	}
	return t
}

// announcing are the words that stand in bold in front of a paragraph and say nothing of what it is about.
var announcing = []string{"note", "notes", "hint", "tip", "warning", "important", "caution", "attention", "example", "examples", "default", "hinweis", "achtung", "wichtig", "tipp", "beispiel", "not", "all", "only"}

// terms names the parts of a section but the first. A part without a term of its own, which is not in the heading, has an empty name.
func terms(parts [][]atom, heading string) []string {
	held := make([]holding, len(parts))
	in := map[string]int{} // parts that a term stands in
	for i, part := range parts {
		held[i] = holdingOf(part)
		for t := range held[i].n {
			in[t]++
		}
	}
	names, taken := make([]string, len(parts)), map[string]bool{}
	for i := 1; i < len(parts); i++ {
		name := leadTerm(parts[i][0].text)
		if taken[name] || strings.Contains(heading, name) {
			name = ""
		}
		for _, list := range [][]string{held[i].prose, held[i].code} {
			if name != "" {
				break
			}
			most := 0
			for _, t := range list {
				if n := held[i].n[t]; in[t] == 1 && n > most && !taken[t] && !strings.Contains(heading, t) {
					name, most = t, n
				}
			}
		}
		names[i], taken[name] = name, name != ""
	}
	return names
}

// holding is what a part sets off, in order, and how often: in its prose, and names in its code.
type holding struct {
	prose, code []string
	n           map[string]int
}

// common are words in code that say nothing of what a text is about: literals, keywords, types, names of nothing.
var common = []string{
	"true", "false", "none", "null", "nil", "undefined", "self", "this", "print", "println", "printf", "echo", "return", "import", "from", "with", "def", "async def", "class", "func",
	"function", "const", "var", "let", "int", "str", "string", "bool", "boolean", "float", "double", "dict", "list", "array", "object", "bytes", "type", "void", "foo", "bar", "baz", "foobar", "example",
}

// address matches a URL or the name of a host.
var address = regexp.MustCompile(`(?i)^(?:[a-z]+://.*|(?:[\w-]+\.)+(?:com|org|net|io|dev|edu|local))$`)

// telling is a term, unless it says nothing of the text that it stands in.
func telling(t string) string {
	if slices.Contains(common, strings.ToLower(t)) || address.MatchString(t) {
		return ""
	}
	return t
}

// identifier matches a name in code that is none of a language's own words: addCommand, RUST_LOG, http.server.
var identifier = regexp.MustCompile(`\b[A-Za-z]\w*(?:[a-z][A-Z]|_\w|\.[A-Za-z])\w*(?:\.\w+)*`)

func holdingOf(part []atom) holding {
	h := holding{n: map[string]int{}}
	hold := func(list *[]string, t string) {
		if t != "" {
			*list = append(*list, t)
			h.n[t]++
		}
	}
	for _, a := range part {
		switch a.kind {
		case header:
		case code:
			for _, name := range identifier.FindAllString(a.text, -1) {
				hold(&h.code, telling(termOf(name)))
			}
		default:
			for _, m := range strong.FindAllStringSubmatch(a.text, -1) {
				hold(&h.prose, cmp.Or(telling(termOf(m[1])), emphasised(m[2]+m[3])))
			}
		}
	}
	return h
}
