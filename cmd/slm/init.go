package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"slm/checkpoint"
	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/estimate"
	"slm/pipeline/starter"
	"slm/pipeline/survey"
	"slm/retrieve"
	"slm/stages"
)

// begun is the result of init.
type begun struct {
	Recipe string `json:"recipe"` // the file that was written
	*survey.Survey
	Warnings []string           `json:"warnings,omitempty"`
	Estimate *estimate.Estimate `json:"estimate,omitempty"`
	Unknown  string             `json:"no_estimate,omitempty"` // why there is none
	Next     []step             `json:"next"`                  // what to type; the first is search alone
}

// step is a command to type, and what comes of it. As JSON it is the command.
type step struct{ command, gives string }

// MarshalText implements encoding.TextMarshaler.
func (s step) MarshalText() ([]byte, error) { return []byte(s.command), nil }

// initFlags are those of init.
type initFlags struct {
	from, file   string
	force, quick bool
}

func newInit(a *app) *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use: "init FOLDER", GroupID: "before", Args: exact(1, "a folder of texts"),
		Short: "Look at a folder of your own texts and write a recipe for it",
		Long: "Looks at the files below a folder, writes FOLDER.yaml beside it, with comments, and says what it found, how long training will take on this " +
			"machine, and what to type next. Kind and language of the texts decide how the recipe asks about them; --from names the kind where it is not " +
			"recognised: handbook (prose under headings), manual (the same with code or tables), statutes (numbered sections), faq (headings that are " +
			"questions), code (headings that are names of functions, options or rules). An existing recipe is not replaced without --force." + exits(exitData),
		Example: "  slm init docs/\n  slm init --from statutes law/",
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := a.begin(cmd.Context(), args[0], f)
			if err != nil {
				return err
			}
			return a.print(done, func(w io.Writer) { showBegun(w, done, term.Width(a.out)) })
		},
	}
	cmd.Flags().StringVar(&f.from, "from", "", "`KIND` of the texts: "+strings.Join(kinds(), ", "))
	cmd.Flags().StringVar(&f.file, "file", "", "write the recipe to `FILE`")
	cmd.Flags().BoolVar(&f.force, "force", false, "replace an existing recipe")
	cmd.Flags().BoolVar(&f.quick, "quick", false, "leave out the estimate and its calibration")
	return cmd
}

func kinds() (names []string) {
	for _, k := range survey.Kinds {
		names = append(names, string(k))
	}
	return names
}

// recipeOf is the recipe that init writes for a folder: beside it, with its name.
func recipeOf(folder string) (string, error) {
	abs, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	beside := filepath.Dir(filepath.Clean(folder))
	if name := filepath.Base(filepath.Clean(folder)); name == "." || name == ".." { // the folder itself has no name there
		beside = filepath.Dir(abs)
	}
	return filepath.Join(beside, filepath.Base(abs)+".yaml"), nil
}

// beside is the recipe of a folder, where a folder is named in a recipe's place.
func beside(name string) (string, error) {
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return name, nil
	}
	file, err := recipeOf(name)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(file); err != nil {
		return "", usage("%s is a folder and has no recipe: slm init %s writes one, %s", name, inShell(name), file)
	}
	return file, nil
}

// ensure writes the recipe of a folder that has none, and says so.
func (a *app) ensure(ctx context.Context, name string) error {
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return nil
	}
	if file, err := recipeOf(name); err != nil || exists(file) {
		return err
	}
	done, err := a.begin(ctx, name, initFlags{quick: true})
	if err == nil && !a.quiet && a.output == "text" {
		showBegun(a.err, done, term.Width(a.err))
	}
	return err
}

func exists(file string) bool { _, err := os.Stat(file); return err == nil }

