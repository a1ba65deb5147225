package experiment

import (
	"math"
	"strings"
	"testing"
)

func TestCompare_PlacesAndTextsHaveDifferencesOfTheirOwn(t *testing.T) {
	for n, of := range []string{Place, Text} {
		e := recorded(t)
		sum := map[string]float64{}
		for i := range e.Rows {
			r := &e.Rows[i]
			r.Scored, r.Found = false, new(bool)                                             // no options: an accuracy counts none
			if right := (i+n)%3 == 0 || r.Variant == "full"; r.System == "slm" && i%4 != 0 { // of every fourth question no place is named
				r.Placed, r.Begins = new(bool), new(bool)
				*map[string]*bool{Place: r.Placed, Text: r.Begins}[of] = right
				if right {
					sum[r.Variant] += 1 / float64(len(e.Questions)*len(e.Seeds(r.Variant)))
				}
			}
		}
		c, err := Compare(e, Options{Of: of, Systems: []string{"slm", "llm"}})
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Differences) != 1 || !strings.Contains(strings.Join(c.Notes, "\n"), "half is not compared under llm: both must have it, with places") {
			t.Fatalf("%s: %d differences, notes %q", of, len(c.Differences), c.Notes)
		}
		if d, want := c.Differences[0], sum["half"]-sum["full"]; math.Abs(d.Cross.Value-want) > 1e-12 || want > -.2 {
			t.Errorf("%s: difference %v, want %v", of, d.Cross.Value, want)
		}
		if title := c.Tables()[0].Title; strings.Contains(title, "accuracy") {
			t.Errorf("%s: %q", of, title)
		}
	}
	if _, err := Compare(recorded(t), Options{Of: "speed"}); err == nil {
		t.Error("what is no measure is compared")
	}
}
