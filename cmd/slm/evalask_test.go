package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"slm/result"
)

func TestEval_QuestionsAreAnsweredMarkedAndAskedAsAnExam(t *testing.T) {
	dir := t.TempDir()
	trainTiny(t, dir)
	answers := filepath.Join(dir, "mine.answers.yaml")
	run := func(code int, want string, args ...string) string {
		t.Helper()
		o := slm(t, dir, append([]string{"eval", "tiny"}, args...)...)
		if o.code != code || !strings.Contains(o.out+o.err, want) {
			t.Fatalf("slm eval tiny %v: exit %d, want %d and %q\n%s%s", args, o.code, code, want, o.out, o.err)
		}
		return o.out
	}
	const first, second, third = "What does section 2 of the MPL-2.0 license say?", "What does section 3 of the MPL-2.0 license say?", "What does section 4 of the MPL-2.0 license say?"
	put(t, filepath.Join(dir, "mine.txt"), "# as after a kill: one of three\n"+first+"\n")
	run(0, "MPL-2.0, Section 2", "--ask", "mine.txt", "--no-llm")
	before := readText(t, answers)
	marked := strings.Replace(before, "\nright:\n", "\nright: y\n", 1)
	put(t, answers, marked)
	put(t, filepath.Join(dir, "mine.txt"), strings.Join([]string{first, second, third}, "\n"))
	run(0, "2 answered, 1 there already", "--ask", "mine.txt", "--no-llm")
	if all := readText(t, answers); !strings.HasPrefix(all, marked) || strings.Count(all, "\nquestion:") != 3 {
		t.Errorf("what was there has changed:\n%s", all)
	}
	var again asked
	if err := json.Unmarshal([]byte(run(0, "", "--ask", "mine.txt", "--no-llm", "-o", "json")), &again); err != nil || again.Kept != 3 || len(again.Answers) != 0 {
		t.Errorf("%+v, %v", again, err)
	}

	all := strings.Replace(readText(t, answers), "\nright:\ninstead:\n", "\nright: n\ninstead: MPL-2.0, Section 1\n", 1)
	put(t, answers, all)
	run(0, "1 right, 1 wrong, 1 not marked; 2 questions", "--marks", answers)
	rows := readText(t, answers+".jsonl")
	if !strings.Contains(rows, first) || !strings.Contains(rows, second) || strings.Contains(rows, third) {
		t.Errorf("%s", rows)
	}
	put(t, answers, strings.Replace(all, "instead: MPL-2.0, Section 1\n", "instead:\n", 1))
	run(0, "warning: 1 wrong without the right place fall out", "--marks", answers)
	put(t, answers, strings.Replace(all, "Section 1\n", "Section 99\n", 1))
	run(exitData, "the corpus has no such section", "--marks", answers)
	put(t, answers, strings.Replace(all, "right: n", "right: perhaps", 1))
	run(exitData, `right is "perhaps"`, "--marks", answers)
	if now := readText(t, answers+".jsonl"); now == "" {
		t.Error("a bad mark has emptied the exam")
	}
	put(t, answers+".jsonl", rows)
	var sum result.Summary
	if err := json.Unmarshal([]byte(run(0, "", "--items", answers+".jsonl", "-o", "json")), &sum); err != nil || sum.Items != 2 || len(sum.Retrieval) == 0 {
		t.Errorf("%+v, %v", sum, err)
	}
	put(t, filepath.Join(dir, "both.txt"), strings.Join([]string{first, second, third}, "\n"))
	var twice sync.WaitGroup
	for range 2 {
		twice.Go(func() {
			if o := slm(t, dir, "eval", "tiny", "--ask", "both.txt", "--no-llm"); o.code != 0 {
				t.Errorf("exit %d\n%s%s", o.code, o.out, o.err)
			}
		})
	}
	twice.Wait()
	if both := readText(t, filepath.Join(dir, "both.answers.yaml")); strings.Count(both, "\nquestion:") != 3 {
		t.Errorf("two at once do not make one answer of each question:\n%s", both)
	}
	put(t, filepath.Join(dir, "bad.txt"), "How?\n\xff\n")
	run(exitData, "bad.txt:2:1", "--ask", "bad.txt")
	run(exitUsage, "--ask", "--to", "x")
	if _, err := os.Stat(filepath.Join(dir, "bad.answers.yaml")); err == nil {
		t.Error("bad questions leave a file of answers")
	}
}
