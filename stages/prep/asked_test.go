package prep

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/data/exam"
	"slm/stages"
)

func TestAsked_QuestionsOfSeveralFilesAreOneExam(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first := file("a.jsonl", `{"id": "q", "question": "Who?", "focus": "A", "answers": ["he"]}`+"\n"+`{"id": "r", "question": "What?", "focus": "A", "answers": ["it"]}`+"\n")
	second := file("b.jsonl", `{"id": "q", "question": "Where?", "focus": "B", "answers": ["there"]}`+"\n")
	items, err := Asked{File: []string{first, second}}.Questions()
	if err != nil || len(items) != 3 || items[0].ID != "q" || items[2].ID != "2:q" || items[2].Question != "Where?" {
		t.Errorf("%+v, %v", items, err)
	}
	bad := file("c.jsonl", "{\"question\": \"\"}\n")
	if _, err = (Asked{File: []string{bad, first, bad}}).Questions(); !errors.Is(err, exam.ErrFormat) {
		t.Error(err)
	}
}

func TestRun_OnlyAFileOfAskedQuestionsThatIsNotThereIsWarnedOf(t *testing.T) {
	for _, absent := range []bool{false, true} {
		c, tok := small()
		c.Asked.File, c.Asked.Optional, c.Asked.Absent = []string{}, true, absent
		env, events := environment(t.TempDir())
		if err := New(c, tok).Run(t.Context(), env); err != nil {
			t.Fatal(err)
		}
		warned := slices.ContainsFunc(*events, func(e stages.Event) bool {
			return e.Type == "warning" && strings.Contains(e.Message, "data.asked.file")
		})
		if warned != absent {
			t.Errorf("absent %v: warned %v", absent, warned)
		}
	}
}
