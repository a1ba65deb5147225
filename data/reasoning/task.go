// Package reasoning makes tasks from the sections of a corpus that are more than naming a place: each has a text, a question about it and one exact
// answer, and is written so that some way of reasoning helps with it (cautious reasoning, Orca 2, arXiv 2311.11045). A class of tasks is a file
// with its questions and a finder, and its line in classes. What an answer reads like under a strategy stands in write.go.
//
// Tasks are split by section, and held-out tasks are asked in words that no training task has. Everything is a pure function of the sections and
// a seed. The patterns are of English: a corpus in another language has no tasks.
package reasoning

import (
	"fmt"
	"slices"
	"strings"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/question"
	"slm/rng"
)

// Task is a question about a text, with its exact answer.
type Task struct {
	ID       string // class, section and number
	Class    string
	Section  string // that it is made from
	Split    string // exam.Train, Dev or Test
	Text     string // that is shown with the question
	Question string
	Unseen   bool // no training task is asked in these words
	Answer   string
	Work     Work
}

// Work is what stands between a question and its answer.
type Work struct {
	Evidence string   // words of the text that the answer follows from
	Reason   string   // why it is the answer, behind "Because"
	Steps    []string // one after the other
	Recall   string   // what has to be known, in full
}

// Options say what is made.
type Options struct {
	Classes   []string // nil = all
	Most      int      // tasks of a class in each split; of more, so many are drawn. 0 = all
	Words     int      // that a text has at most
	Dev, Test float64  // shares of the sections
	Seed      uint64
}

// class is a kind of tasks.
type class struct {
	name   string
	asked  []string // forms of the question
	unseen []string // forms of the questions that are held out
	find   func(m *maker, s section) []fact
}

// classes in the order in which they are made and shown.
var classes = []class{definition, amount, comparison, reference, yesNo, counting}

// Classes lists their names.
func Classes() []string {
	var names []string
	for _, c := range classes {
		names = append(names, c.name)
	}
	return names
}

// fact is what a task asks for.
type fact struct {
	text   string
	fill   map[string]string // of the form's {words}
	answer string
	work   Work
}

// section is one of the corpus with its sentences.
type section struct {
	corpus.Section
	index     int
	sentences []string
	draw      *rng.Stream
}

// maker holds what finders look up.
type maker struct {
	Options
	sections []corpus.Section
	at       map[[2]string]int // by title and number
	split    []string          // of each section
}

// perFact is how many questions training asks about one fact, in other words each.
const perFact = 3

// Make makes the tasks of a corpus, by class, then in the order of the sections.
func Make(sections corpus.Store, opt Options) ([]Task, error) {
	m := &maker{Options: opt, at: map[[2]string]int{}}
	for i, s := range sections.All() {
		m.sections = append(m.sections, s)
		m.at[[2]string{s.Title, s.Number}] = i
	}
	m.deal()
	var out []Task
	for _, c := range classes {
		if len(opt.Classes) > 0 && !slices.Contains(opt.Classes, c.name) {
			continue
		}
		out = append(out, m.drawn(c.name, apart(m.class(c)))...)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("reasoning: no section of %d gives a task: the patterns are of English prose", len(m.sections))
	}
	return out, nil
}

func (m *maker) class(c class) (out []Task) {
	for i, s := range m.sections {
		own := section{s, i, question.Sentences(s), rng.New(m.Seed, "reasoning", c.name, s.ID)}
		for n, f := range c.find(m, own) {
			forms, times, unseen := c.asked, perFact, false
			switch m.split[i] {
			case exam.Dev:
				times = 1
			case exam.Test:
				forms, times, unseen = c.unseen, 1, true
			}
			for k, at := range own.draw.Perm(len(forms))[:min(times, len(forms))] {
				out = append(out, Task{
					ID: fmt.Sprintf("%s:%s/%d.%d", c.name, s.ID, n, k), Class: c.name, Section: s.ID, Split: m.split[i], Text: f.text,
					Question: filled(forms[at], f.fill), Unseen: unseen, Answer: f.answer, Work: f.work,
				})
			}
		}
	}
	return out
}

// filled puts words into a form.
func filled(form string, fill map[string]string) string {
	for _, name := range []string{"x", "u", "a", "b", "title"} {
		form = strings.ReplaceAll(form, "{"+name+"}", fill[name])
	}
	return form
}

// drawn keeps at most Most tasks of each split, in their order.
func (m *maker) drawn(class string, list []Task) []Task {
	if m.Most == 0 {
		return list
	}
	keep := make([]bool, len(list))
	for _, split := range []string{exam.Train, exam.Dev, exam.Test} {
		left := m.Most
		for _, i := range rng.New(m.Seed, "reasoning", "drawn", class, split).Perm(len(list)) {
			if list[i].Split == split && left > 0 {
				keep[i] = true
				left--
			}
		}
	}
	var out []Task
	for i, t := range list {
		if keep[i] {
			out = append(out, t)
		}
	}
	return out
}
