package retrieve

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"slm/data/corpus"
)

// names scores sections by how well a question names their document: MPL-2.0 as "MPL 2", "MPLv2", "Mozilla Public License 2.0" or "the MPL", 民法 also
// as 民法典. Words that the corpus has in few texts count more than others, and a version that is another one counts against it.
type names struct {
	of     []int // section → document
	titles [][]title
}

// title is one way to call a document.
type title struct {
	words   []string
	weights []float64 // of the words, that sum to 1
	version string    // "" = it has none
	tight   string    // of a script without spaces: found wherever it stands
}

// newNames reads the titles of the sections, and other names of them by title.
func newNames(sections corpus.Store, text *field, aliases map[string][]string) *names {
	n := &names{}
	at := map[string]int{}
	for _, s := range sections.All() {
		i, ok := at[s.Title]
		if !ok {
			i = len(n.titles)
			at[s.Title] = i
			var ways []title
			for _, way := range append([]string{s.Title}, aliases[s.Title]...) {
				ways = append(ways, newTitle(way, text))
			}
			n.titles = append(n.titles, ways)
		}
		n.of = append(n.of, i)
	}
	return n
}

var (
	versionOf = regexp.MustCompile(`\d+(?:\.\d+)*`)
	// aVersion is a word that is one: 2.0, v3, 1.3c, and not the 3MC of 3MC syndrome.
	aVersion = regexp.MustCompile(`^[vV]*(\d+(?:\.\d+)*)\pL?$`)
	// glued is a word with a version behind it: GPLv3, MPL2.
	glued = regexp.MustCompile(`(\pL{2,}?)[vV]?(\d+(?:\.\d+)*)`)
	// country stands in front of the names of statutes, and is left out by those who speak of them.
	country = strings.NewReplacer("中华人民共和国", "", "中華人民共和國", "")
)

// newTitle takes a name apart.
func newTitle(text string, in *field) title {
	n := title{}
	if isTight(text) {
		n.tight = strings.Join(strings.Fields(country.Replace(text)), "")
		return n
	}
	sum := 0.0
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !isWord(r) && r != '.' }) {
		if word = strings.Trim(word, "."); word == "" {
			continue
		}
		if digits := aVersion.FindStringSubmatch(word); digits != nil {
			if n.version == "" {
				n.version = version(digits[1])
			}
			continue
		}
		for _, w := range strings.Split(strings.ToLower(word), ".") {
			weight := in.rarity(stem(w))
			n.words, n.weights, sum = append(n.words, w), append(n.weights, weight), sum+weight
		}
	}
	for i := range n.weights {
		n.weights[i] /= sum
	}
	return n
}

func isTight(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unspaced...) })
}

// version is a number of a version without zeros at its end: 2.0 and 2 are the same.
func version(text string) string {
	for strings.HasSuffix(text, ".0") {
		text = strings.TrimSuffix(text, ".0")
	}
	return text
}

// mention is what a question may name documents by.
type mention struct {
	text     string
	words    map[string]bool // and the initials of neighbouring words
	versions map[string]bool // numbers that are no section's
}

func newMention(question string) mention {
	m := mention{text: question, words: map[string]bool{}, versions: map[string]bool{}}
	for _, v := range versionOf.FindAllString(aNumber.ReplaceAllString(question, " "), -1) {
		m.versions[version(v)] = true
	}
	for _, g := range glued.FindAllStringSubmatch(question, -1) {
		m.words[strings.ToLower(g[1])] = true
	}
	words := strings.FieldsFunc(question, func(r rune) bool { return !isWord(r) })
	for i, w := range words {
		m.words[strings.ToLower(w)] = true
		initials, capitals := "", true
		for j := i; j < min(i+mostInitials, len(words)); j++ {
			first := []rune(words[j])[0]
			initials += string(unicode.ToLower(first))
			capitals = capitals && unicode.IsUpper(first)
			if n := j - i + 1; n >= 2 && capitals || n >= 3 {
				m.words[initials] = true
			}
		}
	}
	return m
}

