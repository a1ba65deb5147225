package pairs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/data/form"
	"slm/rng"
)

func sections(t *testing.T) []corpus.Section {
	t.Helper()
	out, _, err := corpus.Collect(corpus.Options{From: corpus.Licenses, Numbered: true, Only: []string{"Apache-2.0", "GPL-2.0", "LGPL-2.1", "MPL-2.0"}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var forms = form.Set{
	Place:    "{title} license\nSection {number}:",
	Document: []string{"{title} license\nSection {number}:"},
	Question: []string{"What does section {number} of the {title} license say?", "Quote section {number} of {title}.", "Please recite {title}, section {number}."},
	Heading:  []string{"What does the section \"{heading}\" of the {title} license say?", "What does the {title} license say under \"{heading}\"?"},
	Quote:    []string{"Which section of which license says: \"{quote}\"?", "Where does it stand: \"{quote}\"?"},
}

func TestEverySectionIsAskedByNumberHeadingAndQuotation(t *testing.T) {
	all, set := sections(t), forms
	kinds, ids := map[string]map[string]int{}, map[string]bool{}
	byID := map[string]corpus.Section{}
	for _, s := range all {
		kinds[s.ID], byID[s.ID] = map[string]int{}, s
	}
	for _, p := range FromSections(all, set, 7) {
		s := byID[p.Section]
		if ids[p.ID] || p.Text != s.Text || p.Place != set.PlaceOf(s) || p.Source != s.Source || strings.ContainsAny(p.Question, "{}") {
			t.Errorf("%+v", p)
		}
		ids[p.ID] = true
		kinds[p.Section][p.Kind]++
	}
	quoted := 0
	for id, n := range kinds {
		if n[Number] != len(set.Question) || n[Heading] != 0 && byID[id].Heading == "" || n[Heading] == 0 && byID[id].Heading != "" {
			t.Errorf("%s (%q): %v", id, byID[id].Heading, n)
		}
		if n[Quote] == len(set.Quote) {
			quoted++
		}
	}
	if quoted*2 < len(all) {
		t.Errorf("%d of %d sections are quoted", quoted, len(all))
	}
}

// GPL-2.0 and LGPL-2.1 share whole sections: a quotation from those must not name one of them as its place.
func TestAQuotationHasOnePlace(t *testing.T) {
	all, set := sections(t), forms
	checked := 0
	for _, p := range FromSections(all, set, 7) {
		if p.Kind != Quote {
			continue
		}
		from, to := strings.Index(p.Question, "\""), strings.LastIndex(p.Question, "\"")
		quote := p.Question[from+1 : to]
		checked++
		for _, s := range all {
			if has := strings.Contains(s.Text, quote); has != (s.ID == p.Section) {
				t.Errorf("%s: %q stands in %s: %v", p.ID, quote, s.ID, has)
			}
		}
	}
	if checked < 50 {
		t.Errorf("%d quotations", checked)
	}
}

func TestAQuotationIsAnsweredWithItsPlaceAlone(t *testing.T) {
	set := forms
	p := Pair{Kind: Number, Place: "P:", Text: "text"}
	q := Pair{Kind: Quote, Place: "P:", Text: "text"}
	if p.Reply(set) != "P: text" || q.Reply(set) != "P:" {
		t.Errorf("%q, %q", p.Reply(set), q.Reply(set))
	}
	q.Place = ""
	if q.Reply(form.Set{}) != "text" {
		t.Errorf("without places: %q", q.Reply(set))
	}
}

func TestPairsDoNotDependOnTheOrderOfSections(t *testing.T) {
	all, set := sections(t), forms
	sorted := func() []Pair {
		out := FromSections(all, set, 7)
		slices.SortFunc(out, func(a, b Pair) int { return strings.Compare(a.ID, b.ID) })
		return out
	}
	want := sorted()
	rng.New(5).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if !slices.Equal(want, sorted()) {
		t.Error("another order gives other pairs")
	}
	if slices.Equal(FromSections(all, set, 8), FromSections(all, set, 7)) {
		t.Error("the seed changes no quotation")
	}
}

func TestScriptsWithoutSpacesAreQuoted(t *testing.T) {
	var all []corpus.Section
	for i := range 3 {
		var b strings.Builder
		for j := range 120 {
			b.WriteRune(rune(0x4e00 + (i*997+j*131)%5000))
		}
		all = append(all, corpus.Section{ID: fmt.Sprint(i), Title: "法", Number: fmt.Sprint(i), Text: b.String()})
	}
	n := 0
	for _, p := range FromSections(all, forms, 1) {
		if p.Kind == Quote {
			n++
		}
	}
	if n != 3*2 {
		t.Errorf("%d quotations", n)
	}
}
