package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"slm/data/form"
	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/experts"
	"slm/pipeline/rundir"
	"slm/pipeline/session"
	"slm/stages/gate"
	"slm/stages/route"
	"slm/stages/systems"
)

func newAsk(a *app) *cobra.Command {
	var f askFlags
	cmd := &cobra.Command{
		Use: "ask RUN QUESTION", GroupID: "use", Args: exact(2, "a run and a question"),
		Short: "Ask a question: what the small model knows, its source, and the LLM's answer",
		Long: "Asks the small model for a place in the corpus and the text there, and gives the text to the LLM, which chooses among the --choice options or answers freely.\n\n" +
			"The answer tells two things apart: how sure the small model is of the place, which is a probability calibrated on the run's development questions, and whether " +
			"the text stands in the corpus at that place, word for word. Neither says that the text answers the question.\n\nIf the small model recites other words than the corpus has, " +
			"the corpus's own text is used. If it is not sure, or the corpus has no such place, a keyword search is tried; if that is not sure either, the LLM answers alone. " +
			"Where the run has a gate (stages.find.gate), the gate chooses instead: the small model's place, what was found, both, or nothing, and says how sure it is; " +
			"where nothing in the documents is about a question without choices, it says so and the LLM is not asked.\n\n" +
			"RUN is a folder, a run's name, the name of a recipe, whose newest finished run is meant, or the beginning of a run's name; or a file with experts: [RUN, RUN]: then the one whose documents the question is about answers, or none. " +
			"If the question is -, each line of stdin is a question. The LLM's replies are stored beside the run and reused for the same question." +
			exits(exitStopped, exitLLM, exitCheckpoint, exitInterrupted),
		Example: "  slm ask legal \"What does section 2 of the MPL-2.0 license say?\"\n  slm ask legal - --no-llm -o jsonl < questions.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ask(cmd.Context(), args[0], args[1], f)
		},
	}
	addConnection(cmd, &f.set)
	cmd.Flags().StringArrayVar(&f.choices, "choice", nil, "`TEXT` of an option; give two or more")
	cmd.Flags().StringVar(&f.system, "system", "", "the system that answers, by `NAME`: "+strings.Join(systems.Names(), ", ")+" (default: auto, where the run has a gate; else checked; without places, the method's last stage that the run has)")
	cmd.Flags().StringVar(&f.route, "route", "", "what auto is to reach by choosing a system for each question: `TARGET` \"quality 99 %\", \"calls 0.5\" or \"usd 1/1000\" (default: as eval.route.target of the recipe has it)")
	cmd.Flags().IntVar(&f.maxTokens, "max-tokens", systems.DefaultReplyTokens, "at most `N` tokens of a free reply")
	cmd.Flags().StringVar(&f.trial, "trial", "", "use the prompt of trial `N` of the search (0: no prompt), or of a control, such as random/3; see trials.arrow")
	cmd.Flags().BoolVar(&f.silent, "no-llm", false, "show the knowledge only")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "use stored LLM replies only")
	return cmd
}

// askFlags are the flags of ask.
type askFlags struct {
	choices, set    []string
	system, trial   string
	route           string
	silent, offline bool
	maxTokens       int
}

func (a *app) ask(ctx context.Context, run, question string, f askFlags) (err error) {
	system := checkSystem(f.system)
	switch {
	case strings.TrimSpace(question) == "":
		return usage("the question is empty")
	case len(f.choices) == 1:
		return usage("one --choice leaves nothing to choose")
	case len(f.choices) > 26:
		return usage("%d choices; 26 are the most", len(f.choices))
	case question == "-" && a.output == "json":
		return usage("several answers are not one JSON value: use -o jsonl")
	case f.maxTokens < 1:
		return usage("--max-tokens %d: at least 1", f.maxTokens)
	case system != nil:
		return system
	case f.route != "" && f.system != "" && f.system != systems.Auto:
		return usage("--route: %s answers every question by itself; auto is what is routed", f.system)
	}
	if err := checkRoute(f.route); err != nil {
		return err
	}
	if experts.Names(run) {
		return a.askTeam(ctx, run, question, f)
	}
	s, err := a.session(run, f.set, f.offline, a.aside())
	if err != nil {
		return err
	}
	s.System, s.Trial, s.Route = f.system, f.trial, f.route
	defer func() { err = errors.Join(err, s.Close()) }()
	q := session.Question{Text: question, Choices: f.choices, Silent: f.silent, MaxTokens: f.maxTokens}
	if question != "-" {
		return a.askOne(ctx, s, q)
	}
	return a.eachQuestion(func(text string) error {
		q.Text = text
		return a.askOne(ctx, s, q)
	})
}

// checkSystem refuses a name that no system has. "" is the default.
func checkSystem(name string) error {
	if _, known := systems.Lookup(name); name != "" && !known {
		return usage("--system %s: there are %s", name, strings.Join(systems.Names(), ", "))
	}
	return nil
}

// checkRoute refuses a text that is no target.
func checkRoute(target string) error {
	if target == "" {
		return nil
	}
	if _, err := route.Parse(target); err != nil {
		return usage("--route %v", err)
	}
	return nil
}

// askOne asks one question and prints what was found, also when the LLM does not answer.
func (a *app) askOne(ctx context.Context, s *session.Session, q session.Question) error {
	answer, err := s.Ask(ctx, q)
	if answer == nil {
		return err
	}
	perr := a.print(answer, func(w io.Writer) { showAnswer(w, answer, q.Silent || err != nil, term.Width(a.out)) })
	return errors.Join(err, perr)
}

