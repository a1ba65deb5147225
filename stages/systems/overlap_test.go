package systems

import (
	"context"
	"errors"
	"strings"
	"testing"

	"slm/result"
)

func TestOverlap_TakesTheOptionWithTheRareWordOfTheQuestion(t *testing.T) {
	qs := []Question{
		{ID: "1", Text: "What does the guide say about cookies?", Choices: []string{"the guide", "the jar of cookies", "the guide of it"}},
		{ID: "2", Text: "What?", Choices: []string{"the guide", "the guide says", "the"}},
		{ID: "3", Text: "Free?"},
	}
	for _, items := range [][]Question{qs, nil} {
		s, err := overlap.Open(context.Background(), &Resources{Items: items})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Answer(context.Background(), qs)
		if err != nil || got[1].Picked != 0 || got[2].Picked != -1 || got[0].Calls != 0 || items != nil && got[0].Picked != 1 {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if _, err := overlap.Open(context.Background(), &Resources{Items: qs[2:]}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without options: %v", err)
	}
}

func TestOverlap_NoteTellsWhatTheQuestionsGiveAway(t *testing.T) {
	rows := make([]result.Row, 40)
	for i := range rows {
		rows[i] = result.Row{Choices: []string{"a", "b", "c", "d"}, Correct: i%4 == 0}
	}
	if note := givenAway(rows); note != "" {
		t.Errorf("at chance: %s", note)
	}
	for i := range rows {
		rows[i].Correct = i%2 == 0
	}
	if note := givenAway(rows); !strings.Contains(note, "20 of 40") || !strings.Contains(note, "chance 10") {
		t.Error(note)
	}
	if note := givenAway(make([]result.Row, 3)); note != "" {
		t.Errorf("without options: %s", note)
	}
}
