package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"slm/stages/systems"
)

// samplePage renders the sample run. With SLM_REPORT_SAMPLE=FILE it is also left there, to be looked at.
func samplePage(t *testing.T) string {
	t.Helper()
	run, err := Load(sampleRun(t))
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := Render(&page, run); err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("SLM_REPORT_SAMPLE"); keep != "" {
		if err := os.WriteFile(keep, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return page.String()
}

func TestPage_HoldsEveryPartOfTheRun(t *testing.T) {
	html := samplePage(t)
	for _, e := range systems.All {
		if e.Optional {
			continue
		}
		if !strings.Contains(html, `aria-label="`+e.Label+": ") {
			t.Errorf("no bar for %s", e.Name)
		}
	}
	for _, want := range []string{"Domain pretraining", "Knowledge instruction tuning", "Random search had 40 trials", "Sobol sequence had 40", "CMA-ES had 40", "Paraphrases in words had 40", "Bands span", "The model along dimension 4", "with two standard deviations", "Refused, and seen by no model: 1.", "26 with 40, 14 with 80", "Predicted against observed", "3 questions whose knowledge differs", "with trial 31", "No prompt proved better, so none is used: trial 31", "are due to choosing the best of 40", "10 questions in full", "✗ not in the corpus at this place",
		"✓ in the corpus at this place", "onednn2.6-bf16", "Chain of checkpoints", "bpo: {soft: {tokens: 5, dim: 10}", "The tuned prompt, against no prompt: no difference is shown", "harmed", "MPL-2.0 license"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	run, err := Load(sampleRun(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range run.Stages {
		if !strings.Contains(html, s.Digest) {
			t.Errorf("the page lacks the digest of %s", s.Name)
		}
	}
}

func TestPage_LoadsNothingFromOutside(t *testing.T) {
	html := samplePage(t)
	for _, bad := range []string{"http://", "https://", "src=", "href=", "@import", "url(", "<link", "<script", "<iframe"} {
		if strings.Contains(strings.ReplaceAll(html, `&lt;script`, ""), bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
}

func TestPage_TextIsEscaped(t *testing.T) {
	html := samplePage(t)
	if strings.Contains(html, "<script>alert") || strings.Contains(html, "<b>not bold</b>") {
		t.Error("text of the run came through as HTML")
	}
	if !strings.Contains(html, "&lt;script&gt;alert") || !strings.Contains(html, "&lt;b&gt;not bold") {
		t.Error("the escaped text is not there")
	}
}

func TestPage_IsWellFormed(t *testing.T) {
	html := samplePage(t)
	// The page keeps to XML's rules but for the doctype and the empty meta elements.
	xhtml := regexp.MustCompile(`<meta ([^>]*)>`).ReplaceAllString(strings.TrimPrefix(html, "<!doctype html>\n"), "<meta $1/>")
	d := xml.NewDecoder(strings.NewReader(xhtml))
	d.Entity = xml.HTMLEntity
	ids := map[string]bool{}
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("line %d: %v", strings.Count(xhtml[:d.InputOffset()], "\n")+2, err)
		}
		el, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		attr := map[string]string{}
		for _, a := range el.Attr {
			attr[a.Name.Local] = a.Value
		}
		if el.Name.Local == "svg" && (attr["role"] != "img" || attr["aria-label"] == "") {
			t.Error("a figure has no description")
		}
		if id := attr["id"]; id != "" {
			if ids[id] {
				t.Errorf("id %q twice", id)
			}
			ids[id] = true
		}
	}
	if strings.Contains(html, "NaN") || strings.Contains(html, "Inf") || strings.Contains(html, "%!") || strings.Contains(html, "ZgotmplZ") {
		t.Error("the page holds a figure that is none")
	}
}

func TestPage_OfAnUnfinishedRunSaysSo(t *testing.T) {
	dir := sampleRun(t)
	for _, stage := range []string{"eval", "bpo", "kit"} {
		if err := os.RemoveAll(filepath.Join(dir, stage)); err != nil {
			t.Fatal(err)
		}
	}
	run, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Render(&b, run); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "has not been evaluated yet") || strings.Contains(b.String(), "Prompt search") {
		t.Error("the page of an unfinished run is wrong")
	}
}

func TestPage_SameRunGivesTheSameOne(t *testing.T) {
	run, err := Load(sampleRun(t))
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	for _, b := range []*bytes.Buffer{&first, &second} {
		if err := Render(b, run); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two renderings differ")
	}
}
