package exam

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"slm/data/corpus"
	"slm/data/corpus/minhash"
	"slm/data/form"
)

// candidate is a section that can be an option, and the right one where it has a question.
type candidate struct {
	section  corpus.Section
	question string // "" = nothing names it
	head     string // the option
	runes    int    // of head
	kind     byte   // of head: kindOf
}

// examined returns the sections, by id, that have a place of their own and no near copy in the corpus, neither the whole text nor its head, which
// is all that an option shows, and whose head says something. Of the others it says why they are left out.
func examined(sections []corpus.Section, forms form.Set, opt Options) (pool []candidate, out leftOut) {
	questions, asked := make([]string, len(sections)), map[string]int{}
	for i, s := range sections {
		if questions[i] = questionAbout(s, forms, opt); questions[i] != "" {
			asked[questions[i]]++
		}
	}
	why := different(sections, opt)
	for i, s := range sections {
		c := candidate{section: s, question: questions[i], head: head(s.Text, opt.Chars)}
		c.runes, c.kind = utf8.RuneCountInString(c.head), kindOf(c.head)
		switch {
		case why[i] != "":
		case bare(c.head):
			why[i] = "only links or a name at their beginning"
		case asked[c.question] > 1:
			why[i] = "asked about in the same words as others"
		case c.question == "":
			out.add("without a heading or a key phrase", s.ID)
		}
		if why[i] == "" {
			pool = append(pool, c)
		} else {
			out.add(why[i], s.ID)
		}
	}
	slices.SortFunc(pool, func(a, b candidate) int { return strings.Compare(a.section.ID, b.section.ID) })
	return pool, out
}

// questionAbout is the exam's question; "" where it would have to name a heading that the section does not have.
func questionAbout(s corpus.Section, forms form.Set, opt Options) string {
	if s.Heading == "" && forms.ByHeading() {
		if opt.Phrase == nil {
			return ""
		}
		if s.Heading = opt.Phrase(s); s.Heading == "" {
			return ""
		}
	}
	return forms.ExamOf(s)
}

// different says of each section why it cannot be told from the others; "" = it can. Pairs of near copies, by text or by head, come from an
// index by MinHash and are settled by exact similarity.
func different(sections []corpus.Section, opt Options) []string {
	least := min(opt.Chars, 40)
	why := make([]string, len(sections))
	for i, s := range sections {
		if utf8.RuneCountInString(s.Text) < least {
			why[i] = fmt.Sprintf("shorter than %d characters", least)
		}
	}
	for _, by := range []struct {
		text func(corpus.Section) string
		why  string
	}{
		{func(s corpus.Section) string { return s.Text }, "near copies of others"},
		{func(s corpus.Section) string { return head(s.Text, opt.Chars) }, beginAlike(opt)},
	} {
		index := minhash.NewIndex(opt.Near)
		for i, s := range sections {
			m := minhash.Of(by.text(s))
			index.Candidates(m, func(j int) {
				if (why[i] == "" || why[j] == "") && minhash.Jaccard(by.text(s), by.text(sections[j]), 5) >= opt.Near {
					why[i], why[j] = cmp.Or(why[i], by.why), cmp.Or(why[j], by.why)
				}
			})
			index.Add(m)
		}
	}
	return why
}

// beginAlike is why sections that begin as others do are left out.
func beginAlike(opt Options) string {
	return fmt.Sprintf("like others in their first %d characters", opt.Chars)
}

// leftOut are sections that cannot be examined, by reason.
type leftOut []Left

func (l *leftOut) add(why, id string) {
	for i := range *l {
		if (*l)[i].Why == why {
			(*l)[i].Sections = append((*l)[i].Sections, id)
			return
		}
	}
	*l = append(*l, Left{why, []string{id}})
}

// String counts the sections of each reason and names the first ones.
func (l leftOut) String() string {
	const named = 5
	var parts []string
	for _, r := range l {
		ids := strings.Join(r.Sections[:min(len(r.Sections), named)], ", ")
		if len(r.Sections) > named {
			ids += ", …"
		}
		parts = append(parts, fmt.Sprintf("%d %s (%s)", len(r.Sections), r.Why, ids))
	}
	return strings.Join(parts, "; ")
}