// mostInitials is the longest run of words whose initials may be a name.
const mostInitials = 5

// What a version adds to a name that is there in full, and what another version takes off; below fewest of a name's words, nothing is named.
const (
	sameVersion  = 0.5
	otherVersion = -0.35
	fewest       = 0.3
)

// in is how well a question names a document so: 0 not at all, 1 in full, more with the version. exact: it is there in full, with its version.
func (n title) in(m mention) (score float64, exact bool) {
	if n.tight != "" {
		if strings.Contains(m.text, n.tight) {
			return 1, false
		}
		return 0, false
	}
	share, full := 0.0, len(n.words) > 0
	for i, w := range n.words {
		if m.words[w] {
			share += n.weights[i]
		} else {
			full = false
		}
	}
	if share < fewest {
		return 0, false
	}
	switch {
	case n.version == "" || len(m.versions) == 0:
		return share * share, false
	case m.versions[n.version]:
		return share * share * (1 + sameVersion), full
	}
	return share * share * (1 + otherVersion), false
}

// documents are the scores of the documents, the best of their names, and which of them the question names in full with their version.
func (n *names) documents(question string) (scores []float64, exact []bool) {
	m := newMention(question)
	scores, exact = make([]float64, len(n.titles)), make([]bool, len(n.titles))
	for i, ways := range n.titles {
		for _, way := range ways {
			score, all := way.in(m)
			scores[i], exact[i] = max(scores[i], score), exact[i] || all
		}
	}
	return scores, exact
}

// Scores implements Scorer.
func (n *names) Scores(_ context.Context, question string) ([]float64, error) {
	documents, _ := n.documents(question)
	return spreadOut(documents, n.of), nil
}

// Close does nothing.
func (n *names) Close() error { return nil }

// versioned scores the sections of documents that a question names with their version: whoever says GPL 3 asks about no other, however well it has
// the question's words.
type versioned struct{ names *names }

// Scores implements Scorer.
func (v versioned) Scores(_ context.Context, question string) ([]float64, error) {
	_, exact := v.names.documents(question)
	out := make([]float64, len(v.names.of))
	for i, d := range v.names.of {
		if exact[d] {
			out[i] = 1
		}
	}
	return out, nil
}

// Close does nothing.
func (versioned) Close() error { return nil }

// numbered scores the sections whose number a question names, more where it names the document too.
type numbered struct {
	names   *names
	numbers []string
}

func newNumbered(sections corpus.Store, n *names) *numbered {
	x := &numbered{names: n}
	for _, s := range sections.All() {
		x.numbers = append(x.numbers, evenNumber(s.Number))
	}
	return x
}

// evenNumber is a number as it is compared.
func evenNumber(number string) string { return strings.ToLower(zeros.Replace(number)) }

// aNumber is a number that may be that of a section: behind such a word, or as Chinese statutes have it.
var aNumber = regexp.MustCompile(`(?i)(?:sections?|articles?|clauses?|paragraphs?|chapters?|part|recitals?|rule|§+|art\.?|sec\.?|artikel|absatz|abschnitt|nr\.?|no\.?|제)\s*([\d]+[\d.]*[a-z]?|[ivxlc]+)\b|(第[ \t]*[零〇○一二三四五六七八九十百千\d]+[ \t]*[条款项章节编](?:之[一二三四五六七八九十]+)?)`)

// Scores implements Scorer.
func (x *numbered) Scores(_ context.Context, question string) ([]float64, error) {
	out := make([]float64, len(x.numbers))
	var named []string
	for _, m := range aNumber.FindAllStringSubmatch(question, -1) {
		named = append(named, evenNumber(strings.TrimRight(m[1]+m[2], ".")))
	}
	if len(named) == 0 {
		return out, nil
	}
	documents, _ := x.names.documents(question)
	for i, number := range x.numbers {
		if number != "" && slices.Contains(named, number) {
			out[i] = 0.2 + documents[x.names.of[i]]
		}
	}
	return out, nil
}

// Close does nothing.
func (x *numbered) Close() error { return nil }
