package prep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/corpus/read"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/pack"
	"slm/stages"
	"slm/stages/domain"
)

func environment(run string) (*stages.Env, *[]stages.Event) {
	var events []stages.Event
	return &stages.Env{
		Run: run, Seed: 7, Fingerprint: "f", Emit: func(e stages.Event) { events = append(events, e) },
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: func() time.Time { return time.Unix(0, 0) },
	}, &events
}

// small is a recipe that is prepared in a moment.
func small() (Config, Tokenizer) {
	c, tok := Default(), DefaultTokenizer()
	c.Corpus.From, c.Corpus.Numbered, c.Corpus.Dedup.Near = corpus.Licenses, true, 0.8
	c.Corpus.Only = []string{"Apache-2.0", "GPL-3.0", "AGPL-3.0", "MPL-2.0"}
	c.Exam.Chars = 160
	tok.Train.Vocab = 600
	return c, tok
}

func prepare(t *testing.T, c Config, tok Tokenizer) (string, *checkpoint.Manifest) {
	t.Helper()
	run := t.TempDir()
	env, _ := environment(run)
	if err := New(c, tok).Run(context.Background(), env); err != nil {
		t.Fatal(err)
	}
	m, err := checkpoint.Load(env.Dir(stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	return env.Dir(stages.Data), m
}

func TestRun_MeasuresThePlacesAndWarnsOfThoseThatNeverFit(t *testing.T) {
	c, tok := small()
	dir, m := prepare(t, c, tok)
	dom, err := domain.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dom.Close() }()
	longest := 0
	for _, s := range dom.Sections.All() {
		longest = max(longest, len(dom.Tokenizer.Encode(form.Continuation(dom.Forms.PlaceOf(s)))))
	}
	if longest < 5 || m.Counters[domain.LongestPlace] != int64(longest) || dom.PlaceTokens <= longest {
		t.Errorf("the longest place has %d tokens, the manifest says %d, a generated one may have %d", longest, m.Counters[domain.LongestPlace], dom.PlaceTokens)
	}
	for tokens, warns := range map[int]bool{128: false, longest: true} {
		env, events := environment(t.TempDir())
		env.Context = tokens
		if err := New(c, tok).Run(context.Background(), env); err != nil {
			t.Fatal(err)
		}
		warned := slices.ContainsFunc(*events, func(e stages.Event) bool {
			return e.Type == "warning" && strings.Contains(e.Message, "leave no room for a text in a context of")
		})
		again, err := checkpoint.Load(env.Dir(stages.Data))
		if err != nil || warned != warns || again.Digest() != m.Digest() {
			t.Errorf("in a context of %d: warned %v, another digest %v, %v", tokens, warned, again.Digest() != m.Digest(), err)
		}
	}
}

func TestRun_CheckpointHoldsWhatTheOtherStagesRead(t *testing.T) {
	c, tok := small()
	dir, m := prepare(t, c, tok)
	dom, err := domain.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if dom.EOS != 0 || dom.Tokenizer.Vocab() != 600 || dom.Forms.Digest() != c.Forms.Set().Digest() {
		t.Errorf("eos %d, vocab %d", dom.EOS, dom.Tokenizer.Vocab())
	}
	items, err := exam.Load(filepath.Join(dir, domain.ExamFile))
	if err != nil || exam.Digest(items) != exam.Digest(dom.Items) || m.Facts["exam_digest"] != exam.Digest(items) || m.Facts["split_digest"] != exam.SplitDigest(items) {
		t.Errorf("exam: %v", err)
	}
	if m.Counters["documents"] != 3 || m.Counters["dropped_near"] != 1 || m.Counters["sections"] != int64(dom.Sections.Len()) || m.Counters["exam_test"] == 0 {
		t.Errorf("%v", m.Counters)
	}
	dropped, _, err := checkpoint.ReadTable[corpus.Drop](filepath.Join(dir, DroppedFile))
	copies, sum := 0, m.Counters["characters_kept"]
	for _, d := range dropped {
		if sum += d.Chars; d.Title == "AGPL-3.0" && d.Of == "GPL-3.0" {
			copies++
		}
	}
	if err != nil || copies != 1 || sum != m.Counters["characters"] {
		t.Errorf("%v, %d of %d characters: %v", err, sum, m.Counters["characters"], dropped)
	}
}

// Every section stands in the shards once in each form, and the decoded text is that of the one render function.
func TestRun_ShardsHoldEverySectionInEveryForm(t *testing.T) {
	c, tok := small()
	dir, m := prepare(t, c, tok)
	dom, err := domain.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	shards, err := filepath.Glob(filepath.Join(dir, "corpus-*.arrow")) // sorted
	if err != nil {
		t.Fatal(err)
	}
	var examples []pack.Example
	for _, name := range shards {
		part, _, err := checkpoint.ReadTable[pack.Example](name)
		if err != nil {
			t.Fatal(err)
		}
		examples = append(examples, part...)
	}
	n, tokens := 0, 0
	for _, ex := range examples {
		s, i := dom.Sections.At(n/len(dom.Forms.Document)), n%len(dom.Forms.Document)
		want := form.Join(dom.Forms.DocumentOf(s, i), s.Text)
		if got := dom.Tokenizer.Decode(ex.Tokens[:len(ex.Tokens)-1]); got != want || ex.Tokens[len(ex.Tokens)-1] != dom.EOS || ex.ID != fmt.Sprintf("%s/%d", s.ID, i) {
			t.Fatalf("%s: %q", ex.ID, got)
		}
		n, tokens = n+1, tokens+len(ex.Tokens)
	}
	if n != dom.Sections.Len()*len(dom.Forms.Document) || m.Counters["tokens"] != int64(tokens) {
		t.Errorf("%d examples of %d sections, %d tokens of %d", n, dom.Sections.Len(), tokens, m.Counters["tokens"])
	}
}

func TestRun_SameRecipeGivesTheSameDigest(t *testing.T) {
	c, tok := small()
	_, a := prepare(t, c, tok)
	_, b := prepare(t, c, tok)
	if a.Digest() != b.Digest() {
		t.Error("two runs have different digests")
	}
}

// A call that is stopped after a phase goes on from what that has kept. Within a phase, see the packages corpus and pack.
func TestRun_StoppedCallGoesOnToTheSameDigest(t *testing.T) {
	c, tok := small()
	_, want := prepare(t, c, tok)
	for after := 1; after < phases; after++ {
		run := t.TempDir()
		env, _ := environment(run)
		ctx, stop := context.WithCancel(context.Background())
		env.Emit = func(e stages.Event) {
			if e.Type == "step" && e.Step == after {
				stop()
			}
		}
		if err := New(c, tok).Run(ctx, env); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after phase %d: %v", after, err)
		}
		kept := map[string]os.FileInfo{}
		for _, name := range []string{domain.ExamFile, domain.TokenizerFile}[:after-1] {
			info, err := os.Stat(filepath.Join(env.Work(stages.Data), "kept", name, name))
			if err != nil {
				t.Fatal(err)
			}
			kept[name] = info
		}
		env, _ = environment(run)
		if err := New(c, tok).Run(context.Background(), env); err != nil {
			t.Fatal(err)
		}
		got, err := checkpoint.Load(env.Dir(stages.Data))
		if err != nil || got.Digest() != want.Digest() {
			t.Errorf("stopped after phase %d: another digest, %v", after, err)
		}
		for name, before := range kept {
			if now, err := os.Stat(filepath.Join(env.Dir(stages.Data), name)); err != nil || !os.SameFile(before, now) {
				t.Errorf("stopped after phase %d: %s was made again, %v", after, name, err)
			}
		}
		if _, err := os.Stat(env.Work(stages.Data)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the work area stays: %v", err)
		}
	}
}

