package main

import (
	"strings"
	"testing"

	"slm/pipeline"
	"slm/stages"
)

func TestWrappedTextKeepsEveryWordAndFits(t *testing.T) {
	text := strings.Repeat("some words of ünequal length and a_very_long_one_that_is_wider_than_all ", 4)
	for _, c := range []struct{ width, indent int }{{80, 0}, {80, 11}, {40, 11}, {31, 9}} {
		got := wrap(text, c.width, c.indent)
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
	if wrap(text, 0, 5) != text || wrap(text, 24, 9) != text {
		t.Error("without room a text is left whole")
	}
}

func TestHelpFitsEightyColumns(t *testing.T) {
	dir := t.TempDir()
	for _, args := range []string{"--help", "train --help", "ask --help", "eval --help", "plan --help", "recipe copy --help", "completion bash --help"} {
		o := slm(t, dir, strings.Fields(args)...)
		for _, line := range strings.Split(o.out, "\n") {
			if n := len([]rune(line)); n > 80 && !strings.HasPrefix(args, "completion") {
				t.Errorf("slm %s: %d columns: %s", args, n, line)
			}
		}
		if o.code != 0 || !strings.Contains(o.out, "Usage:") {
			t.Errorf("slm %s: %+v", args, o)
		}
	}
}

func TestAnAnswerOnATerminalHangsUnderItsLabels(t *testing.T) {
	a := &pipeline.Answer{
		Place: "GPL-3.0 license\nSection 4:", Source: "gpl.txt:7", Knowledge: strings.Repeat("Verbatim copies. ", 12), Verified: true, Reply: "Yes.\x1b[31m", LLM: "smollm2",
	}
	var narrow, whole strings.Builder
	showAnswer(&narrow, a, false, 40)
	showAnswer(&whole, a, false, 0)
	for _, line := range strings.Split(narrow.String(), "\n") {
		if len([]rune(line)) > 40 {
			t.Errorf("too long: %q", line)
		}
	}
	want := "place      GPL-3.0 license, Section 4\nsource     gpl.txt:7\nknowledge  " + a.Knowledge + "\n           [verified: stands in the corpus word for word]\nanswer     Yes.␛[31m\n           [smollm2]\n"
	if whole.String() != want {
		t.Errorf("%q, want %q", whole.String(), want)
	}
}

func TestAStageIsNamedOnceInAnError(t *testing.T) {
	for in, want := range map[string]string{"dp: dp: dp: save: x": "dp: save: x", "kit: pairs: x": "kit: pairs: x", "no colon": "no colon", "two words: two words: x": "two words: two words: x"} {
		if got := once(in); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTheLiveLineFitsANarrowTerminal(t *testing.T) {
	e := stages.Event{Type: "step", Stage: "kit", Step: 1234, Of: 12345, Loss: 10.123, HeldOut: 10.123, LR: 1e-3, TokS: 123456, ETA: 7000}
	for _, columns := range []int{45, 60, 80, 90, 120} {
		var out strings.Builder
		bar := narrow{&pipeline.Bar{Out: &out}, columns}
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
