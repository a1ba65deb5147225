package dp

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/stages/domain"
)

// differing says that two of acts' sections are fresh and one more is withdrawn.
func differing(dom *domain.Domain) *domain.Changes {
	c := &domain.Changes{Fresh: []int{2, 6}, New: 1, Withdrawn: []corpus.Section{{ID: "Act 2#1", Title: "Act 2", Number: "1", Heading: "Matter of nothing"}}}
	for i := range dom.Sections.Len() {
		if !slices.Contains(c.Fresh, i) {
			c.Kept = append(c.Kept, i)
		}
	}
	return c
}

func TestEpoch_OfAnUpdateReadsWhatDiffersAndSomeOfTheRestInTurn(t *testing.T) {
	dom := acts(t)
	mix := mixed
	mix.Asked, mix.Drill = 1, 1
	m := mixture(t, dom, mix, longest, 7)
	m.limit(differing(dom), domain.DefaultUpdate())
	again := map[string]int{}
	for number := range 11 { // three of eleven kept sections a pass: three rounds
		read := map[string]bool{}
		for _, ex := range pass(t, m, number) {
			id, _, _ := strings.Cut(ex.ID, "/")
			read[id] = true
		}
		for _, i := range []int{2, 6} {
			id := dom.Sections.At(i).ID
			if !read[id] {
				t.Errorf("pass %d does not read %s", number, id)
			}
			delete(read, id)
		}
		if !read["Act 2#1"] {
			t.Errorf("pass %d does not say that nothing stands where a section is withdrawn", number)
		}
		delete(read, "Act 2#1")
		if len(read) > 3 || len(read) == 0 {
			t.Errorf("pass %d reads %v again", number, read)
		}
		for id := range read {
			again[id]++
		}
	}
	if len(again) != 12 {
		t.Errorf("of 12 kept sections %d are read again", len(again))
	}
	same := mixture(t, dom, mix, longest, 7)
	same.limit(differing(dom), domain.DefaultUpdate())
	if !reflect.DeepEqual(pass(t, m, 3), pass(t, same, 3)) {
		t.Error("a pass is no pure function of its number")
	}
}

func TestEpoch_OfAWithdrawnSectionOnlyTheEndIsTrained(t *testing.T) {
	dom := acts(t)
	m := mixture(t, dom, mixed, longest, 7)
	m.limit(differing(dom), domain.Update{Forget: 3})
	seen := map[string]bool{}
	for number := range 20 {
		times := 0
		for _, ex := range pass(t, m, number) {
			if ex.ID != "Act 2#1/withdrawn" {
				continue
			}
			if ex.Prompt != len(ex.Tokens)-1 {
				t.Errorf("%d of %d tokens are trained", len(ex.Tokens)-ex.Prompt, len(ex.Tokens))
			}
			seen[said(t, dom, ex)] = true
			times++
		}
		if times != 3 {
			t.Errorf("pass %d says it %d times", number, times)
		}
	}
	want := map[string]bool{}
	for i := range forms.Document {
		want[forms.DocumentOf(differing(dom).Withdrawn[0], i)] = true
	}
	if !reflect.DeepEqual(seen, want) {
		t.Errorf("%v, want %v", seen, want)
	}
}

func TestOutlook_OfAnUpdateThatReadsMostSaysToTrainAnew(t *testing.T) {
	dom := acts(t)
	for replay, anew := range map[float64]bool{0: false, 1: false, 3: true} {
		m := mixture(t, dom, mixed, longest, 7)
		m.limit(differing(dom), domain.Update{Replay: replay})
		if text := m.update.outlook(dom); strings.Contains(text, "train anew") != anew || !strings.Contains(text, "1 sections are new, 1 changed, 1 withdrawn") {
			t.Errorf("replay %g: %s", replay, text)
		}
	}
}

func TestUpdate_DataOfNoUpdateAreRefused(t *testing.T) {
	if err := mixture(t, acts(t), mixed, longest, 7).Update(domain.DefaultUpdate()); err == nil || !strings.Contains(err.Error(), "update.from") {
		t.Error(err)
	}
}
