package ablate

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"slm/experiment"
)

// aWork is two runs that share their data.
func aWork() *Work {
	return &Work{
		Version: 1, Name: "legal", Variants: []experiment.Variant{{Name: BaseName, Changes: []string{}, Means: "the recipe as it is"}, {Name: "no-kit", Changes: []string{"stages.kit=off"}, Means: "without kit"}},
		Seeds: []uint64{7}, Family: []string{"blade"}, Exam: 7, Offline: true,
		Members: []WorkMember{{Variant: BaseName, Seed: 7, Run: "legal-00000001", Class: "f32", Stages: []string{"da", "e1"}}, {Variant: "no-kit", Seed: 7, Run: "legal.no-kit-00000002", Class: "f32", Stages: []string{"da", "e2"}}},
		Stages:  []WorkStage{{"data", "da", 0, 0}, {"eval", "e1", 0, 1}, {"eval", "e2", 1, 1}},
	}
}

func TestWork_GoldenFileIsReadAndWritten(t *testing.T) {
	golden := filepath.Join("testdata", WorkFile)
	text, err := json.MarshalIndent(aWork(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != string(text)+"\n" {
		t.Errorf("%v: work.json is written as\n%s", err, text)
	}
	w, err := decodeWork(want)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := json.MarshalIndent(w, "", " "); err != nil || string(again) != string(text) {
		t.Errorf("%v: it is read as %+v", err, w)
	}
	for cut := range len(want) - 2 { // without its last brace it is whole to nobody
		if _, err := decodeWork(want[:cut]); !errors.Is(err, experiment.ErrCorrupt) {
			t.Errorf("cut at byte %d: %v", cut, err)
		}
	}
}

func TestWork_WhatDoesNotFitTogetherIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Work){
		"a newer version":    func(w *Work) { w.Version++ },
		"a member too many":  func(w *Work) { w.Stages[2].Member = 2 },
		"another level":      func(w *Work) { w.Stages[2].Level = 0 },
		"nobody makes it":    func(w *Work) { w.Stages = w.Stages[:2] },
		"made twice":         func(w *Work) { w.Stages[1] = w.Stages[0] },
		"a path":             func(w *Work) { w.Members[1].Run = "../x" },
		"a path to a stage":  func(w *Work) { w.Stages[0].Stage = "../x" },
		"a run of no stages": func(w *Work) { w.Members[1].Stages = nil },
		"no members":         func(w *Work) { w.Members, w.Stages = nil, nil },
	} {
		w := aWork()
		spoil(w)
		text, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeWork(text); !errors.Is(err, experiment.ErrCorrupt) && !errors.Is(err, experiment.ErrNewer) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeWork_WhatItReadsFitsTogether(f *testing.F) {
	text, err := json.Marshal(aWork())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		w, err := decodeWork(text)
		if err != nil {
			return
		}
		total := 0
		for _, n := range w.Levels() {
			total += n
		}
		if before := w.chains(); total != len(w.Stages) || len(before) != total {
			t.Errorf("%d stages on levels, %d chains", total, len(before))
		}
	})
}
