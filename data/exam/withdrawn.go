package exam

import (
	"slices"

	"slm/data/corpus"
	"slm/data/form"
)

// Withdraw is for a corpus that had sections before that it no longer has: gone. After Locate it leaves out the questions that only they answered,
// and returns the others. The places of gone are then missing from none.
func (f *Found) Withdraw(items []Item, gone []corpus.Section, forms form.Set) ([]Item, error) {
	x, err := indexOf(items, func(yield func(corpus.Section, error) bool) {
		for _, s := range gone {
			if !yield(s, nil) {
				return
			}
		}
	}, forms)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	f.Missing = slices.DeleteFunc(f.Missing, func(m Missing) bool {
		withdrawn := x.has(m.cited)
		names[m.cited.words()] = withdrawn
		return withdrawn
	})
	for i := range items {
		items[i].Places = slices.DeleteFunc(items[i].Places, func(place string) bool { return names[place] })
	}
	return slices.DeleteFunc(items, func(m Item) bool { return len(m.about()) == 0 && x.answers(m) }), nil
}

// answers reports whether a question is about sections of the index, and about nothing else.
func (x *index) answers(m Item) bool {
	switch {
	case m.cited == nil:
		return named(fold(m.Question), x.names, x.longest) != ""
	case len(m.cited.places) == 0:
		return x.has(citation{title: m.Focus})
	}
	return !slices.ContainsFunc(m.cited.places, func(c citation) bool { return !x.has(c) })
}

// has reports whether a citation, or the focus of a question as its title, names a section of the index.
func (x *index) has(c citation) bool {
	return len(x.find(c)) > 0 || c == citation{title: c.title} && len(x.find(x.focused(c.title))) > 0
}
