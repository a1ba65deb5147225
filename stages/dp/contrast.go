package dp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/pairs"
	"slm/model/bag"
	"slm/retrieve"
	"slm/rng"
	"slm/stages/domain"
)

const (
	askedShare  = 0.4 // of the pairs are training questions of the exam, where there are any
	formShare   = 0.1 // are made by the recipe's question forms
	ruleShare   = 0.2 // are made by rules, in the words of people; the rest are clozes
	dropShare   = 0.3 // of the features of either side are left out, so that a pair is not told by a single word
	remove      = 0.8 // of the sections are shown without the words that ask about them (Lee et al. 2019, arXiv 1906.00300)
	mostClauses = 4   // of a pseudo-question
	negatives   = 8   // sections that keywords find for a question, of which one is drawn
	queryBytes  = 240 // of a section's text, to find others that are like it
)

// askedPair is a training question of the exam.
type askedPair struct {
	question string
	right    []int32 // sections
}

// contrast makes the pairs that the encoder is trained on: a question, a section that answers it, and one that keywords find for it and that does
// not. A question is a training question of the exam, one of the recipe's forms, one that rules make of a section, or some of the section's clauses in another
// order (the inverse cloze task), with its title before them in half of the cases. The exam's held-out questions are no part of it.
type contrast struct {
	dom     *domain.Domain
	pairs   *pairs.Questions
	formed  []int32 // sections that the forms ask about
	asked   []askedPair
	made    *domain.Made // questions that rules make
	keyword *retrieve.Keyword
	near    map[int32][]int32 // sections that are like a section, found when they are needed
	wrong   map[int][]int32   // sections that keywords find for a training question
	seed    uint64
	rows    int // of the encoder's table
}

func newContrast(m *Mixture, rows int) (*contrast, error) {
	c := &contrast{
		dom: m.dom, pairs: m.pairs, formed: m.trained, asked: askedPairs(m.dom),
		made: m.made,
		near: map[int32][]int32{}, wrong: map[int][]int32{}, seed: m.seed, rows: rows,
	}
	if c.made == nil {
		c.made = m.dom.Made()
	}
	var err error
	c.keyword, err = retrieve.OpenKeyword(m.dom.Sections)
	return c, err
}

func (c *contrast) Close() error { return c.keyword.Close() }

