package proxy

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"slm/model/decode"
)

// window shows the k likeliest tokens of a model, as its server would.
type window struct {
	d     *decode.Decoder
	k     int
	calls int
	fail  error
	short bool // it tells of a place too few
}

func (w *window) Show(ctx context.Context, texts []Text) ([][]Shown, error) {
	out := make([][]Shown, len(texts))
	for i, t := range texts {
		if w.calls++; w.fail != nil {
			return nil, w.fail
		}
		all := slices.Concat(t.Prompt, t.Along)
		logits, err := w.d.Logits(ctx, all)
		if err != nil {
			return nil, err
		}
		rows := w.d.Config().Vocab
		for k := range max(1, len(t.Along)) {
			out[i] = append(out[i], Show(logits[(len(t.Prompt)-1+k)*rows:][:vocab], w.k))
		}
		if w.short {
			out[i] = out[i][1:]
		}
	}
	return out, nil
}

func away(t *testing.T, w *window, plus, minus *decode.Decoder) *Proxy {
	t.Helper()
	tok := trained(t, "one vocabulary for all three")
	p, err := NewFar(w, Model{"M+", plus, tok}, Model{"M-", minus, tok})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFar_IsTheModelHereForEveryNumberOfShownTokens(t *testing.T) {
	m, plus, minus := drawn(t, 3, 24, vocab+28), drawn(t, 2, 16, vocab), drawn(t, 1, 16, vocab)
	here, prompts := joined(t, m, plus, minus), Prompts{Base: ids(1, 9), Tuned: ids(5, 14), Untuned: ids(1, 9)}
	for _, k := range []int{5, vocab} {
		there := away(t, &window{d: m, k: k}, plus, minus)
		for _, by := range []Setting{{Alpha: 1, Tau: 0.5}, {Alpha: 1.5, Tau: 1}} {
			in := by
			in.Top = k
			near(t, "scores", scored(t, there, prompts, by)[0], scored(t, here, prompts, in)[0], 1e-6)
			got, want := written(t, there, prompts, by), written(t, here, prompts, in)
			if !slices.Equal(got.Tokens, want.Tokens) || got.Moved != want.Moved {
				t.Errorf("k %d, %+v: wrote %v, here %v", k, by, got, want)
			}
		}
	}
}

func TestFar_HasTheIdentities(t *testing.T) {
	m, plus, minus := drawn(t, 3, 24, vocab), drawn(t, 2, 16, vocab), drawn(t, 1, 16, vocab)
	prompts := Prompts{Base: ids(1, 9), Tuned: ids(5, 14), Untuned: ids(1, 9)}
	scores, text := alone(t, m, prompts.Base)
	for name, c := range map[string]struct {
		p     *Proxy
		alpha float64
	}{"alpha 0": {away(t, &window{d: m, k: 7}, plus, minus), 0}, "M+ = M-": {away(t, &window{d: m, k: vocab}, plus, plus), 1.7}} {
		same := Same(prompts.Base)
		if got := written(t, c.p, same, Setting{Alpha: c.alpha, Tau: 0.9}); !slices.Equal(got.Tokens, text) || got.Moved != 0 {
			t.Errorf("%s: wrote %v, M writes %v", name, got, text)
		}
	}
	near(t, "M+ = M-", scored(t, away(t, &window{d: m, k: vocab}, plus, plus), Same(prompts.Base), Setting{Alpha: 1.7})[0], scores, 1e-5)
	scores, text = alone(t, plus, prompts.Tuned)
	p := away(t, &window{d: minus, k: vocab}, plus, minus)
	near(t, "M = M-", scored(t, p, prompts, Setting{Alpha: 1})[0], scores, 1e-5)
	if got := written(t, p, prompts, Setting{Alpha: 1}).Tokens; !slices.Equal(got, text) {
		t.Errorf("M = M-: wrote %v, M+ writes %v", got, text)
	}
}

func TestFar_IsAskedOnceATokenAndOnceAContinuation(t *testing.T) {
	d, w := drawn(t, 1, 16, vocab), &window{k: 5}
	w.d = d
	p := away(t, w, d, d)
	written(t, p, Same(ids(1, 9)), Setting{Alpha: 1})
	if w.calls != 20 {
		t.Errorf("%d calls for 20 tokens", w.calls)
	}
	w.calls = 0
	scored(t, p, Same(ids(1, 9)), Setting{Alpha: 1}, Setting{Alpha: 2})
	if w.calls != len(continuations) {
		t.Errorf("%d calls for %d continuations", w.calls, len(continuations))
	}
}

func TestFar_FailuresAreToldAndNotAnswered(t *testing.T) {
	d := drawn(t, 1, 16, vocab)
	broken := errors.New("it is away")
	for want, w := range map[string]*window{"it is away": {d: d, k: 5, fail: broken}, "0 places of a text of 1": {d: d, k: 5, short: true}} {
		p := away(t, w, d, d)
		if _, err := p.Generate(context.Background(), Same(ids(1, 9)), Setting{Alpha: 1}, 3, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("written: %v, want %q", err, want)
		}
		if _, err := p.Score(context.Background(), Same(ids(1, 9)), [][]int32{{1}}, Setting{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("scored: %v, want %q", err, want)
		}
	}
	one, other := trained(t, "one vocabulary for all three"), trained(t, "and a second: zzz zzz zzz")
	if _, err := NewFar(&window{}, Model{"kit", d, one}, Model{"dp", d, other}); !errors.Is(err, ErrVocabulary) {
		t.Errorf("small models of two vocabularies: %v", err)
	}
}

func TestShown_WhereNothingCanBeToldAllTokensMayBeWritten(t *testing.T) {
	none, out := make([]float32, 4), make([]float64, 4)
	s := Shown{}
	s.Combine(out, []float32{0, 0, 9, 0}, none, 1)
	if got := s.Best(out, 1); got != 2 {
		t.Errorf("token %d", got)
	}
}
