package delivery

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/form"
	"slm/llm"
	"slm/stages/knowledge"
)

var update = flag.Bool("update", false, "write the golden files")

func sample() Delivery {
	return Delivery{
		Wording: form.Wording{Knowledge: "Passage: “{knowledge}” <b>", Question: "Q: {question}", Answer: "A:", After: true},
		Source:  true, Text: Cited, Passages: 3, Reverse: true, Tokens: 64, Room: 192, Samples: 3, Join: All, Gate: 0.25, Norm: llm.PMI,
	}
}

func TestDelivery_FileIsTheGoldenOne(t *testing.T) {
	for name, d := range map[string]Delivery{"usual": Usual(96), "chosen": sample()} {
		golden := filepath.Join("testdata", name+".json")
		path := filepath.Join(t.TempDir(), File)
		if err := d.Save(path); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(golden, got, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is written as\n%s\nnot\n%s", name, got, want)
		}
		if back, err := Load(golden); err != nil || !reflect.DeepEqual(back, d) {
			t.Errorf("%s is read as %+v (%v)", name, back, err)
		}
	}
}

func TestDelivery_FileThatIsCutAnywhereIsRefused(t *testing.T) {
	data := sample().encode()
	path := filepath.Join(t.TempDir(), File)
	for n := range data {
		if err := os.WriteFile(path, data[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); !errors.Is(err, checkpoint.ErrCorrupt) || !strings.Contains(err.Error(), path) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), File)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestDelivery_WrongFieldsAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Delivery){
		"text": func(d *Delivery) { d.Text = "sung" }, "passages": func(d *Delivery) { d.Passages = 5 }, "tokens": func(d *Delivery) { d.Tokens = 0 },
		"room": func(d *Delivery) { d.Room = 63 }, "samples": func(d *Delivery) { d.Samples = 0 }, "join": func(d *Delivery) { d.Join = "" },
		"gate": func(d *Delivery) { d.Gate = math.NaN() }, "norm": func(d *Delivery) { d.Norm = "" },
		"wording": func(d *Delivery) { d.Wording.Question = "no field" },
	} {
		d := sample()
		spoil(&d)
		if err := d.Save(filepath.Join(t.TempDir(), File)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, data := range []string{"{}\n", "null\n", string(sample().encode()) + "{}\n", strings.Replace(string(sample().encode()), "\"text\"", "\"texts\"", 1)} {
		if _, err := parse([]byte(data)); err == nil {
			t.Errorf("%q is read", data)
		}
	}
}

func FuzzDelivery_WhatIsReadIsValidAndWrittenAgain(f *testing.F) {
	f.Add(sample().encode())
	f.Add(Usual(96).encode())
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := parse(data)
		if err != nil {
			return
		}
		if again, err := parse(d.encode()); err != nil || !reflect.DeepEqual(again, d) {
			t.Errorf("%q becomes %+v (%v)", data, again, err)
		}
	})
}

// shelf has texts at places A: to D:; a search finds C: and then D:.
func shelf() Shelf {
	texts := map[string]string{"A:": "text of A", "B:": "text of B", "C:": "text of C", "D:": "text of D"}
	return Shelf{
		At: func(place string) (string, bool) { text, ok := texts[place]; return text, ok },
		Found: func(_ context.Context, _ string, k int) ([]Passage, error) {
			return []Passage{{"C:", texts["C:"]}, {"D:", texts["D:"]}}[:min(k, 2)], nil
		},
		Head: func(text string, tokens int) string { return text[:min(len(text), tokens)] },
		Said: func(text string, tokens int) string { return text[:min(len(text), tokens)] },
	}
}

