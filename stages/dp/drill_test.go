package dp

import (
	"strings"
	"testing"

	"slm/rng"
)

func TestEpoch_PlaceOfAnExerciseIsNoSectionAndStandsInItsQuestion(t *testing.T) {
	dom := acts(t)
	m := mixture(t, dom, Mix{Corpus: 1, Drill: 3}, longest, 5)
	titles, found := map[string]bool{}, 0
	for _, s := range dom.Sections.All() {
		titles[s.Title] = true
	}
	for _, x := range pass(t, m, 0) {
		if !strings.HasSuffix(x.ID, "/drill") {
			continue
		}
		found++
		question, place := dom.Tokenizer.Decode(x.Tokens[:x.Prompt]), dom.Tokenizer.Decode(x.Tokens[x.Prompt:len(x.Tokens)-1])
		title, heading, ok := strings.Cut(strings.TrimSuffix(strings.TrimSpace(place), ":"), ", ")
		if !ok || !titles[title] || heading == "" || !strings.Contains(question, title) || !strings.Contains(question, heading) {
			t.Errorf("%q is answered by %q", question, place)
		}
		if m.real[strings.TrimSpace(place)] {
			t.Errorf("%q is a section", place)
		}
		if x.Tokens[len(x.Tokens)-1] != dom.EOS {
			t.Errorf("%q does not end", place)
		}
	}
	if found < 3*sectionCount*4/5 || found > 3*sectionCount { // a real place is left out
		t.Errorf("%d exercises, want about 3 for each of %d sections", found, sectionCount)
	}
}

func TestEpoch_ExercisesDifferInEachPassAndAreTheSameAgain(t *testing.T) {
	dom := acts(t)
	questions := func(number int) (list []string) {
		for _, x := range pass(t, mixture(t, dom, Mix{Corpus: 1, Drill: 2}, longest, 5), number) {
			if strings.HasSuffix(x.ID, "/drill") {
				list = append(list, dom.Tokenizer.Decode(x.Tokens))
			}
		}
		return list
	}
	first := strings.Join(questions(0), "\n")
	if first != strings.Join(questions(0), "\n") || first == strings.Join(questions(1), "\n") {
		t.Error("a pass's exercises do not follow from its number")
	}
	if list := pass(t, mixture(t, dom, Mix{Corpus: 1}, longest, 5), 0); len(list) != sectionCount {
		t.Errorf("without exercises there are %d examples of %d sections", len(list), sectionCount)
	}
}

func TestHeading_OneInFourIsASiblingsWithOneWordChanged(t *testing.T) {
	dom := acts(t)
	m := mixture(t, dom, Mix{Corpus: 1, Drill: 1}, longest, 5)
	sibling, near := "Alpha beta gamma delta epsilon zeta", 0
	for i := range uint64(400) {
		words := strings.Fields(m.heading([]string{sibling}, rng.New(1, "test").At(i)))
		if changed := strings.Fields(sibling); len(words) == len(changed) {
			same := 0
			for k := range words {
				if words[k] == changed[k] {
					same++
				}
			}
			if same == len(words)-1 {
				near++
			}
		}
	}
	if near < 70 || near > 130 {
		t.Errorf("%d of 400 headings are a sibling's with one word changed", near)
	}
	for i := range uint64(40) { // a document whose sections are all held out
		if strings.Contains(m.heading(nil, rng.New(1, "test").At(i)), "Alpha") {
			t.Error("a heading of no section")
		}
	}
}
