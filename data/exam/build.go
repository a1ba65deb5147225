package exam

import (
	"fmt"
	"slices"

	"slm/data/corpus"
	"slm/data/form"
)

// Options says how an exam is made.
type Options struct {
	Choices int     // options a question
	Dev     float64 // share of the examined sections in the dev split
	Test    float64 // and in the test split
	Chars   int     // length of an option, characters
	Seed    uint64
	Near    float64 // similarity from which two sections are near copies, for 5-word shingles of their texts

	Distractors string // Document or Any; empty = Document
	// Phrase names a section that has no heading, for questions by heading: a phrase that stands in it alone, "" = there is none. nil = no section has one.
	Phrase func(corpus.Section) string
	// Before is the split that a section had in an exam before this one, by id, and keeps; "" = it had none. nil = there was no exam before.
	Before func(id string) string
}

// Made says how the questions of an exam came about.
type Made struct {
	Remade int    `json:"remade"` // questions whose first options gave the answer away; they have got others
	Left   []Left `json:"left"`   // sections that are not asked about
}

// Left are sections that are not asked about, with the reason.
type Left struct {
	Why      string   `json:"why"`
	Sections []string `json:"sections"`
}

// Build makes at most one item a section, in the order of the sections' ids. It does not depend on the order of sections.
//
// The options that are drawn first stay unless one who takes the option with most words of the question, the longest or the shortest would
// come out above chance over the whole exam. Then others are drawn, so that a wrong option has more of what gives the answer away; where no section
// is so, nothing is asked. Splits are dealt out of what is left, in the same order, so that this holds in each of them.
func Build(sections []corpus.Section, forms form.Set, opt Options) ([]Item, *Made, error) {
	if err := opt.validate(); err != nil {
		return nil, nil, err
	}
	pool, out := examined(sections, forms, opt)
	made := &Made{}
	if len(pool) < opt.Choices {
		return nil, nil, tooSmall(len(pool), sections, out, opt)
	}
	ids, heads := make([]string, len(pool)), make([]string, len(pool))
	for i, c := range pool {
		ids[i], heads[i] = c.section.ID, c.head
	}
	picks, gives := newPicker(pool, opt), cues(NewOverlap(heads))
	q := &quota{chance: 1 / float64(opt.Choices), sums: make([]float64, len(gives))}
	chosen := map[int]choice{}
	for _, i := range seededOrder(ids, opt.Seed) {
		if pool[i].question == "" {
			continue
		}
		c, again, why := fair(picks, i, gives, q)
		if why != "" {
			out.add(why, ids[i])
			continue
		}
		if chosen[i] = c; again {
			made.Remade++
		}
	}
	var kept []string
	for i, id := range ids {
		if chosen[i] != nil {
			kept = append(kept, id)
		}
	}
	if len(kept) == 0 {
		return nil, nil, tooSmall(0, sections, out, opt)
	}
	splits, answers := deal(kept, opt)
	var items []Item
	for i, c := range pool {
		if chosen[i] == nil {
			continue
		}
		n := len(items)
		options := slices.Insert(slices.Clone(chosen[i][1:]), answers[n], chosen[i][0])
		item := Item{
			ID: c.section.ID, Section: c.section.ID, Question: c.question, Answer: answers[n], Choices: options.texts(), Split: splits[n],
			Place: forms.PlaceOf(c.section), Knowledge: c.section.Text,
		}
		for _, o := range options {
			item.Documents = append(item.Documents, o.section.Title)
		}
		items = append(items, item)
	}
	made.Left = out
	return items, made, nil
}

// fair chooses the options of pool[right]: those drawn first, or where these give the answer away others. why says why there are none.
func fair(p *picker, right int, gives []cue, q *quota) (c choice, again bool, why string) {
	question := p.pool[right].question
	lucks := func(c choice) []float64 {
		out := make([]float64, len(gives))
		for k, g := range gives {
			out[k] = luck(g.scores(question, c.texts()), 0)
		}
		return out
	}
	c = p.choose(right)
	if len(c) < p.opt.Choices {
		return nil, false, "without enough options that differ from theirs"
	}
	first := lucks(c)
	over := q.over(first)
	if over < 0 {
		q.take(first)
		return c, false, ""
	}
	var shields []func(string) bool
	for k, g := range gives {
		if first[k] > 0 {
			own := g.scores(question, []string{p.pool[right].head})[0]
			shields = append(shields, func(head string) bool { return g.scores(question, []string{head})[0] > own })
		}
	}
	c = p.choose(right, shields...)
	got := lucks(c)
	if still := q.over(got); still >= 0 {
		return nil, false, gives[still].name
	}
	q.take(got)
	return c, true, ""
}

// tooSmall says that a corpus gives no exam, and why its sections are not asked about.
func tooSmall(n int, sections []corpus.Section, out leftOut, opt Options) error {
	why := ""
	if len(out) > 0 {
		why = ": of the others " + out.String()
	}
	if slices.ContainsFunc(out, func(l Left) bool { return l.Why == beginAlike(opt) }) {
		why += "; data.exam.chars is how many characters of a section an option has"
	}
	return fmt.Errorf("exam: %w: a question with %d choices needs as many sections that can be told apart, and there are %d of %d%s", ErrTooSmall, opt.Choices, n, len(sections), why)
}

func (o Options) validate() error {
	switch {
	case o.Choices < 2 || o.Choices > 26:
		return fmt.Errorf("exam: %d choices; a question has 2 to 26", o.Choices)
	case o.Dev < 0 || o.Test < 0 || o.Dev+o.Test > 1:
		return fmt.Errorf("exam: dev %v and test %v are no shares of one whole", o.Dev, o.Test)
	case o.Chars < 10:
		return fmt.Errorf("exam: options of %d characters are too short to be told apart; at least 10", o.Chars)
	case o.Near <= 0 || o.Near > 1:
		return fmt.Errorf("exam: near-copy threshold %v is outside (0,1]", o.Near)
	}
	return nil
}