func TestRun_FileMayHoldTheExam(t *testing.T) {
	c, tok := small()
	c.Corpus.From, c.Corpus.Only, c.Corpus.Numbered = "", nil, false
	text, questions := filepath.Join(t.TempDir(), "a.txt"), filepath.Join(t.TempDir(), "q.jsonl")
	var lines strings.Builder
	for i := range 10 {
		fmt.Fprintf(&lines, "{\"question\":\"Which is %d?\",\"choices\":[\"a\",\"b\"],\"answer\":%d}\n", i, i%2)
	}
	if err := errors.Join(os.WriteFile(text, []byte(strings.Repeat("A text to learn.\n\n", 200)), 0o644), os.WriteFile(questions, []byte(lines.String()), 0o644)); err != nil {
		t.Fatal(err)
	}
	c.Corpus.Path, c.Exam.From, c.Exam.File = []string{text}, "file", questions
	dir, m := prepare(t, c, tok)
	dom, err := domain.Open(dir)
	if err != nil || len(dom.Items) != 10 || len(exam.Only(dom.Items, exam.Test)) != 3 || m.Counters["exam_dev"] != 2 {
		t.Errorf("%v, %v", err, m.Counters)
	}
	if int(m.Counters["vocab"]) >= tok.Train.Vocab {
		t.Errorf("vocab %d of so small a text", m.Counters["vocab"])
	}
}

