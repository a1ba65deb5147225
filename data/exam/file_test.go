package exam

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus/read"
)

// parse is Read for what is open already. The name is for messages, and for its ending.
func parse(in io.Reader, name string, from From) ([]Item, error) {
	b := builder{From: from, file: name, ids: map[string]int{}}
	err := format.Parse(in, name, b.add)
	return b.result(err)
}

// one reads a file that holds one question.
func one(t *testing.T, name, text string, from From) (Item, error) {
	t.Helper()
	items, err := parse(strings.NewReader(text), name, from)
	if err == nil && len(items) != 1 {
		t.Errorf("%s: %d questions", text, len(items))
	}
	if err != nil {
		return Item{}, err
	}
	return items[0], nil
}

func TestRead_QuestionsComeInTheFormsThatPeopleHave(t *testing.T) {
	for _, c := range []struct{ name, text, question, choices, answer, split string }{
		{"a.jsonl", `{"question":"Q?","choices":["a","b","c"],"answer":2}`, "Q?", "a|b|c", "c", ""},
		{"bom.jsonl", "\ufeff" + `{"question":"Q?","choices":["a","b","c"],"answer":"B","split":"validation"}`, "Q?", "a|b|c", "b", Dev},
		{"a.jsonl", `{"Question":"Q?","Options":{"B":"b","A":"a"},"Answer":"B"}`, "Q?", "a|b", "b", ""},
		{"medqa.jsonl", `{"question":"Q?","answer":"the b","options":{"A":"a","B":"the b","C":"c"},"meta_info":"x","answer_idx":"B"}`, "Q?", "a|the b|c", "the b", ""},
		{"arc.jsonl", `{"id":"x","question":"Q?","choices":{"text":["a","b"],"label":["1","2"]},"answerKey":"2"}`, "Q?", "a|b", "b", ""},
		{"arc.jsonl", `{"id":"x","question":"Q?","choices":{"label":["A","B"],"text":["a","b"]},"answerKey":"A"}`, "Q?", "a|b", "a", ""},
		{"mmlu.jsonl", `{"question":"Q?","subject":"law","choices":["a","b"],"answer":1,"split":"test"}`, "Q?", "a|b", "b", Test},
		{"array.json", `[{"question":"Q?","choices":["a","b"],"answer":0,"split":"held-out"}]`, "Q?", "a|b", "a", Test},
		{"mmlu.csv", "\"What, then?\",a,b,c,d,D\n", "What, then?", "a|b|c|d", "d", ""},
		{"header.csv", "question,A,B,C,D,answer,split\nQ?,a,b,c,d,C,Held Out\n", "Q?", "a|b|c|d", "c", Test},
		{"header.csv", "\ufeffQuestion;Option A;Option B;Answer\r\nQ?;a;b;1\r\n", "Q?", "a|b", "b", ""},
		{"fewer.csv", "question,A,B,C,D,answer\nQ?,a,b,,,B\n", "Q?", "a|b", "b", ""},
		{"a.tsv", "question\toption_a\toption_b\tlabel\nQ \"x\"?\ta\tb\t0\n", "", "", "", ""}, // its quotes do not match
		{"b.tsv", "question\toption_a\toption_b\tlabel\nQ?\ta\tb\t0\n", "Q?", "a|b", "a", ""},
	} {
		item, err := one(t, c.name, c.text, From{})
		if c.question == "" {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%s: %v", c.text, err)
			}
			continue
		}
		if err != nil || item.Question != c.question || strings.Join(item.Choices, "|") != c.choices || item.Choices[item.Answer] != c.answer || item.Split != c.split {
			t.Errorf("%s: %+v, %v", c.text, item, err)
		}
	}
	named := &Fields{ID: "nr", Question: []string{"ctx", "ask"}, Choices: []string{"opa", "opb"}, Answer: "cop", Split: "part", Knowledge: "exp"}
	item, err := one(t, "a.jsonl", `{"nr":3,"ctx":"It rains.","ask":"Is it wet?","opa":"yes","opb":"no","cop":0,"part":"valid","exp":"Rain is wet."}`, From{Fields: named})
	if err != nil || item.ID != "3" || item.Question != "It rains.\nIs it wet?" || !slices.Equal(item.Choices, []string{"yes", "no"}) || item.Split != Dev || item.Knowledge != "Rain is wet." {
		t.Errorf("%+v, %v", item, err)
	}
}

