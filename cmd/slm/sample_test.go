package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sample is the recipe of docs/corpus.md in a folder with the files that it names.
func sample(t *testing.T) (dir string) {
	t.Helper()
	page, err := os.ReadFile(filepath.FromSlash("../../docs/corpus.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(page), "```yaml\n")
	text, _, closed := strings.Cut(text, "```")
	if !ok || !closed {
		t.Fatal("docs/corpus.md has no recipe")
	}
	dir = t.TempDir()
	put(t, filepath.Join(dir, "handbook.yaml"), text)
	first, second := strings.Fields("Paying Booking Losing Finding Sharing Reporting"), strings.Fields("hotels trains meals guests")
	var headings []string
	for _, a := range first {
		for _, b := range second {
			headings = append(headings, a+" "+b)
		}
	}
	writePages(t, filepath.Join(dir, "handbook"), []string{"travel.md", "hr/leave.md", "office.md"}, headings)
	var rules strings.Builder
	for i, heading := range headings {
		fmt.Fprintf(&rules, "{\"title\": \"Travel policy\", \"number\": \"%d\", \"heading\": %q, \"text\": %q}\n", i+1, heading, strings.TrimSpace(madeUp("rule "+heading)))
	}
	put(t, filepath.Join(dir, "rules.jsonl"), rules.String())
	return dir
}

// noWeights lets the sample run where there are no weights: the black box chooses by trigrams.
var noWeights = []string{"SLM_LLM__PROVIDER=overlap", "SLM_LLM__MODEL=character-trigrams"}

func TestSample_OfThePageRunsToItsReport(t *testing.T) {
	dir := sample(t)
	if o := slmEnv(t, dir, noWeights, "check", "handbook.yaml"); o.code != 0 || !strings.Contains(o.out, "files    3 Markdown, 1 JSONL") {
		t.Fatalf("%+v", o)
	}
	o := slmEnv(t, dir, noWeights, "train", "handbook.yaml", "-s", "model.layers=1", "-s", "model.width=64", "-s", "model.context=128", "-s", "stages.dp.tokens=20k")
	if o.code != 0 || !strings.Contains(o.out, "report  runs/handbook-") {
		t.Errorf("%+v", o)
	}
}

func TestSample_OfThePageLearns(t *testing.T) {
	if os.Getenv("SLM_TEST_ALL") == "" {
		t.Skip("trains for minutes: SLM_TEST_ALL=1")
	}
	dir := sample(t)
	env := append([]string{"SLM_KERNEL="}, noWeights...) // the fastest that there is
	o := slmEnv(t, dir, env, "train", "handbook.yaml", "-o", "json")
	var got struct {
		Summary struct {
			Recall []struct {
				System              string
				Items, Place, Start int
			}
		}
	}
	if err := json.Unmarshal([]byte(o.out), &got); err != nil || o.code != 0 || len(got.Summary.Recall) == 0 {
		t.Fatalf("%v: %+v", err, o)
	}
	for _, r := range got.Summary.Recall {
		if r.Items < 20 || r.Place*5 < r.Items*4 || r.Start*5 < r.Items*4 {
			t.Errorf("%+v: less than 80 %% is known", r)
		}
	}
}
