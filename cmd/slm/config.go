package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/recipe"
	"slm/pipeline/schema"
)

func newConfig(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "config", GroupID: "before", Short: "Show the values of a recipe, and explain its keys", Args: known,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	var f recipeFlags
	var origin bool
	show := &cobra.Command{Use: "show RECIPE", Short: "Show every value of a recipe, resolved", Args: exact(1, "a recipe"),
		Long: "Prints a recipe with every value in it: from -s, the environment, the recipe, what it extends, and the defaults. The output is itself a recipe. With --origin, " +
			"each value is on a line of its own, after the layer that set it." + exits(),
		RunE: func(_ *cobra.Command, args []string) error { return a.showConfig(args[0], &f, origin) }}
	f.add(show)
	show.Flags().BoolVar(&origin, "origin", false, "say what set each value: -s, a variable, a line of the recipe or of what it extends, or the default")
	schemaOf := &cobra.Command{Use: "schema", Short: "Print a JSON Schema of recipes, for editors", Args: exact(0, "no arguments"),
		Long: "Prints a JSON Schema (2020-12). Editors use it to complete and check a recipe that begins with\n\n    # yaml-language-server: $schema=slm.schema.json" + exits(),
		RunE: func(*cobra.Command, []string) error {
			enc := json.NewEncoder(a.out)
			enc.SetIndent("", "  ")
			enc.SetEscapeHTML(false)
			return enc.Encode(recipe.JSONSchema())
		}}
	keys := &cobra.Command{Use: "keys [PATH]", Short: "Explain keys: allowed values, default, meaning", Args: cobra.MaximumNArgs(1),
		Long: "Explains every key, the keys below PATH (stages.dp), or a single key (stages.dp.optim.lr). A key marked ○ changes how a run proceeds, but not its result." + exits(),
		RunE: func(_ *cobra.Command, args []string) error { return a.showKeys(strings.Join(args, "")) }}
	cmd.AddCommand(show, schemaOf, keys)
	return cmd
}

// setting is a value of a resolved recipe with who set it.
type setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	Layer string `json:"layer"` // -s, environment, recipe, extends, default
	By    string `json:"by"`    // the same for people
	File  string `json:"file,omitempty"`
	Line  int    `json:"line,omitempty"`
}

func (a *app) showConfig(name string, f *recipeFlags, origin bool) error {
	r, err := a.load(name, f)
	if err != nil {
		return err
	}
	text, err := r.Resolved()
	if err != nil {
		return err
	}
	list := settings(r)
	return a.print(list, func(w io.Writer) {
		if !origin {
			_, _ = fmt.Fprint(w, sanitize.Text(string(text)))
			return
		}
		long := 0
		for _, s := range list {
			long = max(long, len([]rune(sanitize.Line(s.By))))
		}
		for _, s := range list {
			_, _ = fmt.Fprintf(w, "%-*s  %s: %s\n", long, sanitize.Line(s.By), s.Key, sanitize.Line(s.Value))
		}
	})
}

// settings lists a recipe's values in the order of the keys.
func settings(r *recipe.Loaded) []setting {
	var list []setting
	for _, k := range schema.Describe(&r.Recipe) {
		if k.Section() || k.Path == "extends" { // what it extends is in the values
			continue
		}
		s := setting{Key: k.Path, Value: k.Value, Layer: "default", By: "default"}
		if o, ok := r.Origins[k.Path]; ok {
			s.Layer = o.Layer
			switch o.Layer {
			case "-s":
				s.By = "-s"
			case "environment":
				s.By, _, _ = strings.Cut(o.Text, "=")
			default:
				s.File, s.Line = o.File, o.Line
				s.By = fmt.Sprintf("%s:%d", o.File, o.Line)
				if o.Layer == "extends" {
					s.By = "extends " + s.By
				}
			}
		}
		list = append(list, s)
	}
	return list
}

// documented is a key as config keys tells of it.
type documented struct {
	schema.Key
	Variable    string `json:"variable,omitempty"`
	Operational bool   `json:"operational"` // in no fingerprint
}

func (a *app) showKeys(path string) error {
	if path != "" {
		if err := recipe.Unknown(path); err != nil {
			return err
		}
	}
	var list []documented
	for _, k := range recipe.Keys() {
		if path == "" || k.Path == path || strings.HasPrefix(k.Path, path+".") {
			d := documented{Key: k, Operational: recipe.Operational(k.Path)}
			if !k.Section() {
				d.Variable = "SLM_" + strings.ToUpper(strings.ReplaceAll(k.Path, ".", "__"))
			}
			list = append(list, d)
		}
	}
	return a.print(list, func(w io.Writer) {
		if len(list) == 1 {
			showKey(w, list[0], term.Width(a.out))
			return
		}
		for _, k := range list {
			showKeyLine(w, k, term.Width(a.out))
		}
	})
}

func showKey(w io.Writer, k documented, columns int) {
	row := func(label, text string) { _, _ = fmt.Fprintf(w, "  %-9s %s\n", label, term.Wrap(text, columns, 12)) }
	_, _ = fmt.Fprintln(w, k.Path)
	row("type", k.Form())
	row("default", k.Value)
	row("meaning", k.Meaning)
	row("set by", fmt.Sprintf("-s %s=…, or %s=…", k.Path, k.Variable))
	if k.Operational {
		row("○", "changes how a run is done and not what it ends in")
	}
}

// showKeyLine writes a key of a list: what may be written and its default, and what it means below.
func showKeyLine(w io.Writer, k documented, columns int) {
	const indent = 4
	if k.Section() {
		_, _ = fmt.Fprintf(w, "\n%s: %s\n", k.Path, term.Wrap(k.Meaning, columns, indent))
		return
	}
	mark := " "
	if k.Operational {
		mark = "○"
	}
	_, _ = fmt.Fprintf(w, "%-30s %s %s (%s)\n%*s%s\n", k.Path, mark, k.Form(), k.Value, indent, "", term.Wrap(k.Meaning, columns, indent))
}
