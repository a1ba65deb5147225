package domain

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/tokenizer"
	"slm/model"
)

// dataFiles are what a data checkpoint must hold.
var dataFiles = []string{TokenizerFile, SectionsFile, ExamFile, FormsFile}

// newDomain is a hand-made domain.
func newDomain(t *testing.T) *Domain {
	t.Helper()
	set := form.Set{
		Place: "{title}, section {number}:", Document: []string{"{title}, section {number}:", "[{title} | {number}]"}, Question: []string{"What does section {number} of {title} say?"},
	}
	d := &Domain{Forms: set}
	var texts []string
	var sections corpus.Slice
	for i := range 3 {
		sec := corpus.Section{ID: fmt.Sprintf("Act#%d", i), Title: "Act", Number: fmt.Sprint(i), Heading: "On", Text: "Words of section.", Source: "made"}
		sections, texts = append(sections, sec), append(texts, sec.Text)
		d.Items = append(d.Items, exam.Item{
			ID: sec.ID, Section: sec.ID, Question: set.ExamOf(sec), Choices: []string{"a", "b"}, Answer: i % 2, Split: exam.Test, Place: set.PlaceOf(sec), Knowledge: sec.Text,
		})
	}
	d.Sections = sections
	var err error
	if d.Tokenizer, err = tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{Vocab: 270, Special: []string{EOS}}); err != nil {
		t.Fatal(err)
	}
	return d
}

