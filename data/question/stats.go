package question

import (
	"strings"

	"slm/data/corpus"
	"slm/data/corpus/clean"
	"slm/internal/elementary"
)

// mostCounted bounds the sections whose words are counted: more change no score by much.
const mostCounted = 20_000

// Corpus is what questions need to know of the corpus: in how many sections a word stands, and how its documents are called.
type Corpus struct {
	sections int              // counted
	df       map[string]int32 // sections that have a term
	named    float64          // share of the questions that name the document
	names    map[string][]string
	lang     *language // of most sections; of one whose own cannot be told
	manual   bool      // it is the documentation of software
}

// Count counts a corpus. aliases are other names of documents, by title; nil for none.
func Count(store corpus.Store, aliases map[string][]string) *Corpus {
	c := &Corpus{df: map[string]int32{}, names: map[string][]string{}}
	step := max(1, store.Len()/mostCounted)
	stems := map[string]int{} // titles that share a name without its version
	in, technicals := map[*language]int{}, 0
	for i, s := range store.All() {
		if _, seen := c.names[s.Title]; !seen {
			c.names[s.Title] = nil
			stems[strings.ToLower(stemOf(s.Title))]++
		}
		if i%step != 0 {
			continue
		}
		c.sections++
		in[languageOf(s.Text)]++
		if technical.MatchString(s.Text) {
			technicals++
		}
		own := map[string]bool{}
		for _, t := range clean.Terms(s.Heading + " " + s.Text) {
			if !own[t] {
				own[t] = true
				c.df[t]++
			}
		}
	}
	for _, l := range languages() {
		if c.lang == nil || in[l] > in[c.lang] {
			c.lang = l
		}
	}
	c.manual = manualOf(c.sections, technicals)
	for title := range c.names {
		c.names[title] = namesOf(title, stems[strings.ToLower(stemOf(title))] == 1, aliases[title])
	}
	// Of many short documents a question must say which it means; of one long code nobody says it.
	each := float64(store.Len()) / float64(max(1, len(c.names)))
	c.named = 0
	if len(c.names) > 1 {
		c.named = min(0.9, 1/(1+each/20)+0.1)
	}
	return c
}

// languageOf is the language of a text; of one that does not show it, such as code, that of most sections of documentation.
func (c *Corpus) languageOf(text string) *language {
	l := languageOf(text)
	if l.code == "" && c.manual {
		return c.lang
	}
	return l
}

// Names are the names by which people call a document, the title as it is written first. None: the corpus has no such document.
func (c *Corpus) Names(title string) []string { return c.names[title] }

// idf is the inverse document frequency of a term, smoothed as BM25's.
func (c *Corpus) idf(term string) float64 {
	n := float64(c.df[term])
	return elementary.Log(1 + (float64(c.sections)-n+0.5)/(n+0.5))
}
