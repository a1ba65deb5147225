// Package forgetting measures what training on a domain costs elsewhere: how well weights predict a text of another kind, before and after.
package forgetting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"slm/model/decode"
	"slm/model/kernel"
	"slm/model/weights"
	_ "slm/model/weights/formats" // the references
	"slm/scripts/benchmark/setup"
)

// Command is the subcommand.
func Command() *cobra.Command {
	tokens := 0
	cmd := &cobra.Command{
		Use:   "forgetting TEXT WEIGHTS WEIGHTS…",
		Short: "Perplexity on a general text before and after training",
		Long: "Perplexity of weights on a text that none of them was trained on, in float32. The first weights are those that training went on from (gguf:FILE, hf:FOLDER),\n" +
			"the others what came of them (run:RUN/dp, run:RUN/kit): each line tells by how much per cent its perplexity is above the first. All need the same tokens.",
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			return compare(cmd.Context(), string(text), tokens, args[1:], cmd.OutOrStdout())
		},
	}
	cmd.Flags().IntVar(&tokens, "tokens", 20_000, "how much of the text is read at most")
	return cmd
}

// compare prints a line for each of the weights.
func compare(ctx context.Context, text string, most int, references []string, out io.Writer) error {
	be, err := kernel.OpenFloat()
	if err != nil {
		return err
	}
	var first float64
	var same []int32
	for i, reference := range references {
		d, ids, err := read(reference, text, be)
		if err != nil {
			return err
		}
		ids = ids[:min(len(ids), most)]
		if i == 0 {
			same = ids
		} else if !slices.Equal(ids, same) {
			return fmt.Errorf("%s reads the text as other tokens than %s", reference, references[0])
		}
		loss, n, err := setup.MeanLoss(ctx, d, ids)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("the text has %d tokens, less than a window", len(ids))
		}
		if i == 0 {
			first = loss
		}
		fmt.Fprintf(out, "%s: perplexity %.3f on %d tokens, %+.2f %%\n", reference, math.Exp(loss), n, 100*(math.Exp(loss-first)-1))
	}
	return nil
}

// read opens weights and encodes the text with their tokenizer.
func read(reference, text string, be kernel.Backend) (*decode.Decoder, []int32, error) {
	ref, ok, err := weights.Parse(reference)
	if err != nil || !ok {
		return nil, nil, fmt.Errorf("%q names no weights: %w", reference, err)
	}
	src, err := ref.Open()
	if err != nil {
		return nil, nil, err
	}
	p, err := weights.Params(src)
	tok, tokErr := src.Tokenizer()
	if err := errors.Join(err, tokErr, src.Close()); err != nil {
		return nil, nil, err
	}
	return decode.New(p, be), tok.Encode(text), nil
}
