package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"slm/pipeline/rundir"
	"slm/pipeline/session"
	"slm/stages/systems"
)

// readmeQuestion is the question of the README's example.
func readmeQuestion(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^ +\./slm ask legal "(.+)"$`).FindSubmatch(text)
	if m == nil {
		t.Fatal("the README asks nothing")
	}
	return string(m[1])
}

func TestAsk_SaysWhereATextStandsAndHowSureThePlaceIs(t *testing.T) {
	dir := t.TempDir()
	run := trainTiny(t, dir)
	ask := func(question string, more ...string) (a session.Answer) {
		t.Helper()
		o := slm(t, dir, append([]string{"ask", "tiny", question, "--no-llm", "-o", "json"}, more...)...)
		if err := json.Unmarshal([]byte(o.out), &a); err != nil || o.code != 0 {
			t.Fatalf("%v, %+v", err, o)
		}
		if strings.Contains(strings.ToLower(o.out), "verified") {
			t.Errorf("%q: a text is called verified: %s", question, o.out)
		}
		return a
	}
	// A model of this size has learnt nothing. It says so, and the section that the question names is there all the same.
	a := ask(readmeQuestion(t))
	if a.System != systems.Checked || a.Place != "MPL-2.0\nSection 2:" || !a.InCorpus || !strings.Contains(a.Source, "MPL-2.0") || a.Confidence == nil {
		t.Errorf("the README's example: %+v", a)
	}
	if a := ask("How do I bake bread?"); a.Knowledge != "" && !a.InCorpus || a.Confidence == nil || *a.Confidence >= .5 {
		t.Errorf("a question about something else: %+v", a)
	}
	text := slm(t, dir, "ask", "tiny", readmeQuestion(t), "--no-llm")
	for _, want := range []string{"place      MPL-2.0, Section 2\n", "the question names this place", "in the corpus, word for word, at this source"} {
		if text.code != 0 || !strings.Contains(text.out, want) {
			t.Errorf("it lacks %q: %+v", want, text)
		}
	}
	if a := ask("What?", "--system", "blade"); a.InCorpus || a.System != "blade" || a.Confidence == nil {
		t.Errorf("%+v", a)
	}
	if o := slm(t, dir, "ask", "tiny", "What?", "--system", "oracle"); o.code != exitUsage || !strings.Contains(o.err, "without a true text") {
		t.Errorf("%+v", o)
	}
	if o := slm(t, dir, "ask", "tiny", "What?", "--max-tokens", "0"); o.code != exitUsage {
		t.Errorf("%+v", o)
	}

	// The confidences are kept beside the run, and a damaged file is found and made again.
	kept := filepath.Join(dir, run, rundir.ConfidenceFile)
	before, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	if o := slm(t, dir, "verify", "tiny"); o.code != 0 || strings.Contains(o.out, rundir.ConfidenceFile) {
		t.Errorf("%+v", o)
	}
	put(t, kept, strings.Replace(string(before), `"items": `, `"items": 1`, 1))
	if o := slm(t, dir, "verify", "tiny"); o.code != exitDiffers || !strings.Contains(o.out, rundir.ConfidenceFile) {
		t.Errorf("%+v", o)
	}
	ask("What?", "--system", "blade")
	ask("What is it?")
	if o := slm(t, dir, "verify", "tiny"); o.code != 0 {
		t.Errorf("%+v", o)
	}
}

func TestAsk_EveryCaseIsSaidInItsOwnWords(t *testing.T) {
	p := func(x float64) *float64 { return &x }
	const four, five = "GPL-3.0\nSection 4:", "GPL-3.0\nSection 5:"
	for want, a := range map[string]session.Answer{
		"[the small model is 98 % sure of this place]":                                                           {System: "checked", Place: four, Named: four, Confidence: p(.98), Knowledge: "x", InCorpus: true},
		"[how sure the small model is of GPL-3.0, Section 4 is not known]":                                       {System: "blade", Place: four, Named: four, Knowledge: "x", InCorpus: true},
		"word for word, at this source; what the small model recited differs and is not used]":                   {System: "checked", Place: four, Named: four, Confidence: p(.98), Knowledge: "x", InCorpus: true, Origin: systems.Cited},
		"[found by search, which is 90 % sure of this place; the small model is 5 % sure of GPL-3.0, Section 4]": {System: "checked", Place: five, Named: four, Confidence: p(.05), Hit: p(.9), Knowledge: "x", InCorpus: true, Origin: systems.Found},
		"[the question names this place; the small model named \"nowhere\", which the corpus does not have]":     {System: "checked", Place: five, Named: "nowhere:", Confidence: p(0), Knowledge: "x", InCorpus: true, Origin: systems.Asked},
		"[the small model is less than 1 % sure of GPL-3.0, Section 4, and the search is not sure of any]":       {System: "checked", Named: four, Confidence: p(.001)},
		"[the small model named no place, and the search is not sure of any]":                                    {System: "checked", Confidence: p(0)},
		"[NOT in the corpus: the small model's own words]":                                                       {System: "blade", Place: four, Named: four, Confidence: p(.6), Knowledge: "made up"},
		"[gpt, without knowledge; cut: it reached 9 tokens]":                                                     {System: "llm", LLM: "gpt", Reply: "Yes …", Cut: "it reached 9 tokens"},
		"[gpt]": {System: "blade", LLM: "gpt", Place: four, Knowledge: "x"},
	} {
		var out strings.Builder
		showAnswer(&out, &a, false, 0)
		if !strings.Contains(out.String(), want) {
			t.Errorf("it lacks %q:\n%s", want, out.String())
		}
	}
}
