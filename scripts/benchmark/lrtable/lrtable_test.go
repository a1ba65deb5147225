package lrtable

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestLastTenth_IsTheMeanLossOfTheLastStepsOfStageDp(t *testing.T) {
	var events strings.Builder
	events.WriteString(`{"type":"run","stage":""}` + "\n" + `{"type":"step","stage":"kit","loss":100}` + "\n")
	for i := range 20 {
		fmt.Fprintf(&events, `{"type":"step","stage":"dp","step":%d,"loss":%d}`+"\n", i+1, 40-2*i)
	}
	losses, err := stepLosses(strings.NewReader(events.String()))
	if err != nil || len(losses) != 20 {
		t.Fatal(losses, err)
	}
	if got, err := lastTenth(losses); err != nil || math.Abs(got-3) > 1e-12 {
		t.Errorf("%g, %v; want the mean of 4 and 2", got, err)
	}
	if got, err := lastTenth(losses[:9]); err == nil {
		t.Errorf("nine steps: %g", got)
	}
	if _, err := stepLosses(strings.NewReader("no event\n")); err == nil {
		t.Error("a line that is no event: no error")
	}
}
