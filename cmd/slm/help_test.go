package main

import (
	"strings"
	"testing"

	"slm/pipeline/session"
	"slm/stages/systems"
)

func TestHelp_FitsEightyColumns(t *testing.T) {
	dir := t.TempDir()
	for _, args := range []string{"--help", "train --help", "ask --help", "draft --help", "eval --help", "plan --help", "recipe copy --help", "completion bash --help"} {
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

func TestAsk_AnswerOnATerminalHangsUnderItsLabels(t *testing.T) {
	sure := .973
	a := &session.Answer{
		Place: "GPL-3.0 license\nSection 4:", Source: "gpl.txt:7", Knowledge: strings.Repeat("Verbatim copies. ", 12), InCorpus: true, Origin: systems.Recited, Named: "GPL-3.0 license\nSection 4:", Confidence: &sure, Reply: "Yes.\x1b[31m", LLM: "smollm2",
	}
	var narrow, whole strings.Builder
	showAnswer(&narrow, a, false, 40)
	showAnswer(&whole, a, false, 0)
	for _, line := range strings.Split(narrow.String(), "\n") {
		if len([]rune(line)) > 40 {
			t.Errorf("too long: %q", line)
		}
	}
	want := "place      GPL-3.0 license, Section 4\n           [the small model is 97 % sure of this place]\nsource     gpl.txt:7\nknowledge  " + a.Knowledge + "\n           [in the corpus, word for word, at this source]\nanswer     Yes.␛[31m\n           [smollm2]\n"
	if whole.String() != want {
		t.Errorf("%q, want %q", whole.String(), want)
	}
}

func TestOnce_StageIsNamedOnceInAnError(t *testing.T) {
	for in, want := range map[string]string{"dp: dp: dp: save: x": "dp: save: x", "kit: pairs: x": "kit: pairs: x", "no colon": "no colon", "two words: two words: x": "two words: two words: x"} {
		if got := once(in); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
