package export_test

import (
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/model/weights"
	"slm/pipeline/export"
	"slm/pipeline/runtest"
	"slm/stages"
	"slm/stages/domain"
)

func TestMain(m *testing.M) { os.Exit(runtest.Main(m)) }

var update = flag.Bool("update", false, "write the golden files again")

func target(t *testing.T, text string) export.Target {
	t.Helper()
	to, err := export.ParseTarget(text)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func TestParseTarget_TypesFollowTheLastColon(t *testing.T) {
	for _, c := range []struct{ text, path, kind, refused string }{
		{"hf:a/b", "a/b", "f32", ""},
		{"hf:a/b:bf16", "a/b", "bf16", ""},
		{"gguf:a.gguf:q8_0", "a.gguf", "q8_0", ""},
		{"gguf:/x:y/a.gguf", "/x:y/a.gguf", "f32", ""},
		{"gguf:a.gguf:q9", "", "", "the types are f32, f16, q8_0, q4_k_m"},
		{"gguf:", "", "", "names no file"},
		{"hf:", "", "", "names no folder"},
		{"hf::f32", "", "", "the types are"},
		{"safetensors:a", "", "", "none of"},
		{"somewhere", "", "", "none of"},
	} {
		to, err := export.ParseTarget(c.text)
		switch {
		case c.refused != "" && (!errors.Is(err, export.ErrTarget) || !strings.Contains(err.Error(), c.refused)):
			t.Errorf("%s: %v, want one with %q", c.text, err, c.refused)
		case c.refused == "" && (err != nil || to.Path != c.path || to.Type != c.kind):
			t.Errorf("%s: %+v, %v", c.text, to, err)
		}
	}
}

// The run is one that an older program wrote, so what is exported of it never changes.
func TestExport_IsTheGoldenOne(t *testing.T) {
	run, dir := runtest.Old(t), t.TempDir()
	to := target(t, "hf:"+filepath.Join(dir, "model"))
	if _, err := export.Export(run, to, export.Options{}); err != nil {
		t.Fatal(err)
	}
	m, err := checkpoint.Load(to.Path)
	if err != nil || checkpoint.Verify(to.Path) != nil || m.Parents[stages.KIT] == "" {
		t.Fatalf("%v, %+v", err, m)
	}
	files := map[string]string{}
	for _, f := range m.Files {
		files[f.Name] = f.SHA256
	}
	sums, err := json.MarshalIndent(files, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{
		"sums.json": sums, "README.md": read(t, filepath.Join(to.Path, "README.md")), "config.json": read(t, filepath.Join(to.Path, "config.json")),
		"tokenizer_config.json": read(t, filepath.Join(to.Path, "tokenizer_config.json")), "Modelfile": read(t, filepath.Join(to.Path, "Modelfile")),
	} {
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := read(t, golden); string(got) != string(want) {
			t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestExport_EveryTypeIsReadAgain(t *testing.T) {
	run, dir := runtest.Old(t), t.TempDir()
	model, err := domain.LoadModel(filepath.Join(run, stages.DP))
	if err != nil {
		t.Fatal(err)
	}
	for text, within := range map[string]float64{ // of a value, by the largest of the tensor
		"hf:" + dir + "/a": 0, "hf:" + dir + "/b:bf16": 1. / 256, "hf:" + dir + "/c:f16": 1. / 2048,
		"gguf:" + dir + "/a.gguf": 0, "gguf:" + dir + "/b.gguf:f16": 1. / 2048, "gguf:" + dir + "/c.gguf:q8_0": 1. / 127,
	} {
		to := target(t, text)
		out, err := export.Export(run, to, export.Options{Stage: stages.DP})
		if err != nil || out.Stage != stages.DP || out.Type != to.Type || len(out.Files) < 3 {
			t.Errorf("%s: %+v, %v", text, out, err)
			continue
		}
		src, err := to.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := weights.Params(src)
		tok, terr := src.Tokenizer()
		if err := errors.Join(err, terr, src.Close()); err != nil {
			t.Fatal(err)
		}
		if tok.Vocab() != model.Config.Vocab || !strings.Contains(src.ChatTemplate(), "Question: ") {
			t.Errorf("%s: %d tokens, template %q", text, tok.Vocab(), src.ChatTemplate())
		}
		for i, want := range model.Tensors() {
			most, worst := 0., 0.
			for j, v := range want.Data {
				most, worst = max(most, math.Abs(float64(v))), max(worst, math.Abs(float64(v-got.Tensors()[i].Data[j])))
			}
			if worst > within*most {
				t.Errorf("%s: %s is off by %g of %g", text, want.Name, worst, most)
			}
		}
	}
}

func TestExport_NothingIsLeftOfWhatFailsAndNothingIsReplacedUnasked(t *testing.T) {
	run, dir := runtest.Old(t), t.TempDir()
	mine := filepath.Join(dir, "mine")
	if err := errors.Join(os.Mkdir(mine, 0o755), os.WriteFile(filepath.Join(mine, "letter.txt"), []byte("dear"), 0o644), os.WriteFile(filepath.Join(dir, "x.md"), []byte("notes"), 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		target string
		force  bool
		word   string
	}{
		{"hf:" + mine, false, "--force"}, {"hf:" + mine, true, "not written by slm export"}, {"gguf:" + dir + "/x.gguf", false, "x.md is there already"},
	} {
		if _, err := export.Export(run, target(t, c.target), export.Options{Force: c.force}); !errors.Is(err, export.ErrTarget) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: %v, want one with %q", c.target, err, c.word)
		}
	}
	folder := target(t, "hf:"+dir+"/model")
	for _, force := range []bool{false, true} {
		if _, err := export.Export(run, folder, export.Options{Force: force}); err != nil {
			t.Errorf("force %v: %v", force, err)
		}
	}
	if _, err := export.Export(run, target(t, "hf:"+dir+"/none"), export.Options{Stage: stages.BPO}); !errors.Is(err, export.ErrTarget) {
		t.Errorf("a stage without a model: %v", err)
	}
	if _, err := export.Export(run, target(t, "hf:"+dir+"/none"), export.Options{Stage: stages.RFT}); !errors.Is(err, checkpoint.ErrMissing) {
		t.Errorf("a stage that the run has not: %v", err)
	}
	weightsFile := filepath.Join(run, stages.KIT, domain.WeightsFile)
	data := read(t, weightsFile)
	data[len(data)/2] ^= 1
	if err := os.WriteFile(weightsFile, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := export.Export(run, target(t, "hf:"+dir+"/none"), export.Options{}); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Errorf("a flipped bit: %v", err)
	}
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if err != nil || !slices.Equal(names, []string{"mine", "model", "x.md"}) {
		t.Errorf("%v, %v", names, err)
	}
}

func TestExport_CardNamesNoFolderOfTheMachine(t *testing.T) {
	run, dir := runtest.Old(t), t.TempDir()
	if _, err := export.Export(run, target(t, "gguf:"+dir+"/m.gguf"), export.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"m.md", "m.Modelfile"} {
		text := string(read(t, filepath.Join(dir, name)))
		if strings.Contains(text, dir) || strings.Contains(text, run) || regexp.MustCompile(`(?m)(^|[ "(])/(home|tmp|root|work)/`).MatchString(text) {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}
