package kit

import (
	"fmt"
	"strings"
	"testing"

	"slm/data/exam"
	"slm/data/pairs"
	"slm/data/rouge"
)

func TestRuled_QuestionsTeachPlacesOfHeldOutSectionsToo(t *testing.T) {
	cfg := brief()
	cfg.Pairs.From, cfg.Pairs.Rules = "rules", 2
	dom := newDomain(t)
	held := exam.Held(dom.Items)
	rows, m := run(t, cfg, newRun(t, dom, &box{wrong: map[string]bool{"Act#4": true}}))
	sections, rules := map[string]int{}, map[string]bool{}
	for _, r := range rows {
		sections[r.Section]++
		rules[r.Rule] = true
		why := "kept: the black box answers right with it"
		switch {
		case r.Section == "Act#4":
			why = "dropped: the black box answers wrong with it"
		case held[r.Section], r.Section == fmt.Sprintf("Act#%d", unasked):
			why = "kept: made by a rule, and no training question of the exam tests it"
		}
		if r.Kind != pairs.Ruled || r.Why != why || r.Kept != strings.HasPrefix(why, "kept") || r.Place == "" || !strings.HasPrefix(r.Source, "act.txt:") || r.Rule == "" || r.Answer != "" {
			t.Errorf("%+v, want %s", r, why)
		}
	}
	for id, n := range sections {
		if n > 2 {
			t.Errorf("%s is asked about %d times", id, n)
		}
	}
	if len(sections) != sectionCount || !rules["cloze: sentence"] || m.Facts["ruled"] != fmt.Sprint(len(rows)) || m.Facts["ruled_dropped_near_copies"] != "0" {
		t.Errorf("%d sections, rules %v, facts %v", len(sections), rules, m.Facts)
	}
}

func TestRuled_HeldOutQuestionsAndNearCopiesAreDroppedAndSaid(t *testing.T) {
	cfg := brief()
	cfg.Pairs.From, cfg.Filter = "corpus+rules", false
	rows, _ := run(t, cfg, newRun(t, newDomain(t), &box{}))
	var asked []PairRow
	for _, r := range rows {
		if r.Kind == pairs.Ruled && len(rouge.Words(r.Question)) > 7 {
			asked = append(asked, r)
		}
	}
	if len(asked) < 2 {
		t.Fatalf("%d questions by rules", len(asked))
	}
	same, near := asked[0], asked[len(asked)-1]
	dom := newDomain(t)
	dom.Items[1].Question, dom.Items[3].Question = strings.ToUpper(same.Question), "please "+near.Question
	rows, m := run(t, cfg, newRun(t, dom, &box{}))
	gone := map[string]string{}
	for _, r := range rows {
		if !r.Kept {
			gone[r.ID] = r.Why
		} else if r.Kind == pairs.Ruled && (rouge.L(r.Question, same.Question) > exam.NearCopy || rouge.L(r.Question, near.Question) > exam.NearCopy) {
			t.Errorf("%q is kept", r.Question)
		}
	}
	if gone[same.ID] != "dropped: the held-out question "+dom.Items[1].ID || gone[near.ID] != "dropped: a near copy of the held-out question "+dom.Items[3].ID {
		t.Errorf("dropped are %v", gone)
	}
	if m.Facts["ruled_dropped_held_out"] == "0" || m.Facts["ruled_dropped_near_copies"] == "0" {
		t.Errorf("facts %v", m.Facts)
	}
}
