// Package term shows events, texts and amounts on a terminal.
package term

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"slm/internal/sanitize"
	"slm/pipeline"
	"slm/stages"
)

// Lines is a Viewer for logs: a line when a stage begins and ends, and in between one every Every.
type Lines struct {
	Out   io.Writer
	Every time.Duration
	Now   func() time.Time
	last  time.Time
	part  string // stage and phase of the last line
}

// Event prints a line for what matters and drops the rest.
func (l *Lines) Event(e stages.Event) {
	if text := milestone(e); text != "" {
		_, _ = fmt.Fprintln(l.Out, text) // a closed stderr must not stop the run
		l.last = l.Now()
		return
	}
	part := e.Stage + "/" + e.Phase
	if !counts(e) || part == l.part && e.Step != e.Of && l.Now().Sub(l.last) < l.Every {
		return
	}
	l.part, l.last = part, l.Now()
	_, _ = fmt.Fprintf(l.Out, "%-5s %s\n", e.Stage, status(e))
}

// Close does nothing.
func (l *Lines) Close() {}

// counts reports whether an event says how far its stage is.
func counts(e stages.Event) bool { return e.Of > 0 && e.Type != "exit" && e.Type != "checkpoint" }

// milestone is the line for an event that stays on the screen, of an experiment with the run that it is about; "" for one that does not. That a run of an experiment
// has a stage of another's is the rule, and would be most of the lines.
func milestone(e stages.Event) string {
	if e.Run != "" && e.Type == "stage" && (e.Phase == pipeline.Reuse || e.Phase == pipeline.Adopt) {
		return ""
	}
	text := lasting(e)
	if text != "" && e.Run != "" {
		return fmt.Sprintf("%-24s %s", sanitize.Line(e.Run), text)
	}
	return text
}

func lasting(e stages.Event) string {
	message := sanitize.Line(e.Message)
	switch e.Type {
	case "stage":
		switch e.Phase {
		case pipeline.Reuse:
			return fmt.Sprintf("%-5s reused (%s)", e.Stage, message)
		case pipeline.Adopt:
			return fmt.Sprintf("%-5s taken over (%s)", e.Stage, message)
		case pipeline.Run, pipeline.Resume:
			return fmt.Sprintf("%-5s started (%s)", e.Stage, message)
		}
		if e.Of == 0 && message != "" {
			return fmt.Sprintf("%-5s %s", cmp.Or(e.Stage, "run"), message)
		}
	case "checkpoint":
		if e.Path == e.Stage {
			return fmt.Sprintf("%-5s done in %s, digest %.12s", e.Stage, Span(e.Seconds), message)
		}
	case "exit":
		if e.Run != "" && e.Message != "" {
			return "failed: " + message
		}
	case "warning":
		return fmt.Sprintf("%-5s warning: %s", cmp.Or(e.Stage, "run"), message)
	}
	return ""
}

// status is how far a stage is, in one line.
func status(e stages.Event) string {
	parts := []string{fmt.Sprintf("%d/%d", e.Step, e.Of)}
	switch {
	case e.Type == "progress":
		parts[0] = fmt.Sprintf("%s, %d %%", sanitize.Line(e.Phase), e.Step)
		if e.Message != "" {
			parts = append(parts, "at "+sanitize.Line(e.Message))
		}
	case e.Phase != "":
		parts[0] = sanitize.Line(e.Phase) + " " + parts[0]
	}
	add := func(ok bool, format string, args ...any) {
		if ok {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(e.Loss != 0, "loss %.3f", e.Loss)
	add(e.HeldOut != 0, "held-out %.3f", e.HeldOut)
	add(e.Type == "trial", "%d questions, score %.3f, best %.3f", e.Items, e.Score, e.Best)
	add(e.LR != 0, "lr %.1e", e.LR)
	add(e.TokS != 0, "%s tok/s", Amount(e.TokS))
	add(e.Calls != 0, "%d calls", e.Calls)
	add(e.USD != 0 || e.Type == "trial", "$%.2f", e.USD)
	add(true, "%s", left(e))
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "  ")
}

// left is how long the stage and the run still take, as far as that is known.
func left(e stages.Event) string {
	var parts []string
	if e.ETA > 0 {
		parts = append(parts, Span(e.ETA)+" left")
	}
	if e.Left > 0 && e.Left > 1.01*e.ETA { // else this is the last stage
		parts = append(parts, Span(e.Left)+" in all")
	}
	return strings.Join(parts, ", ")
}
