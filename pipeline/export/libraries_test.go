package export_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"unicode/utf8"

	"slm/data/form"
	"slm/model"
	"slm/model/decode"
	"slm/model/gguf"
	"slm/model/weights"
	"slm/pipeline/export"
	"slm/pipeline/runtest"
	"slm/stages"
	"slm/stages/domain"
)

// python returns the Python of an environment that scripts/venv made, if it has a package.
func python(t *testing.T, venv, pkg string) string {
	t.Helper()
	if os.Getenv("SLM_TEST_ALL") == "" {
		t.Skip("the libraries take seconds to load: SLM_TEST_ALL=1")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cache, "slm", venv, "bin", "python")
	if out, err := exec.Command(path, "-c", "import "+pkg).CombinedOutput(); err != nil {
		t.Skipf("%s has no %s (scripts/venv makes it): %v %.200s", path, pkg, err, out)
	}
	return path
}

// check runs scripts/golden/exported.py.
func check(t *testing.T, python, mode, path, expected string, more ...string) {
	t.Helper()
	args := append([]string{filepath.Join("..", "..", "scripts", "golden", "exported.py"), mode, path, expected}, more...)
	out, err := exec.Command(python, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", mode, err, out)
	}
	t.Logf("%s", out)
}

type text struct {
	Text   string    `json:"text"`
	IDs    []int32   `json:"ids"`
	Logits []float32 `json:"logits"` // after the last token
}

type continued struct {
	IDs  []int32 `json:"ids"`
	Next []int32 `json:"next"`
}

type asked struct {
	Question string `json:"question"`
	Prompt   string `json:"prompt"`
}

// greedy is how many tokens a continuation has.
const greedy = 64

// expect writes down what a model of a run computes. A continuation ends where the model's first two logits are not so far apart.
func expect(t *testing.T, run string, params *model.Params, apart float32) (path string) {
	t.Helper()
	dom, err := domain.Open(filepath.Join(run, stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dom.Close() }()
	d := decode.New(params, runtest.Kernel())
	var e struct {
		Texts  []text      `json:"texts"`
		Greedy []continued `json:"greedy"`
		Chats  []asked     `json:"chats"`
	}
	texts := []string{
		"a", " ", "  two  spaces", "tab\tand\nlines\r\n", "It's 2024, isn't it? 1,000.5 % of §§ 3–4", "naïve Überprüfung", "第一千零八十四条 民法典", "emoji 👩‍👩‍👧 𝒳 e\u0301",
		"x\u00a0y\u2028z", "''''s 'll've", "\x00\x7f", "trailing  ", "...!!!???", "ABCdef123ghi", "\u200b\ufeff",
	}
	for i, s := range dom.Sections.All() {
		if i < 40 {
			texts = append(texts, form.Ask(dom.Forms.ExamOf(s)), string([]rune(s.Text)[:min(utf8.RuneCountInString(s.Text), 80)]))
		}
	}
	for _, s := range texts {
		one := text{Text: s, IDs: dom.Tokenizer.Encode(s)}
		if len(one.IDs) <= params.Config.Context {
			all, err := d.Logits(context.Background(), one.IDs)
			if err != nil {
				t.Fatal(err)
			}
			one.Logits = all[len(all)-params.Config.Vocab:]
		}
		e.Texts = append(e.Texts, one)
	}
	for i, s := range dom.Sections.All() {
		if i >= 8 {
			break
		}
		question := dom.Forms.ExamOf(s)
		e.Chats = append(e.Chats, asked{"  " + question + "\n\n really? ", form.Ask(question + " really?")})
		for _, prompt := range [][]int32{dom.Tokenizer.Encode(form.Ask(question)), dom.Tokenizer.Encode(s.Text)[:8]} {
			most := min(greedy, params.Config.Context-len(prompt)-1)
			got, err := d.Generate(context.Background(), []decode.Request{{Prompt: prompt, MaxNew: most, Stop: []int32{dom.EOS}}})
			if err != nil {
				t.Fatal(err)
			}
			next := slices.DeleteFunc(got[0].Tokens, func(id int32) bool { return id == dom.EOS }) // at the end of what it says at the most
			e.Greedy = append(e.Greedy, continued{prompt, next[:sure(t, d, prompt, next, apart)]})
		}
	}
	if !slices.ContainsFunc(e.Greedy, func(c continued) bool { return len(c.Next) > 20 || apart > 0 && len(c.Next) > 2 }) {
		t.Fatal("the model says nothing that could be compared")
	}
	data, err := json.Marshal(e)
	if err == nil {
		path = filepath.Join(t.TempDir(), "expected.json")
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// sure counts the first of next whose logits are so far above all others.
func sure(t *testing.T, d *decode.Decoder, prompt, next []int32, apart float32) int {
	t.Helper()
	if apart == 0 || len(next) == 0 {
		return len(next)
	}
	all, err := d.Logits(context.Background(), slices.Concat(prompt, next[:len(next)-1]))
	if err != nil {
		t.Fatal(err)
	}
	vocab := d.Config().Vocab
	for i := range next {
		row := slices.Clone(all[(len(prompt)-1+i)*vocab:][:vocab])
		slices.Sort(row)
		if row[vocab-1]-row[vocab-2] < apart {
			return i
		}
	}
	return len(next)
}

// trained is the model of the run.
func trained(t *testing.T, run string) *model.Params {
	t.Helper()
	params, err := domain.LoadModel(filepath.Join(run, stages.KIT))
	if err != nil {
		t.Fatal(err)
	}
	return params
}

// run is the run whose export is opened: that of SLM_TEST_RUN, or a tiny one.
func run(t *testing.T) string {
	t.Helper()
	if folder := os.Getenv("SLM_TEST_RUN"); folder != "" {
		return folder
	}
	return runtest.Tiny(t)
}

func exported(t *testing.T, run, target string) string {
	t.Helper()
	to, err := export.ParseTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := export.Export(run, to, export.Options{Stage: stages.KIT}); err != nil {
		t.Fatal(err)
	}
	return to.Path
}

// The same with a run that was trained for longer:
//
//	SLM_TEST_ALL=1 SLM_TEST_RUN=runs/legal-XXXXXXXX go test ./pipeline/export -run Export -v
func TestExport_TransformersComputesTheSame(t *testing.T) {
	py := python(t, "venv-bench", "transformers")
	folder := run(t)
	expected := expect(t, folder, trained(t, folder), 0)
	path := exported(t, folder, "hf:"+filepath.Join(t.TempDir(), "model"))
	check(t, py, "transformers", path, expected)
	check(t, py, "chat", path, expected)
}

func TestExport_LlamaCppComputesTheSame(t *testing.T) {
	py := python(t, "venv-llm", "llama_cpp")
	folder := run(t)
	expected := expect(t, folder, trained(t, folder), 0)
	check(t, py, "llama", exported(t, folder, "gguf:"+filepath.Join(t.TempDir(), "model.gguf")), expected)
}

// llama.cpp rounds the operands of products with such weights to 8 bits, so that tokens agree where the model is sure. What the model is are the
// file's weights.
func TestExport_LlamaCppComputesTheSameOfFewBits(t *testing.T) {
	py := python(t, "venv-llm", "llama_cpp")
	folder := run(t)
	path := exported(t, folder, "gguf:"+filepath.Join(t.TempDir(), "model.gguf")+":q4_k_m")
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	params, err := weights.Params(f)
	if err != nil {
		t.Fatal(err)
	}
	check(t, py, "llama", path, expect(t, folder, params, 0.1))
}
