package eval

import (
	"fmt"
	"strings"
	"testing"

	"slm/data/exam"
	"slm/stages/domain"
	"slm/stages/verdict"
)

func TestExams_TakesItemsOfAllPartsOfAnExam(t *testing.T) {
	var items []exam.Item
	for i := range 10 {
		items = append(items, exam.Item{ID: fmt.Sprint(i), Split: exam.Test})
	}
	for n, want := range map[int]string{0: "0123456789", 1: "0", 3: "036", 4: "0257", 10: "0123456789", 12: "0123456789"} {
		got := ""
		for _, m := range (&Stage{cfg: Config{Items: n}}).exams(&domain.Domain{Items: items})[0] {
			got += m.ID
		}
		if got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestThin_SaysHowFarFewQuestionsMayBeOff(t *testing.T) {
	if got := thin(21); !strings.Contains(got, "21 questions") || !strings.Contains(got, "up to 20 points") {
		t.Error(got)
	}
	if thin(0) != "" || thin(verdict.Small) != "" || thin(verdict.Small-1) == "" {
		t.Error("an exam that is large enough, or none, is said to be thin")
	}
}
