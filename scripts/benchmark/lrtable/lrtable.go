// Package lrtable makes the table behind the default learning rates (docs/learning-rates.md).
package lrtable

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"slm/scripts/benchmark/duel"
	"slm/scripts/benchmark/setup"
)

// Command is the subcommand.
func Command() *cobra.Command {
	return &cobra.Command{
		Use:   "lr-table OPTIMISER WIDTHS RATES",
		Short: "Loss of a short pretraining by optimiser, width and learning rate",
		Long: "The loss at the end of a short pretraining by optimiser, width and learning rate: the table behind the default rates\n" +
			"(docs/learning-rates.md). A run is seven licences, two layers, 200 steps.",
		Example: `  scripts/bench lr-table muon "64 128 256" "4e-3 8e-3"`,
		Args:    cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			return setup.InTemp(cmd.Name(), func(folder string) error {
				slm, err := setup.Slm(cmd.Context(), folder, cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				b := bench{slm: slm, folder: folder, log: cmd.ErrOrStderr()}
				return b.table(cmd.Context(), args[0], strings.Fields(args[1]), strings.Fields(args[2]), cmd.OutOrStdout())
			})
		},
	}
}

// common are the settings of every run.
var common = []string{
	"data.corpus.only=Apache-2.0,MPL-2.0,EPL-2.0,CDDL-1.0,GPL-3.0,LGPL-2.1,OSL-3.0", "data.corpus.dedup.near=0", "data.exam.split.dev=30%",
	"model.layers=2", "model.kv_heads=0", "model.context=128", "tokenizer.train.vocab=1024", "stages.dp.batch=1024", "stages.dp.tokens=200k",
}

type bench struct {
	slm, folder string
	log         io.Writer
}

// table prints a row for each width, a column for each rate, each as soon as it is measured.
func (b bench) table(ctx context.Context, optim string, widths, rates []string, out io.Writer) error {
	fmt.Fprintf(out, "| %s | %s |\n", optim, strings.Join(rates, " | "))
	for _, text := range widths {
		width, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("width %q: %w", text, err)
		}
		row := fmt.Sprintf("| %d |", width)
		for _, rate := range rates {
			loss, err := b.loss(ctx, optim, width, rate)
			if err != nil {
				return fmt.Errorf("%s, width %d, rate %s: %w", optim, width, rate, err)
			}
			row += fmt.Sprintf(" %.2f |", loss)
		}
		fmt.Fprintln(out, row)
	}
	return nil
}

// loss trains once and returns the mean loss of the last tenth of the steps.
func (b bench) loss(ctx context.Context, optim string, width int, rate string) (float64, error) {
	args := []string{"train", "legal", "--dir", b.folder, "--until", "dp", "-o", "jsonl"}
	for _, s := range append(common[:len(common):len(common)],
		fmt.Sprintf("model.width=%d", width), fmt.Sprintf("model.heads=%d", width/32), "stages.dp.optim.name="+optim, "stages.dp.optim.lr="+rate) {
		args = append(args, "-s", s)
	}
	cmd := exec.CommandContext(ctx, b.slm, args...)
	cmd.Stderr = b.log
	events, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	losses, readErr := stepLosses(events)
	if err := cmd.Wait(); err != nil {
		return 0, err
	}
	if readErr != nil {
		return 0, readErr
	}
	return lastTenth(losses)
}

// stepLosses reads the losses of stage dp from a stream of events.
func stepLosses(events io.Reader) (losses []float64, err error) {
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event struct {
			Type, Stage string
			Loss        *float64
		}
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return nil, fmt.Errorf("event %q: %w", lines.Text(), err)
		}
		if event.Type == "step" && event.Stage == "dp" && event.Loss != nil {
			losses = append(losses, *event.Loss)
		}
	}
	return losses, lines.Err()
}

func lastTenth(losses []float64) (float64, error) {
	n := len(losses) / 10
	if n == 0 {
		return 0, fmt.Errorf("%d steps are too few", len(losses))
	}
	return duel.Mean(losses[len(losses)-n:]), nil
}
