package experiment

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/result"
)

var update = flag.Bool("update", false, "write the golden files again")

func ref[T any](x T) *T { return &x }

// golden is an experiment with every kind of field in it: two variants, of which one has failed with one seed.
func golden() *Experiment {
	ask := result.Row{Item: "GPL-3.0#4", Section: "GPL-3.0#4", System: "blade", Question: "What?", Place: "GPL-3.0\nSection 4:", Choices: []string{"“copies”", "b"}, Answer: 1, Picked: 1,
		Correct: true, Margin: .5, Scores: []float64{-2, -2}, PlaceOK: true, Right: []string{"GPL-3.0\nSection 4:"}, Rank: 1, Calls: 1, Tokens: 99}
	other := result.Row{Item: "x", System: "blade", Exam: "asked", Question: "Who?", Answer: -1, Picked: -1, Unscored: true, NoAnswer: "refused"}
	e := &Experiment{
		V: Version, Name: "kit", Family: []string{"blade"}, Notes: []string{"one note"},
		Variants: []Variant{{Name: "full"}, {Name: "without kit", Changes: []string{"stages.kit=off"}, Means: "the model of dp"}},
		Units: []Unit{
			{Variant: "full", Seed: 1, Run: "runs/kit-0f3a", Digest: "77aa", LLM: "reader", Style: "cloze", Wording: "0f", Cost: Cost{Tokens: ref[int64](1 << 20), Calls: ref[int64](40), Seconds: ref(61.5), USD: ref(.25)},
				Curves: []Curve{{Stage: "dp", Figure: "held-out loss", Least: true, Points: []Point{{Tokens: 1000, Seconds: 2, Value: 3.5}, {Tokens: 2000, Seconds: 4, Value: 3}}}}},
			{Variant: "full", Seed: 2, Failed: "dp diverged at step 7"},
			{Variant: "without kit", Seed: 1, Run: "runs/kit-1b2c", Digest: "88bb", LLM: "reader", Style: "cloze", Wording: "0f"},
		},
		Questions: []Question{questionOf(ask), questionOf(other)},
		Rows:      []Row{NewRow("full", 1, ask), NewRow("full", 1, other), NewRow("without kit", 1, ask)},
	}
	e.Rows[0].Seconds, e.Rows[0].USD = ref(.25), ref(1e-4)
	return e
}

