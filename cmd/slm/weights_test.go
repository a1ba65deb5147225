package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/model/weights"
	"slm/model/weights/weightstest"
)

func init() { weights.Register(weightstest.Toy) }

// TestWeights_FormatThatIsRegisteredServesRecipes trains with local weights of a format that the program itself has not.
func TestWeights_FormatThatIsRegisteredServesRecipes(t *testing.T) {
	m, err := weightstest.Model(2)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	copyTo := func(sub string) {
		put(t, at(sub, "mine.yaml"), "slm: 1\nextends: tiny\nname: mine\nllm: {provider: local, model: toy:weights/small}\n")
		if err := os.Mkdir(at(sub, "weights"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := weightstest.Toy.Write(at(sub, "weights", "small"), m); err != nil {
			t.Fatal(err)
		}
	}
	copyTo("here")
	copyTo("there")
	args := append([]string{"mine.yaml", "-q", "--until", "kit"}, strings.Fields(lesser)...)
	if o := slm(t, at("here"), append([]string{"train"}, args...)...); o.code != 0 {
		t.Fatalf("exit %d: %s", o.code, o.err)
	}
	runs := func(sub string) []string {
		list, err := filepath.Glob(at(sub, "runs", "mine-*"))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	first := runs("here")
	if len(first) != 1 {
		t.Fatalf("runs %v", first)
	}
	if want := "model: toy:" + at("here", "weights", "small"); !strings.Contains(readText(t, filepath.Join(first[0], "recipe.yaml")), want) {
		t.Errorf("recipe.yaml lacks %q", want)
	}
	if o := slm(t, at("there"), append([]string{"plan", "--quick", "-o", "json"}, args...)...); o.code != 0 || !strings.Contains(o.out, filepath.Base(first[0])) {
		t.Errorf("from another folder exit %d, and not run %s: %s%s", o.code, filepath.Base(first[0]), o.out, o.err)
	}
	m.Params.Norm[0]++
	if err := weightstest.Toy.Write(at("here", "weights", "small"), m); err != nil {
		t.Fatal(err)
	}
	if o := slm(t, at("here"), append([]string{"train"}, args...)...); o.code != 0 {
		t.Fatalf("with other weights exit %d: %s", o.code, o.err)
	}
	if list := runs("here"); len(list) != 2 {
		t.Errorf("other weights are another run: %v", list)
	}
	if err := os.Remove(at("here", "weights", "small.tokenizer")); err != nil {
		t.Fatal(err)
	}
	if o := slm(t, at("here"), append([]string{"train"}, args...)...); o.code != 5 || !strings.Contains(o.err, "small.tokenizer") {
		t.Errorf("without one of its files exit %d: %s", o.code, o.err)
	}
}
