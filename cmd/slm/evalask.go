package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"slm/data/corpus"
	"slm/data/form"
	"slm/data/marks"
	"slm/internal/sanitize"
	"slm/pipeline/rundir"
	"slm/pipeline/session"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/gate"
	"slm/stages/systems"
)

// evalAsk are the flags of eval that are about questions without known answers.
type evalAsk struct {
	questions, to, marks string
	silent               bool
}

// asked is what eval --ask has done.
type asked struct {
	File    string            `json:"file"`
	Kept    int               `json:"kept"` // answers that stood in the file already
	Answers []*session.Answer `json:"answers"`
}

// askAll answers the questions of a file into another one, each as soon as it is there. Those that stand there already are not asked again.
// Another process that does the same is waited for.
func (a *app) askAll(ctx context.Context, run string, f evalAsk, set []string, offline bool) (err error) {
	questions, err := marks.Questions(f.questions)
	if err != nil {
		return err
	}
	out := asked{File: cmp.Or(f.to, strings.TrimSuffix(f.questions, filepath.Ext(f.questions))+".answers.yaml")}
	mine, err := rundir.TakeFile(ctx, out.File, func(by string) {
		if !a.quiet {
			_, _ = fmt.Fprintf(a.err, "%s is being written by %s: waiting for it\n", out.File, by)
		}
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mine.Release()) }()
	there := map[string]bool{}
	if _, err := os.Stat(out.File); err == nil {
		old, err := marks.Read(out.File)
		if err != nil {
			return err
		}
		for _, answer := range old {
			there[answer.Question] = true
		}
	}
	s, err := a.session(run, set, offline, a.aside())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, q := range questions {
		if there[q] {
			out.Kept++
			continue
		}
		answer, err := s.Ask(ctx, session.Question{Text: q, Silent: f.silent})
		if err != nil {
			return err
		}
		if err := marks.Append(out.File, toMark(answer)); err != nil {
			return err
		}
		out.Answers = append(out.Answers, answer)
		if a.output != "json" {
			if err := a.print(answer, func(w io.Writer) { _, _ = fmt.Fprintln(w, inShort(answer)) }); err != nil {
				return err
			}
		}
	}
	if a.output == "jsonl" {
		return nil
	}
	return a.print(out, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%d answered, %d there already: write y or n behind each right: in %s, then\n  slm eval %s --marks %[3]s\n", len(out.Answers), out.Kept, out.File, run)
	})
}

// toMark is an answer as a person judges it.
func toMark(a *session.Answer) marks.Answer {
	m := marks.Answer{Question: a.Question, Place: form.InLine(a.Place), Source: a.Source, Confidence: placeConfidence(a), Refused: a.Way == gate.None, Text: a.Knowledge, Reply: a.Reply}
	if a.NoAnswer != nil {
		m.Reply = "(no answer: " + a.NoAnswer.String() + ")"
	}
	return m
}

// placeConfidence is how sure a run is of the place that it gives; nil where nobody knows.
func placeConfidence(a *session.Answer) *float64 {
	switch {
	case a.Sure != nil:
		return a.Sure
	case a.Origin == systems.Asked || a.Place == "":
		return nil
	case a.Hit != nil:
		return a.Hit
	case a.Place == a.Named:
		return a.Confidence
	}
	return nil
}

// inShort is an answer in one line.
func inShort(a *session.Answer) string {
	const most = 60 // characters of the reply
	m := toMark(a)
	sure, reply := "", []rune(strings.Join(strings.Fields(cmp.Or(m.Reply, m.Text)), " "))
	if m.Confidence != nil {
		sure = ", " + surely(*m.Confidence)
	}
	if len(reply) > most {
		reply = append(reply[:most], '…')
	}
	if m.Refused {
		return sanitize.Line(m.Question) + "\n  nothing in your documents is about this"
	}
	return sanitize.Line(m.Question) + "\n  " + sanitize.Line(cmp.Or(m.Place, "(no place)")+sure+": "+string(reply))
}

// marked is what eval --marks has done.
type marked struct {
	File string `json:"file"`
	Rows int    `json:"rows"`
	marks.Count
}

// examOfMarks makes an exam of a file of marked answers.
func (a *app) examOfMarks(run, file string) (err error) {
	answers, err := marks.Read(file)
	if err != nil {
		return err
	}
	folder, err := rundir.Find(a.dir, run)
	if err != nil {
		return err
	}
	dom, err := domain.Open(filepath.Join(folder, stages.Data))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dom.Close()) }()
	sections := func(yield func(corpus.Section, error) bool) {
		for _, s := range dom.Sections.All() {
			if !yield(s, nil) {
				return
			}
		}
	}
	rows, count, err := marks.Rows(file, answers, sections, dom.Forms)
	if err != nil {
		return err
	}
	out := marked{file + ".jsonl", len(rows), count}
	if err := marks.Write(out.File, rows); err != nil {
		return err
	}
	return a.print(out, func(w io.Writer) { showMarked(w, out) })
}

func showMarked(w io.Writer, m marked) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	say("%d right, %d wrong, %d not marked; %d questions with places in %s", m.Right+m.Refusals+m.Placeless, m.Corrected+m.Lost, m.Unmarked, m.Rows, m.File)
	if m.Refusals > 0 {
		say("%d of the right ones say that nothing is about the question: no rows, since they have no place", m.Refusals)
	}
	if m.Placeless > 0 {
		say("%d of the right ones have no place: no rows", m.Placeless)
	}
	if m.Lost > 0 {
		say("warning: %d wrong without the right place fall out, so the exam flatters; write it behind instead:", m.Lost)
	}
}
