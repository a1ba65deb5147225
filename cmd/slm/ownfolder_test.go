package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// typed splits a line of a page as a shell would: words, some of them in double quotes.
func typed(line string) (words []string) {
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

// TestOwnFolder_EveryCommandOfThePageDoesWhatItSays runs the page in order, on four short pages. There are no weights, so the black box is the one
// without; the model is small and reads its texts a few times, since what it learns is another test's (TestSample).
func TestOwnFolder_EveryCommandOfThePageDoesWhatItSays(t *testing.T) {
	dir := t.TempDir()
	smallDocs(t, dir)
	page, err := os.Open(filepath.FromSlash("../../docs/own-folder.md"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = page.Close() }() // read only
	env := []string{
		"SLM_LLM__PROVIDER=overlap", "SLM_LLM__MODEL=character-trigrams", "SLM_STAGES__FIND__DENSE=[]", "SLM_MODEL__LAYERS=1", "SLM_MODEL__WIDTH=32", "SLM_MODEL__HEADS=2", "SLM_MODEL__CONTEXT=64",
		"SLM_STAGES__DP__BATCH=128",
	}
	// What a command of the page must have said, by its first words.
	says := map[string][]string{
		"slm init docs":                        {"files     4 Markdown", "left out  1 no reader for .svg", "kind      handbook", "takes     about", "next      slm train docs.yaml -s stages.dp=off"},
		"slm check":                            {"no problem", "outlook  each section is read"},
		"slm train docs.yaml -s stages.dp=off": {"No small model."},
		"slm plan":                             {"memory", "each section is read"},
		"slm train":                            {"hybrid3", "auto", "report  runs/docs-"},
		"slm ask":                              {"Travel, Hotels", "source     travel.md:3", "word for word"},
		"slm runs list":                        {"docs-"},
	}
	said := map[string]bool{}
	lines, n := bufio.NewScanner(page), 0
	for lines.Scan() {
		n++
		command, ok := strings.CutPrefix(lines.Text(), "    slm ")
		if !ok {
			continue
		}
		use := env
		if !strings.Contains(command, "stages.dp.tokens=") {
			use = append(use[:len(use):len(use)], "SLM_STAGES__DP__TOKENS=auto")
		} else {
			command = strings.Replace(command, "tokens=5M", "tokens=20k", 1) // the page's number would take minutes
		}
		if strings.HasPrefix(command, "ask ") {
			command += " --no-llm" // the black box without weights writes nothing
		}
		o := slmEnv(t, dir, use, typed(command)...)
		if o.code != 0 {
			t.Fatalf("docs/own-folder.md:%d: slm %s: %+v", n, command, o)
		}
		for first, want := range says {
			if !strings.HasPrefix("slm "+command, first) {
				continue
			}
			said[first] = true
			for _, w := range want {
				if !strings.Contains(o.out, w) {
					t.Errorf("docs/own-folder.md:%d: slm %s does not say %q:\n%s", n, command, w, o.out)
				}
			}
		}
	}
	if n > 60 || len(said) != len(says) || lines.Err() != nil {
		t.Errorf("%d lines, of which were run: %v, %v", n, said, lines.Err())
	}
}
