package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/model/kernel"
	"slm/pipeline/rundir"
	"slm/pipeline/schema"
)

// app is the program's surroundings and global flags.
type app struct {
	in       io.Reader
	out, err io.Writer
	env      []string
	now      func() time.Time
	terminal bool // stderr is one

	output  string // text, json, jsonl
	quiet   bool
	verbose bool
	color   string
	dir     string
	silent  bool // errors are told by another process
	started bool // a command's own code was reached: errors before that are wrong usage
}

// run parses the arguments, runs the command and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	if err != nil && !a.started && !errors.Is(err, errUsage) {
		err = fmt.Errorf("%w: %w", errUsage, err)
	}
	code := exitCode(err, context.Cause(ctx))
	if code != exitDone && !a.silent {
		a.fail(err, code)
	}
	return code
}

// fail prints an error: a message for people, or an object when JSON is asked for.
func (a *app) fail(err error, code int) {
	var problems schema.Problems
	message, help := once(err.Error()), cure(err)
	if a.output == "json" || a.output == "jsonl" {
		_ = json.NewEncoder(a.err).Encode(map[string]any{"error": message, "cure": help, "code": code}) // nowhere to report to
		return
	}
	if errors.As(err, &problems) {
		_, _ = fmt.Fprintln(a.err, sanitize.Text(message))
		return
	}
	_, _ = fmt.Fprintln(a.err, "slm:", sanitize.Text(message))
	if help != "" {
		_, _ = fmt.Fprintln(a.err, "    ", sanitize.Text(help))
	}
}

// once drops the repetition from "dp: dp: save: …": a stage's errors begin with its name, and so do the pipeline's about it.
func once(message string) string {
	first, rest, ok := strings.Cut(message, ": ")
	if ok && !strings.Contains(first, " ") && strings.HasPrefix(rest, first+": ") {
		return once(rest)
	}
	return message
}

// commands are those of the program, in the order of the help. A command is a file, and a line here.
var commands = []func(*app) *cobra.Command{
	newInit,
	newRecipe,
	newData,
	newConfig,
	newCheck,
	newPlan,
	newTrain,
	newImport,
	newUpdate,
	newAblate,
	newSweep,
	newWorker,
	newEval,
	newRuns,
	newInspect,
	newShow,
	newAsk,
	newDraft,
	newClassify,
	newSummarise,
	newExport,
	newServe,
	newVerify,
	newReproduce,
	newStore,
	newCompare,
	newDiff,
	newDoctor,
	newVersion,
}

// known refuses a word that is no command, and says which command it resembles.
func known(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2 // letters; cobra's 0 finds beginnings of names alone
	near := cmd.SuggestionsFor(args[0])
	if len(near) == 0 {
		return fmt.Errorf("unknown command %q (%s --help lists them)", args[0], cmd.CommandPath())
	}
	return fmt.Errorf("unknown command %q: did you mean %s?", args[0], strings.Join(near, " or "))
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "slm",
		Short: "Make a large language model better at one domain with a small one trained on it",
		Long: "slm trains a small language model on your texts, and gives what it knows, and what search finds, to a large language model that you cannot change. " +
			"It measures on held-out questions what each of them is worth.\n\n    slm init docs && slm train docs.yaml    your own texts\n    slm train legal                         a recipe inside the program",
		SilenceErrors: true, SilenceUsage: true,
		Args: known,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.alone(cmd); err != nil {
				return err
			}
			for flag, v := range map[string][2]string{"--output": {a.output, "text|json|jsonl"}, "--color": {a.color, "auto|always|never"}} {
				if !slices.Contains(strings.Split(v[1], "|"), v[0]) {
					return fmt.Errorf("%w: %s %s: want one of %s", errUsage, flag, v[0], v[1])
				}
			}
			a.started = true
			return nil
		},
	}
	f := root.PersistentFlags()
	f.StringVarP(&a.output, "output", "o", "text", "`FORM` of the result: text, json or jsonl (train: its events too)")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress on stderr")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "log details on stderr")
	f.StringVar(&a.color, "color", "auto", "show a live progress line: `WHEN` is auto (on a terminal, unless $NO_COLOR is set), always or never")
	f.StringVar(&a.dir, "dir", a.getenv("SLM_DIR", "."), "`FOLDER` that holds runs/; also set by $SLM_DIR")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	root.AddGroup(
		&cobra.Group{ID: "before", Title: "Before a run:"}, &cobra.Group{ID: "run", Title: "Run:"},
		&cobra.Group{ID: "look", Title: "Look:"}, &cobra.Group{ID: "use", Title: "Use:"}, &cobra.Group{ID: "trust", Title: "Trust:"},
	)
	for _, command := range commands {
		root.AddCommand(command(a))
	}
	help(root, term.Width(a.out))
	flags := fmt.Sprintf("FlagUsagesWrapped %d", min(100, cmp.Or(term.Width(a.out), term.UsualWidth)))
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages", flags))
	root.SetHelpCommandGroupID("look")
	root.SetCompletionCommandGroupID("look")
	return root
}

