package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"slm/internal/term"
	"slm/pipeline/recipe"
	"slm/recipes"
)

func newRecipe(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "recipe", GroupID: "before", Short: "List, show or copy the recipes inside the program", Args: known,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	list := &cobra.Command{Use: "list", Short: "List the recipes with their purposes", Args: exact(0, "no arguments"), Long: "Lists the recipes." + exits(),
		RunE: func(*cobra.Command, []string) error { return a.listRecipes() }}
	show := &cobra.Command{Use: "show NAME", Short: "Print a recipe", Args: exact(1, "a recipe's name"), Long: "Prints a recipe as it is." + exits(),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := shipped(args[0])
			if err != nil {
				return err
			}
			return a.print(map[string]string{"name": args[0], "text": string(text)}, func(w io.Writer) { _, _ = w.Write(text) })
		}}
	copyTo := &cobra.Command{Use: "copy NAME [FILE]", Short: "Write a recipe to a file, to change it", Args: cobra.RangeArgs(1, 2),
		Long: "Writes a recipe to FILE, or to NAME.yaml. An existing file is not replaced." + exits(),
		RunE: func(_ *cobra.Command, args []string) error {
			file := args[0] + ".yaml"
			if len(args) == 2 {
				file = args[1]
			}
			return a.copyRecipe(args[0], file)
		}}
	cmd.AddCommand(list, show, copyTo)
	return cmd
}

// shipped reads a recipe inside the program.
func shipped(name string) ([]byte, error) {
	text, err := fs.ReadFile(recipes.Files, name+".yaml")
	if err != nil {
		return nil, usage("there is no recipe %q (there are: %s)", name, strings.Join(recipe.Names(recipes.Files), ", "))
	}
	return text, nil
}

func (a *app) listRecipes() error {
	type entry struct {
		Name string `json:"name"`
		What string `json:"what"`
	}
	list := []entry{}
	for _, name := range recipe.Names(recipes.Files) {
		text, err := shipped(name)
		if err != nil {
			return err
		}
		list = append(list, entry{name, purpose(string(text))})
	}
	return a.print(list, func(w io.Writer) {
		for _, e := range list {
			_, _ = fmt.Fprintf(w, "%-12s %s\n", e.Name, term.Wrap(e.What, term.Width(w), 13))
		}
	})
}

// purpose is the first paragraph of a recipe's comment.
func purpose(text string) string {
	var words []string
	for line := range strings.SplitSeq(text, "\n") {
		line, comment := strings.CutPrefix(line, "#")
		if line = strings.TrimSpace(line); !comment || line == "" {
			break
		}
		words = append(words, line)
	}
	return strings.Join(words, " ")
}

func (a *app) copyRecipe(name, file string) error {
	text, err := shipped(name)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: name another file, or remove it", file)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return a.print(map[string]string{"name": name, "file": file}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "wrote %s; change it and type: slm train %s\n", file, file)
	})
}
