package exam

import (
	"cmp"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus"
	"slm/data/form"
	"slm/data/rows"
)

// Missing is a place that a row names and the corpus does not have.
type Missing struct {
	File    string
	Line    int
	Place   string   // as the row names it
	Known   bool     // the corpus has a document of that title: the section is likely a slip
	Nearest []string // ids of the sections that the row may mean, or titles where the document is missing
	cited   citation
}

func (m Missing) Error() string {
	what := "document"
	if m.Known {
		what = "section"
	}
	return fmt.Sprintf("the corpus has no such %s: %s; nearest: %s", what, m.Place, strings.Join(m.Nearest, ", "))
}

// Slips is an error about the missing places that are likely mistakes of the file: sections that a document of the corpus does not have, and all of
// them where nothing that the file names was found. What is left are documents that this corpus does not have.
func (f Found) Slips() error {
	var refused *rows.Refused
	for _, m := range f.Missing {
		if !m.Known && f.Items > 0 {
			continue
		}
		if refused == nil {
			refused = rows.Of(m.File)
		}
		refused.Add(m.Line, m)
	}
	if refused == nil {
		return nil
	}
	return fmt.Errorf("exam: %w", refused.Err(ErrFormat))
}

// ref is a section as rows may name it.
type ref struct{ id, title, number, heading string }

// index finds sections by what names them.
type index struct {
	names   map[string]string // name → id of the one section that bears it; "" when two do
	longest []int             // lengths of the names in characters, the longest first
	// Where rows name places:
	refs   []ref
	titled map[string][]ref
	byID   map[string]bool
}

// indexOf goes through the sections once.
func indexOf(items []Item, sections iter.Seq2[corpus.Section, error], forms form.Set) (*index, error) {
	x := &index{names: map[string]string{}, titled: map[string][]ref{}, byID: map[string]bool{}}
	cites := slices.ContainsFunc(items, func(m Item) bool { return m.cited != nil })
	lengths := map[int]bool{}
	for s, err := range sections {
		if err != nil {
			return nil, err
		}
		for _, name := range namesOf(s, forms) {
			if id, taken := x.names[name]; taken && id != s.ID {
				x.names[name] = ""
			} else {
				x.names[name] = s.ID
			}
			lengths[utf8.RuneCountInString(name)] = true
		}
		if cites {
			r := ref{s.ID, fold(s.Title), fold(s.Number), fold(s.Heading)}
			x.refs, x.titled[r.title], x.byID[s.ID] = append(x.refs, r), append(x.titled[r.title], r), true
		}
	}
	for n := range lengths {
		x.longest = append(x.longest, n)
	}
	slices.SortFunc(x.longest, func(a, b int) int { return b - a })
	return x, nil
}

// resolve finds the sections that a row names, each once, in its order, and what of the places is not there.
func (x *index) resolve(c *cited, missing *[]Missing) (ids, rest []string) {
	for _, place := range c.places {
		got := x.find(place)
		if len(got) == 0 {
			m := x.missing(place)
			m.File, m.Line = c.file, c.line
			*missing, rest = append(*missing, m), append(rest, place.words())
		}
		for _, id := range got {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids, rest
}

// find returns the ids of the sections that a citation names.
func (x *index) find(c citation) (ids []string) {
	if c.text != "" {
		if x.byID[c.text] {
			return []string{c.text}
		}
		for _, text := range spellings(c.text) {
			if id := named(text, x.names, x.longest); id != "" {
				return []string{id}
			}
		}
		c = citation{title: c.text}
	}
	among := x.refs
	if c.title != "" {
		among = x.titled[fold(c.title)]
	}
	for _, r := range among {
		if (c.number == "" || r.number == fold(c.number)) && (c.heading == "" || r.heading == fold(c.heading)) {
			ids = append(ids, r.id)
		}
	}
	return ids
}

// spellings are the ways in which a citing text may be meant: 民法典第一条 is in a corpus that calls the code 民法, too.
func spellings(text string) []string {
	text = fold(quotes.Replace(text))
	return []string{text, strings.ReplaceAll(text, "法典第", "法第")}
}

// quotes are what may stand around a title: 《民法》第一条.
var quotes = strings.NewReplacer("《", "", "》", "", "〈", "", "〉", "", "「", "", "」", "", "『", "", "』", "")

// focused cites what a question is about: a document, or what stands under a heading.
func (x *index) focused(on string) citation {
	if len(x.titled[fold(on)]) == 0 && slices.ContainsFunc(x.refs, func(r ref) bool { return r.heading == fold(on) }) {
		return citation{heading: on}
	}
	return citation{title: on}
}

// words is a citation in one line, for a place that the corpus does not have.
func (c citation) words() string {
	return cmp.Or(c.text, strings.Join(strings.Fields(c.title+" "+c.number+" "+c.heading), " "))
}

// missing says what a citation that names no section may mean.
func (x *index) missing(c citation) Missing {
	const nearest = 3
	m := Missing{Place: c.String(), cited: c}
	title, want := fold(c.title), fold(c.number+c.heading)
	if c.text != "" {
		for _, want = range spellings(c.text) {
			for t := range x.titled {
				if strings.Contains(want, t) && (len(t) > len(title) || len(t) == len(title) && t < title) {
					title = t
				}
			}
			if title != "" {
				break
			}
		}
		want = strings.TrimPrefix(want[max(0, strings.Index(want, title)):], title)
	}
	type candidate struct {
		name string
		like float64
	}
	var all []candidate
	for _, r := range x.titled[title] {
		m.Known = true
		all = append(all, candidate{r.id, max(alikeness(want, r.number), alikeness(want, r.heading))})
	}
	if !m.Known {
		for t, of := range x.titled {
			id, _, _ := strings.Cut(of[0].id, "#")
			all = append(all, candidate{id, alikeness(fold(c.words()), t)})
		}
	}
	slices.SortFunc(all, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.like, a.like), strings.Compare(a.name, b.name)) })
	for _, a := range all[:min(nearest, len(all))] {
		m.Nearest = append(m.Nearest, a.name)
	}
	return m
}

// alikeness is the share of two words that their common beginning and end cover.
func alikeness(a, b string) float64 {
	x, y := []rune(a), []rune(b)
	n, short := 0, min(len(x), len(y))
	for n < short && x[n] == y[n] {
		n++
	}
	end := 0
	for end < short-n && x[len(x)-1-end] == y[len(y)-1-end] {
		end++
	}
	return float64(n+end) / float64(max(len(x), len(y), 1))
}

// aside matches what an answer says beside itself: mitochondrial (maternal).
var aside = regexp.MustCompile(`\s*[(（][^)）]*[)）]`)

// holdsAny reports whether a text holds one of some answers, word for word but for case and blanks; what stands in brackets need not be there.
func holdsAny(text string, answers []string) bool {
	text = fold(text)
	return slices.ContainsFunc(answers, func(a string) bool {
		return holds(text, fold(a)) || holds(text, fold(aside.ReplaceAllString(a, "")))
	})
}

// holds reports whether a value stands in a text, not inside a longer word.
func holds(text, value string) bool {
	inner := func(r rune) bool {
		return (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
	}
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	for from := 0; value != ""; {
		i := strings.Index(text[from:], value)
		if i < 0 {
			return false
		}
		at := from + i
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(value):])
		glued := at > 0 && inner(before) && inner(first) || inner(after) && inner(last)
		if !glued {
			return true
		}
		from = at + utf8.RuneLen(first)
	}
	return false
}
