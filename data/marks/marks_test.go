package marks

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestQuestions_CommentsAreSkippedAndBadLinesAreNamed(t *testing.T) {
	got, err := Questions(file(t, "\ufeff# mine\nHow long?\r\n\n  Wie lange?  \nHow long?"))
	if err != nil || !reflect.DeepEqual(got, []string{"How long?", "Wie lange?"}) {
		t.Errorf("%q, %v", got, err)
	}
	for text, want := range map[string]string{"a?\n\xff?\n": "f.yaml:2:1: the byte 0xFF", "a?\n{\"question\":\"b\"}": "f.yaml:2: a record", "# none\n": "f.yaml:1: the file holds no question"} {
		if _, err := Questions(file(t, text)); !errors.Is(err, exam.ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// awkward are texts that YAML reads in its own way if they are not written with care.
var awkward = []string{"plain", "y", "a: b # c", "---\nx", "line\n\n\n  indented\n\ttab\nend", "'quoted' \"twice\" \\", "民法　第一条", "\x1b[31m \u0085 \u2028", "- a\n- b", "|-\n", "{a: [}", "trailing \nblank"}

func TestAppend_EveryTextIsReadBackAndMarksStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.yaml")
	p := .25
	for _, text := range awkward {
		if err := Append(path, Answer{Question: "Q " + text, Place: text, Source: text, Confidence: &p, Text: text, Reply: text, Refused: text == "y"}); err != nil {
			t.Fatal(err)
		}
		old, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(old), "\nright:\n", "\nright: Yes # seen\n", 1)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read(path)
	if err != nil || len(got) != len(awkward) {
		t.Fatalf("%d answers, %v", len(got), err)
	}
	for i, text := range awkward {
		a, want := got[i], strings.TrimSpace(text)
		if a.Question != "Q "+text || a.Place != text || a.Source != text || a.Right != "y" || *a.Confidence != .25 || a.Refused != (text == "y") {
			t.Errorf("%q: %+v", text, a)
		}
		if strings.TrimSpace(a.Text) != want || strings.TrimSpace(a.Reply) != want {
			t.Errorf("%q: text %q, reply %q", text, a.Text, a.Reply)
		}
	}
}

func TestRead_BadMarkIsNamedWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"---\nquestion: a\nright: perhaps\n":                     "f.yaml:3: right is \"perhaps\"",
		"---\nquestion: a\nright:y\n":                            "f.yaml:3: \"right:y\" is no field",
		"---\nquestion: a\nrigth: y\n":                           "f.yaml:3: unknown field",
		"---\nquestion: a\nright: y\ninstead: b\n":               "f.yaml:4: a place stands behind instead",
		"---\nright: y\n":                                        "the answer has no question",
		"---\nquestion: a\n---\nquestion: \"b\n":                 "f.yaml:4: ",
		"---\nquestion: [[a\n":                                   "f.yaml:2: the value of question is no text",
		"---\nquestion: a\nright: n\nright: y\n":                 "f.yaml:4: field \"right\" stands twice",
		"---\nquestion: a\nright: k\n---\nquestion: b\nright: l": "on 2 lines",
	} {
		if _, err := Read(file(t, text)); !errors.Is(err, exam.ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzRead_EveryAnswerHasAQuestionAndAMark(f *testing.F) {
	f.Add("---\nquestion: a\nright: y\ntext: |-\n  b\n")
	f.Add("---\nquestion: \"b\nright: n\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Read(file(t, text))
		for _, a := range got {
			if err == nil && (strings.TrimSpace(a.Question) == "" || a.Right != "" && a.Right != "y" && a.Right != "n") {
				t.Errorf("%+v", a)
			}
		}
	})
}

func TestRows_EachAnswerIsCountedOnceAndPlacesAreTheCorpuss(t *testing.T) {
	all := []corpus.Section{{ID: "t#1", Title: "Travel", Number: "1", Heading: "Hotels"}, {ID: "t#2", Title: "Travel", Number: "2"}, {ID: "t#3", Title: "Travel", Number: "3", Heading: "Trains"}}
	sections := func(yield func(corpus.Section, error) bool) {
		for _, s := range all {
			if !yield(s, nil) {
				return
			}
		}
	}
	forms := form.Set{Place: "{title}\n{heading}:"}
	answers := []Answer{
		{Question: "a", Right: "y", Place: "Travel, Hotels"}, {Question: "b", Right: "n", Place: "Travel, Hotels", Instead: "travel,  trains"}, {Question: "c", Right: "n", Instead: "t#2"},
		{Question: "d", Right: "n"}, {Question: "e", Right: "y", Refused: true, Place: "Travel, Hotels"}, {Question: "f", Right: "y"}, {Question: "g"},
	}
	got, count, err := Rows("f", answers, sections, forms)
	want := []Row{{"a", []Place{{"Travel", "", "Hotels"}}}, {"b", []Place{{"Travel", "", "Trains"}}}, {"c", []Place{{"Travel", "2", ""}}}}
	if err != nil || !reflect.DeepEqual(got, want) || count != (Count{1, 2, 1, 1, 1, 1}) {
		t.Errorf("%+v, %+v, %v", got, count, err)
	}
	answers[1].Instead, answers[1].InsteadLine = "Travel, Boats", 9
	if _, _, err := Rows("f", answers, sections, forms); !errors.Is(err, exam.ErrFormat) || !strings.Contains(err.Error(), "f:9: the corpus has no such") {
		t.Errorf("%v", err)
	}
}
