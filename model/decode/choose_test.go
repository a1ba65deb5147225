package decode

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"testing"

	"slm/rng"
)

// names draws choices of a small alphabet, so that many begin alike, some twice, and some as the beginning of others.
func names(seed uint64, n int) [][]int32 {
	s := rng.New(seed, "names")
	out := make([][]int32, n)
	for i := range out {
		for range 1 + s.IntN(5) {
			out[i] = append(out[i], int32(s.IntN(4)))
		}
	}
	return out
}

// scored is what every choice is worth, the most likely first; of equal ones the first alone.
func scored(t *testing.T, d *Decoder, prompt []int32, soft []float32, all [][]int32) (out []Choice) {
	t.Helper()
	sums, err := d.Score(t.Context(), []ScoreRequest{{Prefix: prompt, Soft: soft, Continuations: all}})
	if err != nil {
		t.Fatal(err)
	}
	for i, lp := range sums[0] {
		if !slices.ContainsFunc(all[:i], func(x []int32) bool { return slices.Equal(x, all[i]) }) {
			out = append(out, Choice{i, lp})
		}
	}
	slices.SortStableFunc(out, func(a, b Choice) int { return cmp.Compare(b.LogProb, a.LogProb) })
	return out
}

func TestChoose_IsTheMostLikelyOfAllThatScoreCounts(t *testing.T) {
	for _, name := range []string{"go", "onednn-bf16"} {
		be := backend(t, name)
		d := New(sharp(tiny), be)
		near := 1e-4
		if name != "go" {
			near = 0.05
		}
		soft := make([]float32, 2*tiny.Width)
		for i := range soft {
			soft[i] = float32(math.Sin(float64(i)))
		}
		var reqs []ChoiceRequest
		var all [][][]int32
		for i := range uint64(40) {
			given := names(i, 1+int(i)*4)
			all = append(all, given)
			reqs = append(reqs, ChoiceRequest{Prompt: tokens(i, 1+int(i), tiny.Vocab), Among: NewChoices(given), Most: 1 + int(i%3), Slack: []float64{0, 2, math.Inf(1)}[i%3]})
			if i%2 == 1 {
				reqs[i].Soft = soft
			}
		}
		got, err := d.Choose(t.Context(), reqs)
		if err != nil {
			t.Fatal(err)
		}
		turned := 0
		for i, g := range got {
			want := scored(t, d, reqs[i].Prompt, reqs[i].Soft, all[i])
			if !g.Proven() {
				t.Fatalf("%s, request %d: %+v is not proven", name, i, g)
			}
			relative(t, "the best", g.Best[0].LogProb, want[0].LogProb, near)
			if g.Rows > 4 {
				turned++
			}
			for k, b := range g.Best {
				relative(t, "one of the best", b.LogProb, want[k].LogProb, near)
				if name == "go" && b.Index != want[k].Index {
					t.Errorf("%s, request %d, choice %d: %+v, want %+v", name, i, k, g, want[:k+1])
				}
			}
			for k := len(g.Best); k < len(want) && k < reqs[i].Most; k++ {
				if want[k].LogProb > want[0].LogProb-reqs[i].Slack+near {
					t.Errorf("%s, request %d: %+v lacks %+v", name, i, g, want[k])
				}
			}
			if len(want) > len(g.Best) && want[len(g.Best)].LogProb > g.Rest+near*10 {
				t.Errorf("%s, request %d: %+v is said to bound %+v", name, i, g, want[len(g.Best)])
			}
		}
		if turned == 0 {
			t.Error("no request was hard")
		}
	}
}

