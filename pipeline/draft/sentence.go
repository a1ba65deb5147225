package draft

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"slm/data/corpus"
	"slm/data/question"
	"slm/pipeline/session"
	"slm/retrieve"
	"slm/score"
)

// Unsupported is the mark of a sentence of whose words the passages have less than score.Supported, or that has none to be looked for.
const Unsupported = "not in the sources"

// item is the mark of an item of a list at the beginning of a line.
var item = regexp.MustCompile(`(?m)^\s*(?:[-*•]+|\(?\d{1,2}[.)])\s+`)

// spoken are the sentences of an LLM's reply. The marks of lists, which are no words, are left out.
func spoken(reply string) (out []string) {
	for _, s := range score.Sentences(item.ReplaceAllString(reply, "")) {
		if strings.Trim(s, "…. \t") != "" {
			out = append(out, s)
		}
	}
	return out
}

// quote are the sentences of some passages that answer a question.
func (d *Draft) quote(q string, passages []session.Passage) (out []Sentence) {
	for _, s := range quote(q, passages) {
		out = append(out, d.sentence(s.text, q, passages, []int{s.of}))
	}
	return out
}

// sentence looks for a sentence in the passages of its question. from are the passages that it is quoted from; nil = as few as have its words.
func (d *Draft) sentence(text, q string, passages []session.Passage, from []int) Sentence {
	s := Sentence{Text: text, Sources: []int{}, Quoted: from != nil}
	texts := make([]string, len(passages))
	for i, p := range passages {
		texts[i] = p.Head
		if from != nil { // what is quoted may stand behind what an LLM would be given
			texts[i] = p.About + "\n" + p.Text
		}
	}
	support, ok := score.NewPassages(texts...).Support(text)
	if ok {
		s.Support = &support
	}
	switch unknown := strange(text, append(texts, q)); {
	case s.Quoted:
	case !ok || support < score.Supported:
		s.Mark = Unsupported
	case unknown != "":
		s.Mark = fmt.Sprintf("%s is %s", unknown, Unsupported)
	}
	if from == nil && s.Mark != Unsupported {
		from = fewest(text, texts)
	}
	for _, at := range from {
		if n := d.number(passages[at]); !slices.Contains(s.Sources, n) {
			s.Sources = append(s.Sources, n)
		}
	}
	return s
}

// fewest are texts that together support a sentence: the one that has most of its words, and further ones until it is supported.
func fewest(sentence string, texts []string) (out []int) {
	var taken []string
	for len(out) < len(texts) {
		best, most := -1, -1.0
		for i, text := range texts {
			if slices.Contains(out, i) {
				continue
			}
			if support, _ := score.NewPassages(append(slices.Clone(taken), text)...).Support(sentence); support > most {
				best, most = i, support
			}
		}
		out, taken = append(out, best), append(taken, texts[best])
		if most >= score.Supported {
			break
		}
	}
	return out
}

// figures are numbers as they are written.
var figures = regexp.MustCompile(`\d+(?:[.,:]\d+)*`)

// strange is the first number of a sentence that stands in none of some texts; "" = there is none.
func strange(sentence string, texts []string) string {
	have := figures.FindAllString(strings.Join(texts, "\n"), -1)
	for _, n := range figures.FindAllString(sentence, -1) {
		if !slices.Contains(have, n) {
			return n
		}
	}
	return ""
}

// most is how many sentences are quoted as the answer to a question.
const most = 2

// near is what share of the best sentence's terms another one needs to be quoted beside it.
const near = 0.5

// quoted is a sentence of a passage.
type quoted struct {
	text   string
	of     int     // index of the passage
	at     int     // of the sentence in it
	shares float64 // share of the question's terms that it has
}

// quote chooses the sentences of some passages that share most with a question, its rare terms counting more, each with its heading and, behind a
// question of the text's own, with that question. Function words do not count. Of equals the first counts, so that of a section whose heading alone is asked for the beginning is quoted.
func quote(q string, passages []session.Passage) []quoted {
	var all []quoted
	var texts corpus.Slice
	for of, p := range passages {
		before := ""
		for at, s := range sentencesOf(p) {
			if strings.HasSuffix(s, "?") || strings.HasSuffix(s, "？") {
				before = s
				continue
			}
			all = append(all, quoted{text: s, of: of, at: at})
			texts = append(texts, corpus.Section{Text: strings.Join([]string{p.About, before, s}, "\n")})
		}
	}
	if len(all) == 0 { // nothing but questions
		return []quoted{{text: strings.Join(strings.Fields(passages[0].Text), " ")}}
	}
	asked := question.Subject(q)
	rare := retrieve.NewRarity(texts)
	for i := range all {
		all[i].shares = rare.Covered(asked, texts[i].Text)
	}
	slices.SortStableFunc(all, func(a, b quoted) int { return cmp.Compare(b.shares, a.shares) })
	out := slices.DeleteFunc(all[:min(most, len(all))], func(s quoted) bool { return s.shares < near*all[0].shares })
	slices.SortFunc(out, func(a, b quoted) int { return cmp.Or(cmp.Compare(a.of, b.of), cmp.Compare(a.at, b.at)) })
	return out
}

// sentencesOf are those of a passage; where it has none that is long enough, all of it.
func sentencesOf(p session.Passage) []string {
	if out := question.Sentences(corpus.Section{Text: p.Text}); len(out) > 0 {
		return out
	}
	if text := strings.Join(strings.Fields(p.Text), " "); text != "" {
		return []string{text}
	}
	return nil
}
