package decode

import (
	"context"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"slm/model"
	"slm/model/kernel"
)

// wideHeads has heads of 64, which the assembly of DecodeAttention takes, and groups of query heads.
var wideHeads = model.Config{Vocab: 130, Width: 96, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 64, Hidden: 160, Context: 700, RopeTheta: 10000, NormEps: 1e-5, Tied: true}

// decoders are all ways to decode that must be batch-invariant.
func decoders(t *testing.T, cfg model.Config) map[string]*Decoder {
	t.Helper()
	all := map[string]*Decoder{}
	p := sharp(cfg)
	for _, name := range []string{"amx", "amx-f32", "amx-bf16x3", "go"} {
		be, err := kernel.Open(name)
		if err != nil {
			continue // no AMX here
		}
		all[name] = New(p, be)
		if all[Int8Name(be)], err = NewInt8(p, be); err != nil {
			t.Fatal(err)
		}
		if cfg.Width%kernel.BlockTerms == 0 {
			q, rows := inBlocks(t, p)
			if all[FileName(be)], err = NewFile(q, be, rows); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

func mixedRequests(n, vocab int) []Request {
	var reqs []Request
	for i := range n {
		reqs = append(reqs, Request{Prompt: tokens(uint64(i), 1+i*11%70, vocab), MaxNew: 3 + i%9})
	}
	reqs[2].Prompt = tokens(99, 300, vocab) // tiles of rows
	return reqs
}

func sameBits(t *testing.T, what string, got, want Result) {
	t.Helper()
	if !slices.Equal(got.Tokens, want.Tokens) || math.Float64bits(got.LogProb) != math.Float64bits(want.LogProb) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

func TestDecoder_NoBatchChangesABit(t *testing.T) {
	for _, cfg := range []model.Config{tiny, wideHeads} {
		for name, d := range decoders(t, cfg) {
			reqs := mixedRequests(40, cfg.Vocab)
			all, err := d.Generate(context.Background(), reqs)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range [][2]int{{0, 1}, {2, 3}, {1, 4}, {5, 14}, {30, 40}} {
				some, err := d.Generate(context.Background(), reqs[part[0]:part[1]])
				if err != nil {
					t.Fatal(err)
				}
				for i, r := range some {
					sameBits(t, name, r, all[part[0]+i])
				}
			}
		}
	}
}

func TestDecoder_NumbersOfThreadsChangeNoBit(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for name, d := range decoders(t, wideHeads) {
		reqs := mixedRequests(70, wideHeads.Vocab) // enough for two threads to take rows apart, too few for three
		var first []Result
		for n := 1; n <= 3; n++ {
			runtime.GOMAXPROCS(n)
			got, err := d.Generate(context.Background(), reqs)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = got
			}
			for i := range got {
				sameBits(t, name, got[i], first[i])
			}
		}
	}
}

func TestInt8_StaysNearThePlainReference(t *testing.T) {
	for _, cfg := range []model.Config{tiny, wideHeads} {
		p := sharp(cfg)
		for name, d := range decoders(t, cfg) {
			if !strings.HasSuffix(name, "+int8") {
				continue
			}
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
			if e := math.Sqrt(diff / size); e > 0.1 || e == 0 {
				t.Errorf("%s: relative error %v", name, e)
			}
		}
	}
}

func TestNames_OfArithmeticDiffer(t *testing.T) {
	be := backend(t, "go")
	names := []string{be.Name(), Int8Name(be), FileName(be)}
	if slices.Sort(names); len(slices.Compact(names)) != 3 {
		t.Errorf("two are the same: %q", names)
	}
}

// Factors go from a matrix into what feeds it, and the network stays what it was.
func TestNewInt8_BalancedWeightsAreTheSameNetwork(t *testing.T) {
	spread := func(w []float32, k int) float64 { // largest column by smallest, but for zeros
		least, most := math.Inf(1), 0.0
		for j := range k {
			sum := 0.0
			for at := j; at < len(w); at += k {
				sum += math.Abs(float64(w[at]))
			}
			if sum > 0 {
				least, most = min(least, sum), max(most, sum)
			}
		}
		return most / least
	}
	for _, cfg := range []model.Config{tiny, wideHeads} {
		p := sharp(cfg)
		q := *p
		q.Layers = nil
		for i := range p.Layers {
			down := p.Layers[i].Down
			for j := range down { // columns of all sizes, one of zeros
				down[j] *= float32(j % cfg.Hidden)
			}
			l := balanced(cfg, p.Layers[i])
			if before, after := spread(down, cfg.Hidden), spread(l.Down, cfg.Hidden); after > math.Pow(before, 0.8) {
				t.Errorf("columns differ by a factor of %g, before %g", after, before)
			}
			q.Layers = append(q.Layers, l)
		}
		text := tokens(3, 40, cfg.Vocab)
		want := plainLogits(p, nil, text)
		for r, row := range plainLogits(&q, nil, text) {
			for i, got := range row {
				relative(t, "logit", got, want[r][i], 1e-4)
			}
		}
	}
}
