package eval

import (
	"fmt"
	"testing"

	"slm/data/exam"
	"slm/stages/domain"
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
