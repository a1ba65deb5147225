package dp

import (
	"strings"
	"testing"
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