// A statute and questions that name its articles: each is about one of them, and none of the corpus's own pairs asks what the exam asks.
func TestRun_QuestionsOfAFileFindTheirSections(t *testing.T) {
	c, tok := small()
	var text, lines strings.Builder
	text.WriteString("# 中华人民共和国民法典\n\n")
	for i, n := range []string{"一", "二", "三", "四", "五", "六", "七", "八"} {
		fmt.Fprintf(&text, "第%s条 这是%s。\n\n", n, strings.Repeat(n, 5))
		for range 2 {
			fmt.Fprintf(&lines, "{\"question\":\"中华人民共和国民法第%s条的内容是:\",\"choices\":[\"a\",\"b\"],\"answer\":%d}\n", n, i%2)
		}
	}
	fmt.Fprintln(&lines, `{"question":"民法第九条的内容是:","choices":["a","b"],"answer":0}`)
	dir := t.TempDir()
	law, questions := filepath.Join(dir, "law.txt"), filepath.Join(dir, "q.jsonl")
	if err := errors.Join(os.WriteFile(law, []byte(text.String()), 0o644), os.WriteFile(questions, []byte(lines.String()), 0o644)); err != nil {
		t.Fatal(err)
	}
	c.Corpus.From, c.Corpus.Only, c.Corpus.Path, c.Exam.From, c.Exam.File = "", nil, []string{law}, "file", questions
	c.Exam.Split.Dev, c.Exam.Split.Test = 0.25, 0.75
	c.Forms = Forms{Place: "{title}{number}：", Question: []string{"{title}{number}规定了什么？"}}
	tok.Train.Pattern = "numerals"
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	data, m := prepare(t, c, tok)
	dom, err := domain.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	if m.Counters["exam_located"] != 16 || dom.Items[2].Section != "民法#第二条" || dom.Items[2].Place != "民法第二条：" || dom.Items[2].Knowledge != "这是二二二二二。" || dom.Items[16].Section != "" {
		t.Errorf("%v, %+v", m.Counters, dom.Items[2])
	}
	if dom.Items[0].Split != dom.Items[1].Split || len(exam.Held(dom.Items)) != 9 || m.Counters["exam_test"]+m.Counters["exam_dev"] != 17 {
		t.Errorf("%v", m.Counters)
	}
	if dom.Tokenizer.Pattern() != "numerals" {
		t.Errorf("pattern %s", dom.Tokenizer.Pattern())
	}
	place, question := dom.Tokenizer.Encode("民法第二条"), dom.Tokenizer.Encode("中华人民共和国民法第二条的内容是")
	two := dom.Tokenizer.Encode("二")
	if len(two) != 1 || !slices.Contains(place, two[0]) || !slices.Contains(question, two[0]) {
		t.Errorf("the number is %v in %v and %v", two, place, question)
	}
	c.Exam.Split.Dev = 0.5
	if c.Validate() == nil {
		t.Error("more than a whole was held out")
	}
}

func TestRun_WhatCannotBePreparedLeavesNothing(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.txt")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	cancelled, stop := context.WithCancelCause(context.Background())
	reason := errors.New("stopped by hand")
	stop(reason)
	for name, c := range map[string]struct {
		change func(*Config)
		ctx    context.Context
		want   error
	}{
		"empty file":    {func(c *Config) { c.Corpus.From, c.Corpus.Only, c.Corpus.Path = "", nil, []string{empty} }, context.Background(), read.ErrEmpty},
		"missing file":  {func(c *Config) { c.Corpus.From, c.Corpus.Only, c.Corpus.Path = "", nil, []string{empty + "x"} }, context.Background(), read.ErrUnreadable},
		"unknown title": {func(c *Config) { c.Corpus.Only = []string{"MIT-9"} }, context.Background(), read.ErrUnknown},
		"small exam":    {func(c *Config) { c.Corpus.Only = []string{"Apache-2.0"}; c.Exam.Split.Test = 0.001 }, context.Background(), exam.ErrTooSmall},
		"bad form":      {func(c *Config) { c.Forms.Question = []string{"{nonsense}"} }, context.Background(), form.ErrTemplate},
		"cancelled":     {func(*Config) {}, cancelled, reason},
	} {
		cfg, tok := small()
		cfg.Corpus.Only = slices.Clone(cfg.Corpus.Only)
		c.change(&cfg)
		run := t.TempDir()
		env, _ := environment(run)
		if err := New(cfg, tok).Run(c.ctx, env); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadDir(run); err != nil || len(left) != 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}

func TestConfig_MistakesInFormsAreReportedAtTheirField(t *testing.T) {
	c, _ := small()
	c.Forms.Place, c.Forms.Question, c.Forms.Quote = "{title}", []string{"{x}?"}, []string{"Where?"}
	err := c.Validate()
	for _, says := range []string{"forms.place: ", "forms.question: ", "forms.quote: "} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s is not in %v", says, err)
		}
	}
	if c, _ := small(); c.Validate() != nil {
		t.Error(c.Validate())
	}
}
