package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// questions are rows of an exam, dev and test by turns.
func questions(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"question\":\"Which is %d?\",\"choices\":[\"a\",\"b\"],\"answer\":%d,\"split\":%q}\n", i, i%2, []string{"validation", "held-out"}[i%2])
	}
	return b.String()
}

func TestRecords_BadRowsAreToldBeforeAnyStageRuns(t *testing.T) {
	dir := t.TempDir()
	recipe := func(name, exam, pairs string) {
		put(t, filepath.Join(dir, name+".jsonl"), exam)
		put(t, filepath.Join(dir, name+"-pairs.jsonl"), pairs)
		put(t, filepath.Join(dir, name+".yaml"), "slm: 1\nextends: tiny\ndata: {exam: {from: file, file: "+name+".jsonl}}\nstages: {kit: {pairs: {from: both, file: "+name+"-pairs.jsonl}}}\n")
	}
	pair := "{\"question\":\"Is that so?\",\"knowledge\":\"It is.\",\"place\":\"GPL-3.0\\nSection 4:\"}\n"
	recipe("rows", questions(20)+"{\"question\":\"?\",\"choices\":[\"a\",\"a\"],\"answer\":\"1\"}\n{\"question\":\" \",\"choices\":[\"a\",\"caf\xe9\"],\"answer\":0}\n", pair+"{\"question\":\"?\",\"knowledge\":\"x\",\"place\":\"somewhere\"}\n")
	recipe("few", questions(4), pair)
	recipe("overlap", questions(20), pair+"{\"question\":\"which IS 3?\",\"knowledge\":\"x\"}\n")
	recipe("names", "{\"ctx\":\"?\",\"endings\":[\"a\",\"b\"],\"label\":0}\n", "{\"text\":\"x\"}\n")
	recipe("good", questions(20), pair)
	for name, want := range map[string][]string{
		"rows": {
			`rows.jsonl:21: field "answer" is the text "1"; it must be a whole number from 0 to 1, or a letter from A to B; choice 1 repeats choice 0`,
			`rows.jsonl:22: field "question" is empty`, `rows.jsonl:22:36: the byte 0xE9 is not UTF-8`, `rows-pairs.jsonl:2: field "place" is "somewhere"`,
		},
		"few":     {"too few development questions: 2"},
		"overlap": {"overlap-pairs.jsonl:2: a question of the exam"},
		"names":   {"found: ctx, endings, label", "data.exam.fields: {question: NAME}", "found: text", "stages.kit.pairs.fields: {question: NAME, knowledge: NAME}"},
	} {
		for _, command := range []string{"check", "plan", "train"} {
			o := slm(t, dir, command, name+".yaml")
			for _, w := range want {
				if o.code != 4 || !strings.Contains(o.err, w) || strings.Contains(o.err, "json:") || strings.Contains(o.err, "Go ") {
					t.Errorf("slm %s %s: exit %d, want 4 and %q:\n%s", command, name, o.code, w, o.err)
				}
			}
		}
	}
	if o := slm(t, dir, "check", "good.yaml"); o.code != 0 {
		t.Error(o.err)
	}
	if _, err := os.Stat(filepath.Join(dir, "runs")); err == nil {
		t.Error("something was run")
	}
	// What only the stage data knows is told when it is done.
	o := slm(t, dir, "train", "tiny", "-s", "data.exam.split.dev=2%", "-s", "data.exam.split.test=90%")
	left, err := filepath.Glob(filepath.Join(dir, "runs", "tiny-*", "*", "manifest.json"))
	if o.code != 4 || !strings.Contains(o.err, "too few development questions") || err != nil || len(left) != 1 || filepath.Base(filepath.Dir(left[0])) != "data" {
		t.Errorf("exit %d, %v, %v\n%s", o.code, left, err, o.err)
	}
}

func TestEval_ItemsAreReadWhateverTheirSplitAndByTheNamesOfTheirFields(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "items.jsonl"), "{\"question\":\"?\",\"choices\":[\"a\",\"b\"],\"answer\":0,\"split\":\"of the workshop\"}\n")
	put(t, filepath.Join(dir, "items.csv"), "ctx,opa,opb,cop\n?,a,b,0\n")
	for args, want := range map[string]int{ // the items are read before the run is looked for
		"--items items.jsonl": 8,
		"--items items.csv":   4,
		"--items items.csv --field question=ctx --field choices=opa --field choices=opb --field answer=cop": 8,
		"--items items.csv --field ctx": 2,
	} {
		if o := slm(t, dir, append([]string{"eval", "nope"}, strings.Fields(args)...)...); o.code != want {
			t.Errorf("%s: exit %d, want %d\n%s", args, o.code, want, o.err)
		}
	}
}