func TestCompose_KnowledgeIsWhatTheDeliverySays(t *testing.T) {
	sure := knowledge.Piece{Place: "A:", Text: "text of A", Verified: true, LogProb: math.Log(0.9)}
	wrong := knowledge.Piece{Place: "B:", Text: "rumours of B", LogProb: math.Log(0.3)}
	nowhere := knowledge.Piece{Place: "Z:", Text: "of Z", LogProb: math.Log(0.2)}
	said := []knowledge.Piece{wrong, sure, sure}
	usual := Usual(20)
	with := func(change func(*Delivery)) Delivery {
		d := usual
		change(&d)
		return d
	}
	for name, c := range map[string]struct {
		d      Delivery
		said   []knowledge.Piece
		want   string
		places string
		own    bool
	}{
		"usual":             {usual, said, "rumours of B", "B:", false},
		"verified":          {usual, said[1:], "text of A", "A:", true},
		"cited":             {with(func(d *Delivery) { d.Text = Cited }), said, "text of B", "B:", true},
		"cited nowhere":     {with(func(d *Delivery) { d.Text = Cited }), []knowledge.Piece{nowhere}, "", "", false},
		"found":             {with(func(d *Delivery) { d.Text, d.Passages = Nothing, 2 }), said, "text of C\ntext of D", "C: D:", true},
		"beside":            {with(func(d *Delivery) { d.Passages = 1 }), said, "rumours of B\ntext of C", "B: C:", false},
		"reversed":          {with(func(d *Delivery) { d.Passages, d.Reverse = 2, true }), said, "text of D\ntext of C\nrumours of B", "D: C: B:", false},
		"short":             {with(func(d *Delivery) { d.Tokens = 4 }), said, "rumo", "B:", false},
		"source":            {with(func(d *Delivery) { d.Source = true }), said, "B: rumours of B", "B:", false},
		"gate":              {with(func(d *Delivery) { d.Gate = 0.5 }), said, "", "", false},
		"gate, found":       {with(func(d *Delivery) { d.Gate, d.Passages = 0.5, 1 }), said, "text of C", "C:", true},
		"most of three":     {with(func(d *Delivery) { d.Samples = 3 }), said, "text of A", "A:", true},
		"all of three":      {with(func(d *Delivery) { d.Samples, d.Join = 3, All }), said, "text of A\nrumours of B", "A: B:", false},
		"not twice":         {with(func(d *Delivery) { d.Text, d.Passages = Cited, 2 }), []knowledge.Piece{{Place: "C:"}}, "text of C\ntext of D", "C: D:", true},
		"recited and found": {with(func(d *Delivery) { d.Passages = 1 }), []knowledge.Piece{{Place: "C:", Text: "text of", Verified: true}}, "text of", "C:", true},
	} {
		g, err := c.d.Compose(context.Background(), "q", c.said, shelf())
		if err != nil || g.Text != c.want || strings.Join(g.Places, " ") != c.places || g.InCorpus != c.own {
			t.Errorf("%s: %+v (%v)", name, g, err)
		}
	}
}

func TestSpace_DefaultPointIsTheUsualDelivery(t *testing.T) {
	parts := []string{Prompt, Wording, Passages, Samples, Gate, Normalise}
	s := NewSpace(parts, 10, 96, []string{"What does it say?"}, true)
	want := Usual(96)
	want.Room = 192
	if got := s.Delivery(s.Default()); !reflect.DeepEqual(got, want) || !reflect.DeepEqual(s.Delivery(nil), want) {
		t.Errorf("%+v", got)
	}
	if got := s.Words(s.Default()); got != "" {
		t.Errorf("it changes %s", got)
	}
	if dims := s.Dims(); len(dims) != len(s.Default()) || len(dims) != 10+len(s.Knobs) || len(s.Prompt(s.Default())) != 10 {
		t.Errorf("%d coordinates", len(dims))
	}
	if s := NewSpace([]string{Prompt}, 3, 96, nil, true); len(s.Knobs) != 0 || !reflect.DeepEqual(s.Delivery(s.Default()), Usual(96)) {
		t.Errorf("the prompt alone has %d knobs", len(s.Knobs))
	}
	if s := NewSpace([]string{Normalise, Gate}, 3, 96, nil, false); len(s.Knobs) != 1 || s.Soft != 0 {
		t.Errorf("without scores: %+v", s)
	}
}

// Every level of every knob is a sound delivery of its own, and no two levels of a knob are the same.
func TestSpace_EveryLevelIsAnotherSoundDelivery(t *testing.T) {
	for _, texts := range [][]string{{"What does it say?"}, {"民法典第三条规定了什么？"}} {
		s := NewSpace([]string{Wording, Passages, Samples, Gate, Normalise}, 0, 96, texts, true)
		for k, knob := range s.Knobs {
			var seen []Delivery
			for level := range knob.Levels {
				z := s.With(s.Default(), k, level)
				d := s.Delivery(z)
				if err := d.Validate(); err != nil {
					t.Errorf("%s: %v", knob.Name, err)
				}
				for _, other := range seen {
					if reflect.DeepEqual(other, d) {
						t.Errorf("%s: level %d is that of another", knob.Name, level)
					}
				}
				seen = append(seen, d)
				if words := s.Words(z); (words == "") != (level == knob.Default) || s.Level(z, k) != level {
					t.Errorf("%s, level %d: %q", knob.Name, level, words)
				}
			}
		}
		if n := len(s.Knobs[0].Levels); n < 31 {
			t.Errorf("%d wordings", n)
		}
	}
}
