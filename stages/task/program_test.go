package task

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/gocode"
	"slm/llm"
	"slm/score"
	"slm/stages"
	"slm/stages/stagetest"
)

// knower is a black box that goes on with the right body, of which the server leaves the end out.
type knower struct{ echo }

func (k *knower) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		k.asked = append(k.asked, r.Prompt)
		out[i] = llm.Reply{Text: "\n\treturn s.n + a", Calls: 1}
	}
	return out, nil
}

// briefCode is a recipe of the module, and where its corpus would be.
func briefCode(t *testing.T) (Config, corpus.Options) {
	t.Helper()
	patterns, known := module(t)
	c := brief()
	c.Kind, c.File, c.Epochs, c.Batch = Code, patterns, 2, 256
	c.Code = CodeConfig{Test: []string{"toy/sum"}, Dev: []string{"toy/late"}, Tokens: 64, Functions: 10, Twin: true, LLM: 1}
	return c, corpus.Options{Paths: []string{known}}
}

func TestRun_BodiesAreWrittenAndJudgedBesideTheirControls(t *testing.T) {
	cfg, from := briefCode(t)
	ran := 0
	stage := func() *Stage { s := New(cfg, from); s.on = pretend(&ran); return s }
	first, box := newRun(t), &knower{}
	env := withBox(first, box)
	if err := stage().Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	sum, err := ReadAs[*Bodies](env.Dir(stages.Task))
	if err != nil {
		t.Fatal(err)
	}
	if sum.Test != 1 || sum.Packages != 1 || len(box.asked) != 1 || !maps.Equal(sum.Left, map[string]int{leftCopied: 1, leftIdle: 1}) {
		t.Fatalf("%+v, asked %q", sum, box.asked)
	}
	for name, want := range map[string]float64{Itself: 1, Alone: 1, Zeroes: 0, Like: 0} {
		if got := sum.way(name); got.Passes.Value != want || got.Functions != 1 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if way := sum.way(Zeroes); way.Compiles.Value != 1 || sum.Read == nil || sum.Box == nil || sum.way(Twin).Functions != 1 || sum.way(Itself).F1 != 1 || sum.way(Itself).Exact != 1 {
		t.Errorf("%+v", sum)
	}
	if table := sum.Table(); len(table.Rows) != 7 || !strings.Contains(table.Line, "nearest known function") || !strings.Contains(table.About, leftIdle) {
		t.Errorf("%+v", table)
	}
	whole, err := checkpoint.Load(env.Dir(stages.Task))
	if err != nil || whole.Facts["toolchain"] != "go0" {
		t.Fatal(whole, err)
	}
	stopped := newRun(t)
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	stopped.OnStep = func(int) {
		if steps++; steps == 3 {
			cancel()
		}
	}
	if err := stage().Run(ctx, withBox(stopped, &knower{})); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	stopped.OnStep = nil
	again := withBox(stopped, &knower{})
	if err := stage().Run(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if m, err := checkpoint.Load(again.Dir(stages.Task)); err != nil || m.Digest() != whole.Digest() {
		t.Error("stopped and resumed, it ends in other bytes", err)
	}
}

func TestFunctions_WhatIsHeldOutIsNotInTheCorpus(t *testing.T) {
	cfg, from := briefCode(t)
	if _, err := New(cfg, from).functions(); err != nil {
		t.Fatal(err)
	}
	from.Paths = cfg.File
	if _, err := New(cfg, from).functions(); !errors.Is(err, ErrRows) || !strings.Contains(err.Error(), "tokenizer and dp would read it") {
		t.Error(err)
	}
	cfg.Code.Test = []string{"toy/absent"}
	if _, err := New(cfg, corpus.Options{Paths: from.Paths}).functions(); !errors.Is(err, ErrRows) || !strings.Contains(err.Error(), "toy/absent") {
		t.Error(err)
	}
}

func TestCoded_NoTrainedRowIsOfAHeldOutPackage(t *testing.T) {
	cfg, from := briefCode(t)
	dom := stagetest.Open(t, newDomain(t))
	l, err := New(cfg, from).lesson(dom, 7)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range l.rows().train(0) {
		if !strings.HasPrefix(r.ID, "toy/known.") {
			t.Errorf("%+v", r)
		}
	}
	for _, r := range l.rows().held {
		if strings.HasPrefix(r.ID, "toy/known.") || strings.Contains(r.ID, "Copied") {
			t.Errorf("%+v", r)
		}
	}
}

func TestAsker_OfCodeEverySpaceCountsAndTheBeginningIsCut(t *testing.T) {
	dom := stagetest.Open(t, newDomain(t))
	text := "package p\n\nimport \"fmt\"\n\nfunc f() {"
	a := newVerbatim(dom, 8, 200)
	if got := dom.Tokenizer.Decode(a.prompt(text)); got != text {
		t.Errorf("%q", got)
	}
	if got := a.answer("\n\treturn\n}"); dom.Tokenizer.Decode(got[:len(got)-1]) != "\n\treturn\n}" || got[len(got)-1] != dom.EOS {
		t.Errorf("%v", got)
	}
	a = newVerbatim(dom, 8, 14)
	if got := a.prompt(text); len(got) != 6 || !strings.HasSuffix(text, dom.Tokenizer.Decode(got)) {
		t.Errorf("%q", dom.Tokenizer.Decode(got))
	}
}

func TestConfig_CodeNeedsPackagesThatAreHeldOut(t *testing.T) {
	cfg, _ := briefCode(t)
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	cfg.File, cfg.Code.Test = nil, nil
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "file:") || !strings.Contains(err.Error(), "code: test and dev") {
		t.Error(err)
	}
	if err := cfg.writes(llm.Config{Provider: llm.Overlap}); err == nil || !strings.Contains(err.Error(), "stages.task.code.llm") {
		t.Error(err)
	}
}

func TestCheck_RefusesWhereNothingCanBeRunSafely(t *testing.T) {
	cfg, from := briefCode(t)
	s := New(cfg, from)
	no := errors.New("no sandbox")
	s.on.find = func(context.Context) (toolchain, error) { return toolchain{}, no }
	if err := s.Check(""); !errors.Is(err, no) {
		t.Error(err)
	}
	var ran int
	s.on = pretend(&ran)
	if err := s.Check(""); err != nil || ran != 0 {
		t.Error(err, ran)
	}
}

func TestClustered_PackagesAreDrawnAndFunctionsCount(t *testing.T) {
	pkg := map[string]string{"a": "p", "b": "p", "c": "q"}
	got, err := clustered(scored{"a": 1, "b": 1, "c": 0}, pkg, 7)
	if err != nil || got.Value != 2.0/3 || got.Low != 0 || got.High != 1 {
		t.Error(got, err)
	}
}

func TestOverlap_CountsSharedTokens(t *testing.T) {
	if got := score.Overlap(gocode.Tokens("return a + a"), gocode.Tokens("return a // + a")); got != 2.0*2/6 {
		t.Error(got)
	}
}
