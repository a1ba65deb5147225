package term

import (
	"strings"
	"testing"

	"slm/stages"
)

func TestWrap_KeepsEveryWordAndFits(t *testing.T) {
	text := strings.Repeat("some words of ünequal length and a_very_long_one_that_is_wider_than_all ", 4)
	for _, c := range []struct{ width, indent int }{{80, 0}, {80, 11}, {40, 11}, {31, 9}} {
		got := Wrap(text, c.width, c.indent)
		if strings.Join(strings.Fields(got), " ") != strings.TrimSpace(text) {
			t.Errorf("%+v: words are lost: %q", c, got)
		}
		for i, line := range strings.Split(got, "\n") {
			room := c.width
			if i == 0 {
				room -= c.indent
			} else if !strings.HasPrefix(line, strings.Repeat(" ", c.indent)) {
				t.Errorf("%+v: line %d is not indented: %q", c, i+1, line)
			}
			if len([]rune(line)) > room && len(strings.Fields(line)) > 1 {
				t.Errorf("%+v: line %d is too long: %q", c, i+1, line)
			}
		}
	}
	if Wrap(text, 0, 5) != text || Wrap(text, 24, 9) != text {
		t.Error("without room a text is left whole")
	}
}

func TestNarrow_LiveLineFitsTheTerminal(t *testing.T) {
	e := stages.Event{Type: "step", Stage: "kit", Step: 1234, Of: 12345, Loss: 10.123, HeldOut: 10.123, LR: 1e-3, TokS: 123456, ETA: 7000, Left: 70000}
	for columns := 45; columns <= 125; columns++ {
		for _, left := range []float64{0, 70000} {
			e.Left = left
			var out strings.Builder
			bar := Narrow{&Bar{Out: &out}, columns}
			bar.Event(e)
			for _, line := range strings.Split(strings.ReplaceAll(out.String(), "\x1b[0K", ""), "\r") {
				text := strings.TrimRight(strings.ReplaceAll(line, "━", " "), " ")
				if len([]rune(text)) > columns {
					t.Errorf("%d columns: %d: %q", columns, len([]rune(text)), text)
				}
				if text != "" && !strings.Contains(text, "loss 10.123") {
					t.Errorf("%d columns: %q", columns, text)
				}
			}
			bar.Close()
		}
	}
}