// write makes the files of a data checkpoint in a new folder and returns it, with what makes it a checkpoint.
func write(t *testing.T, d *Domain) (dir string, commit func()) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	p, err := checkpoint.Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	sections := func(yield func(corpus.Section, error) bool) {
		for _, s := range d.Sections.All() {
			if !yield(s, nil) {
				return
			}
		}
	}
	err = errors.Join(d.Tokenizer.Save(p.Path(TokenizerFile)), d.Forms.Save(p.Path(FormsFile)),
		corpus.Write(p.Path(SectionsFile), sections, nil), exam.Write(p.Path(ExamFile), d.Items, nil))
	if err != nil {
		t.Fatal(err)
	}
	return dir, func() {
		t.Helper()
		if err := p.Commit(&checkpoint.Manifest{Stage: "data"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpen_ReadsWhatTheDataStageWrites(t *testing.T) {
	want := newDomain(t)
	dir, commit := write(t, want)
	commit()
	got, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(maps.Collect(got.Sections.All()), maps.Collect(want.Sections.All())) || !reflect.DeepEqual(got.Items, want.Items) || got.Forms.Digest() != want.Forms.Digest() ||
		got.Tokenizer.Digest() != want.Tokenizer.Digest() || got.EOS != 0 || got.Tokenizer.Token(got.EOS) != EOS {
		t.Errorf("%+v", got)
	}
}

func TestOpen_FolderThatIsNoDataCheckpointIsAnError(t *testing.T) {
	dir, commit := write(t, newDomain(t))
	if _, err := Open(dir); !errors.Is(err, checkpoint.ErrMissing) {
		t.Errorf("not committed: %v", err)
	}
	commit()
	for _, name := range dataFiles {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); !errors.Is(err, checkpoint.ErrIncomplete) || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	foreign := newDomain(t)
	tok, err := tokenizer.Train(slices.Values([]string{"Words."}), tokenizer.TrainOptions{Vocab: 260, Special: []string{"<end>"}})
	if err != nil {
		t.Fatal(err)
	}
	foreign.Tokenizer = tok
	dir, commit = write(t, foreign)
	commit()
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), EOS) {
		t.Errorf("a tokenizer without an end mark: %v", err)
	}
}

// Open leaves the checking of hashes to checkpoint.Verify, so a changed byte may go unseen here; it must not end in a panic, nor in
// items that cannot be asked.
func TestOpen_DamagedDataGiveErrorsNotPanics(t *testing.T) {
	dir, commit := write(t, newDomain(t))
	commit()
	refused := 0
	for _, name := range dataFiles {
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(whole); i += 1 + len(whole)/120 {
			bad := slices.Clone(whole)
			bad[i] ^= 0x41
			if err := os.WriteFile(path, bad, 0o644); err != nil {
				t.Fatal(err)
			}
			d, err := Open(dir)
			if err != nil {
				refused++
				continue
			}
			for _, item := range d.Items {
				if item.Answer < 0 || item.Answer >= len(item.Choices) {
					t.Fatalf("%s, byte %d: an item with answer %d of %d", name, i, item.Answer, len(item.Choices))
				}
			}
		}
		for n := 0; n < len(whole); n += 1 + len(whole)/40 {
			if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(dir); !errors.Is(err, checkpoint.ErrIncomplete) {
				t.Errorf("%s cut to %d bytes: %v", name, n, err)
			}
		}
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if refused == 0 {
		t.Error("no damage was seen")
	}
}

func TestOpen_ExamThatWasChangedIsRefused(t *testing.T) {
	dir, commit := write(t, newDomain(t))
	commit()
	path := filepath.Join(dir, ExamFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.ReplaceAll(data, []byte("Words of"), []byte("Wards of"))
	if err := os.WriteFile(path, changed, 0o644); err != nil || bytes.Equal(changed, data) {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, exam.ErrFormat) {
		t.Error(err)
	}
}

func TestOpen_FormsThatContradictThemselvesAreRefused(t *testing.T) {
	d := newDomain(t)
	d.Forms.Document = d.Forms.Document[1:] // the first must be the place
	dir, commit := write(t, d)
	commit()
	if _, err := Open(dir); !errors.Is(err, form.ErrTemplate) {
		t.Error(err)
	}
}

func tiny(tied bool) model.Config {
	return model.Config{Vocab: 11, Width: 4, Layers: 2, Heads: 2, KVHeads: 1, HeadDim: 2, Hidden: 6, Context: 8, RopeTheta: 10000, NormEps: 1e-5, Tied: tied}
}

func TestLoadModel_IsAsItWasSaved(t *testing.T) {
	for _, tied := range []bool{true, false} {
		dir, want := t.TempDir(), model.New(tiny(tied), 3)
		want.Embed[0], want.Embed[1], want.Layers[1].Down[2] = float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, math.MaxFloat32
		if err := SaveModel(filepath.Join(dir, WeightsFile), want); err != nil {
			t.Fatal(err)
		}
		got, err := LoadModel(dir)
		if err != nil || got.Config != want.Config {
			t.Fatalf("%+v, %v", got, err)
		}
		loaded := got.Tensors()
		for i, ts := range want.Tensors() {
			if loaded[i].Name != ts.Name || !slices.Equal(loaded[i].Shape, ts.Shape) {
				t.Fatalf("%s %v, want %s %v", loaded[i].Name, loaded[i].Shape, ts.Name, ts.Shape)
			}
			for j, v := range ts.Data {
				if math.Float32bits(loaded[i].Data[j]) != math.Float32bits(v) {
					t.Fatalf("tied %v: %s[%d] is %g, want %g", tied, ts.Name, j, loaded[i].Data[j], v)
				}
			}
		}
		// The memory is the model's own: the file may go, and be written to.
		if err := os.Remove(filepath.Join(dir, WeightsFile)); err != nil {
			t.Fatal(err)
		}
		got.Embed[3]++
	}
}

func TestLoadModel_DamagedWeightsGiveErrorsNotPanics(t *testing.T) {
	dir := t.TempDir()
	if _, err := LoadModel(dir); err == nil {
		t.Error("loaded a model from an empty folder")
	}
	path := filepath.Join(dir, WeightsFile)
	if err := SaveModel(path, model.New(tiny(true), 3)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += 1 + len(whole)/250 {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if p, err := LoadModel(dir); err == nil || p != nil {
			t.Fatalf("cut to %d of %d bytes: %v, %v", n, len(whole), p, err)
		}
	}
	refused := 0
	for i := 0; i < len(whole); i += 1 + len(whole)/800 {
		bad := slices.Clone(whole)
		bad[i] ^= 0x41
		if err := os.WriteFile(path, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		if p, err := LoadModel(dir); err != nil {
			refused++
		} else if err := p.Config.Validate(); err != nil {
			t.Fatalf("byte %d: a model without a valid configuration: %v", i, err)
		}
	}
	if refused == 0 {
		t.Error("no damage was seen")
	}
}

func TestLoadModel_WeightsThatDoNotFitTheirConfigurationAreRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, WeightsFile)
	p, wide := model.New(tiny(true), 3), tiny(true)
	wide.Width = 8
	for name, meta := range map[string]map[string]string{
		"another shape": {"config": wide.JSON()}, "no configuration": {}, "no JSON": {"config": "{"}, "no model": {"config": "{}"},
		"a huge one": {"config": strings.Replace(p.Config.JSON(), `"vocab_size":11`, `"vocab_size":16000000`, 1)},
	} {
		if err := checkpoint.WriteWeights(path, meta, p.Tensors()); err != nil {
			t.Fatal(err)
		}
		if got, err := LoadModel(dir); !errors.Is(err, model.ErrConfig) || got != nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestLoadPrompt_IsOneRow(t *testing.T) {
	type row struct {
		Soft []float32 `arrow:"soft"`
	}
	dir := t.TempDir()
	path := filepath.Join(dir, PromptFile)
	for _, rows := range [][]row{{{[]float32{1, -2, 0.5}}}, {{nil}}} {
		if err := checkpoint.WriteTable(path, rows, nil); err != nil {
			t.Fatal(err)
		}
		if got, err := LoadPrompt(dir); err != nil || !slices.Equal(got, rows[0].Soft) {
			t.Errorf("%v, %v", got, err)
		}
	}
	for _, rows := range [][]row{nil, {{nil}, {nil}}} {
		if err := checkpoint.WriteTable(path, rows, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadPrompt(dir); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Errorf("%d rows: %v", len(rows), err)
		}
	}
	if err := os.WriteFile(path, []byte("ARROW1"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadPrompt(dir); err == nil {
		t.Error("read a prompt from six bytes")
	}
}
