package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// A folder of texts, cut, examined and looked at: the run has no stage but data.
func TestShow_SaysWhatTheDataStageMade(t *testing.T) {
	dir := t.TempDir()
	for i := range 14 {
		words := func(of string) (text string) {
			for j := range 20 {
				text += fmt.Sprintf("%s%dx%d ", of, i, j)
			}
			return text
		}
		text := fmt.Sprintf("# Tool %d\n\nIt makes %s.\n\n## Install\n\n<b>Run</b> `get tool%d` with %s.\n", i, words("a"), i, words("b"))
		put(t, filepath.Join(dir, "docs", fmt.Sprintf("tool%02d.md", i)), text)
	}
	put(t, filepath.Join(dir, "docs.yaml"), "slm: 1\nname: docs\nextends: tiny\ndata:\n  corpus: {from: \"\", path: docs, only: [], numbered: false}\n"+
		"  forms: {place: \"{title}, {heading}:\", document: [\"[{title} | {heading}]\"], question: [\"What does {title} say about {heading}?\"]}\n")
	o := slm(t, dir, "train", "docs.yaml", "--until", "data", "-q", "-s", "tokenizer.train.vocab=400", "-s", "data.exam.choices=2")
	if o.code != 0 {
		t.Fatalf("exit %d:\n%s", o.code, o.err)
	}
	for args, want := range map[string]string{
		"sections --grep tool3":         "Tool 3 | 2 | Install | tool03.md:5\n    Run `get tool3` with b3x0 b3x1 ",
		"sections --limit 3 --page 2":   "4–6 of 28; --page 3 shows more",
		"sections --grep nowhere":       "nothing matches",
		"exam --grep \\*.[A-D]":         "* ",
		"dropped --grep tag.*tool05.md": "tag | Tool 5 | tool05.md:7 | 3 characters\n    <b>",
	} {
		o := slm(t, dir, append([]string{"show", "docs"}, strings.Fields(args)...)...)
		if o.code != 0 || !strings.Contains(o.out, want) {
			t.Errorf("%s: exit %d, no %q:\n%s%s", args, o.code, want, o.out, o.err)
		}
	}
	var got struct {
		Matched int
		Rows    []map[string]any
	}
	o = slm(t, dir, "show", "docs", "sections", "-o", "json", "--limit", "2")
	if err := json.Unmarshal([]byte(o.out), &got); err != nil || got.Matched != 28 || len(got.Rows) != 2 || got.Rows[1]["heading"] != "Install" {
		t.Errorf("%v, %+v", err, got)
	}
	for args, code := range map[string]int{"pairs": exitCheckpoint, "tasks": exitCheckpoint, "words": exitUsage, "sections --grep (": exitUsage, "sections --page 0": exitUsage} {
		if o := slm(t, dir, append([]string{"show", "docs"}, strings.Fields(args)...)...); o.code != code {
			t.Errorf("%s: exit %d, want %d:\n%s", args, o.code, code, o.err)
		}
	}
	for _, args := range []string{"show docs tasks", "classify docs text"} {
		if o := slm(t, dir, strings.Fields(args)...); !strings.Contains(o.err, "recipe leaves stage") || strings.Contains(o.err, "not done yet") {
			t.Errorf("%s of a recipe without the stage:\n%s", args, o.err)
		}
	}
	if o := slm(t, dir, "show", "docs", "pairs"); !strings.Contains(o.err, "not done yet") {
		t.Errorf("pairs of a run that has not come to kit:\n%s", o.err)
	}
}
