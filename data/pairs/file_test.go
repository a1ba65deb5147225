package pairs

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/data/corpus/read"
	"slm/data/form"
)

// parse is Read for what is open already. The name is for messages, and for its ending.
func parse(in io.Reader, name string, from From) ([]Pair, error) {
	b := builder{From: from, file: filepath.Base(name)}
	err := format.Parse(in, name, b.add)
	return b.result(err)
}

// told writes pairs as question=text@place.
func told(list []Pair) string {
	var b strings.Builder
	for _, p := range list {
		b.WriteString(p.ID + " " + p.Question + "=" + p.Text)
		if p.Place != "" {
			b.WriteString("@" + p.Place)
		}
		b.WriteString("\n")
	}
	return strings.TrimSpace(b.String())
}

func TestRead_PairsComeInTheFormsThatPeopleHave(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"p.jsonl", `{"question":" Q? ","knowledge":"K","place":" P: "}`, "p.jsonl:1 Q?=K@P:"},
		{"alpaca.json", `[{"instruction":"Explain.","input":"This word.","output":"K"},` + "\n" + `{"instruction":"Q?","input":"","output":"K2"}]`, "alpaca.json:1 Explain.\nThis word.=K\nalpaca.json:2 Q?=K2"},
		{"dolly.jsonl", `{"instruction":"Q?","context":"","response":"K","category":"open_qa"}`, "dolly.jsonl:1 Q?=K"},
		{"p.jsonl", `{"prompt":"Q?","completion":" K"}`, "p.jsonl:1 Q?=K"},
		{"p.jsonl", `{"prompt":[{"role":"user","content":"Q?"}],"completion":[{"role":"assistant","content":"K"}]}`, "p.jsonl:1 Q?=K"},
		{"dpo.jsonl", `{"prompt":"Q?","chosen":"K","rejected":"no"}`, "dpo.jsonl:1 Q?=K"},
		{"dpo.jsonl", `{"prompt":[{"role":"user","content":"Q?"}],"chosen":[{"role":"assistant","content":"K"}],"rejected":[]}`, "dpo.jsonl:1 Q?=K"},
		{"seed.jsonl", `{"id":"seed_task_0","name":"x","instruction":"Q?","instances":[{"input":"","output":"K"},{"input":"<noinput>","output":"K2"},{"input":"this","output":"K3"}],"is_classification":false}`, "seed.jsonl:1 Q?=K\nseed.jsonl:1/2 Q?=K2\nseed.jsonl:1/3 Q?\nthis=K3"},
		{"p.csv", "question,answer,place\nQ?,K,P:\n", "p.csv:2 Q?=K@P:"},
		{"p.tsv", "prompt\tresponse\nQ?\tK\n", "p.tsv:2 Q?=K"},
		{"openai.jsonl", `{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Q?"},{"role":"assistant","content":"K"}]}`, "openai.jsonl:1 Q?=K"},
		{"openai.jsonl", `{"messages":[{"role":"user","content":[{"type":"text","text":"Q?"}]},{"role":"assistant","content":"K"}]}`, "openai.jsonl:1 Q?=K"},
		{"sharegpt.json", `[{"id":"x","conversations":[{"from":"human","value":"Q?"},{"from":"gpt","value":"K"},{"from":"human","value":"Q2?"},{"from":"gpt","value":"K2"}]}]`, "sharegpt.json:1 Q?=K\nsharegpt.json:1/2 Q2?=K2"},
	} {
		got, err := parse(strings.NewReader(c.text), "dir/"+c.name, From{})
		if err != nil || told(got) != c.want {
			t.Errorf("%s:\n%s\n%v, want\n%s", c.text, told(got), err, c.want)
		}
	}
	named := &Fields{Question: []string{"ask"}, Knowledge: "say", Place: "where"}
	if got, err := parse(strings.NewReader(`{"ask":"Q?","say":"K","where":"P:","messages":1}`), "p", From{Fields: named}); err != nil || told(got) != "p:1 Q?=K@P:" {
		t.Errorf("%s, %v", told(got), err)
	}
}

