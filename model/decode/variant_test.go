package decode

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"slm/model"
	"slm/model/kernel"
)

// variants are the architectures, and each trait by itself.
func variants() map[string]model.Config {
	with := func(v model.Variant) model.Config {
		c := tiny
		c.Width, c.HeadDim, c.Layers, c.Hidden, c.Vocab, c.Variant = 32, 8, 3, 64, 61, v
		return c
	}
	gemma2 := model.Variant{PostNorm: true, GELU: true, EmbedScale: math.Sqrt(32), QueryScale: 0.3, ScoreCap: 4, LogitCap: 3, Window: 40, GlobalEvery: 2}
	gemma3 := model.Variant{HeadNorm: true, PostNorm: true, GELU: true, EmbedScale: math.Sqrt(32), Window: 30, GlobalEvery: 3, WindowTheta: 100, RopeLinear: 8}
	tied := with(gemma3)
	tied.Tied = true
	return map[string]model.Config{
		"qwen2": with(model.Variant{Bias: true}), "qwen3": with(model.Variant{HeadNorm: true}), "gemma2": with(gemma2), "gemma3": tied,
		"mistral": with(model.Variant{Window: 7}), "llama3": with(model.Variant{RopeFactors: true}),
	}
}

// bent is sharp with factors of wavelengths that are no accident.
func bent(c model.Config) *model.Params {
	p := sharp(c)
	for i := range p.RopeFactors {
		p.RopeFactors[i] = float32(1 + 3*i)
	}
	return p
}

func eachVariant(t *testing.T, f func(t *testing.T, p *model.Params, be kernel.Backend, bound float64)) {
	for name, c := range variants() {
		for _, k := range []string{"go", "onednn-f32"} {
			t.Run(name+"/"+k, func(t *testing.T) { f(t, bent(c), backend(t, k), 2e-4) })
		}
	}
}

// The lengths take every path: few rows, many, blocks of attention that begin outside a window.
func TestVariant_LogitsEqualThePlainReference(t *testing.T) {
	eachVariant(t, func(t *testing.T, p *model.Params, be kernel.Backend, bound float64) {
		d := New(p, be)
		for _, n := range []int{1, 65, 260} {
			text := tokens(uint64(n), n, p.Config.Vocab)
			got, err := d.Logits(context.Background(), text)
			if err != nil {
				t.Fatal(err)
			}
			for r, row := range plainLogits(p, nil, text) {
				for i, want := range row {
					relative(t, fmt.Sprintf("length %d, logit %d,%d", n, r, i), float64(got[r*p.Config.Vocab+i]), want, bound)
				}
			}
		}
	})
}

// The requests go together, and many enough that steps take the way of a thread for itself, too.
func TestVariant_CachedStepsEqualThePlainReference(t *testing.T) {
	eachVariant(t, func(t *testing.T, p *model.Params, be kernel.Backend, bound float64) {
		for _, many := range []int{2, 70} {
			var reqs []Request
			for i := range many {
				reqs = append(reqs, Request{Prompt: tokens(uint64(i), 3+i%2*60, p.Config.Vocab), MaxNew: 12})
			}
			got, err := New(p, be).Generate(context.Background(), reqs)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range got[:2] {
				logits, sum := plainLogits(p, nil, append(slices.Clone(reqs[i].Prompt), r.Tokens...)), 0.0
				for j, token := range r.Tokens {
					row := logits[len(reqs[i].Prompt)+j-1]
					sum += plainLogProb(row, token)
					if best := slices.Max(row); best-row[token] > bound*math.Abs(best) {
						t.Fatalf("request %d, token %d: %v is not the largest logit %v", i, j, row[token], best)
					}
				}
				relative(t, fmt.Sprintf("request %d of %d, log-probability", i, many), r.LogProb, sum, bound)
			}
		}
	})
}

func TestVariant_ScoresEqualThePlainReference(t *testing.T) {
	eachVariant(t, func(t *testing.T, p *model.Params, be kernel.Backend, bound float64) {
		r := ScoreRequest{Prefix: tokens(1, 50, p.Config.Vocab), Continuations: [][]int32{tokens(2, 3, p.Config.Vocab), tokens(3, 70, p.Config.Vocab), tokens(4, 1, p.Config.Vocab)}}
		got, err := New(p, be).Score(context.Background(), []ScoreRequest{r})
		if err != nil {
			t.Fatal(err)
		}
		for j, c := range r.Continuations {
			logits, want := plainLogits(p, nil, append(slices.Clone(r.Prefix), c...)), 0.0
			for i, token := range c {
				want += plainLogProb(logits[len(r.Prefix)+i-1], token)
			}
			relative(t, fmt.Sprintf("continuation %d", j), got[0][j], want, bound)
		}
	})
}

func TestVariant_BytesAndBlocksStayNearThePlainReference(t *testing.T) {
	for name, c := range variants() {
		p := bent(c)
		be := backend(t, "go")
		eight, err := NewInt8(p, be)
		if err != nil {
			t.Fatal(err)
		}
		q, rows := inBlocks(t, p)
		q.RopeFactors = p.RopeFactors
		file, err := NewFile(q, be, rows)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{33, 260} {
			text := tokens(uint64(n), n, c.Vocab)
			for _, side := range []struct {
				d     *Decoder
				p     *model.Params
				bound float64
			}{{eight, p, 0.08}, {file, q, 2e-3}} {
				got, err := side.d.Logits(context.Background(), text)
				if err != nil {
					t.Fatal(err)
				}
				diff, size := 0.0, 0.0
				for r, row := range plainLogits(side.p, nil, text) {
					for i, want := range row {
						diff += math.Pow(float64(got[r*c.Vocab+i])-want, 2)
						size += want * want
					}
				}
				if e := math.Sqrt(diff / size); !(e < side.bound) {
					t.Errorf("%s, %d tokens: relative error %v", name, n, e)
				}
			}
		}
	}
}
