package main

import (
	"context"
	"math"
	"reflect"
	"strings"
	"testing"

	"slm/retrieve"
	"slm/stages/gate"
)

// made is a run of n questions of each lead, of which so many have a right section.
func made(name string, n int, right map[float64]int) asked {
	a := asked{name: name}
	for _, lead := range []float64{0, 1} {
		for i := range n {
			a.rows, a.right = append(a.rows, []float64{lead}), append(a.right, i < right[lead])
		}
	}
	return a
}

func TestFit_TheCeilingIsTheShareOfRightSections(t *testing.T) {
	curve, err := fit([]asked{made("a", 40, map[float64]int{0: 10, 1: 30})})
	if err != nil {
		t.Fatal(err)
	}
	for lead, want := range map[float64]float64{0: 0.25, 1: 0.75} {
		if got := curve.At([]float64{lead}); math.Abs(got-want) > 0.02 {
			t.Errorf("at a lead of %g the ceiling is %.3f, want %.2f", lead, got, want)
		}
	}
}

func TestFit_ASmallRunCountsAsMuchAsALargeOne(t *testing.T) {
	large, small := made("large", 60, map[float64]int{0: 12, 1: 48}), made("small", 20, map[float64]int{0: 12, 1: 18})
	tripled := small
	for range 2 {
		tripled.rows, tripled.right = append(tripled.rows, small.rows...), append(tripled.right, small.right...)
	}
	got, err := fit([]asked{large, small})
	if err != nil {
		t.Fatal(err)
	}
	want, err := fit([]asked{large, tripled})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, and with each question of the small run three times %+v", got, want)
	}
}

func TestTold_CountsWhatIsSureAndWrong(t *testing.T) {
	curve, err := fit([]asked{made("others", 100, map[float64]int{0: 20, 1: 97})})
	if err != nil {
		t.Fatal(err)
	}
	told, err := made("own", 10, map[float64]int{0: 2, 1: 8}).told(curve)
	if err != nil {
		t.Fatal(err)
	}
	if want := "own: 10 of 20 right;"; !strings.HasPrefix(told, want) || !strings.Contains(told, "sure 10, of them wrong 2 (10.0 % of all)") {
		t.Errorf("%q, want %q", told, want)
	}
}

// hits is a search that finds the same for every question.
type hits []retrieve.Hit

func (h hits) Search(context.Context, string, int) ([]retrieve.Hit, error) { return h, nil }
func (h hits) Close() error                                                { return nil }

func TestSee_RightIsWhatTheBridgeGives(t *testing.T) {
	bridge, _, err := gate.FitBridge("", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := hits{{Section: 4, Score: 9}, {Section: 2, Score: 1}}
	for section, want := range map[int]bool{4: true, 7: false} {
		row, right, err := see(t.Context(), retrieve.Asked{Question: "Why?", Sections: []int{section}}, found, bridge)
		if err != nil || right != want || len(row) != 1 || row[0] != retrieve.Lead(found) {
			t.Errorf("section %d: %v, %v, %v", section, row, right, err)
		}
	}
}
