package bpo

import (
	"context"
	"errors"
	"strings"
	"testing"

	"slm/llm"
)

func TestSearch_QuestionsWithoutAnAnswerAreCountedApart(t *testing.T) {
	for _, letter := range []bool{false, true} {
		w := newDuo(120, hill)
		w.letter = letter
		s := w.search(t, settings(), "")
		refused := []string{s.items[0].ID, s.items[3].ID}
		w.none = map[int]bool{number(s.items[0].Question): true, number(s.items[3].Question): true}
		if _, err := s.run(context.Background()); err != nil {
			t.Fatal(err)
		}
		row := s.row(armSearch, s.zero, s.zero)
		for i, a := range row.Answers {
			if without := i == 0 || i == 3; without != (a == -1) || without && row.Objectives[i] != 0 {
				t.Errorf("letter %v: item %d: answer %d, objective %v", letter, i, a, row.Objectives[i])
			}
		}
		if text := s.judge.missing.String(); text != "2 refused" {
			t.Errorf("%q for %v", text, refused)
		}
	}
}

func TestSearch_TooManyWithoutAnAnswerEndItAndAreAskedAgain(t *testing.T) {
	undisturbed := newDuo(120, hill)
	want, err := undisturbed.search(t, settings(), "").run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	w, dir := newDuo(120, hill), t.TempDir()
	w.none = map[int]bool{}
	for i := range 40 {
		w.none[i] = true
	}
	s := w.search(t, settings(), dir)
	if _, err := s.run(context.Background()); !errors.Is(err, llm.ErrNoAnswer) || !strings.Contains(err.Error(), "of 120") || !strings.Contains(err.Error(), `is refused: "cannot"`) {
		t.Fatal(err)
	}
	if err := s.log.close(); err != nil {
		t.Fatal(err)
	}
	w.none = nil
	got, err := w.search(t, settings(), dir).run(context.Background())
	if err != nil || got.winner.index != want.winner.index || got.verdict != want.verdict {
		t.Errorf("trial %v is taken, not %v: %v", got.winner.index, want.winner.index, err)
	}
}