// Many hard requests at once make a batch so high that it goes through the layers by tiles of rows.
func TestChoose_TallBatchesAreExactToo(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	given, prompt := names(9, 120), tokens(9, 12, tiny.Vocab)
	reqs := slices.Repeat([]ChoiceRequest{{Prompt: prompt, Among: NewChoices(given), Most: 20, Slack: math.Inf(1)}}, 80)
	got, err := d.Choose(t.Context(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Rows < chooseWidth*manyRows/len(reqs) {
		t.Errorf("%d rows a request: the batch was not tall", got[0].Rows)
	}
	want := scored(t, d, prompt, nil, given)
	for i, g := range got {
		for k, b := range g.Best {
			if b.Index != want[k].Index || math.Abs(b.LogProb-want[k].LogProb) > 1e-4 {
				t.Fatalf("request %d, choice %d: %+v, want %+v", i, k, b, want[k])
			}
		}
	}
}

func TestChoose_GreedyFirstTokenDoesNotDecide(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	misled := 0
	for i := range uint64(60) {
		given, prompt := names(100+i, 30), tokens(200+i, 5, tiny.Vocab)
		got, err := d.Choose(t.Context(), []ChoiceRequest{{Prompt: prompt, Among: NewChoices(given), Most: 1}})
		if err != nil {
			t.Fatal(err)
		}
		first := scored(t, d, prompt, nil, [][]int32{{0}, {1}, {2}, {3}})[0].Index
		if given[got[0].Best[0].Index][0] != int32(first) {
			misled++
		}
	}
	if misled == 0 {
		t.Error("the likeliest choice always begins with the likeliest token, so nothing was tested")
	}
}

func TestChoose_HopelessSearchIsGivenUpAndSaysSo(t *testing.T) {
	flat := sharp(tiny)
	for _, x := range flat.Tensors() { // nothing is more likely than anything else
		if len(x.Shape) == 2 {
			for i := range x.Data {
				x.Data[i] *= 1e-3
			}
		}
	}
	d := New(flat, backend(t, "go"))
	var given [][]int32
	for i := range int32(1000) {
		given = append(given, []int32{i % 10, i / 10 % 10, i / 100, 7})
	}
	got, err := d.Choose(t.Context(), []ChoiceRequest{{Prompt: []int32{1}, Among: NewChoices(given), Most: 1}})
	if err != nil || len(got[0].Best) != 1 || got[0].Proven() || got[0].Rows > 4*mostForks {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestChoose_WhatDoesNotFitIsNotChosen(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	among := NewChoices([][]int32{{1, 2, 3}, {4, 5}, {}})
	if among.Len() != 2 {
		t.Errorf("%d choices", among.Len())
	}
	got, err := d.Choose(t.Context(), []ChoiceRequest{
		{Prompt: tokens(1, tiny.Context-2, tiny.Vocab), Among: among, Most: 5, Slack: math.Inf(1)},
		{Prompt: tokens(1, tiny.Context, tiny.Vocab), Among: among, Most: 1},
		{Prompt: tokens(1, 3, tiny.Vocab), Among: NewChoices(nil), Most: 1},
	})
	if err != nil || len(got[0].Best) != 1 || got[0].Best[0].Index != 1 || len(got[1].Best)+len(got[2].Best) > 0 || got[1].Proven() {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestChoose_RefusesWhatMakesNoSense(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	good := ChoiceRequest{Prompt: []int32{1}, Among: NewChoices([][]int32{{1}}), Most: 1}
	for name, change := range map[string]func(*ChoiceRequest){
		"no prompt":        func(r *ChoiceRequest) { r.Prompt = nil },
		"unknown token":    func(r *ChoiceRequest) { r.Among = NewChoices([][]int32{{1, 101}}) },
		"none wanted":      func(r *ChoiceRequest) { r.Most = 0 },
		"slack below zero": func(r *ChoiceRequest) { r.Slack = -1 },
		"slack no number":  func(r *ChoiceRequest) { r.Slack = math.NaN() },
	} {
		r := good
		change(&r)
		if _, err := d.Choose(t.Context(), []ChoiceRequest{r}); !errors.Is(err, ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is asked together shares batches, not results.
func TestChoose_EachRequestIsAsIfItWereAlone(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	d.budget = 1 // so that requests wait for one another
	var reqs []ChoiceRequest
	for i := range uint64(6) {
		reqs = append(reqs, ChoiceRequest{Prompt: tokens(i, 4, tiny.Vocab), Among: NewChoices(names(i, 25)), Most: 2, Slack: 1})
	}
	together, err := d.Choose(t.Context(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range reqs {
		alone, err := d.Choose(t.Context(), reqs[i:i+1])
		if err != nil || len(alone[0].Best) != len(together[i].Best) || alone[0].Best[0].Index != together[i].Best[0].Index {
			t.Errorf("%d: %+v, %+v, %v", i, alone[0], together[i], err)
		}
	}
}
