package weights_test

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/model/weights"
	_ "slm/model/weights/formats"
	"slm/model/weights/weightstest"
)

func init() { weights.Register(weightstest.Toy) } // the one line that a format takes

func TestParse_ReferencesOfEveryFormat(t *testing.T) {
	for _, c := range []struct {
		text, scheme, path string
		fails              bool
	}{
		{"gguf:m.gguf", "gguf", "m.gguf", false},
		{"gguf:/a b/c:d.gguf", "gguf", "/a b/c:d.gguf", false},
		{"safetensors:m/model.safetensors", "safetensors", "m/model.safetensors", false},
		{"hf:m/smollm2", "hf", "m/smollm2", false},
		{"toy:x/y", "toy", "x/y", false},
		{"gguf:", "", "", true},
		{"smollm2-135m-instruct", "", "", false},
		{"GGUF:m", "", "", false},
		{"ggufx:m", "", "", false},
		{"", "", "", false},
	} {
		ref, ok, err := weights.Parse(c.text)
		if ok != (c.path != "" || c.fails) || (err != nil) != c.fails || ref.Path != c.path || ref.Format.Scheme != c.scheme {
			t.Errorf("%q: %v %v %v", c.text, ref, ok, err)
		}
		if ok && err == nil && ref.String() != c.text {
			t.Errorf("%q is written %q", c.text, ref)
		}
	}
	if got := weights.Schemes(); !slices.Equal(got, []string{"gguf:FILE", "safetensors:FILE", "hf:FOLDER", "peft:FOLDER", "run:FOLDER", "toy:FILE"}) {
		t.Errorf("schemes %v", got)
	}
}

func TestRef_PathBecomesAbsoluteAndPortable(t *testing.T) {
	ref, _, err := weights.Parse("gguf:models/../a.gguf")
	if err != nil {
		t.Fatal(err)
	}
	abs, err := ref.Absolute("/run")
	if err != nil || abs.String() != "gguf:/run/a.gguf" || abs.Portable().String() != "gguf:a.gguf" {
		t.Errorf("%v %v", abs, err)
	}
	if again, err := abs.Absolute("/elsewhere"); err != nil || again.Path != abs.Path {
		t.Errorf("%v %v", again, err)
	}
}

func TestRef_DigestIsTheFilesHashOrCoversAllFiles(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	digest := func(text string) string {
		ref, _, err := weights.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := ref.Digest(func(path string) (string, error) { data, err := os.ReadFile(path); return fmt.Sprintf("%x", data), err })
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	if one := digest("gguf:" + put("a", "hi")); one != "6869" {
		t.Errorf("of one file: %s", one)
	}
	put("a.tokenizer", "t")
	first := digest("toy:" + filepath.Join(dir, "a"))
	put("a.tokenizer", "u")
	if second := digest("toy:" + filepath.Join(dir, "a")); first == second || len(first) != 64 {
		t.Errorf("of two files: %s, then %s", first, second)
	}
	ref, _, _ := weights.Parse("toy:" + put("lonely", "x"))
	if _, err := ref.Files(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "lonely.tokenizer") {
		t.Errorf("a file that is missing: %v", err)
	}
	ref.Path, ref.Format.Files = dir, nil
	if _, err := ref.Files(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "regular") {
		t.Errorf("a folder: %v", err)
	}
}

func TestRegister_SchemeTwicePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two formats have one scheme")
		}
	}()
	weights.Register(weights.Format{Scheme: "gguf"})
}

func TestFormats_WriteAndOpenAreInverse(t *testing.T) {
	m, err := weightstest.Model(5)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range weights.Formats() {
		if f.Write == nil || f.Adapts {
			continue
		}
		path := filepath.Join(t.TempDir(), "model")
		if err := f.Write(path, m); err != nil {
			t.Fatal(f.Scheme, err)
		}
		src, err := f.Open(path)
		if err != nil {
			t.Fatal(f.Scheme, err)
		}
		p, err := weights.Params(src)
		if err != nil {
			t.Fatal(f.Scheme, err)
		}
		for i, want := range m.Params.Tensors() {
			if got := p.Tensors()[i]; got.Name != want.Name || !slices.Equal(got.Data, want.Data) {
				t.Errorf("%s: %s differs", f.Scheme, want.Name)
			}
		}
		tok, err := src.Tokenizer()
		if err != nil || tok.Digest() != m.Tokenizer.Digest() {
			t.Errorf("%s: another tokenizer, %v", f.Scheme, err)
		}
		if chat, err := weights.ChatOf(src, tok); err != nil || chat.System != "" || src.ChatTemplate() != m.ChatTemplate {
			t.Errorf("%s: chat %+v %v", f.Scheme, chat, err)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// bent is a source whose tensors are not as its file has them.
type bent struct {
	weights.Source
	bend func([]weights.Tensor) []weights.Tensor
}

func (b bent) Tensors() iter.Seq2[weights.Tensor, error] {
	var all []weights.Tensor
	for t, err := range b.Source.Tensors() {
		if err != nil {
			panic(err) // a toy reads from memory
		}
		all = append(all, t)
	}
	return func(yield func(weights.Tensor, error) bool) {
		for _, t := range b.bend(all) {
			if !yield(t, nil) {
				return
			}
		}
	}
}

func TestParams_NamesTheTensorThatIsWrong(t *testing.T) {
	m, err := weightstest.Model(5)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.toy")
	if err := weightstest.Toy.Write(path, m); err != nil {
		t.Fatal(err)
	}
	src, err := weightstest.Toy.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	const norm = "model.norm.weight"
	at := func(ts []weights.Tensor) int {
		return slices.IndexFunc(ts, func(t weights.Tensor) bool { return t.Name == norm })
	}
	for name, c := range map[string]struct {
		bend func([]weights.Tensor) []weights.Tensor
		word string
	}{
		"renamed": {func(ts []weights.Tensor) []weights.Tensor { ts[at(ts)].Name = "else"; return ts }, norm + " is missing"},
		"twice":   {func(ts []weights.Tensor) []weights.Tensor { return append(ts, ts[at(ts)]) }, norm + " stands twice"},
		"too few": {func(ts []weights.Tensor) []weights.Tensor { return ts[1:] }, "values"},
		"too many": {func(ts []weights.Tensor) []weights.Tensor {
			return append(ts, weights.Tensor{Name: "x", Shape: []int{1 << 40}})
		}, "at least"},
		"turned": {func(ts []weights.Tensor) []weights.Tensor { ts[at(ts)].Shape = []int{1, 32}; return ts }, norm + " has shape"},
		"empty": {func(ts []weights.Tensor) []weights.Tensor {
			return append(ts, weights.Tensor{Name: "x", Shape: []int{0}})
		}, "x is none"},
	} {
		if _, err := weights.Params(bent{src, c.bend}); !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), c.word) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", name, err, c.word)
		}
	}
}
