package proxy

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"slm/data/tokenizer"
	"slm/model"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/rng"
)

const vocab = 260

// trained is a tokenizer of vocab tokens; other texts make another one.
func trained(t *testing.T, text string) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Train(slices.Values([]string{text}), tokenizer.TrainOptions{Vocab: vocab})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// drawn is a model of random weights, far enough from uniform that a wrong row or position shows. Rows are those of its head.
func drawn(t *testing.T, seed uint64, width, rows int) *decode.Decoder {
	t.Helper()
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	p := model.New(model.Config{Vocab: rows, Width: width, Layers: 2, Heads: 2, KVHeads: 1, HeadDim: width / 2, Hidden: 2 * width, Context: 48, RopeTheta: 10000, NormEps: 1e-5}, seed)
	for _, x := range p.Tensors() {
		if len(x.Shape) == 2 {
			kernel.Scale(x.Data, 12)
		}
	}
	return decode.New(p, be)
}

func joined(t *testing.T, m, plus, minus *decode.Decoder) *Proxy {
	t.Helper()
	tok := trained(t, "one vocabulary for all three")
	p, err := New(Model{"M", m, tok}, Model{"M+", plus, tok}, Model{"M-", minus, tok})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ids(seed uint64, n int) []int32 {
	s := rng.New(seed, "test")
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(s.IntN(vocab))
	}
	return out
}

// The continuations have different lengths, and one is a single token.
var continuations = [][]int32{ids(2, 7), ids(3, 1), ids(4, 12)}

