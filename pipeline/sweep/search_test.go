package sweep

import (
	"encoding/json"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/rng"
)

func param(t *testing.T, text string) Param {
	t.Helper()
	p, err := ParseParam(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

func TestParseParam_ReadsRangesAndRefusesWhatIsNone(t *testing.T) {
	for text, want := range map[string]Param{
		"a.b=log(1e-4,1e-2)":  {Key: "a.b", Scale: "log", Low: 1e-4, High: 1e-2},
		"a = linear( 0, 0.5)": {Key: "a", Scale: "linear", High: .5},
		"a=int(1,8)":          {Key: "a", Scale: "int", Low: 1, High: 8, Whole: true},
		"a={128,256}":         {Key: "a", Scale: "choice", Values: []string{"128", "256"}},
		"a={[1,2],[3]}":       {Key: "a", Scale: "choice", Values: []string{"[1,2]", "[3]"}},
	} {
		got := param(t, text)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", text, got)
		}
		if again := param(t, got.String()); !reflect.DeepEqual(again, got) {
			t.Errorf("%s, written and read again: %+v", got, again)
		}
	}
	for _, text := range []string{"a", "=log(1,2)", "a=log(1,2", "a=log(1)", "a=log(0,1)", "a=linear(2,1)", "a=linear(x,1)", "a=int(1,2.5)", "a={1}", "a={1,1}", "a={1,}", "a=exp(1,2)", "a=linear(0,Inf)", "a=1,2"} {
		if p, err := ParseParam(text); err == nil {
			t.Errorf("%s is read as %+v", text, p)
		}
	}
}

func FuzzParseParam_WhatIsReadIsWrittenAndReadTheSame(f *testing.F) {
	f.Add("a=log(1e-4,1e-2)")
	f.Add("a={1,{2,3},[4]}")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseParam(text)
		if err != nil {
			return
		}
		for _, z := range []float64{-1, -.3, 0, .7, 1} {
			v := p.At(z)
			at, ok := p.Coordinate(v)
			if !ok || at < -1 || at > 1 {
				t.Fatalf("%s: at %v it is %s, which lies at %v, %v", text, z, v, at, ok)
			}
		}
	})
}

func TestParam_ValuesAndCoordinatesGoTogether(t *testing.T) {
	for text, want := range map[string][3]string{ // at -1, 0, 1
		"a=log(1e-4,1e-2)":      {"0.0001", "0.001", "0.01"},
		"a=linear(0,1)":         {"0", "0.5", "1"},
		"a=int(1,3)":            {"1", "2", "3"},
		"a=int(0,1000)":         {"0", "500", "1000"},
		"a={adamw,muon,sgd}":    {"adamw", "muon", "sgd"},
		"a=linear(0.1234,0.99)": {"0.1234", "0.557", "0.99"},
	} {
		p := param(t, text)
		for i, z := range []float64{-1, 0, 1} {
			if got := p.At(z); got != want[i] {
				t.Errorf("%s at %v is %s, want %s", text, z, got, want[i])
			}
			if at, ok := p.Coordinate(want[i]); !ok || math.Abs(at-z) > 1e-2 {
				t.Errorf("%s: %s lies at %v, %v", text, want[i], at, ok)
			}
		}
		if at, ok := p.Coordinate("-7"); ok {
			t.Errorf("%s: -7 lies at %v", text, at)
		}
	}
	if d := param(t, "a={128,256,384}").Dim(); d.Levels != 3 || d.Nominal {
		t.Errorf("numbers that rise have an order: %+v", d)
	}
	if d := param(t, "a={256,128}").Dim(); !d.Nominal {
		t.Errorf("others have none: %+v", d)
	}
	if d := param(t, "a=int(1,1000)").Dim(); d.Levels != 0 {
		t.Errorf("a thousand numbers are no levels: %+v", d)
	}
}

// world is a known function: a bowl over the logarithm of a rate, deeper for one optimiser, and a little better for one width.
func world(values []string) float64 {
	lr, _ := strconv.ParseFloat(values[0], 64)
	x := math.Log10(lr)
	best := map[string]float64{"adamw": -2.9, "muon": -2.1, "sgd": -1.2}[values[1]]
	depth := map[string]float64{"adamw": .05, "muon": 0, "sgd": .6}[values[1]]
	width := map[string]float64{"128": .08, "256": 0, "384": .03}[values[2]]
	return 1 + depth + width + (x-best)*(x-best)
}

