package task

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/taskrow"
	"slm/model"
	"slm/model/decode"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

var forms = form.Set{
	Place: "{title}, section {number}:", Document: []string{"{title}, section {number}:"},
	Question: []string{"What does section {number} of {title} say?"}, Exam: "What does section {number} of {title} say?",
}

// titles are the labels: one begins like another.
var titles = []string{"MIT", "MIT-0", "GPL"}

func newDomain(t *testing.T) *domain.Domain {
	t.Helper()
	spec := stagetest.Spec{Forms: forms}
	for i := range 12 {
		title := titles[i%3]
		spec.Sections = append(spec.Sections, corpus.Section{ID: fmt.Sprintf("%s#%d", title, i), Title: title, Number: fmt.Sprint(i), Text: marked(i, title), Source: "a.txt"})
	}
	return stagetest.Domain(t, spec)
}

// marked is a section's text with a word of the document behind each of its own.
func marked(i int, title string) string {
	return strings.ReplaceAll(stagetest.Text(i), " ", " "+strings.ToLower(strings.ReplaceAll(title, "-", ""))+"x ")
}

func newRun(t *testing.T) *stagetest.Run {
	t.Helper()
	dom := newDomain(t)
	run := stagetest.NewRun(t, "go")
	stagetest.WriteData(t, run.Env, dom)
	shape := stagetest.Shape(dom)
	shape.Width, shape.Heads, shape.KVHeads, shape.Hidden, shape.Context = 32, 4, 4, 64, 256
	stagetest.Commit(t, run.Env, stages.DP, func(p *checkpoint.Pending) []error {
		return []error{domain.SaveModel(p.Path(domain.WeightsFile), model.New(shape, 1))}
	})
	return run
}

