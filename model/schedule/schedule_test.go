package schedule

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"

	"slm/model"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/rng"
)

var tiny = model.Config{Vocab: 101, Width: 32, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 8, Hidden: 48, Context: 320, RopeTheta: 10000, NormEps: 1e-5}

// params draws a model whose attention and logits are far from uniform.
func params() *model.Params {
	p := model.New(tiny, 7)
	for _, t := range p.Tensors() {
		for i := range t.Data {
			if len(t.Shape) == 2 {
				t.Data[i] *= 12
			}
		}
	}
	return p
}

// decoders are ways to decode that are here on every machine, batch-invariant.
func decoders(t testing.TB) map[string]*decode.Decoder {
	t.Helper()
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := decode.NewInt8(params(), be)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*decode.Decoder{"f32": decode.New(params(), be), "int8": bytes}
}

func tokens(s *rng.Stream, n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(s.At(uint64(i)).IntN(tiny.Vocab))
	}
	return out
}

// requests are of all kinds; many begin alike.
func requests(seed uint64, n int) []Request {
	s := rng.New(seed, "requests")
	shared := [][]int32{tokens(s.At(1), 90), tokens(s.At(2), 150)}
	soft := make([]float32, 3*tiny.Width)
	for i := range soft {
		soft[i] = float32(s.At(3).At(uint64(i)).Norm())
	}
	out := make([]Request, n)
	for i := range out {
		c := s.At(uint64(10 + i))
		r := Request{Client: fmt.Sprint(c.IntN(3)), Prompt: tokens(c.At(1), 1+c.At(2).IntN(60)), MaxNew: c.At(3).IntN(12), Seed: uint64(i)}
		if k := c.At(4).IntN(3); k < 2 {
			r.Prompt = slices.Concat(shared[k], r.Prompt)
		}
		if c.At(5).IntN(2) == 0 {
			r.Soft = soft
		}
		switch c.At(6).IntN(3) {
		case 1:
			r.Temperature = 0.8
		case 2:
			r.Temperature, r.TopP = 1.3, 0.7
		}
		switch c.At(7).IntN(4) {
		case 1:
			r.Echo = true
		case 2:
			r.LogProbs = true
		case 3:
			r.Echo, r.Top = true, 3
		}
		if c.At(8).IntN(3) == 0 {
			r.Stop = tokens(c.At(9), 8)
		}
		out[i] = r
	}
	return out
}

func sameAnswer(t *testing.T, what string, got, want Answer) {
	t.Helper()
	if got.Reason != want.Reason || got.New != want.New || got.Read != want.Read {
		t.Fatalf("%s: %+v, want %+v", what, got.Result, want.Result)
	}
	sameToken(t, what+", stop", got.Stop, want.Stop)
	if len(got.Tokens) != len(want.Tokens) {
		t.Fatalf("%s: %d tokens, want %d", what, len(got.Tokens), len(want.Tokens))
	}
	for i := range want.Tokens {
		sameToken(t, fmt.Sprintf("%s, token %d", what, i), got.Tokens[i], want.Tokens[i])
	}
}

func sameToken(t *testing.T, what string, got, want Token) {
	t.Helper()
	if got.ID != want.ID || got.Prompt != want.Prompt || math.Float64bits(got.LogProb) != math.Float64bits(want.LogProb) || !slices.Equal(got.Top, want.Top) {
		t.Fatalf("%s: %+v, want %+v", what, got, want)
	}
}

func TestScheduler_AnswersAsGenerateDoes(t *testing.T) {
	for name, d := range decoders(t) {
		s := New(d, Options{})
		for i, r := range requests(2, 12) {
			r.Temperature, r.Echo, r.LogProbs, r.MaxNew = 0, false, true, 1+r.MaxNew
			want, err := d.Generate(context.Background(), []decode.Request{{Prompt: r.Prompt, Soft: r.Soft, MaxNew: r.MaxNew, Stop: r.Stop}})
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Do(context.Background(), r)
			if err != nil {
				t.Fatal(err)
			}
			var ids []int32
			sum := 0.0
			for _, tok := range got.Tokens {
				ids, sum = append(ids, tok.ID), sum+tok.LogProb
			}
			if want[0].Stopped {
				sum += got.Stop.LogProb
			}
			if !slices.Equal(ids, want[0].Tokens) || math.Float64bits(sum) != math.Float64bits(want[0].LogProb) || (got.Reason == Stop) != want[0].Stopped {
				t.Errorf("%s, request %d: %v with %v, want %+v", name, i, ids, sum, want[0])
			}
		}
		s.Close()
	}
}