func TestRead_BadPairsAreToldByFileAndLineInWordsOfTheFile(t *testing.T) {
	good := "{\"question\":\"?\",\"knowledge\":\"x\"}\n"
	for bad, want := range map[string]string{
		`{"question":"?"}`:                                                               `no fields hold a question and its knowledge (found: question); say which, in the recipe by stages.kit.pairs.fields: {question: NAME, knowledge: NAME}`,
		`{"text":"x","label":1}`:                                                         `(found: text, label)`,
		`{"question":" ","knowledge":"x"}`:                                               `field "question" is empty`,
		`{"question":"?","knowledge":" "}`:                                               `field "knowledge" is empty`,
		`{"instruction":"","input":"x","output":null}`:                                   `field "output" is empty`,
		`{"question":" ","knowledge":""}`:                                                `field "question" is empty; field "knowledge" is empty`,
		`{"question":1,"knowledge":"x"}`:                                                 `field "question" is the number 1; it must be text`,
		`{"question":"?","knowledge":["x"]}`:                                             `field "knowledge" is a list; it must be text`,
		`{"question":"?","knowledge":"x","place":3}`:                                     `field "place" is the number 3; it must be text`,
		`{"instruction":"?","instances":[]}`:                                             `field "instances" is a list; it must be a list of objects with input and output`,
		`{"instruction":"?","instances":["x"]}`:                                          `field "instances": instance 1 is the text "x"; it must be an object`,
		`{"instruction":"?","instances":[{"input":"","output":3}]}`:                      `field "instances": instance 1 field "output" is the number 3; it must be text`,
		`{"instruction":"?","instances":[{"input":"","output":""}]}`:                     `field "instances": instance 1 is empty`,
		`{"messages":[]}`:                                                                `field "messages" ends without an answer of the assistant`,
		`{"messages":"hello"}`:                                                           `field "messages" is the text "hello"; it must be a list of messages`,
		`{"messages":[{"role":"user","content":"?"}]}`:                                   `field "messages" ends without an answer of the assistant`,
		`{"messages":[{"role":"assistant","content":"?"}]}`:                              `field "messages": message 1 is of the assistant; a question of the user`,
		`{"messages":[{"role":"tool","content":"?"}]}`:                                   `field "messages": message 1 is of the role "tool"; it must be system, user or assistant`,
		`{"messages":[{"who":"user","content":"?"}]}`:                                    `field "messages": message 1 has no role and content, or from and value (found: who, content)`,
		`{"messages":["hello"]}`:                                                         `field "messages": message 1 is the text "hello"; it must be an object`,
		`{"messages":[{"role":"user","content":7}]}`:                                     `field "messages": message 1 field "content" is the number 7; it must be text`,
		`{"prompt":[{"role":"user"}],"completion":"x"}`:                                  `field "completion" is the text "x"; beside "prompt" it must be a list of messages`,
		`{"messages":[{"role":"user","content":[{"i":"x"}]}]}`:                           `field "messages": message 1 has a part that is no text`,
		`{"messages":[{"role":"user","content":" "},{"role":"assistant","content":""}]}`: `field "messages": message 1 is empty; field "messages": message 2 is empty`,
		`[`: `the JSON ends too early`, `null`: `this is null; a record is an object`,
	} {
		_, err := parse(strings.NewReader(good+bad), "p.jsonl", From{})
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "p.jsonl:2:") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n%v\nwant %s", bad, err, want)
		}
	}
	named := &Fields{Question: []string{"ask"}}
	if _, err := parse(strings.NewReader(`{"question":"?","knowledge":"x"}`), "p", From{Fields: named}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "(looked for: ask, knowledge; found: question, knowledge)") {
		t.Error(err)
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none"), From{}); !errors.Is(err, os.ErrNotExist) || !errors.Is(err, read.ErrUnreadable) {
		t.Error(err)
	}
}