func mock(t *testing.T, seed uint64) *search {
	t.Helper()
	return &search{seed: seed, pruner: usualPruner, params: []Param{param(t, "lr=log(1e-5,1e-1)"), param(t, "name={adamw,muon,sgd}"), param(t, "width={128,256,384}")}}
}

// play runs a search of n trials over the world, from what was seen on.
func play(t *testing.T, s *search, seen []Trial, n, each int) []Trial {
	t.Helper()
	for len(seen) < n {
		next, err := s.round(seen, len(seen)+1, min(each, n-len(seen)))
		if err != nil {
			t.Fatal(err)
		}
		for _, trial := range next {
			v := world(trial.Values)
			trial.State, trial.Value, trial.Seeds = Finished, &v, []float64{v}
			if v > 6 {
				trial.State, trial.Value, trial.Seeds = Failed, nil, nil
			}
			seen = append(seen, trial)
		}
	}
	return seen
}

func TestRound_ProposesTheSameAfterAKillAtAnyPoint(t *testing.T) {
	for _, each := range []int{1, 3} {
		s := mock(t, 7)
		whole := play(t, s, nil, 15, each)
		folder := t.TempDir()
		for k := 0; k <= len(whole); k += each {
			path := filepath.Join(folder, strconv.Itoa(k))
			if err := checkpoint.MakeDir(path); err != nil {
				t.Fatal(err)
			}
			round := each
			j, err := openJournal(path, "x", &round)
			if err != nil {
				t.Fatal(err)
			}
			for _, trial := range whole[:k] {
				if err := j.keep(trial, 1); err != nil {
					t.Fatal(err)
				}
			}
			if err := j.file.Close(); err != nil {
				t.Fatal(err)
			}
			round = 99
			if j, err = openJournal(path, "x", &round); err != nil || round != each {
				t.Fatal(round, err)
			}
			var seen []Trial
			for i := range k {
				seen = append(seen, j.trials[int64(i+1)])
			}
			if err := j.file.Close(); err != nil {
				t.Fatal(err)
			}
			if k%4 == 0 || each > 1 { // a fit each
				got, _ := json.Marshal(play(t, s, seen, min(k+2*each, 15), each))
				want, _ := json.Marshal(whole[:min(k+2*each, 15)])
				if string(got) != string(want) {
					t.Errorf("after %d of rounds of %d:\n%s\nwant\n%s", k, each, got, want)
				}
			}
			if _, err := openJournal(path, "y", &round); err == nil || !strings.Contains(err.Error(), "another sweep") {
				t.Errorf("a journal of another sweep: %v", err)
			}
		}
	}
}

func TestRound_FindsTheOptimumOfAKnownFunctionMoreCheaplyThanRandomSearch(t *testing.T) {
	const least, near, most, seeds = 1.0, 0.06, 60, 6
	reach := func(values []float64) int {
		at := slices.IndexFunc(values, func(v float64) bool { return v < least+near })
		if at < 0 {
			return most
		}
		return at + 1
	}
	var ours, chance int
	for seed := range uint64(seeds) {
		s := mock(t, seed)
		var values []float64
		for _, trial := range play(t, s, nil, 22, 1) {
			values = append(values, world(trial.Values))
		}
		ours += reach(values)
		draw := rng.New(seed, "random")
		for range 10 {
			values = values[:0]
			for range most {
				z := s.space().Snap([]float64{2*draw.Float64() - 1, 2*draw.Float64() - 1, 2*draw.Float64() - 1})
				values = append(values, world(s.values(z)))
			}
			chance += reach(values)
		}
	}
	mean, random := float64(ours)/seeds, float64(chance)/seeds/10
	t.Logf("%.1f trials, random search %.1f (at most %d)", mean, random, most)
	if mean > 0.6*random {
		t.Errorf("%.1f trials to the optimum, random search takes %.1f", mean, random)
	}
}
