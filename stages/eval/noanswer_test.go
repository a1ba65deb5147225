package eval

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/llm"
	"slm/result"
	"slm/stages/systems"
)

func TestRunner_QuestionsWithoutAnAnswerAreCountedApart(t *testing.T) {
	w := newDuo(80)
	w.none = map[int]llm.Reason{1: llm.Refused, 2: llm.Unfinished, 7: llm.Refused}
	rows := mustRun(t, w.runner())
	for _, r := range rows {
		if without := r.NoAnswer != ""; r.System != "slm" && r.System != systems.Overlap && without != (w.none[number(r)] != "") || without && (r.Picked != -1 || r.Correct || r.Said != "no") {
			t.Fatalf("%+v", r)
		}
	}
	s := summaryOf(t, rows, true)
	want := map[string]int{"refused": 2, "unfinished": 1}
	for _, sys := range s.Systems {
		if (sys.System == "slm" || sys.System == systems.Overlap) && sys.NoAnswer != nil || sys.System != "slm" && sys.System != systems.Overlap && !reflect.DeepEqual(sys.NoAnswer, want) {
			t.Errorf("%s: %v", sys.System, sys.NoAnswer)
		}
	}
	if text, err := s.JSON(); err != nil || !strings.Contains(string(text), `"no_answer": {`) {
		t.Errorf("summary.json: %v", err)
	}
	file := filepath.Join(t.TempDir(), result.ItemsFile)
	if err := checkpoint.WriteTable(file, rows, nil); err != nil {
		t.Fatal(err)
	}
	if again, _, err := checkpoint.ReadTable[result.Row](file); err != nil || !reflect.DeepEqual(again, rows) {
		t.Errorf("items.arrow loses something: %v", err)
	}
}

// number is a row's section.
func number(r result.Row) (n int) {
	_, _ = fmt.Sscanf(r.Item, "doc#%d", &n)
	return n
}

func TestRunner_TooManyWithoutAnAnswerEndTheStageAndAreAskedAgain(t *testing.T) {
	w := newDuo(40)
	w.none = map[int]llm.Reason{3: llm.Empty, 4: llm.Failed, 5: llm.Failed}
	dir := t.TempDir()
	kept, err := openWork(dir, "key", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = newRunner(w.items, w.with(), kept, false).run(context.Background(), systems.All)
	if !errors.Is(err, llm.ErrNoAnswer) || !strings.Contains(err.Error(), "1 empty, 2 failed of 40") || !strings.Contains(err.Error(), `the first: item doc#3 is empty: "no"`) {
		t.Fatal(err)
	}
	if err := kept.log.Close(); err != nil {
		t.Fatal(err)
	}
	w.none = nil
	if kept, err = openWork(dir, "key", nil); err != nil {
		t.Fatal(err)
	}
	rows, err := newRunner(w.items, w.with(), kept, false).run(context.Background(), systems.All)
	if err = errors.Join(err, kept.log.Close()); err != nil || !reflect.DeepEqual(rows, mustRun(t, newDuo(40).runner())) {
		t.Errorf("where they have an answer the next time the rows are not those of an undisturbed evaluation: %v", err)
	}
}
