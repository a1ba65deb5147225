package pairs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/data/corpus/clean"
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

// Runs of words are counted as they were when every one of them was in memory: by a map.
func TestQuestions_QuoteWhatAMapOfAllSpansCallsASectionsOwn(t *testing.T) {
	draw := rng.New(3, "spans")
	words := strings.Fields("the licence of a work that is free and may be used by all who Copy it under these terms 法 律 规定 第一千 条 x9")
	for round := range 40 {
		var all corpus.Slice
		for i := range 30 {
			var text []string
			for range draw.IntN(80) + 20 {
				text = append(text, words[draw.IntN(2+draw.IntN(len(words)-2))])
			}
			space := " "
			if round%2 == 1 {
				space = "" // cut by characters, within words
			}
			all = append(all, corpus.Section{ID: fmt.Sprint(i), Title: "A", Number: fmt.Sprint(i), Text: strings.Join(text, space)})
		}
		held := map[string]bool{"3": true, "17": true}
		inAll := map[string]int{}
		for _, s := range all {
			seen := map[string]bool{}
			for _, span := range wordSpans(s.Text) {
				if !seen[span] && !held[s.ID] {
					seen[span] = true
					inAll[span]++
				}
			}
		}
		q := Over(all, held, forms, 7)
		small := newSpans(0)
		small.slots, small.mask, small.most = small.slots[:2], 63, 5 // most slots are shared, and sections are asked about in many rounds
		other := Over(all, held, form.Set{Question: forms.Question}, 7)
		other.forms, other.quoted = forms, make([]int32, len(all)*len(forms.Quote))
		other.quoteBy(small, 7)
		if !slices.Equal(q.quoted, other.quoted) {
			t.Fatalf("round %d: a small filter gives %v, a large one %v", round, other.quoted, q.quoted)
		}
		for i, s := range all {
			want := slices.Repeat([]int32{-1}, len(forms.Quote))
			if !held[s.ID] {
				copy(want, q.choose(i, 7, func(piece, _ string) bool {
					return slices.ContainsFunc(wordSpans(piece), func(span string) bool { return inAll[span] == 1 })
				}))
			}
			if !slices.Equal(q.quotesOf(i), want) {
				t.Fatalf("round %d, section %d: %v, want %v", round, i, q.quotesOf(i), want)
			}
		}
	}
}

// wordSpans are the runs of spanWords words.
func wordSpans(text string) (out []string) {
	words := clean.Words(text)
	for i := 0; i+spanWords <= len(words); i++ {
		out = append(out, strings.Join(words[i:i+spanWords], " "))
	}
	return out
}

func TestMake_EverySectionIsAskedByNumberHeadingAndQuotation(t *testing.T) {
	all, set := sections(t), forms
	kinds, ids := map[string]map[string]int{}, map[string]bool{}
	byID := map[string]corpus.Section{}
	for _, s := range all {
		kinds[s.ID], byID[s.ID] = map[string]int{}, s
	}
	for p := range Over(corpus.Slice(all), nil, set, 7).All() {
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
func TestMake_QuotationHasOnePlace(t *testing.T) {
	all, set := sections(t), forms
	checked := 0
	for p := range Over(corpus.Slice(all), nil, set, 7).All() {
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

func TestMake_DoesNotDependOnTheOrderOfSections(t *testing.T) {
	all, set := sections(t), forms
	sorted := func() []Pair {
		out := slices.Collect(Over(corpus.Slice(all), nil, set, 7).All())
		slices.SortFunc(out, func(a, b Pair) int { return strings.Compare(a.ID, b.ID) })
		return out
	}
	want := sorted()
	rng.New(5).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if !slices.Equal(want, sorted()) {
		t.Error("another order gives other pairs")
	}
	if slices.Equal(slices.Collect(Over(corpus.Slice(all), nil, set, 8).All()), slices.Collect(Over(corpus.Slice(all), nil, set, 7).All())) {
		t.Error("the seed changes no quotation")
	}
}

func TestMake_ScriptsWithoutSpacesAreQuoted(t *testing.T) {
	var all []corpus.Section
	for i := range 3 {
		var b strings.Builder
		for j := range 120 {
			b.WriteRune(rune(0x4e00 + (i*997+j*131)%5000))
		}
		all = append(all, corpus.Section{ID: fmt.Sprint(i), Title: "法", Number: fmt.Sprint(i), Text: b.String()})
	}
	n := 0
	for p := range Over(corpus.Slice(all), nil, forms, 1).All() {
		if p.Kind == Quote {
			n++
		}
	}
	if n != 3*2 {
		t.Errorf("%d quotations", n)
	}
}
