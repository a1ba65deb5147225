package report

import (
	"strings"
	"testing"
)

func TestBars_WithoutASmallModelNoSystemIsSaidToHaveOne(t *testing.T) {
	autos := map[bool]int{}
	for _, c := range verdicts() {
		without := strings.HasPrefix(c.name, "no small model")
		for _, exam := range c.s.Exams() {
			for _, b := range bars(exam) {
				if b.Name != "auto" {
					continue
				}
				autos[without]++
				if named := strings.Contains(b.Gets, "named place"); named == without {
					t.Errorf("%s: auto gets %q", c.name, b.Gets)
				}
			}
			for _, f := range figures(exam) {
				if without && strings.Contains(f.Name, "small model") {
					t.Errorf("%s: a figure is called %q", c.name, f.Name)
				}
			}
		}
	}
	if autos[true] < 3 || autos[false] == 0 {
		t.Errorf("auto was looked at %v times", autos)
	}
}
