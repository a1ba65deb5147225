package reason

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"testing"

	stage "slm/stages/reason"
)

func answered(teach string, seed uint64, right ...bool) run {
	r := run{teach: teach, seed: seed}
	for i, ok := range right {
		r.rows = append(r.rows, stage.AnswerRow{ID: string(rune('a' + i)), Class: []string{"amount", "count"}[i%2], Section: string(rune('k' + i)), Wanted: "steps", Strategy: "steps", Right: ok, Tokens: 4})
	}
	return r
}

func TestTableOf_EachKindIsComparedWithErasedOnTheSameTasks(t *testing.T) {
	table, err := tableOf([]run{answered("direct", 7, true, false, false, false), answered("erased", 7, true, true, true, false)})
	if err != nil || len(table.Rows) != 6 {
		t.Fatalf("%v, %v", table.Rows, err)
	}
	if all := table.Rows[0]; !slices.Equal(all[:7], []string{"erased", "all", "4", "1", "75.0 %", "100.0 %", "4.0"}) || all[7] != "" {
		t.Errorf("%q", all)
	}
	if all := table.Rows[3]; all[0] != "direct" || all[4] != "25.0 %" || all[7] != "−50.0" || all[8] == "" {
		t.Errorf("%q", all)
	}
	if _, err := tableOf([]run{answered("direct", 7, true, true), answered("erased", 7, true, true, true, false)}); !errors.Is(err, errOther) {
		t.Error(err)
	}
}

func TestTableOf_PIsHolmsOverTheKinds(t *testing.T) {
	p := func(kinds ...string) float64 {
		runs := []run{answered("erased", 7, true, true, true, false, true, true, true, true)}
		for _, k := range kinds {
			runs = append(runs, answered(k, 7, true, false, false, false, true, false, true, true))
		}
		table, err := tableOf(runs)
		if err != nil {
			t.Fatal(err)
		}
		x, err := strconv.ParseFloat(table.Rows[3][pColumn], 64) // of all classes together
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	if alone, two := p("direct"), p("direct", "steps"); alone <= 0 || alone > .4 || math.Abs(two-2*alone) > .0015 {
		t.Errorf("p is %v, and %v of two kinds that answer the same", alone, two)
	}
}