func TestRead_AnswersAreLettersInBracketsOrTheTextOfAnOption(t *testing.T) {
	for _, c := range []struct{ name, text, answer string }{
		{"a.jsonl", `{"question":"Q?","choices":["a b","c d"],"answer":"(B)"}`, "c d"},
		{"a.jsonl", `{"question":"Q?","choices":{"a":"x","b":"y"},"answer":"b."}`, "y"},
		{"a.jsonl", `{"question":"Q?","choices":["the  tenant","the landlord"],"answer":"the tenant "}`, "the  tenant"},
		{"a.jsonl", `{"question":"Q?","choices":["12","30"],"answer":"30"}`, "30"},
		{"a.csv", "question,A,B,answer\nQ?,30 days,60 days,60 days\n", "60 days"},
		{"a.csv", "question,A,B,answer\nQ?,0,1,1\n", "1"},
		{"arc.jsonl", `{"question":"Q?","choices":{"text":["x","y"],"label":["B","A"]},"answer":"(A)"}`, "y"},
		{"a.csv", "question,A,B,answer\nQ?,1,2,1\n", ""}, // the index of "2", or the text "1"
		{"a.jsonl", `{"question":"Q?","choices":["B","A"],"answer":"A"}`, ""},
		{"a.jsonl", `{"question":"Q?","choices":["a b","c d"],"answer":"(C)"}`, ""},
	} {
		item, err := one(t, c.name, c.text, From{})
		if c.answer == "" {
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.name) {
				t.Errorf("%s: %+v, %v", c.text, item, err)
			}
			continue
		}
		if err != nil || item.Choices[item.Answer] != c.answer {
			t.Errorf("%s: %+v, %v", c.text, item, err)
		}
	}
}

func TestParseFields_NamesFieldsAsTheRecipeDoes(t *testing.T) {
	f, err := ParseFields([]string{"question=ctx", "choices=opa", "choices=opb", "answer=cop", "id=nr", "knowledge=exp"})
	want := &Fields{ID: "nr", Question: []string{"ctx"}, Choices: []string{"opa", "opb"}, Answer: "cop", Knowledge: "exp"}
	if err != nil || !reflect.DeepEqual(f, want) {
		t.Errorf("%+v, %v", f, err)
	}
	for _, bad := range []string{"question", "question=", "split=x", "=x"} {
		if _, err := ParseFields([]string{bad}); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	if f, err := ParseFields(nil); f != nil || err != nil {
		t.Errorf("%v, %v", f, err)
	}
}

func TestRead_SplitsAreNamedAsPeopleNameThem(t *testing.T) {
	for split, names := range map[string]string{
		Train: "train training Train TRAINING", Dev: "dev development validation valid val Validation", Test: "test eval evaluation heldout held-out held_out holdout hold-out Test",
	} {
		for name := range strings.FieldsSeq(names) {
			item, err := one(t, "a.jsonl", `{"question":"?","choices":["a","b"],"answer":0,"split":"`+name+`"}`, From{})
			if err != nil || item.Split != split {
				t.Errorf("%s: %q, %v", name, item.Split, err)
			}
		}
	}
	if item, err := one(t, "a.jsonl", `{"question":"?","choices":["a","b"],"answer":0,"split":7}`, From{AnySplit: true}); err != nil || item.Split != "" {
		t.Errorf("%+v, %v", item, err)
	}
}

func TestRead_BadQuestionsAreToldByFileAndLineInWordsOfTheFile(t *testing.T) {
	const found = `; say which, in the recipe by data.exam.fields: {`
	good := `{"question":"?","choices":["a","b"],"answer":0}` + "\n"
	for bad, want := range map[string]string{
		`{"question":"?","choices":["a","b"],"answer":"1"}`:                 `field "answer" is the text "1"; it must be a whole number from 0 to 1, or a letter from A to B`,
		`{"question":"?","choices":["a","b"],"answer":2}`:                   `field "answer" is the number 2; it must be a whole number from 0 to 1, or a letter from A to B`,
		`{"question":"?","choices":["a","b"],"answer":-1}`:                  `field "answer" is the number -1; it must be`,
		`{"question":"?","choices":["a","b"],"answer":0.5}`:                 `field "answer" is the number 0.5; it must be`,
		`{"question":"?","choices":["a","b"],"answer":1e300}`:               `field "answer" is the number 1e300; it must be`,
		`{"question":"?","choices":["a","b"],"answer":[1]}`:                 `field "answer" is a list; it must be`,
		`{"question":"?","choices":["a","b"],"answer":true}`:                `field "answer" is true; it must be`,
		`{"question":"?","choices":["a","b"],"answer":"C"}`:                 `field "answer" is the text "C"; it must be`,
		`{"question":"?","choices":["a","b"],"answer":"ab"}`:                `field "answer" is the text "ab"; it must be`,
		`{"question":"?","choices":["a","b"],"answer":null}`:                `field "answer" is empty`,
		`{"question":"?","choices":["a","b"],"answer":" "}`:                 `field "answer" is empty`,
		`{"question":"?","choices":["a","b"]}`:                              `no field holds the answer (found: question, choices)` + found + `answer: NAME}`,
		`{"ctx":"?","endings":["a","b"],"label":0}`:                         `no field holds the question (found: ctx, endings, label)` + found + `question: NAME}, for slm eval by --field question=NAME`,
		`{"id":"x","text":"?"}`:                                             `no field holds the question or the choices or the answer (found: id, text)`,
		`{"question":"","choices":["a","b"],"answer":0}`:                    `field "question" is empty`,
		`{"question":" \u200b\t","choices":["a","b"],"answer":0}`:           `field "question" is empty`,
		`{"question":7,"choices":["a","b"],"answer":0}`:                     `field "question" is the number 7; it must be text`,
		`{"question":"?","choices":["a"],"answer":0}`:                       `field "choices" holds 1; a question has 2 to 26`,
		`{"question":"?","choices":"a, b","answer":0}`:                      `field "choices" is the text "a, b"; it must be a list of texts, or an object that has them by letter`,
		`{"question":"?","choices":["a",2],"answer":0}`:                     `field "choices": choice 1 is the number 2; it must be text`,
		`{"question":"?","choices":{"A":"a","C":"c"},"answer":0}`:           `field "choices" has A, C; it must have the options by their letters, A, B and so on`,
		`{"question":"?","choices":["a",""],"answer":0}`:                    `choice 1 is empty`,
		`{"question":"?","choices":["a","b"," a ","b"],"answer":3}`:         `choice 2 repeats choice 0; choice 3 repeats choice 1, and one of them is the answer`,
		`{"question":"?","choices":["caf\u00e9","cafe\u0301"],"answer":0}`:  `choice 1 repeats choice 0, and one of them is the answer`,
		`{"question":"?","choices":["a","b"],"answer":0,"split":"dev2"}`:    `field "split" is "dev2"; it must be train, dev (validation) or test (held-out)`,
		`{"question":"?","choices":["a","b"],"answer":0,"split":1}`:         `field "split" is the number 1; it must be text`,
		`{"id":[],"question":"?","choices":["a","b"],"answer":0}`:           `field "id" is a list; it must be text or a number`,
		`{"id":"1","question":"?","choices":["a","b"],"answer":0}`:          `the id "1" stands on line 1 already`,
		`{"question":" ","choices":["a","a"],"answer":"7","knowledge":[1]}`: `field "question" is empty; field "knowledge" is a list; it must be text; field "answer" is the text "7"; it must be`,
		`[]`: `this is a list; a record is an object with named fields`,
		`{`:  `the JSON ends too early`,
	} {
		_, err := parse(strings.NewReader(good+"\n"+bad+"\n"), "qa.jsonl", From{})
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "qa.jsonl:3:") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n%v\nwant %s", bad, err, want)
		}
	}
	if _, err := parse(strings.NewReader(""), "qa.jsonl", From{}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "the file holds no question") {
		t.Errorf("empty file: %v", err)
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none"), From{}); !errors.Is(err, os.ErrNotExist) || !errors.Is(err, read.ErrUnreadable) {
		t.Error(err)
	}
}