// showAnswer writes an answer for people. All of it came from a corpus or a model, so none of it is printed raw. Where a text stands, how sure
// the small model is of a place, and what the LLM says are told apart: a text of the corpus is no answer yet.
func showAnswer(w io.Writer, a *session.Answer, silent bool, columns int) {
	const indent = len("knowledge  ")
	line := func(label, text string) {
		_, _ = fmt.Fprintf(w, "%-*s%s\n", indent, label, term.Wrap(sanitize.Line(text), columns, indent))
	}
	line("place", cmp.Or(form.InLine(a.Place), "(none)"))
	if text := aboutPlace(a); text != "" {
		line("", "["+text+"]")
	}
	if a.Source != "" {
		line("source", a.Source)
	}
	for _, place := range a.Given {
		if place != a.Place {
			line("and", form.InLine(place))
		}
	}
	if a.Knowledge != "" {
		line("knowledge", a.Knowledge)
		line("", "["+aboutText(a)+"]")
	}
	if silent {
		return
	}
	if a.Way == gate.None {
		line("answer", "nothing in your documents is about this; the LLM was not asked")
		return
	}
	reply := a.Reply
	if a.Choice != nil {
		reply = fmt.Sprintf("%c. %s", 'A'+*a.Choice, reply)
		if *a.Choice < 0 {
			reply = "(the reply named no option)"
		}
	}
	if a.NoAnswer != nil {
		reply = "(no answer: " + a.NoAnswer.String() + ")"
	}
	line("answer", reply)
	if a.Route != "" {
		line("", fmt.Sprintf("[by %s, which is right about such a question with %s]", a.Route, surely(*a.Sure)))
	}
	by := cmp.Or(a.LLM, "the small model")
	if a.Knowledge == "" {
		by += ", without knowledge"
	}
	if a.Cut != "" {
		by += "; cut: " + a.Cut
	}
	line("", "["+by+"]")
}

// aboutPlace says how an answer came by its place.
func aboutPlace(a *session.Answer) string {
	switch {
	case a.Way != "":
		return wayOf(a)
	case a.Route != "":
		return ""
	}
	named, how := form.InLine(a.Named), ""
	switch {
	case a.Sure != nil:
		return surely(*a.Sure) + " sure that what was found has the answer" + judgedBy(a)
	case a.Named == "" && a.Confidence == nil:
		return "" // no small model was asked
	case a.Named == "":
		how = "the small model named no place"
	case a.Confidence == nil:
		how = "how sure the small model is of " + named + " is not known"
	case *a.Confidence == 0:
		how = fmt.Sprintf("the small model named %q, which the corpus does not have", named)
	case a.Place == a.Named:
		how = fmt.Sprintf("the small model is %s sure of this place", surely(*a.Confidence))
	default:
		how = fmt.Sprintf("the small model is %s sure of %s", surely(*a.Confidence), named)
	}
	switch {
	case a.Origin == systems.Asked:
		return "the question names this place; " + how
	case a.Hit != nil:
		return fmt.Sprintf("found by search, which is %s sure of this place; %s", surely(*a.Hit), how)
	case a.System == systems.Checked && a.Knowledge == "":
		return how + ", and the search is not sure of any"
	}
	return how
}

// wayOf says which way the gate has taken, and how sure it is.
func wayOf(a *session.Answer) string {
	sure, by := surely(*a.Sure), judgedBy(a)
	switch a.Way {
	case gate.Small:
		return "the small model names this place; it is " + sure + " sure" + by
	case gate.Found:
		return sure + " sure that what was found has the answer" + by
	case gate.Both:
		return sure + " sure that what was found, or the place that the small model names, has the answer" + by
	case gate.None:
		return "nothing in your documents is about this: what comes nearest is right with " + sure
	}
	return "nothing is sure enough to be given: what comes nearest is right with " + sure
}

// judgedBy ends a sentence about how sure the gate is, where that is not judged by what people have asked of these texts.
func judgedBy(a *session.Answer) string {
	switch {
	case a.SelfMade:
		return ", judged by questions that the program wrote itself"
	case a.Elsewhere:
		return ", judged by what people have asked of other texts"
	}
	return ""
}

// surely is a confidence in percent; no estimate is certain.
func surely(p float64) string {
	switch {
	case p < 0.01:
		return "less than 1 %"
	case p > 0.99:
		return "more than 99 %"
	}
	return fmt.Sprintf("%.0f %%", 100*p)
}

// aboutText says whether an answer's knowledge stands in the corpus.
func aboutText(a *session.Answer) string {
	switch {
	case a.Origin == systems.Cited:
		return "in the corpus, word for word, at this source; what the small model recited differs and is not used"
	case a.InCorpus && len(a.Given) > 1:
		return "in the corpus, word for word, at these places"
	case a.InCorpus:
		return "in the corpus, word for word, at this source"
	}
	return "NOT in the corpus: the small model's own words"
}

// session opens the run that a user names.
func (a *app) session(name string, set []string, offline bool, view rundir.Viewer) (*session.Session, error) {
	folder, be, err := a.open(name)
	if err != nil {
		return nil, err
	}
	return session.Open(folder, session.Options{Kernel: be, Offline: offline, View: view, Log: a.log(), Now: a.now, Set: set, Env: a.env})
}
