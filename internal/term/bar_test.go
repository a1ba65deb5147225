package term

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/stages"
)

// frames are the drawings of a live line, without what moves the cursor.
func frames(out string) (list []string) {
	for line := range strings.SplitSeq(strings.ReplaceAll(out, "\x1b[2K", ""), "\r") {
		if line = strings.TrimSpace(strings.ReplaceAll(line, "\x1b[0K", "")); line != "" {
			list = append(list, line)
		}
	}
	return list
}

func step(n, of int) stages.Event {
	return stages.Event{Type: "step", Stage: "eval", Phase: "llm", Step: n, Of: of}
}

func TestBar_TheLastDrawingIsOfTheEventThatCame(t *testing.T) {
	var out bytes.Buffer
	b := &Bar{Out: &out}
	for _, n := range []int{32, 64, 80} {
		b.Event(step(n, 80))
		list := frames(out.String())
		last := list[len(list)-1]
		if want := fmt.Sprintf("llm %d/80", n); !strings.Contains(last, want) || !strings.Contains(last, fmt.Sprintf(" %d%%", n*100/80)) {
			t.Errorf("after %s the line is %q", want, last)
		}
	}
	b.Event(step(32, 90))
	b.Close()
}

// What is drawn is what is done: no line has the numbers of an event and the bar of the one before.
func TestBar_EachEventIsDrawnOnceWithItsOwnPercent(t *testing.T) {
	var out bytes.Buffer
	b := &Bar{Out: &out}
	var want []string
	for _, n := range []int{1, 2, 2, 50, 51, 150, 400, 400} {
		b.Event(step(n, 400))
		want = append(want, fmt.Sprintf("llm %d/400 %3d%%", n, n/4))
	}
	var got []string
	for _, line := range frames(out.String()) {
		got = append(got, strings.Join(strings.Fields(strings.TrimRight(line, "━ ")), " "))
	}
	for i, w := range want {
		want[i] = "eval " + strings.Join(strings.Fields(w), " ")
	}
	if !slices.Equal(slices.Compact(got), slices.Compact(want)) {
		t.Errorf("drawn\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestBar_AThrottledEventIsDrawnWhenItsTimeComes(t *testing.T) {
	var out bytes.Buffer
	b := &Bar{Out: &out, Throttle: time.Hour}
	b.Event(step(1, 9))
	b.Event(step(2, 9))
	b.Event(step(3, 9))
	if strings.Contains(out.String(), "2/9") || strings.Contains(out.String(), "3/9") {
		t.Fatalf("drawn at once: %q", frames(out.String()))
	}
	b.timer.Stop()
	b.due()
	if text := out.String(); strings.Contains(text, "2/9") || !strings.Contains(text, "3/9") {
		t.Errorf("then: %q", frames(text))
	}
	b.Event(step(4, 9))
	b.Event(step(9, 9))
	if text := out.String(); strings.Contains(text, "4/9") || !strings.Contains(text, "9/9") {
		t.Errorf("the last is drawn at once: %q", frames(text))
	}
	b.Close()
	b.due() // of a timer that fired while the line was closed
}
