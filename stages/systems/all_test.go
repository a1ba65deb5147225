package systems

import (
	"errors"
	"strings"
	"testing"
)

func TestAll_EverySpecIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range All {
		if s.Name == "" || s.Label == "" || s.Gets == "" || s.Cost == nil || s.Open == nil || strings.ContainsAny(s.Name, " ,;") {
			t.Errorf("%+v", s)
		}
		if seen[s.Name] {
			t.Errorf("%s stands there twice", s.Name)
		}
		seen[s.Name] = true
		for _, c := range s.Against {
			if _, ok := Lookup(c.Over); !ok && c.Over != Method || c.Over == s.Name {
				t.Errorf("%s is compared with %q", s.Name, c.Over)
			}
			if (c.Subject == "") != (c.Does == "") || (c.Subject == "") != (c.Than == "") {
				t.Errorf("%s against %s: half of the words: %+v", s.Name, c.Over, c)
			}
		}
	}
	if All[0].Name != Alone {
		t.Errorf("%s is first", All[0].Name)
	}
}

func TestResolve_KeepsTheOrderOfTheTable(t *testing.T) {
	list := func(specs []Spec) string {
		var out []string
		for _, s := range specs {
			out = append(out, s.Name)
		}
		return strings.Join(out, " ")
	}
	got, err := Resolve([]string{"oracle", "rag", "blade", "blade"})
	if err != nil || list(got) != "llm blade rag1 rag3 oracle overlap" {
		t.Errorf("%s, %v", list(got), err)
	}
	if all, err := Resolve(nil); err != nil || list(all) != strings.Join(append(Usual(), Overlap), " ") {
		t.Errorf("%s, %v", list(all), err)
	}
	for _, bad := range []string{"blad", ""} {
		if _, err := Resolve([]string{bad}); err == nil || !strings.Contains(err.Error(), "rag, hybrid, llm, slm") {
			t.Errorf("%q gives %v", bad, err)
		}
	}
}

func TestList_SaysWhatMayStandInIt(t *testing.T) {
	want := "llm slm dp blade-z0 blade cite rag1 rag3 rag+blade oracle shuffled; where they are named, rft dense3 hybrid1 hybrid3 bridge proxy checked auto; rag is rag1, rag3; hybrid is dense3, hybrid1, hybrid3; llm and overlap always run"
	if got := List(nil).Doc(); got != want {
		t.Errorf("%s", got)
	}
}

func TestCheckScores_RefusesWhatTellsNothing(t *testing.T) {
	nan := 0.0
	nan /= nan
	for _, bad := range [][]float64{nil, {1, 2}, {-1, -1, -1}, {-1, nan, -2}} {
		if err := checkScores(bad, 3); !errors.Is(err, ErrScores) {
			t.Errorf("scores %v: %v", bad, err)
		}
	}
	if err := checkScores([]float64{-1, -1, -2}, 3); err != nil {
		t.Error(err)
	}
}
