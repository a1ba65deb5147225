package decode

import (
	"context"
	"testing"

	"slm/model"
	"slm/model/kernel"
)

// small is a domain model of the size that recipes train, large SmolLM2-135M's shape.
var (
	small = model.Config{Vocab: 4096, Width: 256, Layers: 6, Heads: 4, KVHeads: 4, HeadDim: 64, Hidden: 704, Context: 512, RopeTheta: 10000, NormEps: 1e-5, Tied: true}
	large = model.Config{Vocab: 49152, Width: 576, Layers: 30, Heads: 9, KVHeads: 3, HeadDim: 64, Hidden: 1536, Context: 2048, RopeTheta: 100000, NormEps: 1e-5, Tied: true}
)

func benchDecoder(b *testing.B, cfg model.Config) *Decoder {
	b.Helper()
	be, err := kernel.Open("")
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("kernel %s, %d parameters", be.Name(), cfg.Count())
	return New(model.New(cfg, 1), be)
}

func benchGenerate(b *testing.B, cfg model.Config, sequences, prompt, fresh int) {
	d := benchDecoder(b, cfg)
	reqs := make([]Request, sequences)
	for i := range reqs {
		reqs[i] = Request{Prompt: tokens(uint64(i), prompt, cfg.Vocab), MaxNew: fresh}
	}
	for b.Loop() {
		if _, err := d.Generate(context.Background(), reqs); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*sequences*fresh)/b.Elapsed().Seconds(), "new-tokens/s")
}

func benchScore(b *testing.B, cfg model.Config, requests, prefix, continuation int) {
	d := benchDecoder(b, cfg)
	reqs := make([]ScoreRequest, requests)
	for i := range reqs {
		reqs[i].Prefix = tokens(uint64(i), prefix, cfg.Vocab)
		for j := range 4 {
			reqs[i].Continuations = append(reqs[i].Continuations, tokens(uint64(4*i+j+1000), continuation, cfg.Vocab))
		}
	}
	for b.Loop() {
		if _, err := d.Score(context.Background(), reqs); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*requests*(prefix+4*continuation))/b.Elapsed().Seconds(), "tokens/s")
}

func BenchmarkGenerateSmall64(b *testing.B) { benchGenerate(b, small, 64, 32, 96) }
func BenchmarkGenerateSmall1(b *testing.B)  { benchGenerate(b, small, 1, 32, 96) }
func BenchmarkScoreSmall(b *testing.B)      { benchScore(b, small, 64, 100, 40) }
func BenchmarkScoreLarge(b *testing.B)      { benchScore(b, large, 16, 150, 30) }
func BenchmarkGenerateLarge1(b *testing.B)  { benchGenerate(b, large, 1, 32, 16) }
func BenchmarkGenerateLarge32(b *testing.B) { benchGenerate(b, large, 32, 32, 16) }