// askedPairs are the training questions whose sections the corpus has: as people ask them, where the run has such, else the exam's.
func askedPairs(dom *domain.Domain) (out []askedPair) {
	for _, items := range [][]exam.Item{dom.Asked, dom.Items} {
		for _, item := range exam.Only(items, exam.Train) {
			var right []int32
			for _, place := range item.Right() {
				if _, i, ok := dom.Section(place); ok {
					right = append(right, int32(i))
				}
			}
			if len(right) > 0 {
				out = append(out, askedPair{item.Question, right})
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// batch makes the pairs of a step; they depend on the seed and the step alone.
func (c *contrast) batch(ctx context.Context, step, size int) ([]bag.Pair, error) {
	draw := rng.New(c.seed, "dp", "contrast").At(uint64(step))
	out := make([]bag.Pair, size)
	for i := range out {
		p, err := c.pair(ctx, draw)
		if err != nil {
			return nil, fmt.Errorf("dp: pairs of the encoder: %w", err)
		}
		out[i] = p
	}
	return out, nil
}

func (c *contrast) pair(ctx context.Context, draw *rng.Stream) (bag.Pair, error) {
	kind := draw.Float64()
	switch {
	case kind < askedShare && len(c.asked) > 0:
		i := draw.IntN(len(c.asked))
		a := c.asked[i]
		right := a.right[draw.IntN(len(a.right))]
		wrong, err := found(ctx, c, c.wrong, i, a.question, a.right)
		return c.put(draw, a.question, right, c.dom.Sections.At(int(right)).Text, wrong), err
	case kind < askedShare+formShare && len(c.formed) > 0:
		right := c.formed[draw.IntN(len(c.formed))]
		p := c.pairs.Pair(int(right), draw.IntN(c.pairs.Count(int(right))))
		wrong, err := c.like(ctx, right)
		return c.put(draw, p.Question, right, p.Text, wrong), err
	}
	right := int32(draw.IntN(c.dom.Sections.Len()))
	s := c.dom.Sections.At(int(right))
	wrong, err := c.like(ctx, right)
	if kind < askedShare+formShare+ruleShare {
		if asked := c.byRule(draw, s); asked != "" {
			return c.put(draw, asked, right, s.Text, wrong), err
		}
	}
	asked, rest := cloze(s.Text, draw)
	if draw.Float64() < 0.5 {
		asked = s.Title + " " + asked
	}
	return c.put(draw, asked, right, rest, wrong), err
}

// byRule draws a question that rules make of a section and no exam holds out; empty where there is none.
func (c *contrast) byRule(draw *rng.Stream, s corpus.Section) string {
	made := slices.DeleteFunc(c.made.Of(s, draw.Uint64()), func(q domain.MadeQuestion) bool { return q.Held != "" })
	if len(made) == 0 {
		return ""
	}
	return made[draw.IntN(len(made))].Text
}

// put puts a pair together. text is what is shown of the right section.
func (c *contrast) put(draw *rng.Stream, asked string, right int32, text string, wrong []int32) bag.Pair {
	s := c.dom.Sections.At(int(right))
	s.Text = text
	p := bag.Pair{Question: c.features(draw, asked), Right: c.features(draw, shown(s)), Section: right, Other: right}
	if len(wrong) > 0 { // else the right one again, which is in no sum
		p.Other = wrong[draw.IntN(len(wrong))]
	}
	p.Wrong = c.features(draw, shown(c.dom.Sections.At(int(p.Other))))
	return p
}

// shown is a section as it is encoded: its names and its text, as stage find puts them together.
func shown(s corpus.Section) string {
	head := s.Title + " " + s.Number + ". "
	if s.Heading != "" && !strings.HasPrefix(s.Text, s.Heading) {
		head += s.Heading + ". "
	}
	return head + s.Text
}

// features are those of a text without some.
func (c *contrast) features(draw *rng.Stream, text string) []int32 {
	all := bag.Features(text, c.rows)
	all = all[:min(len(all), bag.MaxFeatures)]
	kept := all[:0:0]
	for _, f := range all {
		if draw.Float64() >= dropShare {
			kept = append(kept, f)
		}
	}
	if len(kept) == 0 {
		return all
	}
	return kept
}

// like are sections that share words with a section.
func (c *contrast) like(ctx context.Context, section int32) ([]int32, error) {
	text := c.dom.Sections.At(int(section)).Text
	return found(ctx, c, c.near, section, text[:min(len(text), queryBytes)], []int32{section})
}

// found are the first sections that keywords find for a query and that do not answer it, kept by key.
func found[K comparable](ctx context.Context, c *contrast, known map[K][]int32, key K, query string, right []int32) ([]int32, error) {
	if list, ok := known[key]; ok {
		return list, nil
	}
	hits, err := c.keyword.Search(ctx, query, negatives+len(right))
	if err != nil {
		return nil, err
	}
	list := []int32{}
	for _, h := range hits {
		if s := int32(h.Section); !slices.Contains(right, s) && len(list) < negatives {
			list = append(list, s)
		}
	}
	known[key] = list
	return list, nil
}

// cloze takes some neighbouring clauses out of a text and puts them into another order; rest is the text without them, or, so that shared words count
// too, in some cases with them.
func cloze(text string, draw *rng.Stream) (asked, rest string) {
	parts := clauses(text)
	if len(parts) < 2 {
		return text, text
	}
	n := 1 + draw.IntN(min(mostClauses, len(parts)-1))
	from := draw.IntN(len(parts) - n + 1)
	taken := slices.Clone(parts[from : from+n])
	draw.Shuffle(n, func(i, j int) { taken[i], taken[j] = taken[j], taken[i] })
	if draw.Float64() < remove {
		text = strings.Join(append(slices.Clone(parts[:from]), parts[from+n:]...), ", ")
	}
	return strings.Join(taken, ", "), text
}

// clauses cuts a text at its punctuation: at marks of scripts without spaces anywhere, at others before a space.
func clauses(text string) (out []string) {
	from := 0
	cut := func(to, next int) {
		if part := strings.TrimSpace(text[from:to]); strings.ContainsFunc(part, unicode.IsLetter) {
			out = append(out, part)
		}
		from = next
	}
	for i, r := range text {
		next := i + utf8.RuneLen(r)
		if r == utf8.RuneError {
			continue
		}
		end := next == len(text) || text[next] == ' ' || text[next] == '\n'
		if r == '\n' || unicode.IsPunct(r) && (r > unicode.MaxLatin1 && strings.ContainsRune("，。；：、！？（）", r) || end && strings.ContainsRune(",.;:!?)", r)) {
			cut(i, next)
		}
	}
	cut(len(text), len(text))
	return out
}
