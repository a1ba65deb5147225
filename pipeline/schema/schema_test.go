package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type optimizer struct {
	Name  string     `yaml:"name" oneof:"adamw|muon"`
	LR    float64    `yaml:"lr" above:"0"`
	Betas [2]float64 `yaml:"betas"`
	Decay float64    `yaml:"weight_decay" min:"0"`
	Clip  float64    `yaml:"clip"`
}

type stage struct {
	Tokens int64         `yaml:"tokens" min:"1"`
	Batch  int           `yaml:"batch"`
	Share  float64       `yaml:"share" min:"0" max:"1"`
	Save   time.Duration `yaml:"save"`
	Deep   bool          `yaml:"deep"`
	Ladder []int         `yaml:"ladder"`
	Words  []string      `yaml:"words" oneof:"red|green|blue"`
	Optim  optimizer     `yaml:"optim"`
}

func (s stage) Validate() error {
	var errs []error
	if int64(s.Batch) > s.Tokens {
		errs = append(errs, fmt.Errorf("batch: %d is more than the %d tokens there are", s.Batch, s.Tokens))
	}
	if s.Deep && s.Optim.Name == "muon" {
		errs = append(errs, errors.New("stage: optim.name: muon cannot go deep"))
	}
	return errors.Join(errs...)
}

type top struct {
	Name   string             `yaml:"name"`
	Seed   uint64             `yaml:"seed"`
	Paths  []string           `yaml:"paths"`
	Prices map[string]float64 `yaml:"prices"`
	Opt    *optimizer         `yaml:"opt"`
	Stages struct {
		DP stage `yaml:"dp"`
	} `yaml:"stages"`
}

func defaults() top {
	var t top
	t.Stages.DP = stage{Tokens: 1000, Batch: 10, Words: []string{"red"}, Optim: optimizer{Name: "adamw", LR: 1e-3}}
	return t
}

func read(t *testing.T, text string, settings ...string) (top, map[string]Origin, Problems) {
	t.Helper()
	var layers []*Layer
	l, problems := File("recipe", "r.yaml", []byte(text))
	if l != nil {
		layers = append(layers, l)
	}
	for i, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		layers = append(layers, Settings("-s", []Setting{{Place: "-s", Text: s, Key: key, Value: value, At: len(key) + 1, Index: i + 1}})...)
	}
	v := defaults()
	origins, more := Decode(&v, layers...)
	return v, origins, append(problems, more...).Sort()
}

func TestDecode_ScalarsAreReadByTheTypeOfTheirField(t *testing.T) {
	got, _, problems := read(t, `
name: no            # YAML 1.1 would make it false
seed: 1_000
paths: "law/**/*.txt"
prices: {in: 0.5, out: 1e-4}
stages:
  dp: {tokens: 20M, batch: 32k, share: 10%, save: 1h30m, deep: true, ladder: [40, 1e2], words: [red, blue],
    optim: {name: muon, lr: 1e-4, betas: [.9, 0.95], weight_decay: 0}}
`, "stages.dp.deep=false")
	if problems != nil {
		t.Fatal(problems)
	}
	want := defaults()
	want.Name, want.Seed, want.Paths, want.Prices = "no", 1000, []string{"law/**/*.txt"}, map[string]float64{"in": 0.5, "out": 1e-4}
	want.Stages.DP = stage{20e6, 32e3, 0.1, 90 * time.Minute, false, []int{40, 100}, []string{"red", "blue"}, optimizer{"muon", 1e-4, [2]float64{.9, .95}, 0, 0}}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}

