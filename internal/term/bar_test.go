package term

import (
	"bytes"
	"fmt"
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