func TestRead_AFileCutAtEveryByteLosesNoQuestionInSilence(t *testing.T) {
	whole, err := os.ReadFile("testdata/questions.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	ends := []int{}
	for i, b := range whole {
		if b == '\n' {
			ends = append(ends, i)
		}
	}
	for n := range whole {
		items, err := parse(bytes.NewReader(whole[:n]), "qa.jsonl", From{})
		if clean := n == 0 || slices.Contains(ends, n) || slices.Contains(ends, n-1); clean != (err == nil) && n > 0 {
			t.Errorf("cut at %d: %d questions, %v", n, len(items), err)
		}
		if err != nil && !strings.Contains(err.Error(), "qa.jsonl:") {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
}

func FuzzRead_AnyFileIsReadOrRefused(f *testing.F) {
	f.Add(".jsonl", `{"id":1,"question":"?","choices":["a","b"],"answer":"B"}`)
	f.Add(".jsonl", "{\"question\":\"?\",\"choices\":{\"A\":\"a\",\"B\":\"b\"},\"answer\":1e300}\n\n{}")
	f.Add(".json", `[{"question":"?","choices":{"text":["a","b"],"label":["1","2"]},"answerKey":"2","split":"valid"}]`)
	f.Add(".csv", "?,a,b,c,d,A\n?,a,b,c,,B\n")
	f.Add(".csv", "question,A,B,answer\n?,a,b,1\n")
	f.Fuzz(func(t *testing.T, ext, text string) {
		items, err := parse(strings.NewReader(text), "f"+ext, From{})
		if (err == nil) == (len(items) == 0) {
			t.Errorf("%d items and %v", len(items), err)
		}
		ids := map[string]bool{}
		for _, item := range items {
			if item.Answer < 0 || item.Answer >= len(item.Choices) || item.ID == "" || ids[item.ID] || strings.TrimSpace(item.Question) == "" {
				t.Errorf("%+v", item)
			}
			ids[item.ID] = true
		}
	})
}

// endless is a line without an end; it counts what was read of it.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.read += int64(len(p))
	return len(p), nil
}

func TestRead_AGigabyteOnOneLineIsRefusedWhereTheLimitIs(t *testing.T) {
	line := &endless{}
	if _, err := parse(io.LimitReader(line, 1<<30), "f", From{}); !errors.Is(err, ErrFormat) || line.read > 2<<20 {
		t.Errorf("%v after %d bytes", err, line.read)
	}
}