// begin surveys a folder and writes its recipe.
func (a *app) begin(ctx context.Context, folder string, f initFlags) (*begun, error) {
	if f.from != "" && !slices.Contains(kinds(), f.from) {
		return nil, usage("--from %s: want one of %s", f.from, strings.Join(kinds(), ", "))
	}
	file := f.file
	if file == "" {
		var err error
		if file, err = recipeOf(folder); err != nil {
			return nil, err
		}
	}
	if _, err := os.Lstat(file); err == nil && !f.force {
		return nil, fmt.Errorf("%s is there already: train it (slm train %s), replace it (--force), or name another (--file)", file, inShell(file))
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	abs, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	found, err := survey.Folder(abs)
	if err != nil {
		return nil, err
	}
	if f.from != "" {
		found.Kind = survey.Kind(f.from)
	}
	text, err := starter.Write(starter.Options{Name: runName(abs), Path: relative(file, abs), File: inShell(file), Survey: found})
	if err != nil {
		return nil, err
	}
	if err := checkpoint.WriteFileAtomic(file, text); err != nil {
		return nil, err
	}
	done := &begun{Recipe: file, Survey: found, Warnings: found.Warnings(), Next: next(inShell(file), found.Language)}
	if f.quick {
		return done, nil
	}
	r, p, err := a.plan(file, &recipeFlags{})
	if err == nil {
		done.Estimate, err = a.estimate(ctx, r, p)
	}
	if ctx.Err() != nil {
		return done, context.Cause(ctx)
	}
	if err != nil { // the recipe is there; what is missing is said, and train says it again
		done.Unknown = err.Error()
	}
	return done, nil
}

// next is what to type when a recipe is there.
func next(recipe, language string) []step {
	return []step{
		{searchAlone(recipe, language, retrieve.E5Ready() == nil), "a first answer, by search alone"},
		{"slm plan " + recipe, "what the whole takes, and what can be expected of it"},
		{"slm train " + recipe, "the whole: the small model, too"},
	}
}

// searchAlone is the command that makes a run without the small model. The encoder of other languages than English is trained beside that model, so that another
// one stands in where it is there; else the search is by words.
func searchAlone(recipe, language string, e5 bool) string {
	command := "slm train " + recipe + " -s stages.dp=off"
	if language != "en" && e5 {
		command += " -s 'stages.find.dense=[" + retrieve.E5Name + "]'"
	}
	return command
}

// relative is how a recipe names a folder: from its own, where that can be said.
func relative(file, folder string) string {
	from, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return folder
	}
	rel, err := filepath.Rel(from, folder)
	if err != nil {
		return folder
	}
	return filepath.ToSlash(rel)
}

var noName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// runName is a run's name made of a folder's.
func runName(folder string) string {
	name := strings.Trim(noName.ReplaceAllString(filepath.Base(folder), "-"), "-._")
	if name == "" {
		return "texts"
	}
	return name[:min(len(name), 64)]
}

// notRead are the lines about text that is in no section: the reasons that most of it has, and the others in one.
func notRead(dropped []survey.LeftOut) (lines []string) {
	const most = 4
	dropped = slices.Clone(dropped)
	slices.SortStableFunc(dropped, func(a, b survey.LeftOut) int { return cmp.Compare(b.Chars, a.Chars) })
	for _, d := range dropped[:min(most, len(dropped))] {
		lines = append(lines, fmt.Sprintf("not read: %s, %d places, %d characters", d.Why, d.Rows, d.Chars))
	}
	if len(dropped) <= most {
		return lines
	}
	others := survey.LeftOut{}
	for _, d := range dropped[most:] {
		others.Rows, others.Chars = others.Rows+d.Rows, others.Chars+d.Chars
	}
	return append(lines, fmt.Sprintf("not read: %d reasons more, %d places, %d characters", len(dropped)-most, others.Rows, others.Chars))
}

func showBegun(w io.Writer, b *begun, columns int) {
	const indent = 10
	line := func(name, text string) {
		_, _ = fmt.Fprintf(w, "%-9s %s\n", name, term.Wrap(sanitize.Line(text), columns, indent))
	}
	line("files", b.Files.String())
	if len(b.Left) > 0 {
		line("left out", b.Left.String())
	}
	line("texts", fmt.Sprintf("%d documents, %d sections (%d with a heading), about %s tokens of %s", b.Documents, b.Sections, b.Headed, term.Amount(float64(b.Tokens)), b.LanguageName()))
	for _, text := range notRead(b.Dropped) {
		line("", text)
	}
	line("kind", string(b.Kind)+"; if it is another, slm init --force --from "+strings.Join(kinds(), "|"))
	if e := b.Estimate; e != nil {
		text := "about " + term.Span(e.All.Seconds) + " to train"
		if e.Memory > 0 {
			text += fmt.Sprintf(", %.1f GB of memory", float64(e.Memory)/1e9)
		}
		line("takes", text)
		for _, n := range e.Notes {
			line("note", n)
		}
	}
	if b.Unknown != "" {
		line("takes", "not known: "+b.Unknown)
	}
	for _, text := range b.Warnings {
		line("warning", text)
	}
	line("recipe", b.Recipe)
	_, _ = fmt.Fprintln(w)
	wide := 0
	for _, s := range b.Next {
		wide = max(wide, len(s.command))
	}
	for i, s := range b.Next {
		if e := b.Estimate; i == 0 && e != nil {
			s.gives += ", in about " + term.Span(e.Without(stages.DP))
		}
		_, _ = fmt.Fprintf(w, "%-9s %-*s  # %s\n", []string{"next", ""}[min(i, 1)], wide, sanitize.Line(s.command), s.gives)
	}
}
