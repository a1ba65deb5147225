package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/recipe"
	"slm/pipeline/refresh"
	"slm/pipeline/rundir"
	"slm/stages"
)

// updateFlags are those of update.
type updateFlags struct {
	recipe             recipeFlags
	corpus             []string
	name               string
	replay             string
	anew, goOn, listed bool
	measured           bool
	weights            string
}

func newUpdate(a *app) *cobra.Command {
	var f updateFlags
	cmd := &cobra.Command{
		Use: "update RUN --corpus PATH", GroupID: "run", Args: exact(1, "a run"),
		Short: "Bring a run up to date with texts that are new, changed or withdrawn",
		Long: "Compares the texts with those of RUN, section by section, says what is new, changed and withdrawn and what learning it takes, writes the recipe of a run " +
			"that goes on from RUN's weights, NAME.yaml, and trains it. After an interruption the same command goes on, or slm train NAME.yaml. " +
			"The exam holds out the questions that RUN's does. Where an update would take more than half of the training of a new model, a new model is trained, unless --go-on. " +
			"Texts that have to be read or cut in another way than RUN's take other values of data.corpus by -s, as in train." +
			exits(exitStopped, exitData, exitLLM, exitDiverged, exitCheckpoint, exitLocked, exitInterrupted),
		Example: "  slm update docs --corpus docs\n  slm update legal --corpus licences.jsonl --list",
		RunE:    func(cmd *cobra.Command, args []string) error { return a.update(cmd.Context(), args[0], &f) },
	}
	f.recipe.add(cmd)
	f.recipe.addStages(cmd)
	cmd.Flags().StringArrayVar(&f.corpus, "corpus", nil, "all texts as they are now: a file, a folder or a pattern, `PATH`; may be repeated")
	cmd.Flags().StringVar(&f.name, "name", "", "`NAME` of the new run and its recipe (default: RUN's with the next number, legal-2)")
	cmd.Flags().StringVar(&f.replay, "replay", "auto", "read `N` unchanged sections again for each one that differs; auto: so many that a quarter of the corpus is read, and at least one")
	cmd.Flags().BoolVar(&f.anew, "anew", false, "train a new model, with RUN's exam")
	cmd.Flags().BoolVar(&f.goOn, "go-on", false, "go on from RUN's weights however much has changed")
	cmd.Flags().BoolVar(&f.listed, "list", false, "say what differs, and write nothing")
	cmd.Flags().BoolVar(&f.measured, "measure", false, "measure RUN, which an update has made: what its small model knows of the unchanged, new and changed sections, and what it still recites of the old ones")
	cmd.Flags().StringVar(&f.weights, "weights", "", "with --measure: the `FOLDER` of another checkpoint with the same tokenizer, such as that of the run before")
	cmd.MarkFlagsMutuallyExclusive("anew", "go-on")
	cmd.MarkFlagsMutuallyExclusive("measure", "corpus")
	return cmd
}

// updated is the result of update, before the training.
type updated struct {
	*refresh.Found
	Recipe string `json:"recipe,omitempty"`
	NewOne bool   `json:"anew"` // a new model is trained
}

func (a *app) update(ctx context.Context, run string, f *updateFlags) error {
	if len(f.corpus) == 0 && !f.measured {
		return usage("--corpus PATH is missing: all texts as they are now")
	}
	folder, err := rundir.Find(a.dir, run)
	if err != nil {
		return err
	}
	if f.measured {
		return a.measure(ctx, folder, f.weights)
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	base := filepath.Join(folder, rundir.RecipeFile)
	old, err := recipe.Load(recipe.Source{Name: base})
	if err != nil {
		return err
	}
	plan := refresh.Plan{Name: f.name, Before: folder, Corpus: f.corpus, Replay: f.replay, Anew: f.anew, Search: !old.Off(stages.BPO), Rate: refresh.RateAfter(old), Set: f.recipe.set}
	if plan.Name == "" {
		plan.Name = refresh.Next(old.Name)
	}
	r, err := recipe.Load(recipe.Source{Name: base, Set: plan.Settings(), Env: a.env})
	if err != nil {
		return err
	}
	found, err := refresh.Look(r)
	if err != nil {
		return err
	}
	result := updated{Found: found, NewOne: f.anew || found.Share > refresh.Pays && !f.goOn}
	if found.Nothing() || f.listed {
		return a.print(result, result.show)
	}
	plan.Anew = result.NewOne
	file := filepath.Join(a.dir, plan.Name+".yaml")
	text, err := plan.Recipe(a.dir, r, found.Passes)
	if err != nil {
		return err
	}
	if err := refresh.Write(file, text); err != nil {
		return err
	}
	result.Recipe = file
	if !a.quiet && a.output == "text" {
		result.show(a.err)
	}
	return a.train(ctx, file, &f.recipe, false, nil)
}

// show says what differs and what becomes of it.
func (u updated) show(w io.Writer) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) } // a closed pipe stops nothing
	if u.Nothing() {
		say("nothing to do: the texts are those of %s\n", sanitize.Line(u.Before))
		return
	}
	say("since %s: %s new, %d changed, %d withdrawn, %d as they were; %s tokens to learn\n", sanitize.Line(u.Before), counted(u.New, "section"), u.Changed, u.Withdrawn, u.Same, term.Amount(float64(u.Tokens)))
	times := ""
	if u.Anew > 0 {
		times = fmt.Sprintf(": %s, and %s anew", term.Span(u.Share*u.Anew), term.Span(u.Anew))
	}
	say("going on takes about %.0f %% of the training of a new model%s\n", 100*u.Share, strings.TrimSpace(times))
	if u.NewOne {
		say("a new model is trained instead\n")
	}
	if u.Recipe != "" {
		say("recipe  %s\n", sanitize.Line(u.Recipe))
	}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
