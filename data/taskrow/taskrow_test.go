package taskrow

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/data/corpus/read"
	"slm/data/exam"
)

func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRead_FieldsSplitsAndLabelsOfEveryKind(t *testing.T) {
	path := file(t, "rows.jsonl", `{"text": "one word", "label": "a", "split": "train"}
{"sentence": "two words", "class": true, "split": "validation"}
{"text": "three words", "label": 3, "split": "test"}
{"text": "none of them", "label": null, "split": "test"}
`)
	rows, err := Read([]string{path}, From{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s", r.ID, r.Text, r.Target, r.Split))
	}
	want := "rows.jsonl:1|one word|a|train rows.jsonl:2|two words|true|dev rows.jsonl:3|three words|3|test rows.jsonl:4|none of them||test"
	if strings.Join(got, " ") != want {
		t.Errorf("%q", got)
	}
}

func TestRead_MistakesAreToldWithTheirLines(t *testing.T) {
	path := file(t, "rows.jsonl", `{"text": "The same words.", "label": "a", "split": "train"}
{"text": "the same words", "label": "a", "split": "test"}
{"text": "…", "label": "a"}
{"label": "a"}
{"text": "b"}
{"text": "c", "label": "", "split": "train"}
{"text": "d", "label": [1]}
{"text": "e", "label": "a", "split": "often"}
`)
	_, err := Read([]string{path}, From{})
	if !errors.Is(err, ErrFormat) {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2: the same words stand in train and in test", `3: field "text" has no word`, "4: no field holds the text", "5: no field holds the label",
		`6: field "label" is empty`, `7: field "label" is a list`, `8: field "split" is`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if _, err := Read([]string{path + "x"}, From{}); !errors.Is(err, read.ErrUnreadable) {
		t.Error(err)
	}
}

func TestRead_SplitFollowsFromTheWordsAndNotFromTheOrder(t *testing.T) {
	var lines []string
	for i := range 400 {
		lines = append(lines, fmt.Sprintf(`{"text": "text number %d", "label": "%d"}`, i, i%3))
	}
	from := From{Split: Split{Dev: 0.2, Test: 0.3}, Seed: 7}
	split, count := map[string]string{}, map[string]int{}
	rows, err := Read([]string{file(t, "a.jsonl", strings.Join(lines, "\n"))}, from)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		split[r.Text] = r.Split
		count[r.Split]++
	}
	if count[exam.Dev] < 60 || count[exam.Dev] > 100 || count[exam.Test] < 95 || count[exam.Test] > 145 {
		t.Error(count)
	}
	for i, j := 0, len(lines)-1; i < j; i, j = i+1, j-1 {
		lines[i], lines[j] = lines[j], lines[i]
	}
	again, err := Read([]string{file(t, "b.jsonl", strings.Join(lines, "\n"))}, from)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range again {
		if split[r.Text] != r.Split {
			t.Errorf("%q was in %s and is in %s", r.Text, split[r.Text], r.Split)
		}
	}
}

func FuzzRead_AnyFileIsReadOrRefused(f *testing.F) {
	f.Add("rows.jsonl", `{"text": "a b", "label": "x", "split": "train"}`)
	f.Add("rows.csv", "text,label\na b,\n")
	f.Add("rows.jsonl", `[{"text": "a", "label": 1e999}]`)
	f.Fuzz(func(t *testing.T, name, text string) {
		path := file(t, "rows"+filepath.Ext(filepath.Base(name)), text)
		rows, err := Read([]string{path}, From{Split: Split{Dev: 0.2, Test: 0.2}})
		if err != nil && !errors.Is(err, ErrFormat) && !errors.Is(err, read.ErrUnreadable) {
			t.Fatal(err)
		}
		for _, r := range rows {
			if err == nil && (r.Text == "" || r.Split == "" || r.Split == exam.Train && r.Target == "") {
				t.Errorf("%+v", r)
			}
		}
	})
}

// words are n words that no other document has.
func words(name string, n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("%s%d,", name, i))
	}
	return out
}

func TestCutter_FragmentsOfWhatStandsElsewhereAreNotCut(t *testing.T) {
	shared := words("shared", 60)
	docs := []Document{{"all", append(words("own", 40), shared...)}, {"part", shared}}
	c := NewCutter(docs, 2, Fragments{Least: 20, Most: 30}, 7)
	for i := range 200 {
		text, ok := c.Cut(0, exam.Test, i)
		if !ok || !strings.Contains(text, "own") {
			t.Fatalf("%d: %q", i, text)
		}
		if n := len(strings.Fields(text)); n < 20 || n > 30 {
			t.Errorf("%d words", n)
		}
		if again, _ := c.Cut(0, exam.Test, i); again != text {
			t.Error("another fragment under the same number")
		}
	}
	if text, ok := c.Cut(1, exam.Test, 0); ok {
		t.Errorf("%q stands in both", text)
	}
}

func TestCutter_EditsAreAsManyAsWantedAndTakeKnownWords(t *testing.T) {
	docs := []Document{{"a", words("a", 400)}, {"b", words("b", 400)}, {"left out", words("x", 400)}}
	c := NewCutter(docs, 2, Fragments{Least: 100, Most: 100, Edits: 0.1}, 7)
	kept, all, strange := 0, 0, 0
	for i := range 100 {
		text, ok := c.Cut(0, exam.Train, i)
		if !ok {
			t.Fatal(i)
		}
		for _, w := range strings.Fields(text) {
			if all++; strings.HasPrefix(w, "a") {
				kept++
			}
			if strings.HasPrefix(w, "x") {
				strange++
			}
		}
	}
	if strange > 0 || all < 9800 || all > 10200 || kept == all || all-kept > 400 {
		t.Errorf("of %d words %d are the document's and %d of what is left out", all, kept, strange)
	}
}
