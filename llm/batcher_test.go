package llm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"slm/model"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/rng"
)

func TestBatcher_RequestHasTheSameBitsAloneAndInABatch(t *testing.T) {
	cfg := model.Config{Vocab: 1100, Width: 96, Layers: 2, Heads: 6, KVHeads: 2, HeadDim: 16, Hidden: 200, Context: 700, RopeTheta: 10000, NormEps: 1e-5, Tied: true}
	params := model.New(cfg, 3)
	for _, tensor := range params.Tensors() {
		for i := range tensor.Data {
			tensor.Data[i] *= 8 // far from uniform
		}
	}
	draw := rng.New(5, "test")
	text := func(n int) []int32 {
		out := make([]int32, n)
		for i := range out {
			out[i] = int32(draw.IntN(cfg.Vocab))
		}
		return out
	}
	var jobs []scoring
	for i := range 32 {
		j := scoring{prefix: text([]int{1, 7, 60, 129, 300, 500}[i%6] + i)}
		for range 2 + i%3 {
			j.continuations = append(j.continuations, text(1+draw.IntN(60)))
		}
		jobs = append(jobs, j)
	}
	for _, name := range []string{"go", "amx"} {
		t.Run(name, func(t *testing.T) {
			be, err := kernel.Open(name)
			if errors.Is(err, kernel.ErrNoAMX) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if !be.Traits().BatchInvariant {
				t.Fatal("the kernel does not promise it")
			}
			e := &loaded{decoder: decode.New(params, be)}
			ctx := context.Background()
			all, err := e.score(ctx, jobs)
			if err != nil {
				t.Fatal(err)
			}
			var prompts []completion
			for i, j := range jobs {
				prompts = append(prompts, completion{prompt: j.prefix, maxNew: 2 + i%7})
			}
			together, err := e.generate(ctx, prompts)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range prompts {
				if alone, err := e.generate(ctx, []completion{p}); err != nil || !slices.Equal(alone[0], together[i]) {
					t.Fatalf("completion %d: alone %v, among 32 %v; %v", i, alone, together[i], err)
				}
			}
			for i, j := range jobs {
				alone, err := e.score(ctx, []scoring{j})
				if err != nil {
					t.Fatal(err)
				}
				few, err := e.score(ctx, append([]scoring{jobs[(i+5)%32]}, j))
				if err != nil {
					t.Fatal(err)
				}
				for o := range j.continuations {
					a, b, c := alone[0][o], all[i][o], few[1][o]
					if math.Float64bits(a) != math.Float64bits(b) || math.Float64bits(a) != math.Float64bits(c) {
						t.Fatalf("request %d, option %d: alone %v, behind another %v, among 32 %v", i, o, a, c, b)
					}
				}
			}
		})
	}
}

func TestBatcher_AsksInPartsAndStoresBeforeUse(t *testing.T) {
	e := &toy{room: 1000}
	l := &local{id: Info{Provider: Local, Model: "toy", Digest: "d", CanScore: true}, many: 4, open: func() (engine, error) { return e, nil }}
	journal := t.TempDir() + "/replies.wal"
	s, err := assemble(Default(), Options{Journal: journal}, l)
	if err != nil {
		t.Fatal(err)
	}
	var reqs []Request
	for i := range 10 {
		reqs = append(reqs, Request{Prompt: fmt.Sprint("p", i), Options: []string{" a", " bb"}})
	}
	reqs = append(reqs, reqs[0], Request{Prompt: "free", MaxTokens: 3})
	got, err := s.Do(context.Background(), reqs)
	if err != nil || !slices.Equal(e.batches, []int{4, 4, 2}) || got[11].Text != "one" || got[10].Scores[1] != got[0].Scores[1] {
		t.Fatalf("%+v, batches of %v, %v", got, e.batches, err)
	}
	if u := s.Usage(); u.Calls != 11 || u.Hits != 0 {
		t.Errorf("%+v", u)
	}
	again, err := assemble(Default(), Options{Journal: journal, Offline: true}, l)
	if err != nil {
		t.Fatal(err)
	}
	same, err := again.Do(context.Background(), reqs)
	if err != nil || len(same) != len(got) || !same[3].Cached || same[3].Scores[0] != got[3].Scores[0] {
		t.Errorf("after a kill: %+v, %v", same, err)
	}
}

func TestBatcher_UsesUpTheBudgetAndNoMore(t *testing.T) {
	e := &toy{room: 1000}
	l := &local{id: Info{Provider: Local, Model: "toy", Digest: "d", CanScore: true}, many: 8, open: func() (engine, error) { return e, nil }}
	cfg := Default()
	cfg.Budget = Budget{Calls: 13}
	s, err := assemble(cfg, Options{}, l)
	if err != nil {
		t.Fatal(err)
	}
	var reqs []Request
	for i := range 20 {
		reqs = append(reqs, Request{Prompt: fmt.Sprint("p", i), Options: []string{" a", " bb"}})
	}
	if _, err := s.Do(context.Background(), reqs); !errors.Is(err, ErrBudget) || !strings.Contains(err.Error(), "13 of 13") {
		t.Errorf("%v", err)
	}
	if u := s.Usage(); u.Calls != 13 {
		t.Errorf("%+v, batches of %v", u, e.batches)
	}
	if _, err := s.Do(context.Background(), reqs[:13]); err != nil {
		t.Errorf("what was bought is lost: %v", err)
	}
}
