package task

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/taskrow"
	"slm/llm"
	"slm/model"
	"slm/stages"
	"slm/stages/stagetest"
)

// echo is a black box that says what it was given as a draft, or else nothing of the text.
type echo struct{ asked []string }

func (e *echo) Info() llm.Info { return llm.Info{Provider: "fake", Model: "echo"} }
func (e *echo) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		e.asked = append(e.asked, r.Prompt)
		_, draft, _ := strings.Cut(r.Prompt, "be wrong: ")
		draft, _, _ = strings.Cut(draft, "\n")
		if draft == "" {
			draft = "Nothing."
		}
		out[i] = llm.Reply{Text: draft, PromptTokens: 5, OutputTokens: 2, Calls: 1}
	}
	return out, nil
}
func (e *echo) Close() error { return nil }

// summaryRows is a file of texts whose summary repeats a word of theirs.
func summaryRows(t *testing.T) string {
	t.Helper()
	var lines strings.Builder
	for i := range 48 {
		word := []string{"alpha", "omega"}[i%2]
		fmt.Fprintf(&lines, "{\"text\": %q, \"summary\": %q}\n", fmt.Sprintf("This text is about the %s of things. %s. It is one of several.", word, stagetest.Text(300 + i)[:50]), "It is "+word+" again.")
	}
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	if err := os.WriteFile(path, []byte(lines.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func briefSummary(path string) Config {
	c := brief()
	c.Kind, c.File, c.Epochs, c.Batch, c.Summary.Tokens, c.Summary.Read, c.Summary.LLM = Summarise, []string{path}, 8, 1024, 24, false, 5
	return c
}

func withBox(r *stagetest.Run, box llm.Client) *stages.Env {
	r.LLM = func(context.Context) (llm.Client, error) { return box, nil }
	r.Replies = func(path string) error { return os.WriteFile(path, []byte("replies"), 0o666) }
	return r.Env
}

func summed(t *testing.T, s *Stage, env *stages.Env) (*Summaries, []Written, *checkpoint.Manifest) {
	t.Helper()
	if err := s.Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	dir := env.Dir(stages.Task)
	sum, err := ReadAs[*Summaries](dir)
	if err != nil {
		t.Fatal(err)
	}
	rows, _, err := checkpoint.ReadTable[Written](filepath.Join(dir, AnswersFile))
	if err != nil {
		t.Fatal(err)
	}
	m, err := checkpoint.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return sum, rows, m
}

func TestTable_OfFiguresThatThisProgramHasNotWrittenIsATable(t *testing.T) {
	for _, k := range kinds {
		for _, text := range []string{"{}", `{"systems": [{}]}`, `{"systems": [{"system": "small model"}], "draft_over_alone": {}}`} {
			f, err := k.read([]byte(text))
			if err != nil {
				t.Fatalf("%s: %s: %v", k.name, text, err)
			}
			if len(f.Table().Rows) == 0 {
				t.Errorf("%s: %s: no head", k.name, text)
			}
		}
	}
}

func TestRun_SummariesAreLearntAndCountedBesideTheirControls(t *testing.T) {
	cfg := briefSummary(summaryRows(t))
	first := newRun(t)
	box := &echo{}
	sum, rows, m := summed(t, New(cfg, corpus.Options{}), withBox(first, box))
	if sum.Test != len(rows) || len(rows) == 0 || len(box.asked) != 2*5 || sum.InCorpus != 0 {
		t.Fatalf("%+v, %d rows, %d questions", sum, len(rows), len(box.asked))
	}
	ours, lead, best, given, alone, with := sum.Systems[0], sum.Systems[1], sum.Systems[2], sum.Systems[3], sum.Systems[4], sum.Systems[5]
	if ours.RougeL.Value < 0.7 || ours.Over.Low <= 0 || lead.Over != nil || given.RougeL.Value != 1 || best.RougeL.Value > given.RougeL.Value || lead.Faithful.Value != 1 {
		t.Errorf("%+v", sum.Systems)
	}
	if with.Texts != 5 || ours.Texts != len(rows) || with.RougeL.Value < 0.7 || alone.RougeL.Value != 0 || sum.Draft.Low <= 0 || with.Asked != 7 || ours.Asked != 0 {
		t.Errorf("the draft is not what the black box had: %+v", sum.Systems)
	}
	for _, w := range rows {
		if w.Asked != (w.AloneTokens > 0) || w.Asked && w.Drafted != w.Model {
			t.Errorf("%+v", w)
		}
	}
	s, err := OpenSummariser(first.Run, first.Kernel)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range rows {
		if got, err := s.Summarise(t.Context(), w.Text); err != nil || got.Summary != w.Model || got.Whole != w.Whole {
			t.Errorf("%+v, and the table has %q (%v)", got, w.Model, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Open(first.Run, first.Kernel); !errors.Is(err, checkpoint.ErrMissing) {
		t.Errorf("it is no classification: %v", err)
	}
	stopped := newRun(t)
	ctx, cancel := context.WithCancel(t.Context())
	stopped.OnStep = func(step int) {
		if step == 3 {
			cancel()
		}
	}
	if err := New(cfg, corpus.Options{}).Run(ctx, withBox(stopped, &echo{})); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	stopped.OnStep = nil
	if _, _, again := summed(t, New(cfg, corpus.Options{}), withBox(stopped, &echo{})); again.Digest() != m.Digest() {
		t.Error("stopped and resumed, it ends in other bytes")
	}
}

func TestJob_TrainingTextsAreReadToo(t *testing.T) {
	cfg := briefSummary(summaryRows(t))
	cfg.Summary.Read = true
	dom := stagetest.Open(t, newDomain(t))
	s := New(cfg, corpus.Options{})
	l, err := s.lesson(dom, 7)
	if err != nil {
		t.Fatal(err)
	}
	job := s.job(dom, model.New(stagetest.Shape(dom), 1), l, 7)
	from, err := job.Epoch(0)
	if err != nil {
		t.Fatal(err)
	}
	rows := l.rows().train(0)
	whole, most := 0, stagetest.Shape(dom).Context
	for i := range from.Len() {
		tokens, prompt := from.Size(i)
		if prompt == 0 {
			whole++
		}
		if tokens > most || prompt > most-cfg.Summary.Tokens {
			t.Errorf("%d tokens, %d of them in front of the summary", tokens, prompt)
		}
	}
	if whole != len(rows) || from.Len() != 2*len(rows) {
		t.Errorf("%d examples, %d of them read, of %d rows", from.Len(), whole, len(rows))
	}
}

func TestStanding_ASummaryThatTheCorpusHoldsIsCounted(t *testing.T) {
	dom := newDomain(t)
	var text string
	for _, sec := range dom.Sections.All() {
		text = sec.Text
	}
	rows := []taskrow.Row{{Target: text, Split: exam.Test}, {Target: "a conclusion of which no part stands anywhere in what has been read before by the model"}}
	if n := standing(dom, rows); n != 1 {
		t.Errorf("%d of 1", n)
	}
}

func TestEnded_ASummaryThatWasCutOffEndsInItsLastWholeSentence(t *testing.T) {
	for text, want := range map[string]string{"One is so. Two is": "One is so.", "One is": "One is", "": ""} {
		if got := ended(text, false); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if got := ended("One is so. Two  is\nso", true); got != "One is so. Two is so" {
		t.Error(got)
	}
}

func TestConfig_ASummaryNeedsTextsAndABlackBoxThatWrites(t *testing.T) {
	c := briefSummary("rows.jsonl")
	if err := c.writes(llm.Config{Provider: llm.Overlap}); err == nil {
		t.Error("provider overlap writes nothing")
	}
	if err := errors.Join(c.writes(llm.Config{Provider: llm.Local}), c.Validate(), c.Summary.Validate()); err != nil {
		t.Error(err)
	}
	c.File, c.Summary.Message, c.Summary.Draft = nil, "of what", "{text}"
	if c.Validate() == nil {
		t.Error("a summary without texts is accepted")
	}
	if err := c.Summary.Validate(); err == nil || !strings.Contains(err.Error(), "message:") || !strings.Contains(err.Error(), "draft:") {
		t.Error(err)
	}
}

func TestKinds_AreTheWordsOfTheRecipe(t *testing.T) {
	words := wordsOf(t)
	if len(words) != len(kinds) {
		t.Fatalf("%v", words)
	}
	for i, k := range kinds {
		if words[i] != k.name || kindOf(Config{Kind: words[i]}).file != k.file {
			t.Errorf("%s is not %s", words[i], k.name)
		}
	}
}

// wordsOf are the kinds that a recipe may name.
func wordsOf(t *testing.T) []string {
	t.Helper()
	f, ok := reflect.TypeFor[Config]().FieldByName("Kind")
	if !ok {
		t.Fatal("no kind")
	}
	return strings.Split(strings.TrimPrefix(f.Tag.Get("oneof"), "|"), "|")
}
