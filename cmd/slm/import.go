package main

import (
	"strings"

	"github.com/spf13/cobra"

	"slm/model/weights"
	"slm/stages"
)

func newImport(a *app) *cobra.Command {
	var f recipeFlags
	var from, name string
	cmd := &cobra.Command{
		Use: "import WEIGHTS --recipe RECIPE", GroupID: "run", Args: exact(1, "weights"),
		Short: "Make a run whose small model is one that others have trained",
		Long: "Makes a run with the texts, forms and exam of RECIPE, and WEIGHTS as its small model, with their tokenizer. Nothing is trained: the run has the stages data and dp, " +
			"and dp holds the weights as they are. ask, eval and export work on it; what such a model knows of the texts is what eval measures. " +
			"To train it further, name the weights in a recipe (model.from). WEIGHTS is " + strings.Join(weights.Schemes(), ", ") + "." +
			exits(exitInterrupted),
		Example: "  slm import hf:SmolLM2-135M --recipe legal --name smol\n  slm ask smol \"What does section 2 of the MPL-2.0 license say?\" --system dp --no-llm",
		RunE: func(cmd *cobra.Command, args []string) error {
			if from == "" {
				return usage("--recipe RECIPE is missing: whose texts, forms and exam the run has")
			}
			f.set = append([]string{"model.from=" + args[0], "stages.dp.fresh=true", "stages.kit=off", "stages.bpo=off"}, f.set...)
			if name != "" {
				f.set = append(f.set, "name="+name)
			}
			f.choice.Until = stages.DP
			return a.train(cmd.Context(), from, &f, false, nil)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&from, "recipe", "", "the `RECIPE` whose texts, forms and exam the run has")
	cmd.Flags().StringVar(&name, "name", "", "`NAME` of the run (default: that of the recipe)")
	return cmd
}
