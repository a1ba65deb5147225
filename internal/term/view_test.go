package term

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"slm/pipeline"
	"slm/stages"
)

func story() []stages.Event {
	var list []stages.Event
	list = append(list, stages.Event{Type: "stage", Stage: "dp", Phase: pipeline.Run, Message: "no checkpoint yet"})
	for i := range 100 {
		list = append(list, stages.Event{Type: "step", Stage: "dp", Step: i + 1, Of: 100, Loss: 3.25, LR: 1.5e-3, TokS: 12345, ETA: 200})
	}
	return append(list,
		stages.Event{Type: "warning", Stage: "dp", Message: "odd \x1b[31m title"},
		stages.Event{Type: "checkpoint", Stage: "dp", Path: "dp", Seconds: 372, Message: "1f0c9a2b77aa00"},
		stages.Event{Type: "exit"})
}

func TestLines_LogHasAFewPlainOnes(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(1000, 0)
	l := &Lines{Out: &out, Every: 10 * time.Second, Now: func() time.Time { now = now.Add(time.Second); return now }}
	for _, e := range story() {
		l.Event(e)
	}
	l.Close()
	text := out.String()
	if n := strings.Count(text, "\n"); n < 10 || n > 16 {
		t.Errorf("%d lines for 100 steps of a second:\n%s", n, text)
	}
	for _, want := range []string{
		"dp    started (no checkpoint yet)\n", "dp    100/100  loss 3.250  lr 1.5e-03  12.3k tok/s  3m20s left\n",
		"dp    warning: odd ␛[31m title\n", "dp    done in 6m12s, digest 1f0c9a2b77aa\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("missing %q in\n%s", want, text)
		}
	}
	if strings.ContainsAny(text, "\r\x1b") {
		t.Error("a log moves the cursor")
	}
}

func TestBar_LeavesOnlyMilestonesBehind(t *testing.T) {
	var out bytes.Buffer
	b := &Bar{Out: &out}
	for _, e := range story() {
		b.Event(e)
	}
	b.Close()
	text := out.String()
	for _, want := range []string{"99/100", "dp    started", "dp    done in 6m12s"} {
		if !strings.Contains(text, want) {
			t.Errorf("missing %q in %q", want, text)
		}
	}
	if n := strings.Count(text, "\n"); n != 3 {
		t.Errorf("%d lines stay, want 3: %q", n, text)
	}
	if strings.Contains(text, "\x1b[31m") {
		t.Error("text of an event reaches the terminal raw")
	}
}

func TestAmounts_AndSpansAreReadable(t *testing.T) {
	for seconds, want := range map[float64]string{0: "0.0s", 0.44: "0.4s", 12: "12s", 59.6: "1m00s", 200: "3m20s", 7500: "2h05m"} {
		if got := Span(seconds); got != want {
			t.Errorf("Span(%v) = %s, want %s", seconds, got, want)
		}
	}
	for x, want := range map[float64]string{950: "950", 12345: "12.3k", 4e6: "4.0M", 2.5e12: "2500.0G"} {
		if got := Amount(x); got != want {
			t.Errorf("Amount(%v) = %s, want %s", x, got, want)
		}
	}
}

func TestStatus_SaysWhatIsLeftOfTheStageAndOfTheRun(t *testing.T) {
	for _, c := range []struct {
		eta, left float64
		want      string
	}{{200, 580, "1/2  3m20s left, 9m40s in all"}, {200, 200, "1/2  3m20s left"}, {200, 0, "1/2  3m20s left"}, {0, 580, "1/2  9m40s in all"}, {0, 0, "1/2"}} {
		if got := status(stages.Event{Step: 1, Of: 2, ETA: c.eta, Left: c.left}); got != c.want {
			t.Errorf("%v and %v: %q, want %q", c.eta, c.left, got, c.want)
		}
	}
}

// Most runs of an experiment have their stages from another of its runs: what is told is what is made, and where the work is.
func TestLines_AnExperimentTellsWhatIsMade(t *testing.T) {
	var out bytes.Buffer
	l := &Lines{Out: &out, Now: func() time.Time { return time.Unix(1000, 0) }}
	for _, e := range []stages.Event{
		{Run: "base s7", Type: "stage", Stage: "dp", Phase: pipeline.Run, Message: "no checkpoint yet"},
		{Run: "no-kit s7", Type: "stage", Stage: "dp", Phase: pipeline.Adopt, Message: "same fingerprint in x"},
		{Run: "no-bpo s7", Type: "stage", Stage: "dp", Phase: pipeline.Reuse, Message: "same fingerprint"},
		{Type: "progress", Stage: "all", Phase: "1 of 4 stages", Step: 25, Of: 100, Message: "base s7 dp", ETA: 200},
	} {
		l.Event(e)
	}
	if want := "base s7                  dp    started (no checkpoint yet)\nall   1 of 4 stages, 25 %  at base s7 dp  3m20s left\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
