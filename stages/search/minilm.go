package search

import (
	"context"
	"errors"

	"slm/model/kernel"
	"slm/retrieve"
	"slm/stages"
)

// miniLMSpec is all-MiniLM-L6-v2 in this process.
var miniLMSpec = EncoderSpec{
	Name:  retrieve.MiniLMName,
	Doc:   "all-MiniLM-L6-v2 in this process, for English; `make setup` fetches it",
	Chars: miniLMChars,
	Start: 1.5,
	Ready: retrieve.MiniLMReady,
	Open:  func(context.Context, Source) (retrieve.Encoder, error) { return opened(retrieve.OpenMiniLM(nil)) },
	Cost:  costOf(retrieve.OpenMiniLM, miniLMChars),
}

// miniLMChars are half of the 256 tokens that it reads: the mean of many says little of any part.
const miniLMChars = 500

// opened is an encoder with the kernel that suits it, whatever the run's is.
func opened(e *retrieve.BERT, err error) (retrieve.Encoder, error) {
	if err != nil {
		return nil, err // and not an interface around a nil pointer
	}
	return e, nil
}

// costOf times an encoder on the beginnings of a few sections, as long as what it encodes at a time.
func costOf(open func(kernel.Backend) (*retrieve.BERT, error), chars int) func(context.Context, *stages.Calibration, int) (stages.Cost, error) {
	return func(ctx context.Context, c *stages.Calibration, texts int) (sum stages.Cost, err error) {
		e, err := open(nil)
		if err != nil {
			return sum, err
		}
		var some []string
		for i := range min(16, c.Domain.Sections.Len()) {
			text := []rune(c.Domain.Sections.At(i).Text)
			some = append(some, string(text[:min(chars, len(text))]))
		}
		seconds, err := c.Once(func() error {
			_, err := e.Sections(ctx, some)
			return err
		})
		sum.Seconds = seconds * float64(texts) / float64(max(1, len(some)))
		return sum, errors.Join(err, e.Close())
	}
}
