package main

import (
	"cmp"
	"fmt"
	"iter"
	"path/filepath"
	"strings"

	"slm/data/exam"
	"slm/stages"
	"slm/stages/domain"
)

var shownExam = shownKind{
	name: "exam", stage: stages.Data, what: "the questions of both exams, with their options, the right one and the split",
	rows: func(dir string) iter.Seq2[shownRow, error] {
		return func(yield func(shownRow, error) bool) {
			items, err := exam.Load(filepath.Join(dir, domain.ExamFile))
			if err != nil {
				yield(shownRow{}, err)
				return
			}
			for _, item := range items {
				if !yield(shownItem(item), nil) {
					return
				}
			}
		}
	},
}

func shownItem(m exam.Item) shownRow {
	var body strings.Builder
	body.WriteString(m.Question + "\n")
	for i, choice := range m.Choices {
		right := " "
		if i == m.Answer {
			right = "*"
		}
		fmt.Fprintf(&body, "%s %c. %s\n", right, 'A'+i, strings.Join(strings.Fields(choice), " "))
	}
	for _, answer := range append(m.Answers, m.Contains...) {
		body.WriteString("* " + answer + "\n")
	}
	where := m.Place
	if len(m.Places) > 1 {
		where = strings.Join(m.Places, "; ")
	}
	return shownRow{m, fmt.Sprintf("%s | %s | %s", m.ID, cmp.Or(m.Split, exam.Train), cmp.Or(strings.Join(strings.Fields(where), " "), "no place")), body.String()}
}
