// Command benchmark holds the measurements of this program, most of them beside another program, a subcommand each. scripts/bench starts it.
// A new one is a package with a Command and its line here.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"slm/scripts/benchmark/bo"
	"slm/scripts/benchmark/bpo"
	"slm/scripts/benchmark/corpus"
	"slm/scripts/benchmark/embed"
	"slm/scripts/benchmark/forgetting"
	"slm/scripts/benchmark/infer"
	"slm/scripts/benchmark/licenses"
	"slm/scripts/benchmark/lrtable"
	"slm/scripts/benchmark/proxytuning"
	"slm/scripts/benchmark/ranks"
	"slm/scripts/benchmark/reason"
	"slm/scripts/benchmark/serve"
	"slm/scripts/benchmark/statutes"
	"slm/scripts/benchmark/summaries"
	"slm/scripts/benchmark/tasks"
	"slm/scripts/benchmark/tokenizer"
	"slm/scripts/benchmark/train"
)

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use: "bench", Short: "The benchmarks of this program", SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	cmd.AddCommand(bo.Command(), bpo.Command(), corpus.Command(), embed.Command(), forgetting.Command(), infer.Command(), licenses.Command(), lrtable.Command(), proxytuning.Command(), ranks.Command(), reason.Command(), serve.Command(), statutes.Command(), summaries.Command(), tasks.Command(), tokenizer.Command(), train.Command())
	return cmd
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if cmd, err := root().ExecuteContextC(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", cmd.CommandPath(), err)
		os.Exit(1)
	}
}
