package decode

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"slm/model"
	"slm/model/kernel"
	"slm/rng"
)

var tiny = model.Config{Vocab: 101, Width: 24, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 6, Hidden: 40, Context: 320, RopeTheta: 10000, NormEps: 1e-5}

// sharp draws a model whose attention and logits are far from uniform, so that a wrong mask or position shows.
func sharp(cfg model.Config) *model.Params {
	p := model.New(cfg, 7)
	for _, t := range p.Tensors() {
		for i := range t.Data {
			if len(t.Shape) == 2 {
				t.Data[i] *= 12
			} else {
				t.Data[i] += 0.1 * float32(math.Sin(float64(i)))
			}
		}
	}
	return p
}

func backend(t testing.TB, name string) kernel.Backend {
	t.Helper()
	be, err := kernel.Open(name)
	if err != nil && name != "go" {
		t.Skipf("no %s here: %v", name, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return be
}

func tokens(seed uint64, n, vocab int) []int32 {
	s := rng.New(seed, "test")
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(s.IntN(vocab))
	}
	return out
}

func relative(t *testing.T, what string, got, want, bound float64) {
	t.Helper()
	if math.Abs(got-want) > bound*max(1, math.Abs(want)) || math.IsNaN(got) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

func TestLogits_EqualThePlainReference(t *testing.T) {
	tied := tiny
	tied.Tied, tied.KVHeads = true, 1
	for _, kernelName := range []string{"go", "onednn-f32"} {
		for _, cfg := range []model.Config{tiny, tied} {
			t.Run(fmt.Sprintf("%s/tied=%v", kernelName, cfg.Tied), func(t *testing.T) {
				p := sharp(cfg)
				d := New(p, backend(t, kernelName))
				for _, n := range []int{1, 2, 17, 64, 65, 300} {
					text := tokens(uint64(n), n, cfg.Vocab)
					got, err := d.Logits(context.Background(), text)
					if err != nil {
						t.Fatal(err)
					}
					for r, row := range plainLogits(p, nil, text) {
						for i, want := range row {
							relative(t, fmt.Sprintf("length %d, logit %d,%d", n, r, i), float64(got[r*cfg.Vocab+i]), want, 1e-4)
						}
					}
				}
			})
		}
	}
}

func TestBF16_StaysNearThePlainReference(t *testing.T) {
	for _, name := range []string{"onednn-bf16", "amx"} {
		t.Run(name, func(t *testing.T) { checkBF16(t, backend(t, name)) })
	}
}

func checkBF16(t *testing.T, be kernel.Backend) {
	t.Helper()
	cfg := tiny
	cfg.Width, cfg.HeadDim = 32, 16
	p := sharp(cfg)
	d := New(p, be)
	text := tokens(3, 270, cfg.Vocab)
	got, err := d.Logits(context.Background(), text)
	if err != nil {
		t.Fatal(err)
	}
	var diff, size float64
	for r, row := range plainLogits(p, nil, text) {
		for i, want := range row {
			diff += math.Pow(float64(got[r*cfg.Vocab+i])-want, 2)
			size += want * want
		}
	}
	if e := math.Sqrt(diff / size); e > 0.03 {
		t.Fatalf("relative error %v", e)
	}
}

// The log-probability that Generate reports comes from cached steps; here it is computed again without a cache.
func TestGenerate_CachedEqualsUncached(t *testing.T) {
	p := sharp(tiny)
	d := New(p, backend(t, "go"))
	var reqs []Request
	for i, n := range []int{1, 3, 64, 200, 5} {
		reqs = append(reqs, Request{Prompt: tokens(uint64(i), n, tiny.Vocab), MaxNew: 20 + i})
	}
	got, err := d.Generate(context.Background(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range got {
		if len(r.Tokens) != reqs[i].MaxNew || r.Stopped {
			t.Fatalf("request %d: %d tokens, stopped %v", i, len(r.Tokens), r.Stopped)
		}
		text := append(slices.Clone(reqs[i].Prompt), r.Tokens...)
		logits, sum := plainLogits(p, nil, text), 0.0
		for j, token := range r.Tokens {
			row := logits[len(reqs[i].Prompt)+j-1]
			sum += plainLogProb(row, token)
			if best := slices.Max(row); best-row[token] > 1e-4*math.Abs(best) {
				t.Fatalf("request %d, token %d: %v is not the largest logit %v", i, j, row[token], best)
			}
		}
		relative(t, fmt.Sprintf("request %d, log-probability", i), r.LogProb, sum, 1e-4)
	}
}

func TestGenerate_BatchedEqualsSingle(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	var reqs []Request
	for i := range 150 { // more than may live at once
		r := Request{Prompt: tokens(uint64(i), 1+i%37, tiny.Vocab), MaxNew: i % 9, Stop: []int32{int32(i % 5)}}
		if i%3 == 0 {
			r.Temperature, r.Stream = 0.8, rng.New(5, "sample").At(uint64(i))
		}
		reqs = append(reqs, r)
	}
	all, err := d.Generate(context.Background(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(reqs); i += 7 {
		one, err := d.Generate(context.Background(), reqs[i:i+1])
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(one[0].Tokens, all[i].Tokens) || one[0].Stopped != all[i].Stopped {
			t.Fatalf("request %d: %v alone, %v in the batch", i, one[0], all[i])
		}
		relative(t, "log-probability", all[i].LogProb, one[0].LogProb, 1e-4)
	}
}

func TestGenerate_AnswersWaitForRoomInTheCache(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	var reqs []Request
	for i := range 9 {
		reqs = append(reqs, Request{Prompt: tokens(uint64(i), 5+i, tiny.Vocab), MaxNew: 4 * (i % 4)})
	}
	want, err := d.Generate(context.Background(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	for _, positions := range []int{1, 20, 40} { // a request that alone is too large runs alone
		d.budget = positions * d.engine.cacheBytes()
		got, err := d.Generate(context.Background(), reqs)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if !slices.Equal(got[i].Tokens, want[i].Tokens) {
				t.Errorf("room for %d, request %d: %v, want %v", positions, i, got[i].Tokens, want[i].Tokens)
			}
		}
	}
}

func TestDecoder_ThreadsChangeNothing(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first []float32
	for _, n := range []int{1, 2, 3} {
		runtime.GOMAXPROCS(n)
		got, err := d.Logits(context.Background(), tokens(1, 290, tiny.Vocab))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if !slices.Equal(first, got) {
			t.Fatalf("%d threads give other bits than one", n)
		}
	}
}

func TestGenerate_SoftTokensEqualTheSameEmbeddings(t *testing.T) {
	p := sharp(tiny)
	d := New(p, backend(t, "go"))
	text := tokens(9, 12, tiny.Vocab)
	var soft []float32
	for _, token := range text[:5] {
		soft = append(soft, p.Embed[int(token)*tiny.Width:(int(token)+1)*tiny.Width]...)
	}
	got, err := d.Generate(context.Background(), []Request{{Prompt: text, MaxNew: 8}, {Prompt: text[5:], Soft: soft, MaxNew: 8}, {Soft: soft, MaxNew: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got[0].Tokens, got[1].Tokens) || got[0].LogProb != got[1].LogProb {
		t.Fatalf("embeddings %v, soft tokens %v", got[0], got[1])
	}
	if len(got[2].Tokens) != 1 {
		t.Fatalf("soft tokens without a prompt gave %v", got[2])
	}
	scores, err := d.Score(context.Background(), []ScoreRequest{{Prefix: text, Continuations: [][]int32{{1, 2, 3}}}, {Prefix: text[5:], Soft: soft, Continuations: [][]int32{{1, 2, 3}}}})
	if err != nil {
		t.Fatal(err)
	}
	relative(t, "score", scores[1][0], scores[0][0], 1e-6)
}

func TestScore_EqualsThePlainReference(t *testing.T) {
	p := sharp(tiny)
	d := New(p, backend(t, "go"))
	var reqs []ScoreRequest
	for i, n := range []int{1, 63, 64, 65, 150, 4} {
		r := ScoreRequest{Prefix: tokens(uint64(i), n, tiny.Vocab)}
		for j, m := range []int{1, 2, 0, 30, 100, 7} { // rows of branches cross the blocks of attention
			r.Continuations = append(r.Continuations, tokens(uint64(100*i+j), m, tiny.Vocab))
		}
		reqs = append(reqs, r)
	}
	reqs = append(reqs, ScoreRequest{Prefix: []int32{5}})
	got, err := d.Score(context.Background(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range reqs {
		if len(got[i]) != len(r.Continuations) {
			t.Fatalf("request %d: %d scores", i, len(got[i]))
		}
		for j, c := range r.Continuations {
			logits, want := plainLogits(p, nil, append(slices.Clone(r.Prefix), c...)), 0.0
			for t, token := range c {
				want += plainLogProb(logits[len(r.Prefix)+t-1], token)
			}
			relative(t, fmt.Sprintf("request %d, continuation %d", i, j), got[i][j], want, 1e-4)
		}
	}
}

func TestScore_DoesNotDependOnTheChunk(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	var reqs []ScoreRequest
	for i := range 40 { // some 4,000 rows: two chunks, several slices of logits
		r := ScoreRequest{Prefix: tokens(uint64(i), 20+i, tiny.Vocab)}
		for j := range 4 {
			r.Continuations = append(r.Continuations, tokens(uint64(1000+4*i+j), 10+5*j, tiny.Vocab))
		}
		reqs = append(reqs, r)
	}
	all, err := d.Score(context.Background(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 17, 39} {
		one, err := d.Score(context.Background(), reqs[i:i+1])
		if err != nil {
			t.Fatal(err)
		}
		for j := range one[0] {
			relative(t, "score", all[i][j], one[0][j], 1e-5)
		}
	}
}

func TestGenerate_StopTokenEndsAnAnswer(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	req := Request{Prompt: tokens(4, 6, tiny.Vocab), MaxNew: 12}
	free, err := d.Generate(context.Background(), []Request{req})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(free[0].Tokens, free[0].Tokens[4])
	req.Stop = []int32{free[0].Tokens[at]}
	got, err := d.Generate(context.Background(), []Request{req})
	if err != nil {
		t.Fatal(err)
	}
	if !got[0].Stopped || !slices.Equal(got[0].Tokens, free[0].Tokens[:at]) {
		t.Fatalf("got %v, want the first %d of %v", got[0], at, free[0].Tokens)
	}
}

func TestGenerate_ContextEndsAnAnswer(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	got, err := d.Generate(context.Background(), []Request{{Prompt: tokens(1, tiny.Context-3, tiny.Vocab), MaxNew: 100}, {Prompt: tokens(1, tiny.Context, tiny.Vocab), MaxNew: 100}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got[0].Tokens) != 3 || len(got[1].Tokens) != 0 || got[0].Stopped {
		t.Fatalf("%d and %d tokens", len(got[0].Tokens), len(got[1].Tokens))
	}
}

func TestDecoder_WhatCannotBeDoneIsRefusedWithItsNumbers(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	long := tokens(1, tiny.Context+1, tiny.Vocab)
	ctx := context.Background()
	generate := func(r Request) error { _, err := d.Generate(ctx, []Request{r}); return err }
	score := func(r ScoreRequest) error { _, err := d.Score(ctx, []ScoreRequest{r}); return err }
	_, logits := d.Logits(ctx, long)
	for _, c := range []struct {
		name  string
		err   error
		want  error
		words []string
	}{
		{"long prompt", generate(Request{Prompt: long, MaxNew: 1}), ErrTooLong, []string{"321", "320"}},
		{"long text", logits, ErrTooLong, []string{"321", "320"}},
		{"long with soft tokens", generate(Request{Prompt: long[1:], Soft: make([]float32, 2*tiny.Width), MaxNew: 1}), ErrTooLong, []string{"322", "320"}},
		{"long continuation", score(ScoreRequest{Prefix: long[:300], Continuations: [][]int32{long[:21]}}), ErrTooLong, []string{"321", "320"}},
		{"empty prompt", generate(Request{MaxNew: 1}), ErrRequest, []string{"empty"}},
		{"empty prefix", score(ScoreRequest{Continuations: [][]int32{{1}}}), ErrRequest, []string{"empty"}},
		{"unknown token", generate(Request{Prompt: []int32{1, 101}, MaxNew: 1}), ErrRequest, []string{"101"}},
		{"negative token", score(ScoreRequest{Prefix: []int32{1}, Continuations: [][]int32{{-1}}}), ErrRequest, []string{"-1"}},
		{"ragged soft tokens", generate(Request{Prompt: []int32{1}, Soft: make([]float32, 7), MaxNew: 1}), ErrRequest, []string{"7", "24"}},
		{"no stream", generate(Request{Prompt: []int32{1}, MaxNew: 1, Temperature: 1}), ErrRequest, []string{"stream"}},
		{"bad temperature", generate(Request{Prompt: []int32{1}, MaxNew: 1, Temperature: math.NaN()}), ErrRequest, []string{"NaN"}},
		{"negative length", generate(Request{Prompt: []int32{1}, MaxNew: -1}), ErrRequest, []string{"-1"}},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v", c.name, c.err)
			continue
		}
		for _, w := range c.words {
			if !strings.Contains(c.err.Error(), w) {
				t.Errorf("%s: %q does not name %s", c.name, c.err, w)
			}
		}
	}
}

// countdown is a context that is cancelled when it has been asked n times.
type countdown struct {
	context.Context
	left *int
}

func (c countdown) Err() error {
	if *c.left--; *c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestGenerate_CancellationStopsInTheMiddle(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	for _, n := range []int{0, 1, 2, 5} {
		left := n
		if _, err := d.Generate(countdown{context.Background(), &left}, []Request{{Prompt: []int32{1}, MaxNew: 100}}); !errors.Is(err, context.Canceled) {
			t.Errorf("Generate after %d checks: %v", n, err)
		}
	}
	for _, n := range []int{0, 1, 2} {
		left := n
		if _, err := d.Score(countdown{context.Background(), &left}, []ScoreRequest{{Prefix: []int32{1}, Continuations: [][]int32{{1, 2}}}}); !errors.Is(err, context.Canceled) {
			t.Errorf("Score after %d checks: %v", n, err)
		}
	}
}

func TestGenerate_SamplingFollowsTheTemperatureAndItsStream(t *testing.T) {
	p := sharp(tiny)
	d := New(p, backend(t, "go"))
	prompt := tokens(2, 4, tiny.Vocab)
	const draws, temperature = 2000, 2.0
	reqs := make([]Request, draws)
	for i := range reqs {
		reqs[i] = Request{Prompt: prompt, MaxNew: 1, Temperature: temperature, Stream: rng.New(1, "draw").At(uint64(i))}
	}
	got, err := d.Generate(context.Background(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]float64, tiny.Vocab)
	for _, r := range got {
		counts[r.Tokens[0]]++
	}
	row := plainLogits(p, nil, prompt)[3]
	for i := range row {
		row[i] /= temperature
	}
	chi := 0.0
	for i := range row {
		want := draws * math.Exp(plainLogProb(row, int32(i)))
		chi += (counts[i] - want) * (counts[i] - want) / max(want, 1)
	}
	// 100 degrees of freedom at most: mean 100, standard deviation 14.
	if chi > 170 {
		t.Fatalf("chi-square %v", chi)
	}
	again, err := d.Generate(context.Background(), reqs[:50])
	if err != nil {
		t.Fatal(err)
	}
	for i := range again {
		if again[i].Tokens[0] != got[i].Tokens[0] {
			t.Fatal("the same streams gave other tokens")
		}
	}
}
