// Package bo compares this program's Bayesian optimisation with BoTorch's: the same test functions, the same first ten points, the
// same noise, as many evaluations. It prints the median regret of both and the ratio of processor time a step.
package bo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"slm/scripts/benchmark/setup"
)

// options are the flags.
type options struct {
	functions []string
	seeds     int
	first     uint64
	method    string
	format    string
	keep      string
}

// Command is the subcommand.
func Command() *cobra.Command {
	python := setup.Python{Venv: "venv-bo", Packages: []string{"torch==2.15.0", "botorch==0.18.1"}}
	var o options
	cmd := &cobra.Command{
		Use:   "bo",
		Short: "Regret and time of the prompt search's optimiser beside BoTorch's",
		Long: "Regret and time of the prompt search's optimiser beside BoTorch's, on four test functions, each exact and seen through 40 right or wrong\n" +
			"answers: 20 seeds, 50 evaluations. An hour and more, nearly all of it BoTorch's. --python none leaves BoTorch out.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b := &bench{sides: []side{ours{o.method}}, log: cmd.ErrOrStderr()}
			if python.Given != "none" {
				path, err := python.Path(cmd.Context(), cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				p, err := startPeer(cmd.Context(), path)
				if err != nil {
					return err
				}
				defer p.Stop()
				b.sides = append(b.sides, p)
			}
			return o.run(cmd.Context(), b, cmd.OutOrStdout())
		},
	}
	python.AddFlag(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&o.functions, "functions", settingNames(), "which functions; -b40 means binomial noise of 40 questions")
	f.IntVar(&o.seeds, "seeds", 20, "searches a function")
	f.Uint64Var(&o.first, "first", 0, "the first seed")
	f.StringVar(&o.method, "method", "", "of ours: log_ei, noisy_log_ei, ucb, thompson or turbo (default: that of the prompt search)")
	f.StringVarP(&o.format, "output", "o", "text", "text or json")
	f.StringVar(&o.keep, "keep", "", "a file of BoTorch's finished searches: taken from there, and added to it")
	return cmd
}

func (o *options) run(ctx context.Context, b *bench, out io.Writer) error {
	if o.keep != "" {
		if err := b.open(o.keep); err != nil {
			return err
		}
	}
	var lines []line
	for _, s := range settings() {
		if !slices.Contains(o.functions, s.name()) {
			continue
		}
		l, err := b.compare(ctx, s, o.first, o.seeds)
		if err != nil {
			return err
		}
		lines = append(lines, l)
		if o.format == "text" {
			l.print(out)
		}
	}
	if len(lines) == 0 {
		return fmt.Errorf("no function is called %s; there are %s", strings.Join(o.functions, ","), strings.Join(settingNames(), ", "))
	}
	if o.format == "json" {
		return json.NewEncoder(out).Encode(map[string]any{"functions": lines})
	}
	return nil
}