// getenv reads the environment that the program was given.
func (a *app) getenv(name, otherwise string) string {
	for _, e := range a.env {
		if v, ok := strings.CutPrefix(e, name+"="); ok && v != "" {
			return v
		}
	}
	return otherwise
}

// exits is the help's section about exit codes; 0, 1 and 2 are common to all commands.
func exits(codes ...int) string {
	var b strings.Builder
	b.WriteString("\n\nEXIT STATUS")
	for _, c := range append([]int{exitDone, exitFailed, exitUsage}, codes...) {
		if c == exitInterrupted {
			b.WriteString("\n  130/143  stopped by SIGINT or SIGTERM, state saved")
			continue
		}
		fmt.Fprintf(&b, "\n  %3d  %s", c, exitMeaning[c])
	}
	return b.String()
}

// print writes a result: as text by a function, or as JSON.
func (a *app) print(v any, text func(w io.Writer)) error {
	switch a.output {
	case "json":
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	case "jsonl":
		enc := json.NewEncoder(a.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	}
	var b strings.Builder
	text(&b)
	_, err := io.WriteString(a.out, b.String())
	return err
}

// viewer is how progress is shown.
func (a *app) viewer() rundir.Viewer {
	if a.output == "jsonl" {
		return &jsonLines{enc: json.NewEncoder(a.out)}
	}
	return a.aside()
}

// aside is how progress is shown beside answers, whose form the output has: on stderr.
func (a *app) aside() rundir.Viewer {
	switch {
	case a.quiet:
		return nil
	case a.live():
		return term.Narrow{Viewer: &term.Bar{Out: a.err, Throttle: 100 * time.Millisecond}, Columns: cmp.Or(term.Width(a.err), term.UsualWidth)}
	}
	return &term.Lines{Out: a.err, Every: 10 * time.Second, Now: a.now}
}

// live says that progress is a line that moves: somebody looks at it.
func (a *app) live() bool {
	if a.output == "jsonl" || a.quiet {
		return false
	}
	return a.color == "always" || a.color == "auto" && a.terminal && a.getenv("NO_COLOR", "") == "" && a.getenv("TERM", "") != "dumb"
}

func (a *app) log() *slog.Logger {
	level := slog.LevelWarn
	if a.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
}

// backend opens the kernel for a class, unless $SLM_KERNEL names another. A class without a contract may be of another machine: then the kernel is
// the best of this one.
func (a *app) backend(class kernel.Class) (be kernel.Backend, err error) {
	if name := a.getenv("SLM_KERNEL", ""); name != "" {
		be, err = kernel.Open(name)
	} else if be, err = kernel.OpenClass(class.Products()); errors.Is(err, kernel.ErrClass) && !class.Contract() {
		be, err = kernel.Open("")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	return class.On(be), nil
}

// versions go into every checkpoint's manifest.
func versions() map[string]string { return map[string]string{"slm": version, "go": runtime.Version()} }

// revision is the commit that the program was built from, if the build says so.
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return ""
}