func TestDecode_EveryMistakeIsShownAtItsPositionInOneRun(t *testing.T) {
	_, _, problems := read(t, `name: 12
sed: 7
stages:
  dp:
    tokens: many
    batch: 1.5
    share: 120%
    save: 10
    deep: yes
    ladder: 40
    words: [red, grene]
    optim:
      learning_rat: 3e-4
      lr: "1e-3"
      betas: [0.9]
      weight_decay: 010
      clip:
    optim: {}
  kit: {}
name: again
paths: &x [a]
prices: {<<: {a: 1}}
`, "stages.dp.optim.lr=0", "stages.dp.optm.lr=1", "stages.dp.words=blu", "lr=3", "seed=-1")
	got := problems.Error()
	want := strings.TrimLeft(`
r.yaml:1:7: name is text, not a number
    1 | name: 12
      |       ^^ write "12" in quotes if you mean the text
r.yaml:2:1: unknown field "sed"
    2 | sed: 7
      | ^^^ did you mean "seed"? (a recipe has: name, seed, paths, prices, opt, stages)
r.yaml:5:13: stages.dp.tokens: a whole number is wanted, such as 500, 32k or 20M
    5 |     tokens: many
      |             ^^^^
r.yaml:6:12: stages.dp.batch: a whole number is wanted
    6 |     batch: 1.5
      |            ^^^
r.yaml:7:12: stages.dp.share: must be ≤ 1
    7 |     share: 120%
      |            ^^^^
r.yaml:8:11: stages.dp.save: a duration with its unit is wanted, such as 90s, 10m or 1h30m
    8 |     save: 10
      |           ^^
r.yaml:9:11: stages.dp.deep: true or false is wanted
    9 |     deep: yes
      |           ^^^
r.yaml:10:13: stages.dp.ladder is a list, not a number
   10 |     ladder: 40
      |             ^^ write [a, b]
r.yaml:11:18: stages.dp.words[1]: unknown value "grene"
   11 |     words: [red, grene]
      |                  ^^^^^ did you mean "green"? (one of has: red, green, blue)
`, "\n")
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, part := range []string{
		"r.yaml:13:7: unknown field \"learning_rat\"\n   13 |       learning_rat: 3e-4\n      |       ^^^^^^^^^^^^ did you mean \"lr\"? (stages.dp.optim has: name, lr, betas, weight_decay, clip)",
		"r.yaml:14:11: stages.dp.optim.lr is no text",
		"r.yaml:15:14: stages.dp.optim.betas holds 2 values, not 1",
		"r.yaml:16:21: stages.dp.optim.weight_decay: a leading zero",
		"r.yaml:17:12: stages.dp.optim.clip is given no value",
		"r.yaml:18:5: field \"optim\" is given twice\n   18 |     optim: {}\n      |     ^^^^^ first on line 12",
		"r.yaml:19:3: unknown field \"kit\"",
		"r.yaml:20:1: field \"name\" is given twice",
		"r.yaml:21:8: anchors and aliases",
		"r.yaml:22:10: merge keys",
		"-s:1:20: stages.dp.optim.lr: must be > 0\n    1 | stages.dp.optim.lr=0\n      |                    ^",
		"-s:2:11: unknown field \"optm\"\n    2 | stages.dp.optm.lr=1\n      |           ^^^^ did you mean \"optim\"?",
		"-s:3:17: stages.dp.words[0]: unknown value \"blu\"",
		"-s:4:1: unknown field \"lr\"\n    4 | lr=3\n      | ^^ it belongs into opt",
		"-s:5:6: seed: must not be negative",
		"\n24 problems; nothing was run",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("missing %q", part)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestDecode_ValidateIsShownAtTheFieldItNames(t *testing.T) {
	_, _, problems := read(t, "stages:\n  dp:\n    batch: 2k\n    deep: true\n    optim: {name: muon}\n")
	want := `r.yaml:3:5: stages.dp.batch: 2000 is more than the 1000 tokens there are
    3 |     batch: 2k
      |     ^^^^^
r.yaml:5:13: stages.dp.optim.name: muon cannot go deep
    5 |     optim: {name: muon}
      |             ^^^^
2 problems; nothing was run`
	if got := problems.Error(); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDecode_TrapsOfYAMLAreRefusedOrHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"name: a\n---\nname: b\n":                 "a second document",
		"stages:\n\tdp: {}\n":                     "indent with spaces",
		"name: [a\n":                              "r.yaml:1:7",
		"name: a: b\n":                            "in quotes",
		"name: *x\n":                              "anchors and aliases",
		"name: !!str 5\n":                         "YAML tags",
		"name: a\x00b\n":                          "control character",
		"name: a\xffb\n":                          "UTF-8",
		"- 1\n":                                   "a recipe holds fields, not a list",
		"5\n":                                     "a recipe holds fields, not a number",
		"stages: 5\n":                             "stages holds fields, not a number",
		"stages: [1]\n":                           "stages has: dp",
		"name: {a: 1}\n":                          "name is one value, not a group of fields",
		"seed: .inf\n":                            "a whole number is wanted",
		"seed: 0x10\n":                            "a whole number is wanted",
		"seed: 1e30\n":                            "too large",
		"seed: 18446744073709551616\n":            "too large",
		"stages: {dp: {share: .nan}}\n":           "a number is wanted",
		"stages: {dp: {share: 1e9999}}\n":         "too large",
		"? [a]\n: b\n":                            "invalid key",
		"paths: " + strings.Repeat("[", 1000):     "nested",
		strings.Repeat("- ", 1000) + "a\n":        "nested",
		"name: " + strings.Repeat("a", 300<<10):   "too long",
		"stages:\n  dp:\n    batch: 1\n   x: 2\n": "r.yaml:4:4",
		"seed: ''\n":                              "remove the quotes",
	} {
		_, _, problems := read(t, text)
		if len(problems) == 0 || !strings.Contains(problems.Error(), want) {
			t.Errorf("%.40q: got %v, want %q", text, problems, want)
		}
	}
	for _, text := range []string{"\ufeffname: a\r\nseed: 7\r\n", "# only a comment\n", "", "name: a\n...\n", "%YAML 1.2\n---\nname: a\n", "{name: a, seed: 7}", "name: a\n" + strings.Repeat("# [{ it\n", 100)} {
		if _, _, problems := read(t, text); problems != nil {
			t.Errorf("%q: %v", text, problems)
		}
	}
}

func TestDecode_LaterLayerOverridesKeyByKeyAndTheOriginSaysSo(t *testing.T) {
	base, _ := File("extends", "base.yaml", []byte("seed: 1\npaths: [a, b]\nstages: {dp: {tokens: 5k, batch: 5}}\n"))
	over, _ := File("recipe", "r.yaml", []byte("paths: [c]\nstages: {dp: {batch: 7}}\n"))
	set := Settings("-s", []Setting{{Place: "-s", Text: "seed=3", Key: "seed", Value: "3", At: 5, Index: 1}})
	v := defaults()
	origins, problems := Decode(&v, base, over, set[0])
	if problems != nil {
		t.Fatal(problems)
	}
	if v.Seed != 3 || len(v.Paths) != 1 || v.Paths[0] != "c" || v.Stages.DP.Tokens != 5000 || v.Stages.DP.Batch != 7 || v.Stages.DP.Optim.LR != 1e-3 {
		t.Fatalf("%+v", v)
	}
	for path, want := range map[string]string{"seed": "-s -s:1", "paths": "recipe r.yaml:1", "stages.dp.tokens": "extends base.yaml:3", "stages.dp.batch": "recipe r.yaml:2"} {
		if o := origins[path]; fmt.Sprintf("%s %s:%d", o.Layer, o.File, o.Line) != want {
			t.Errorf("%s: %+v, want %s", path, o, want)
		}
	}
	if _, ok := origins["stages.dp.optim.lr"]; ok {
		t.Error("a default has an origin")
	}
}

func TestEncode_ResolvedCopyReadsBackTheSame(t *testing.T) {
	v := defaults()
	v.Name, v.Paths, v.Prices = "no", []string{"*.txt", "- x", "a: b", "#c", "1e3", "true", "{a}", "ü\n\"'", "\ta ", ""}, map[string]float64{"b": 1e-7, "a": 3e21}
	v.Seed, v.Stages.DP.Save, v.Stages.DP.Optim.LR = 1<<64-1, 90*time.Second, 1.5e-3
	text, err := YAML(v, defaults(), nil)
	if err != nil {
		t.Fatal(err)
	}
	l, problems := File("recipe", "copy", text)
	if problems != nil {
		t.Fatalf("%s\n%v", text, problems)
	}
	var got top
	if _, problems := Decode(&got, l); problems != nil {
		t.Fatalf("%s\n%v", text, problems)
	}
	if d := cmp.Diff(v, got); d != "" {
		t.Fatalf("%s\n%s", text, d)
	}
}

func TestTree_IsTheSameWhateverTheOrderOfKeys(t *testing.T) {
	a, _, _ := read(t, "seed: 7\nstages: {dp: {batch: 3, tokens: 4k}}\n")
	b, _, _ := read(t, "# a remark\nstages:\n  dp:\n    tokens: 4_000   # the same\n    batch: 3\nseed: 7\n")
	x, _ := json.Marshal(Tree(a, nil))
	y, _ := json.Marshal(Tree(b, nil))
	if string(x) != string(y) || !strings.Contains(string(x), `"tokens":4000`) {
		t.Fatalf("%s\n%s", x, y)
	}
	z, _ := json.Marshal(Tree(a, func(p string) bool { return p == "stages.dp.batch" }))
	if strings.Contains(string(z), "batch") {
		t.Fatalf("%s", z)
	}
}

func FuzzDecode_NeverPanicsAndPositionsItsProblems(f *testing.F) {
	f.Add([]byte("name: a\nstages: {dp: {tokens: 20M, optim: {lr: 1e-4}}}\n"))
	f.Add([]byte("a: &x [*x]\n<<: *x\n? {a: b}\n: - c\n"))
	f.Add([]byte("x: |\n  a\n  b\ny: >-\n c\n\"q\": 'z'\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, problems := File("recipe", "r.yaml", text)
		if problems == nil {
			v := defaults()
			_, problems = Decode(&v, l)
		}
		for _, p := range problems {
			if p.File != "r.yaml" && p.File != "defaults" || p.Error() == "" {
				t.Fatalf("%+v", p)
			}
		}
	})
}
