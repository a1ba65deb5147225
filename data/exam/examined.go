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

// candidate is a section that can be examined.
type candidate struct {
	section corpus.Section
	head    string
}

// examined returns the sections, by id, that have a place of their own and no near copy in the corpus: neither the whole text nor
// its head, which is all that an option shows. Of the others it says why they are left out.
func examined(sections []corpus.Section, forms form.Set, opt Options) (pool []candidate, out leftOut) {
	asked := map[string]int{}
	for _, s := range sections {
		asked[forms.ExamOf(s)]++
	}
	why := different(sections, opt)
	for i, s := range sections {
		if why[i] == "" && asked[forms.ExamOf(s)] > 1 {
			why[i] = "asked about in the same words as others"
		}
		if why[i] == "" {
			pool = append(pool, candidate{s, head(s.Text, opt.Chars)})
		} else {
			out.add(why[i], s.ID)
		}
	}
	slices.SortFunc(pool, func(a, b candidate) int { return strings.Compare(a.section.ID, b.section.ID) })
	return pool, out
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
		{func(s corpus.Section) string { return head(s.Text, opt.Chars) }, fmt.Sprintf("like others in their first %d characters", opt.Chars)},
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

// leftOut are sections that cannot be examined, by reason.
type leftOut []struct {
	why string
	ids []string
}

func (l *leftOut) add(why, id string) {
	for i := range *l {
		if (*l)[i].why == why {
			(*l)[i].ids = append((*l)[i].ids, id)
			return
		}
	}
	*l = append(*l, struct {
		why string
		ids []string
	}{why, []string{id}})
}

// String counts the sections of each reason and names the first ones.
func (l leftOut) String() string {
	const named = 5
	var parts []string
	for _, r := range l {
		ids := strings.Join(r.ids[:min(len(r.ids), named)], ", ")
		if len(r.ids) > named {
			ids += ", …"
		}
		parts = append(parts, fmt.Sprintf("%d %s (%s)", len(r.ids), r.why, ids))
	}
	return strings.Join(parts, "; ")
}
