package dp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/rouge"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

// rules is a domain of sections with sentences that rules read. Every other section is held out; planted are further held-out questions about the first.
func rules(t *testing.T, planted ...string) *domain.Domain {
	t.Helper()
	spec := stagetest.Spec{Forms: forms, Item: func(i int, item *exam.Item) bool {
		if i%2 == 0 {
			item.Split = []string{exam.Dev, exam.Test}[i/2%2]
		}
		if i/2 < len(planted) && i%2 == 0 {
			item.Question = planted[i/2]
		}
		return true
	}}
	for i, what := range []string{"the garden gate", "a rented bicycle", "the public library", "a fishing permit", "the harbour crane", "a market stall"} {
		spec.Sections = append(spec.Sections, corpus.Section{
			ID: "Bylaws#" + strconv.Itoa(i), Title: "Bylaws", Number: strconv.Itoa(i), Heading: "Use of " + what, Source: "made",
			Text: fmt.Sprintf("You may use %s after sunset with a written permission of the mayor. If you damage %s without telling anybody, the permission ends. The keeper must repair %s within %d days.", what, what, what, i+3),
		})
	}
	return stagetest.Open(t, stagetest.Domain(t, spec))
}

// questionsOf lists what a pass asks by rules, with the section.
func questionsOf(t *testing.T, dom *domain.Domain, m *Mixture, number int) (out [][2]string) {
	t.Helper()
	for _, ex := range pass(t, m, number) {
		id, ok := strings.CutSuffix(ex.ID, "/asked")
		if !ok {
			continue
		}
		question, answer, _ := strings.Cut(strings.TrimPrefix(said(t, dom, ex), "Question: "), "\nAnswer: ")
		s := dom.Sections.At(int(id[len(id)-1] - '0'))
		if answer != dom.Forms.PlaceOf(s) {
			t.Errorf("%s: %q is answered by %q", id, question, answer)
		}
		out = append(out, [2]string{id, question})
	}
	return out
}

func TestEpoch_AsksByRulesAboutEverySectionInNewWords(t *testing.T) {
	dom := rules(t)
	m := mixture(t, dom, Mix{Corpus: 1, Places: 1, Other: .25, Asked: 3}, longest, 7)
	plain := pass(t, mixture(t, dom, Mix{Corpus: 1, Places: 1, Other: .25}, longest, 7), 0)
	first := questionsOf(t, dom, m, 0)
	for i, s := range dom.Sections.All() {
		n := 0
		for _, q := range first {
			if q[0] == s.ID {
				n++
			}
		}
		if n != 3 {
			t.Errorf("section %d is asked about %d times", i, n)
		}
	}
	fresh := 0
	for _, q := range questionsOf(t, dom, m, 1) {
		if !slices.Contains(first, q) {
			fresh++
		}
	}
	if fresh < len(first)/3 {
		t.Errorf("%d of %d questions of the second pass are new", fresh, len(first))
	}
	// What else is trained is what it was.
	have := map[string]int{}
	for _, ex := range pass(t, m, 0) {
		have[fmt.Sprint(ex)]++
	}
	for _, ex := range plain {
		if have[fmt.Sprint(ex)]--; have[fmt.Sprint(ex)] < 0 {
			t.Errorf("%s is another example now", ex.ID)
		}
	}
}

func TestEpoch_AsksNeitherAHeldOutQuestionNorANearCopyOfOne(t *testing.T) {
	const passes = 6
	mix := Mix{Corpus: 1, Asked: 4}
	dom := rules(t)
	m := mixture(t, dom, mix, longest, 7)
	// What rules ask without anything to guard: of these, two are held out, one as it is and one with a word more.
	var asked []string
	for number := range passes {
		for _, q := range questionsOf(t, dom, m, number) {
			if len(rouge.Words(q[1])) > 5 && !slices.Contains(asked, q[1]) {
				asked = append(asked, q[1])
			}
		}
	}
	if len(asked) < 10 {
		t.Fatalf("only %d questions", len(asked))
	}
	same, near := asked[0], strings.Replace(asked[1], " ", " please ", 1)
	guarded := rules(t, strings.ToUpper(same), near)
	m = mixture(t, guarded, mix, longest, 7)
	for number := range passes {
		for _, q := range questionsOf(t, guarded, m, number) {
			for _, held := range []string{same, near} {
				if rouge.L(q[1], held) > exam.NearCopy {
					t.Errorf("pass %d: %q is asked, and %q is held out", number, q[1], held)
				}
			}
		}
	}
	held, copies := 0, 0
	for number := range uint64(passes) {
		for _, s := range guarded.Sections.All() {
			for seed := range uint64(20) {
				for _, q := range m.made.Of(s, 100*number+seed) {
					if q.Held != "" && q.Near {
						copies++
					} else if q.Held != "" {
						held++
					}
				}
			}
		}
	}
	facts := map[string]string{}
	m.askedFacts(facts)
	if copies == 0 || facts["asked_questions"] == "" || facts["asked_near_copies"] == "" || facts["asked_sections_without"] != "0" {
		t.Errorf("%d held, %d near copies, facts %v: the test proves nothing", held, copies, facts)
	}
	mixture(t, dom, Mix{Corpus: 1}, longest, 7).askedFacts(facts)
	if len(facts) != 4 {
		t.Errorf("facts %v", facts)
	}
}
