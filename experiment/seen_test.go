package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/exam"
)

func TestFindSeen_ByDigestByTextAndAsNearCopy(t *testing.T) {
	type pair struct {
		Kind     string `arrow:"kind"`
		Question string `arrow:"question"`
		Kept     bool   `arrow:"kept"`
	}
	e := recorded(t)
	first, second, third := e.Questions[0], e.Questions[1], e.Questions[2]
	folder := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(folder, "data"), 0o755), os.Mkdir(filepath.Join(folder, "kit"), 0o755)); err != nil {
		t.Fatal(err)
	}
	items := []exam.Item{
		{ID: "same", Question: first.Question, Choices: first.Choices, Answer: int(first.Answer), Split: exam.Train},
		{ID: "text", Question: "  " + strings.ToUpper(second.Question), Choices: second.Choices, Split: exam.Dev},
		{ID: "held out", Question: third.Question, Choices: third.Choices, Answer: int(third.Answer), Split: exam.Test},
	}
	taught := []pair{{"written", "Now " + third.Question, true}, {"quote", "Now " + third.Question, true}, {"file", third.Question, false}}
	if err := errors.Join(exam.Write(filepath.Join(folder, "data", "exam.arrow"), items, nil), checkpoint.WriteTable(filepath.Join(folder, "kit", "pairs.arrow"), taught, nil)); err != nil {
		t.Fatal(err)
	}
	e.Units[0].Run = folder
	seen, unknown, err := e.FindSeen()
	if err != nil {
		t.Fatal(err)
	}
	if len(unknown) != len(e.Units)-1 {
		t.Errorf("%d units are of no known run, want all but the first of %d", len(unknown), len(e.Units))
	}
	want := []Seen{{first.Item, folder, "data", "digest"}, {second.Item, folder, "data", "text"}, {third.Item, folder, "kit", "near"}}
	if len(seen) != len(want) {
		t.Fatalf("%+v", seen)
	}
	for i := range want {
		if seen[i] != want[i] {
			t.Errorf("%+v, want %+v", seen[i], want[i])
		}
	}
	if _, err := Compare(e, Options{}); !errors.Is(err, ErrSeen) || !strings.Contains(err.Error(), first.Item) {
		t.Errorf("refused with %v", err)
	}
	c, err := Compare(e, Options{Seen: true})
	if err != nil || len(c.Seen) != 3 || !strings.Contains(strings.Join(c.Notes, "\n"), "3 questions or near copies") || !strings.Contains(strings.Join(c.Notes, "\n"), "not known what "+unknown[0].unit()) {
		t.Errorf("%+v, %v", c, err)
	}
}