func scored(t *testing.T, p *Proxy, prompts Prompts, by ...Setting) [][]float64 {
	t.Helper()
	got, err := p.Score(context.Background(), prompts, continuations, by...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func written(t *testing.T, p *Proxy, prompts Prompts, by Setting) Result {
	t.Helper()
	got, err := p.Generate(context.Background(), prompts, by, 20, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// alone is what a model says by itself, by the decoder's own ways of scoring and generating.
func alone(t *testing.T, d *decode.Decoder, prompt []int32) ([]float64, []int32) {
	t.Helper()
	scores, err := d.Score(context.Background(), []decode.ScoreRequest{{Prefix: prompt, Continuations: continuations}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := d.Generate(context.Background(), []decode.Request{{Prompt: prompt, MaxNew: 20}})
	if err != nil {
		t.Fatal(err)
	}
	return scores[0], text[0].Tokens
}

func near(t *testing.T, what string, got, want []float64, bound float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= bound*max(1, math.Abs(want[i]))) {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

func TestProxy_IsTheTunedModelWhereTheLargeOneIsTheUntunedOne(t *testing.T) {
	same, plus := drawn(t, 1, 16, vocab), drawn(t, 2, 16, vocab)
	p := joined(t, same, plus, same)
	// The tuned model has a form of its own: the identity needs one prompt of the other two alone.
	prompts := Prompts{Base: ids(1, 9), Tuned: ids(5, 14), Untuned: ids(1, 9)}
	scores, text := alone(t, plus, prompts.Tuned)
	near(t, "scores", scored(t, p, prompts, Setting{Alpha: 1})[0], scores, 1e-5)
	if got := written(t, p, prompts, Setting{Alpha: 1}).Tokens; !slices.Equal(got, text) {
		t.Errorf("wrote %v, M+ writes %v", got, text)
	}
	if half := scored(t, p, prompts, Setting{Alpha: 0.5})[0]; math.Abs(half[2]-scores[2]) < 0.1 {
		t.Error("half the way to M+ is M+ already: the test tells nothing apart")
	}
}

func TestProxy_IsTheLargeModelWithoutAlphaAndWithoutTuning(t *testing.T) {
	m, plus, minus := drawn(t, 3, 24, vocab), drawn(t, 2, 16, vocab), drawn(t, 1, 16, vocab)
	prompts := Same(ids(1, 9))
	scores, text := alone(t, m, prompts.Base)
	for name, c := range map[string]struct {
		p     *Proxy
		alpha float64
	}{"alpha 0": {joined(t, m, plus, minus), 0}, "M+ = M-": {joined(t, m, plus, plus), 1.7}} {
		near(t, name, scored(t, c.p, prompts, Setting{Alpha: c.alpha})[0], scores, 1e-5)
		got := written(t, c.p, prompts, Setting{Alpha: c.alpha})
		if !slices.Equal(got.Tokens, text) || got.Moved != 0 {
			t.Errorf("%s: wrote %v with %d moved, M writes %v", name, got.Tokens, got.Moved, text)
		}
	}
	if got := written(t, joined(t, m, plus, minus), prompts, Setting{Alpha: 1}); slices.Equal(got.Tokens, text) || got.Moved == 0 {
		t.Error("the small models move nothing: the test tells nothing apart")
	}
}

func TestCombine_LogitsAndLogProbabilitiesAgree(t *testing.T) {
	var s, logs step
	for role := range s {
		x := rng.New(uint64(role), "logits")
		s[role], logs[role] = make([]float32, vocab), make([]float32, vocab)
		for i := range s[role] {
			s[role][i] = float32(16*x.Float64() - 8)
		}
		lse := logSumExp(s[role])
		for i, v := range s[role] {
			logs[role][i] = float32(float64(v) - lse)
		}
	}
	for _, alpha := range []float64{0.3, 1, 2} {
		a, b := make([]float64, vocab), make([]float64, vocab)
		s.combine(a, Setting{Alpha: alpha})
		logs.combine(b, Setting{Alpha: alpha})
		la, lb, sum := logSumExp(a), logSumExp(b), 0.0
		for i := range a {
			p, q := math.Exp(a[i]-la), math.Exp(b[i]-lb)
			if sum += p; math.Abs(p-q) > 1e-6 {
				t.Fatalf("alpha %v, token %d: %v by logits, %v by log-probabilities", alpha, i, p, q)
			}
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("probabilities add up to %v", sum)
		}
	}
}

func TestShown_TheWholeVocabularyIsAllLogits(t *testing.T) {
	p := joined(t, drawn(t, 3, 24, vocab), drawn(t, 2, 16, vocab), drawn(t, 1, 16, vocab))
	prompts := Same(ids(1, 9))
	got := scored(t, p, prompts, Setting{Alpha: 1.2}, Setting{Alpha: 1.2, Top: vocab}, Setting{Alpha: 1.2, Top: vocab + 9}, Setting{Alpha: 1.2, Top: 5})
	near(t, "all shown", got[1], got[0], 1e-6)
	near(t, "more than there are", got[2], got[0], 1e-6)
	if math.Abs(got[3][2]-got[0][2]) < 1e-3 {
		t.Error("five tokens tell as much as all: the test tells nothing apart")
	}
	full, shown := written(t, p, prompts, Setting{Alpha: 1.2}), written(t, p, prompts, Setting{Alpha: 1.2, Top: vocab})
	if !slices.Equal(full.Tokens, shown.Tokens) {
		t.Errorf("wrote %v with all shown, %v with all logits", shown.Tokens, full.Tokens)
	}
}

func TestShown_OthersShareTheRestAndAreChosenAboveTauAlone(t *testing.T) {
	logits := []float32{2, 5, 1, 0, 4, -1}
	s := Show(logits, 2)
	if !slices.Equal(s.Tokens, []int32{1, 4}) {
		t.Fatalf("shows %v", s.Tokens)
	}
	out := make([]float64, len(logits))
	none := make([]float32, len(logits))
	s.Combine(out, none, none, 1)
	sum := 0.0
	for _, x := range out {
		sum += math.Exp(x)
	}
	if math.Abs(sum-1) > 1e-9 || out[0] != out[2] || out[0] != out[5] || out[1] <= out[4] {
		t.Errorf("probabilities %v add up to %v", out, sum)
	}
	pull := []float32{0, 0, 0, 9, 0, 0} // tuning wants a token that is not shown
	s.Combine(out, pull, none, 1)
	rest := s.Rest(len(logits))
	if got := s.Best(out, rest-1e-9); got != 3 {
		t.Errorf("below the rest's mass: token %d", got)
	}
	if got := s.Best(out, rest+1e-9); got != 1 {
		t.Errorf("above the rest's mass: token %d", got)
	}
	// Servers round, so that what they show may add up to more than one.
	over := Shown{Tokens: []int32{0}, LogProbs: []float64{0.01}}
	over.Combine(out, none, none, 1)
	if over.Rest(len(logits)) <= 0 || math.IsInf(out[3], 0) || math.IsNaN(out[3]) {
		t.Errorf("rest %v, token %v", over.Rest(len(logits)), out[3])
	}
}

func TestNew_OtherVocabulariesAreRefused(t *testing.T) {
	one, other := trained(t, "one vocabulary for all three"), trained(t, "and a second: zzz zzz zzz")
	d := drawn(t, 1, 16, vocab)
	_, err := New(Model{"the black box", d, one}, Model{"kit", d, other}, Model{"dp", d, other})
	if !errors.Is(err, ErrVocabulary) || !strings.Contains(err.Error(), "the black box") || !strings.Contains(err.Error(), "kit") {
		t.Errorf("another tokenizer: %v", err)
	}
	if _, err = New(Model{"M", d, one}, Model{"kit", drawn(t, 1, 16, vocab-1), one}, Model{"dp", d, one}); !errors.Is(err, ErrVocabulary) {
		t.Errorf("too few rows: %v", err)
	}
}

func TestProxy_PaddingBehindTheVocabularyCountsNothing(t *testing.T) {
	padded := drawn(t, 3, 24, vocab+28)
	p := joined(t, padded, drawn(t, 2, 16, vocab), drawn(t, 1, 16, vocab))
	prompts := Same(ids(1, 9))
	logits, err := padded.Logits(context.Background(), prompts.Base)
	if err != nil {
		t.Fatal(err)
	}
	row := logits[8*(vocab+28):][:vocab]
	got, err := p.Score(context.Background(), prompts, [][]int32{{77}}, Setting{})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "token 77", got[0], []float64{float64(row[77]) - logSumExp(row)}, 1e-5)
}

func TestRerank_RanksByWhatTuningChanged(t *testing.T) {
	plus, minus := drawn(t, 2, 16, vocab), drawn(t, 1, 16, vocab)
	prompts := Prompts{Base: ids(1, 9), Tuned: ids(5, 14), Untuned: ids(1, 9)}
	got, err := joined(t, minus, plus, minus).Rerank(context.Background(), prompts, continuations, 2)
	if err != nil {
		t.Fatal(err)
	}
	with, _ := alone(t, plus, prompts.Tuned)
	without, _ := alone(t, minus, prompts.Untuned)
	for i, c := range continuations {
		with[i] = 2 * (with[i] - without[i]) / float64(len(c))
	}
	near(t, "ranks", got, with, 1e-9)
}

func TestProxy_WhatDoesNotFitIsRefused(t *testing.T) {
	d := drawn(t, 1, 16, vocab)
	p := joined(t, d, d, d)
	ctx := context.Background()
	if _, err := p.Score(ctx, Same(nil), continuations, Setting{}); !errors.Is(err, decode.ErrRequest) {
		t.Errorf("no prompt: %v", err)
	}
	if _, err := p.Score(ctx, Same(ids(1, 40)), continuations, Setting{}); !errors.Is(err, decode.ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
	if _, err := p.Score(ctx, Same([]int32{vocab}), continuations, Setting{}); !errors.Is(err, decode.ErrRequest) {
		t.Errorf("unknown token: %v", err)
	}
	if got, err := p.Score(ctx, Same(ids(1, 9)), [][]int32{nil}, Setting{}); err != nil || got[0][0] != 0 {
		t.Errorf("an empty continuation: %v, %v", got, err)
	}
	if got, err := p.Generate(ctx, Same(ids(1, 45)), Setting{}, 20, nil, nil); err != nil || len(got.Tokens) != 3 || got.Stopped {
		t.Errorf("at the end of the context: %v, %v", got, err)
	}
	if got, err := p.Generate(ctx, Same(ids(1, 48)), Setting{}, 20, nil, nil); err != nil || len(got.Tokens) != 0 {
		t.Errorf("a full context: %v, %v", got, err)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := p.Generate(over, Same(ids(1, 9)), Setting{}, 20, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestGenerate_StopTokenEndsTheAnswer(t *testing.T) {
	d := drawn(t, 1, 16, vocab)
	p := joined(t, d, d, d)
	whole := written(t, p, Same(ids(1, 9)), Setting{}).Tokens
	at := slices.Index(whole, whole[4])
	got, err := p.Generate(context.Background(), Same(ids(1, 9)), Setting{}, 20, whole[4:5], nil)
	if err != nil || !got.Stopped || !slices.Equal(got.Tokens, whole[:at]) {
		t.Errorf("%+v, %v; without a stop %v", got, err, whole)
	}
}
