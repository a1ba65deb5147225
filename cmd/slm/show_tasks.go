package main

import (
	"fmt"
	"iter"
	"path/filepath"

	"slm/data/exam"
	"slm/stages"
	"slm/stages/reason"
)

// shownTask is a task as JSON.
type shownTask struct {
	ID       string `json:"id"`
	Class    string `json:"class"`
	Section  string `json:"section"`
	Split    string `json:"split"`
	Text     string `json:"text"`
	Question string `json:"question"`
	Answer   string `json:"answer"`
	Strategy string `json:"strategy"`
	Reply    string `json:"reply,omitempty"`
	Kept     bool   `json:"kept"`
}

var shownTasks = shownKind{
	name: "tasks", stage: stages.Reason, what: "the tasks of stage reason, and what the teacher says",
	rows: func(dir string) iter.Seq2[shownRow, error] {
		return shownTable(filepath.Join(dir, reason.TasksFile), func(t reason.TaskRow) shownRow {
			body := t.Text + "\n" + t.Question + "\n* " + t.Answer + "\n"
			kept := "left out"
			switch {
			case t.Split == exam.Test:
				kept = "held out"
			case t.Kept:
				kept = "kept"
			}
			if t.Reply != "" {
				body += t.Strategy + ": " + t.Reply
			}
			return shownRow{shownTask(t), fmt.Sprintf("%s | %s | %s", t.ID, t.Split, kept), body}
		})
	},
}
