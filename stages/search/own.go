package search

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"slm/model/bag"
	"slm/model/kernel"
	"slm/retrieve"
	"slm/stages"
	"slm/stages/domain"
)

// ownSpec is the encoder that stage dp has trained.
var ownSpec = EncoderSpec{
	Name: "own", Doc: "the run's own, which stage dp trains (stages.dp.mix.contrast)", Chars: ownChars, Taught: true, Start: 0.7,
	Check: func(s stages.Settings) error {
		if stages.Get[float64](s, "stages.dp.mix.contrast") == 0 && !s.Off(stages.DP) { // then it goes with the stage
			return errors.New("own is trained by stage dp: give stages.dp.mix.contrast, about 20")
		}
		return nil
	},
	Open: func(_ context.Context, from Source) (retrieve.Encoder, error) {
		path := filepath.Join(from.Dir(stages.DP), domain.EncoderFile)
		p, _, err := bag.Read(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("search: %s is not there: the run has trained no encoder (stages.dp.mix.contrast)", path)
		}
		if err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		return own{p}, nil
	},
	Cost: func(context.Context, *stages.Calibration, int) (stages.Cost, error) { return stages.Cost{}, nil }, // a second for 50,000 texts
}

// ownChars is the longest text that is encoded at once. The mean of a longer one says little of any of its parts.
const ownChars = 1200

// own encodes sections and questions alike. A text's vector does not depend on what is encoded beside it, nor on the backend.
type own struct{ params *bag.Params }

func (own) Name() string { return "own" }
func (e own) Dim() int   { return e.params.Config.Width }
func (own) Close() error { return nil }

func (e own) Sections(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	kernel.Parallel(len(texts), func(i int) { out[i] = e.params.Encode(texts[i]) })
	return out, context.Cause(ctx)
}

func (e own) Questions(ctx context.Context, texts []string) ([][]float32, error) {
	return e.Sections(ctx, texts)
}