// left is a corpus of one document that is a label and two that the recipe leaves out.
func left(t *testing.T) corpus.Options {
	t.Helper()
	dir := t.TempDir()
	for i, name := range []string{"MIT", "BSD", "ISC"} {
		if err := os.WriteFile(filepath.Join(dir, name+".txt"), []byte(stagetest.Text(100+i)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return corpus.Options{Paths: []string{dir}, Except: []string{"BSD", "ISC"}}
}

func brief() Config {
	c := Default()
	c.Kind, c.Epochs, c.Batch, c.Optim.Name, c.Optim.LR = Classify, 12, 512, "muon", 0.02
	c.Fragments.Train, c.Fragments.Least, c.Fragments.Most = 16, 10, 30
	return c
}

func run(t *testing.T, s *Stage, env *stages.Env) (*Labels, []Answer, *checkpoint.Manifest) {
	t.Helper()
	if err := s.Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	sum, err := ReadAs[*Labels](env.Dir(stages.Task))
	if err != nil {
		t.Fatal(err)
	}
	rows, _, err := checkpoint.ReadTable[Answer](filepath.Join(env.Dir(stages.Task), AnswersFile))
	if err != nil {
		t.Fatal(err)
	}
	m, err := checkpoint.Load(env.Dir(stages.Task))
	if err != nil {
		t.Fatal(err)
	}
	return sum, rows, m
}

func TestRun_ClassifiesFragmentsAndRefusesThoseOfWhatItNeverRead(t *testing.T) {
	from := left(t)
	sum, rows, m := run(t, New(brief(), from), newRun(t).Env)
	if !reflect.DeepEqual(sum.Labels, titles) || sum.Test != 3*4+8 || sum.None != 8 || len(rows) != 3*(2+4)+2*8 || m.Facts["none"] != "8" {
		t.Fatalf("%v, %d rows, %v", sum, len(rows), m.Facts)
	}
	ours, near, both, common := sum.Systems[0], sum.Systems[1], sum.Systems[2], sum.Systems[3]
	if both.Forced < near.Forced || *both.Refused < 0.9 {
		t.Errorf("the surer of the two is right for %.2f (none told %.2f), the nearest text for %.2f", both.Forced, *both.Refused, near.Forced)
	}
	if ours.Forced < 0.6 || near.Forced < 0.9 || *near.Refused < 0.9 || common.Forced > 0.5 {
		t.Errorf("right if it must: the model %.2f, the nearest text %.2f (none told %.2f), the commonest label %.2f", ours.Forced, near.Forced, *near.Refused, common.Forced)
	}
	for _, a := range rows {
		if !(a.Sure >= 0 && a.Sure <= 1) || strings.HasPrefix(a.ID, "BSD") != (a.Label == "" && a.Split == exam.Dev) || strings.HasPrefix(a.ID, "ISC") != (a.Label == "" && a.Split == exam.Test) {
			t.Errorf("%+v", a)
		}
	}
	again := newRun(t)
	if _, _, other := run(t, New(brief(), from), again.Env); other.Digest() != m.Digest() {
		t.Error("the same run ends in other bytes")
	}
	c, err := Open(again.Run, again.Kernel)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range rows {
		got, err := c.Classify(t.Context(), a.Text)
		if told := got.Label == ""; err != nil || got.Likeliest != a.Both || got.Model != a.Model || got.Nearest != a.Nearest || math.Abs(got.Sure-a.BothSure) > 1e-6 || told != (got.Sure < sum.Together.Least) {
			t.Errorf("%+v, and the table has %s, %v (%v)", got, a.Both, a.BothSure, err)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	stopped := newRun(t)
	ctx, cancel := context.WithCancel(t.Context())
	stopped.OnStep = func(step int) {
		if step == 3 {
			cancel()
		}
	}
	if err := New(brief(), from).Run(ctx, stopped.Env); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	stopped.OnStep, stopped.Events = nil, nil
	if _, _, again := run(t, New(brief(), from), stopped.Env); again.Digest() != m.Digest() {
		t.Error("stopped and resumed, it ends in other bytes")
	}
	if first := stopped.FirstStep(); first < 3 {
		t.Errorf("the training began again at step %d", first)
	}
}

func TestRun_RowsOfAFileAreALabelEach(t *testing.T) {
	var lines strings.Builder
	for i := range 90 {
		fmt.Fprintf(&lines, "{\"text\": %q, \"label\": %q}\n", stagetest.Text(200+i)+" "+strings.Repeat([]string{"alpha ", "omega "}[i%2], 6), []string{"a", "o"}[i%2])
	}
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	if err := os.WriteFile(path, []byte(lines.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	cfg := brief()
	cfg.File = []string{path}
	sum, _, _ := run(t, New(cfg, corpus.Options{}), newRun(t).Env)
	if sum.None != 0 || sum.Least != 0 || sum.Systems[0].Refused != nil || sum.Systems[0].Forced < 0.9 || sum.Systems[1].Forced < 0.6 {
		t.Errorf("%+v", sum)
	}
	if err := os.WriteFile(path, []byte(`{"text": "x", "label": "a", "split": "train"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := New(cfg, corpus.Options{}).Run(t.Context(), newRun(t).Env); !errors.Is(err, ErrRows) {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("no row"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := New(cfg, corpus.Options{}).Check(""); !errors.Is(err, taskrow.ErrFormat) {
		t.Error(err)
	}
}

func TestGuess_ALabelThatBeginsLikeAnotherHidesItNot(t *testing.T) {
	dom := stagetest.Open(t, newDomain(t))
	shape := stagetest.Shape(dom)
	asks := newAsker(dom, "Which: {text}", longest(dom, titles), shape.Context)
	params := model.New(shape, 3)
	r := newReader(decode.New(params, stagetest.Env(t).Kernel), asks, titles)
	long := strings.Repeat(stagetest.Text(1)+" ", 50)
	got, err := r.guess(t.Context(), []string{stagetest.Text(1), long})
	if err != nil {
		t.Fatal(err)
	}
	for k, text := range []string{stagetest.Text(1), long} {
		prompt := asks.prompt(text)
		best, most := -1, math.Inf(-1)
		for i, l := range titles {
			if n := len(prompt) + len(answer(dom, l)); n > shape.Context {
				t.Fatalf("%d tokens", n)
			}
			scored, err := r.model.Score(t.Context(), []decode.ScoreRequest{{Prefix: prompt, Continuations: [][]int32{answer(dom, l)}}})
			if err != nil {
				t.Fatal(err)
			}
			if lp := scored[0][0]; lp > most {
				best, most = i, lp
			}
		}
		if got[k].label != best || math.Abs(got[k].seen[0]-most) > 1e-3 {
			t.Errorf("chose %d with %v, and %d is the most likely with %v", got[k].label, got[k].seen, best, most)
		}
	}
}

func TestSummarise_FiguresAreThoseOfTheRows(t *testing.T) {
	row := func(split, label, said string, sure float64, near string) Answer {
		return Answer{Split: split, Label: label, Model: said, Sure: sure, Nearest: near, NearestSure: 0.9, Both: label, BothSure: 0.9}
	}
	var rows []Answer
	for range 10 {
		rows = append(rows, row(exam.Dev, "a", "a", 0.9, "a"), row(exam.Dev, "b", "b", 0.8, "a"), row(exam.Dev, "", "a", 0.3, "a"))
		rows = append(rows, row(exam.Test, "a", "a", 0.9, "a"), row(exam.Test, "b", "a", 0.9, "a"), row(exam.Test, "", "b", 0.2, "b"))
	}
	s, err := labelsOf([]string{"a", "b"}, rows, 7)
	if err != nil {
		t.Fatal(err)
	}
	ours, near, both, common := s.Systems[0], s.Systems[1], s.Systems[2], s.Systems[3]
	// a: 10 right of 20 said; b never; none all right.
	if f1 := (2*10./30 + 0 + 1) / 3; math.Abs(ours.MacroF1.Value-f1) > 1e-12 || math.Abs(ours.Balanced.Value-2./3) > 1e-12 || math.Abs(ours.Accuracy.Value-2./3) > 1e-12 {
		t.Errorf("%+v", ours)
	}
	if s.Least <= 0.3 || s.Least > 0.8 || *ours.Refused != 1 || ours.Wrongly != 0 || ours.Forced != 0.5 || *near.Refused != 0 || common.Forced != 0.5 || s.None != 10 {
		t.Errorf("%+v, %+v, %+v", s, near, common)
	}
	if both.Forced != 1 || *both.Refused != 1 || s.Together.Over.Value != both.MacroF1.Value-near.MacroF1.Value || s.Together.Over.Low <= 0 {
		t.Errorf("%+v, %+v", both, s.Together)
	}
	if s.Over.Low <= 0 || s.Over.Value != ours.MacroF1.Value-near.MacroF1.Value {
		t.Errorf("%+v", s.Over)
	}
}

func TestTogether_IsTheLabelOfTheSurer(t *testing.T) {
	for want, a := range map[string]Answer{
		"a": {Model: "a", Sure: 0.9, Nearest: "b", NearestSure: 0.5},
		"b": {Model: "a", Sure: 0, Nearest: "b", NearestSure: 1},
		"c": {Model: "c", Sure: 0.5, Nearest: "c", NearestSure: 0.5},
	} {
		label, seen := a.together()
		if label != want || (seen[2] == 1) != (a.Model == a.Nearest) || math.IsInf(seen[0], 0) || math.IsInf(seen[1], 0) || (seen[0] > seen[1]) != (a.Sure > a.NearestSure) {
			t.Errorf("%+v: %s, %v", a, label, seen)
		}
	}
}