func TestRead_APlaceIsOneThatTheFormCanGive(t *testing.T) {
	law := form.Set{Place: "{title}{number}："}
	for _, c := range []struct {
		set   form.Set
		place string
		ok    bool
	}{
		{forms, "GPL-3.0 license\nSection 4:", true},
		{forms, " GPL-3.0 license\nSection 4: ", true},
		{forms, "", true},
		{forms, "GPL-3.0 license\nSection 4", false},
		{forms, "GPL-3.0 license Section 4:", false},
		{forms, "GPL: 3.0 license\nSection 4:", false},
		{forms, "GPL-3.0 license\nSection :", false},
		{forms, "section 4 of the GPL", false},
		{law, "民法第一条：", true},
		{law, "民法第一条:", false},
		{form.Set{Question: []string{"?"}}, "P:", false},
	} {
		got, err := parse(strings.NewReader("\n"+`{"question":"?","knowledge":"x","place":`+quoted(c.place)+`}`), "p.jsonl", From{Forms: &c.set})
		if c.ok != (err == nil) || c.ok && got[0].Place != strings.TrimSpace(c.place) {
			t.Errorf("%q: %v", c.place, err)
		}
		if !c.ok && (!errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "p.jsonl:2: field \"place\" is "+quoted(c.place)) || !strings.Contains(err.Error(), "data.forms.place")) {
			t.Errorf("%q: %v", c.place, err)
		}
	}
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, "\n", `\n`) + `"` }

func TestRead_GoldenPairsAreReadAndAFileCutAtEveryByteLosesNoneInSilence(t *testing.T) {
	got, err := Read("testdata/pairs.jsonl", From{})
	if err != nil || len(got) != 2 || got[0].Question != "What is A?" || got[1].Place != "Guide, B:" || got[1].Source != "pairs.jsonl:3" || got[1].Kind != File {
		t.Errorf("%v, %+v", err, got)
	}
	whole, err := os.ReadFile("testdata/pairs.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		text := string(whole[:n])
		list, err := parse(strings.NewReader(text), "p", From{})
		lines := 0
		for line := range strings.SplitSeq(text, "\n") {
			if strings.TrimSpace(line) != "" {
				lines++
			}
		}
		if err != nil && !strings.Contains(err.Error(), "p:") || err == nil && len(list) != lines {
			t.Fatalf("cut at %d: %d pairs, %v", n, len(list), err)
		}
	}
}

func FuzzRead_AnyFileIsReadOrRefused(f *testing.F) {
	f.Add(".jsonl", "{\"question\":\"?\",\"knowledge\":\"x\"}\n\n{}")
	f.Add(".jsonl", `{"messages":[{"role":"user","content":[{"text":"?"}]},{"from":"gpt","value":"x"}]}`)
	f.Add(".json", `[{"instruction":"?","input":"","output":"x"},{"prompt":[],"completion":[]}]`)
	f.Add(".csv", "question;answer;place\n?;x;P:\n")
	f.Fuzz(func(t *testing.T, ext, text string) {
		got, err := parse(strings.NewReader(text), "f"+ext, From{Forms: &forms})
		if (err == nil) == (len(got) == 0) {
			t.Errorf("%d pairs and %v", len(got), err)
		}
		for _, p := range got {
			if strings.TrimSpace(p.Question) == "" || strings.TrimSpace(p.Text) == "" || p.Place != "" && !strings.HasSuffix(p.Place, ":") {
				t.Errorf("%+v", p)
			}
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
	if _, err := parse(io.LimitReader(line, 1<<30), "f", From{}); !errors.Is(err, ErrFormat) || line.read > 8<<20 {
		t.Errorf("%v after %d bytes", err, line.read)
	}
}