func TestScheduler_EchoScoresThePromptAsLogitsDo(t *testing.T) {
	d := decoders(t)["f32"]
	s := New(d, Options{Piece: 10})
	defer s.Close()
	prompt := tokens(rng.New(5, "prompt"), 50)
	logits, err := d.Logits(context.Background(), prompt)
	if err != nil {
		t.Fatal(err)
	}
	for _, fresh := range []int{0, 2} {
		a, err := s.Do(context.Background(), Request{Prompt: prompt, MaxNew: fresh, Echo: true, Top: 2})
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Tokens) != len(prompt)+fresh || !math.IsNaN(a.Tokens[0].LogProb) || a.Reason != Length {
			t.Fatalf("%d tokens, the first one %+v, ended by %s", len(a.Tokens), a.Tokens[0], a.Reason)
		}
		for i, id := range prompt[1:] {
			row := logits[i*tiny.Vocab : (i+1)*tiny.Vocab]
			tok, lse := a.Tokens[i+1], float64(kernel.LogSumExp(row))
			if tok.ID != id || !tok.Prompt || tok.LogProb != float64(row[id])-lse || tok.Top[0].LogProb != float64(slices.Max(row))-lse || tok.Top[1].LogProb > tok.Top[0].LogProb {
				t.Fatalf("token %d: %+v", i+1, tok)
			}
		}
	}
}

func TestScheduler_PromptsThatBeginAlikeAreReadOnce(t *testing.T) {
	d := decoders(t)["f32"]
	s := New(d, Options{Piece: 16})
	defer s.Close()
	shared := tokens(rng.New(1, "shared"), 200)
	var streams []*Stream
	for i := range 8 { // at once: the first reads, the others wait for it
		stream, err := s.Submit(context.Background(), Request{Prompt: slices.Concat(shared, []int32{int32(i)}), MaxNew: 2})
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, stream)
	}
	read := 0
	for _, stream := range streams {
		r, err := stream.Result()
		if err != nil {
			t.Fatal(err)
		}
		read += r.Read - r.Copied
	}
	if most := 201 + 7*leastShared; read > most { // fewer than leastShared are not worth waiting for
		t.Errorf("%d rows are read, want at most %d", read, most)
	}
	later, err := s.Do(context.Background(), Request{Prompt: slices.Concat(shared, []int32{99, 98}), MaxNew: 1})
	if err != nil || later.Copied != 200 {
		t.Errorf("%d rows are copied for a later request, want 200 (%v)", later.Copied, err)
	}
}

func TestSubmit_RefusesWhatDoesNotFit(t *testing.T) {
	d := decoders(t)["f32"]
	s := New(d, Options{Places: 1, Queue: 2, PerClient: 2, Memory: d.SequenceBytes(128)})
	long := Request{Prompt: []int32{1}, MaxNew: 100}
	for what, c := range map[string]struct {
		r    Request
		want error
	}{
		"an empty prompt":      {Request{MaxNew: 1}, decode.ErrRequest},
		"an unknown token":     {Request{Prompt: []int32{-1}}, decode.ErrRequest},
		"a long prompt":        {Request{Prompt: make([]int32, tiny.Context+1)}, decode.ErrTooLong},
		"more than the memory": {Request{Prompt: []int32{1}, MaxNew: 200}, ErrMemory},
		"no temperature":       {Request{Prompt: []int32{1}, Temperature: math.NaN()}, decode.ErrRequest},
		"more than all":        {Request{Prompt: []int32{1}, TopP: 1.1}, decode.ErrRequest},
	} {
		if _, err := s.Submit(context.Background(), c.r); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	hold, release := make(chan struct{}), make(chan struct{})
	blocked := long
	blocked.Until = func(answer []int32) bool {
		if len(answer) == 1 {
			close(hold)
			<-release
		}
		return false
	}
	submit := func(client string, r Request) error {
		r.Client = client
		_, err := s.Submit(context.Background(), r)
		return err
	}
	if err := submit("a", blocked); err != nil {
		t.Fatal(err)
	}
	<-hold
	if err := errors.Join(submit("a", long), submit("b", long)); err != nil {
		t.Fatal(err)
	}
	if err := submit("b", long); !errors.Is(err, ErrBusy) {
		t.Errorf("a third one waits: %v", err)
	}
	if err := submit("c", long); err != nil {
		t.Errorf("a client that has nothing here: %v", err)
	}
	if err := submit("c", long); !errors.Is(err, ErrBusy) {
		t.Errorf("its second one waits: %v", err)
	}
	close(release)
	s.Close()
	if err := submit("c", long); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

func TestDrain_AnswersWhatIsThereAndTakesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(decoders(t)["f32"], Options{Places: 2})
		var streams []*Stream
		for i := range 5 {
			stream, err := s.Submit(context.Background(), Request{Prompt: []int32{int32(i)}, MaxNew: 5})
			if err != nil {
				t.Fatal(err)
			}
			streams = append(streams, stream)
		}
		if err := s.Drain(context.Background()); err != nil {
			t.Fatal(err)
		}
		for _, stream := range streams {
			if r, err := stream.Result(); err != nil || r.New != 5 {
				t.Errorf("%+v, %v", r, err)
			}
		}
	}) // which fails if a goroutine is left
}
