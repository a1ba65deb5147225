package infer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"slm/data/corpus"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/model/weights"
	"slm/scripts/benchmark/setup"
)

// comparePerplexity prints how much perplexity each of our formats has on licence text, and how much it loses to float32.
func comparePerplexity(ctx context.Context, file string, tokens int, out io.Writer) error {
	p, f, err := openParams(file, weights.Params)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	tok, err := f.Tokenizer()
	if err != nil {
		return err
	}
	sections, _, err := corpus.Sections(corpus.Options{From: corpus.Licenses, Exact: true, Near: 0.8})
	if err != nil {
		return err
	}
	var text []int32
	for s, err := range sections {
		if err != nil {
			return err
		}
		if text = append(text, tok.Encode(s.Text+"\n")...); len(text) >= tokens {
			break
		}
	}
	plain, err := kernel.Open("onednn-f32")
	if err != nil {
		plain, err = kernel.Open("go")
	}
	best, bestErr := kernel.Open("")
	if err := errors.Join(err, bestErr); err != nil {
		return err
	}
	eight, err := decode.NewInt8(p, best)
	if err != nil {
		return err
	}
	type format struct {
		name    string
		decoder *decode.Decoder
	}
	formats := []format{{plain.Name(), decode.New(p, plain)}, {best.Name(), decode.New(p, best)}, {decode.Int8Name(best), eight}}
	if d, err := decode.NewFile(p, best, f.Rows); err == nil { // else the file's matrices are no blocks
		formats = append(formats, format{decode.FileName(best), d})
	}
	first := 0.0
	for _, format := range formats {
		loss, _, err := setup.MeanLoss(ctx, format.decoder, text)
		if err != nil {
			return err
		}
		if first == 0 {
			first = loss
		}
		fmt.Fprintf(out, "%s: perplexity %.4f on %d tokens, %+.3f %%\n", format.name, math.Exp(loss), len(text), 100*(math.Exp(loss-first)-1))
	}
	return nil
}
