package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/pipeline/export"
	"slm/pipeline/rundir"
)

func newExport(a *app) *cobra.Command {
	var stage, to string
	var force bool
	cmd := &cobra.Command{
		Use: "export RUN --to TARGET", GroupID: "use", Args: exact(1, "a run"),
		Short: "Write the small model for transformers, llama.cpp or Ollama",
		Long: "Writes the small model of a run and its tokenizer, with a model card, a chat template and an Ollama Modelfile. TARGET is " + strings.Join(export.Targets(), " or ") +
			". A folder opens with AutoModelForCausalLM and AutoTokenizer; a file opens with llama.cpp, and the card and the Modelfile lie beside it. " +
			"What the target has is whole or not there. The soft prompt of stage bpo is no part of the weights and stays behind: the card says how to ask the model without it." +
			exits(exitCheckpoint),
		Example: "  slm export legal --to hf:legal-model\n  slm export legal --stage dp --to gguf:legal.gguf:q8_0",
		RunE: func(_ *cobra.Command, args []string) error {
			return a.export(args[0], to, export.Options{Stage: stage, Force: force, Versions: versions()})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "where to, and in which type (without one: f32), by `TARGET`")
	cmd.Flags().StringVar(&stage, "stage", "", "the stage whose model is meant, by `NAME`: "+strings.Join(export.Stages, ", ")+" (default: the last that the run has)")
	cmd.Flags().BoolVar(&force, "force", false, "replace an export that is there")
	return cmd
}

func (a *app) export(run, to string, opt export.Options) error {
	if to == "" {
		return usage("--to TARGET is missing: %s", strings.Join(export.Targets(), " or "))
	}
	target, err := export.ParseTarget(to)
	if err != nil {
		return err
	}
	folder, err := rundir.Find(a.dir, run)
	if err != nil {
		return err
	}
	out, err := export.Export(folder, target, opt)
	if err != nil {
		return err
	}
	return a.print(out, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s of %s, %d parameters, %s\n", out.Stage, sanitize.Line(out.Run), out.Parameters, out.Type)
		for _, f := range out.Files {
			_, _ = fmt.Fprintln(w, sanitize.Line(f))
		}
	})
}
