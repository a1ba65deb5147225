package domain

import (
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/form"
	"slm/pipeline/schema"
)

var byHeading = form.Set{Place: "{title}\n{heading}:", Document: []string{"{title}\n{heading}:"}}

func stream(list []corpus.Section) iter.Seq2[corpus.Section, error] {
	return func(yield func(corpus.Section, error) bool) {
		for _, s := range list {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func section(number, heading, text string) corpus.Section {
	return corpus.Section{ID: "Act#" + number, Title: "Act", Number: number, Heading: heading, Text: text}
}

func TestCompare_SectionsAreTheSameByPlaceNotByNumber(t *testing.T) {
	before := corpus.Slice{section("1", "Scope", "This Act applies."), section("2", "Terms", "A term is a word."), section("3", "Terms", "A word is a term.")}
	now := []corpus.Section{section("1", "Purpose", "This Act serves."), section("2", "Scope", "This Act applies."), section("3", "Terms", "A term is a name.")}
	got, err := Compare(before, stream(now), byHeading)
	if err != nil {
		t.Fatal(err)
	}
	var what []string
	for _, r := range got.Rows {
		what = append(what, r.What+" "+r.ID)
	}
	// Of two sections of one place the first is compared with the first.
	if want := []string{"new Act#1", "changed Act#3", "withdrawn Act#3"}; !slices.Equal(what, want) {
		t.Errorf("%q, want %q", what, want)
	}
	if got.Before["Act#2"] != "Act#1" || got.Before["Act#3"] != "Act#2" || len(got.Before) != 2 {
		t.Errorf("%v", got.Before)
	}
	if n, c, w := got.Count(); n != 1 || c != 1 || w != 1 {
		t.Errorf("%d, %d, %d", n, c, w)
	}
	failed := errors.New("torn")
	if _, err := Compare(before, func(yield func(corpus.Section, error) bool) { yield(corpus.Section{}, failed) }, byHeading); !errors.Is(err, failed) {
		t.Error(err)
	}
}

func TestChanges_TableThatDoesNotFitTheSectionsIsRefused(t *testing.T) {
	dir := t.TempDir()
	d := &Domain{dir: dir, Sections: corpus.Slice{section("1", "Scope", "x"), section("2", "Terms", "y")}}
	if c, err := d.Changes(); c != nil || err != nil {
		t.Errorf("data of no update: %v, %v", c, err)
	}
	for name, rows := range map[string][]Change{
		"no such section":  {{What: NewSection, Index: 2}},
		"one twice":        {{What: NewSection, Index: 0}, {What: ChangedSection, Index: 0}},
		"another word":     {{What: "moved", Index: 0}},
		"before the first": {{What: ChangedSection, Index: -1}},
	} {
		if err := checkpoint.WriteTable(filepath.Join(dir, ChangesFile), rows, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Changes(); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	rows := []Change{{What: ChangedSection, Index: 1}, {What: WithdrawnSection, Index: 7, ID: "Act#9", Title: "Act", Number: "9", Heading: "Gone"}}
	if err := checkpoint.WriteTable(filepath.Join(dir, ChangesFile), rows, nil); err != nil {
		t.Fatal(err)
	}
	c, err := d.Changes()
	if err != nil || !slices.Equal(c.Fresh, []int{1}) || !slices.Equal(c.Kept, []int{0}) || c.New != 0 || c.Changed() != 1 || c.Size() != 2 || c.Withdrawn[0].Heading != "Gone" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestReplayed_AllKeptSectionsTakeTurns(t *testing.T) {
	c := &Changes{Fresh: []int{0, 1, 2}, Withdrawn: make([]corpus.Section, 1)}
	for i := 3; i < 13; i++ {
		c.Kept = append(c.Kept, i)
	}
	order := func(round int) []int {
		out := make([]int, len(c.Kept))
		for i := range out {
			out[i] = (i*3 + round) % len(out)
		}
		return out
	}
	count := map[int]int{}
	for pass := range 20 { // 20 passes of 2 sections are four rounds
		for _, i := range c.Replayed(0.5, pass, order) {
			count[i]++
		}
	}
	for _, i := range c.Kept {
		if count[i] != 4 {
			t.Errorf("section %d is read %d times", i, count[i])
		}
	}
	if all := c.Replayed(100, 3, order); !slices.Equal(all, c.Kept) {
		t.Errorf("more than there are: %v", all)
	}
	if turns := c.Replayed(schema.Auto, 3, order); len(turns) != 4 { // a quarter of 13 sections is less than one for each that differs
		t.Errorf("by what differs: %v", turns)
	}
	if n := Again(schema.Auto, 1, 0, 99); n != 24 {
		t.Error("a pass reads no quarter of the corpus")
	}
	if none := c.Replayed(0, 3, order); len(none) != 0 {
		t.Errorf("none: %v", none)
	}
}