// goldenDir holds the golden experiment.
func goldenDir(t testing.TB) string {
	t.Helper()
	dir := filepath.Join("testdata", "golden")
	if *update {
		if err := errors.Join(os.MkdirAll(dir, 0o755), golden().Write(dir)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestExperiment_HasItsPublishedForm(t *testing.T) {
	back, err := Read(goldenDir(t))
	if err != nil {
		t.Fatal(err)
	}
	want := golden()
	want.Root = "." // above the folder's folder
	if !reflect.DeepEqual(back, want) {
		t.Errorf("read back it is\n%+v, not\n%+v", back, want)
	}
	dir := t.TempDir()
	if err := golden().Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{File, ItemsFile, QuestionsFile} {
		if !bytes.Equal(read(t, filepath.Join(dir, name)), read(t, filepath.Join(goldenDir(t), name))) {
			t.Errorf("%s has another form; if that is meant, raise Version or write the golden files anew with -update", name)
		}
	}
}

// copied is a copy of the golden folder with one file's contents replaced.
func copied(t testing.TB, name string, data []byte) string {
	t.Helper()
	dir := t.TempDir()
	for _, n := range []string{File, ItemsFile, QuestionsFile} {
		content := read(t, filepath.Join(goldenDir(t), n))
		if n == name {
			content = data
		}
		if err := os.WriteFile(filepath.Join(dir, n), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestExperiment_CutAnywhereIsAnError(t *testing.T) {
	for _, name := range []string{File, ItemsFile, QuestionsFile} {
		whole := read(t, filepath.Join(goldenDir(t), name))
		dir := copied(t, name, whole)
		end := len(whole) - 1
		if name == File {
			end-- // the last byte is a newline
		}
		for n := end; n >= 0; n-- {
			if err := os.Truncate(filepath.Join(dir, name), int64(n)); err != nil {
				t.Fatal(err)
			}
			if _, err := Read(dir); !errors.Is(err, ErrCorrupt) && !errors.Is(err, checkpoint.ErrCorrupt) {
				t.Fatalf("the first %d of %d bytes of %s: %v", n, len(whole), name, err)
			}
		}
	}
}

func TestExperiment_NewerOneIsRefused(t *testing.T) {
	if _, err := Parse(strings.NewReader(`{"v":2}`)); !errors.Is(err, ErrNewer) {
		t.Errorf("version 2: %v", err)
	}
	if _, err := Parse(strings.NewReader(`{"name":"x"}`)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("no version: %v", err)
	}
}

func TestExperiment_PartsThatDoNotGoTogetherAreRefused(t *testing.T) {
	for want, change := range map[string]func(*Experiment){
		"no name of its own":       func(e *Experiment) { e.Variants[1].Name = "full" },
		"of no variant":            func(e *Experiment) { e.Units[2].Variant = "other" },
		"there twice":              func(e *Experiment) { e.Units[1].Seed = 1 },
		"no unit that went well":   func(e *Experiment) { e.Rows[1].Seed = 2 },
		"never asked so":           func(e *Experiment) { e.Rows[0].Digest = "00" },
		"not of its digest":        func(e *Experiment) { e.Questions[0].Question = "Where?" },
		"question x stands there":  func(e *Experiment) { e.Questions = append(e.Questions, e.Questions[1]) },
		"has item x twice under b": func(e *Experiment) { e.Rows = append(e.Rows, e.Rows[1]) },
	} {
		e := golden()
		change(e)
		if err := e.Write(t.TempDir()); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestExperiment_SeedsAndFailuresAddUpToTheUnits(t *testing.T) {
	e := golden()
	if s := e.Seeds("full"); !reflect.DeepEqual(s, []uint64{1}) {
		t.Errorf("seeds %v", s)
	}
	if f := e.Failures(); len(f) != 1 || f[0].Failed == "" || f[0].Seed != 2 {
		t.Errorf("failures %+v", f)
	}
}

func TestNewRow_SaysWhatIsKnown(t *testing.T) {
	r := golden().Rows
	if *r[0].Confidence != .5 || !*r[0].Placed || !*r[0].Found || *r[0].Begins || r[0].Cluster != "GPL-3.0#4" {
		t.Errorf("%+v", r[0])
	}
	if r[1].Confidence != nil || r[1].Placed != nil || r[1].Found != nil || r[1].Cluster != "x" || r[1].Scored || r[1].Reason != "refused" {
		t.Errorf("%+v", r[1])
	}
}

func FuzzExperiment_AnyFilesAreReadOrRefused(f *testing.F) {
	dir := goldenDir(f)
	f.Add(read(f, filepath.Join(dir, File)), read(f, filepath.Join(dir, ItemsFile)), read(f, filepath.Join(dir, QuestionsFile)))
	f.Add([]byte(`{"v":1}`), []byte("ARROW1"), []byte{})
	f.Fuzz(func(t *testing.T, text, items, questions []byte) {
		dir := t.TempDir()
		for name, data := range map[string][]byte{File: text, ItemsFile: items, QuestionsFile: questions} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		e, err := Read(dir)
		if err != nil {
			return
		}
		again := t.TempDir()
		if err := e.Write(again); err != nil {
			t.Fatal(err)
		}
		if back, err := Read(again); err != nil || len(back.Rows) != len(e.Rows) || len(back.Units) != len(e.Units) {
			t.Errorf("written and read again: %v", err)
		}
	})
}
