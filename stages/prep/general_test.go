package prep

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/stages/domain"
)

func TestRun_GeneralTextIsWrittenWholeAndSaysWhereItIsFrom(t *testing.T) {
	c, tok := small()
	c.Corpus.Only, c.Corpus.Dedup.Near, tok.Train.Vocab = []string{"Apache-2.0", "MPL-2.0"}, 0, 320
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.txt":   "Cells divide.\n\nA line of   its own.\n",
		"b.jsonl": `{"text": "One record."}` + "\n" + `{"text": "Another &amp; more."}` + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c.General.Path = []string{dir}
	data, m := prepare(t, c, tok)
	rows, _, err := checkpoint.ReadTable[domain.GeneralRow](filepath.Join(data, domain.GeneralFile))
	if err != nil {
		t.Fatal(err)
	}
	dom, err := domain.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dom.Close() }()
	tokens, got := 0, ""
	for _, row := range rows {
		last := len(row.Tokens) - 1
		if row.Tokens[last] != dom.EOS {
			t.Errorf("%s does not end", row.Source)
		}
		tokens, got = tokens+len(row.Tokens), got+row.Source+" "+dom.Tokenizer.Decode(row.Tokens[:last])+"|"
	}
	if want := "a.txt:1 Cells divide.\n\nA line of   its own.|b.jsonl:1 One record.|b.jsonl:2 Another & more.|"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if m.Counters["general_texts"] != 3 || m.Counters["general_tokens"] != int64(tokens) {
		t.Errorf("%v", m.Counters)
	}
}

func TestAsks_FindsAHeldOutQuestionInALineOrASentence(t *testing.T) {
	guard := exam.NewGuard([]exam.Item{
		{ID: "1", Split: exam.Test, Question: "What does section 4.2 of the act say?"},
		{ID: "2", Split: exam.Dev, Question: "第三条说了什么？"},
		{ID: "3", Split: exam.Train, Question: "Who may copy it?"},
	})
	for text, want := range map[string]bool{
		"A text.\nWhat does Section 4.2 of the  act say?\nAn answer.":  true,
		"Read it! what does section 4.2 of the act say? It says this.": true,
		"问题。第三条说了什么？答案。":                                               true,
		"He asked what does section 4.2 of the act say?":               false,
		"Who may copy it?": false,
	} {
		if got := asks(guard, text); got != want {
			t.Errorf("%q: %v", strings.ReplaceAll(text, "\n", "/"), got)
		}
	}
}
