package schedule

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"slm/model/decode"
	"slm/model/kernel"
	"slm/rng"
)

// alone answers each request on a scheduler of its own.
func alone(t *testing.T, d *decode.Decoder, piece int, reqs []Request) []Answer {
	t.Helper()
	var out []Answer
	for _, r := range reqs {
		s := New(d, Options{NoPrefixes: true, Piece: piece})
		a, err := s.Do(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		out = append(out, a)
	}
	return out
}

func TestScheduler_AnswersHaveTheSameBitsInAnyCompany(t *testing.T) {
	for name, d := range decoders(t) {
		reqs := requests(1, 40)
		want := alone(t, d, 7, reqs)
		for seed := range uint64(4) {
			chance := rng.New(seed, "company")
			opt := Options{
				Places: 1 + chance.At(1).IntN(20), Piece: 1 + chance.At(2).IntN(100), Queue: 100, NoPrefixes: seed == 3,
				Memory: d.SequenceBytes(tiny.Context) * (1 + chance.At(3).IntN(12)), // at times too little for all, or for kept prompts
			}
			company(t, fmt.Sprintf("%s, seed %d", name, seed), d, opt, reqs, want)
		}
	}
}

// Where bits depend on what is computed together, nothing is, and prompts are cut where they always are.
func TestScheduler_WithoutInvariantProductsRequestsTakeTurns(t *testing.T) {
	be, err := kernel.Open("onednn-f32")
	if err != nil {
		t.Skipf("no oneDNN here: %v", err)
	}
	d := decode.New(params(), be)
	reqs := requests(3, 20)
	want := alone(t, d, 16, reqs)
	for seed := range uint64(2) {
		company(t, fmt.Sprintf("seed %d", seed), d, Options{Places: 8, Queue: 50, Piece: 16, NoPrefixes: seed == 1}, reqs, want)
	}
}

// company has requests answered among others that come and go, in an order and with pauses by chance.
func company(t *testing.T, name string, d *decode.Decoder, opt Options, reqs []Request, want []Answer) {
	t.Helper()
	chance := rng.New(uint64(opt.Piece), "company", name)
	s := New(d, opt)
	var wg sync.WaitGroup
	for n, i := range chance.At(4).Perm(len(reqs)) {
		c := chance.At(uint64(100 + n))
		if c.IntN(4) == 0 { // somebody comes and goes
			ctx, cancel := context.WithCancelCause(context.Background())
			gone := errors.New("gone")
			stream, err := s.Submit(ctx, reqs[i])
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				for range c.At(1).IntN(4) {
					stream.Next()
				}
				cancel(gone)
				if _, err := stream.Result(); err != nil && !errors.Is(err, gone) {
					t.Errorf("cancelled request: %v", err)
				}
			})
		}
		stream, err := s.Submit(context.Background(), reqs[i])
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			var a Answer
			for tok := range stream.Tokens() {
				a.Tokens = append(a.Tokens, tok)
			}
			if a.Result, err = stream.Result(); err != nil {
				t.Error(err)
				return
			}
			sameAnswer(t, fmt.Sprintf("%s, %+v, request %d", name, opt, i), a, want[i])
		})
		if c.At(2).IntN(3) == 0 {
			runtime.Gosched()
		}
	}
	wg.Wait()
	if st := s.Stats(); st.Live != 0 || st.Waiting != 0 || st.Bytes > s.opt.Memory || st.Answered < uint64(len(reqs)) {
		t.Errorf("%s: places leak: %+v", name, st)
	}
	s.Close()
	if st := s.Stats(); st.Bytes != 0 || st.Kept != 0 {
		t.Errorf("%s: memory leaks: %+v", name, st)
	}
}
