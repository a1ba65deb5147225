package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"slm/data/exam"
	"slm/llm"
	"slm/result"
	"slm/retrieve"
	"slm/rng"
	"slm/stages/knowledge"
	"slm/stages/systems"
)

// duo is a small corpus with a fake LLM that picks the option most like its knowledge, else its favourite, and a fake small model that
// knows all but every fifth section.
type duo struct {
	items        []exam.Item
	asked, spoke int
	failAt       int // the LLM's call that fails; 0 = none
	flat         bool
	none         map[int]llm.Reason // questions that the LLM gives no answer to
}

func text(i int) string {
	s := rng.New(9, "text").At(uint64(i))
	words := make([]string, 30)
	for j := range words {
		words[j] = fmt.Sprintf("w%05x", s.IntN(1<<20))
	}
	return strings.Join(words, " ")
}

func newDuo(n int) *duo {
	w := &duo{}
	for i := range n {
		it := exam.Item{ID: fmt.Sprintf("doc#%d", i), Section: fmt.Sprintf("doc#%d", i), Question: fmt.Sprintf("What does section %d say?", i),
			Place: fmt.Sprintf("doc\nSection %d:", i), Knowledge: text(i), Answer: i % 4}
		for c := range 4 {
			it.Choices = append(it.Choices, text(i + (c-it.Answer)*1000)[:60])
		}
		w.items = append(w.items, it)
	}
	return w
}

// Info, Do: the fake LLM.
func (w *duo) Info() llm.Info { return llm.Info{Provider: "fake", Model: "duo", CanScore: true} }

func (w *duo) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	if w.asked++; w.asked == w.failAt {
		return nil, llm.ErrUnavailable
	}
	out := make([]llm.Reply, len(reqs))
	for j, q := range reqs {
		out[j] = llm.Reply{Calls: 1, PromptTokens: len(strings.Fields(q.Prompt))}
		var n int
		if at := strings.LastIndex(q.Prompt, "What does section "); at >= 0 {
			_, _ = fmt.Sscanf(q.Prompt[at:], "What does section %d say?", &n)
		}
		if why := w.none[n]; why != "" {
			out[j].None = &llm.NoAnswer{Reason: why, Said: "no"}
			continue
		}
		for c, o := range q.Options {
			score := llm.Score{LogProb: -float64(c) - 10, Tokens: 1}
			switch {
			case w.flat:
				score.LogProb = 0
			case strings.Contains(q.Prompt, o[1:]):
				score.LogProb = -1
			}
			out[j].Scores = append(out[j].Scores, score)
		}
	}
	return out, nil
}

// voice is the fake small model; what it says has a prefix.
type voice struct {
	w      *duo
	prefix string
}

func (v voice) Say(_ context.Context, questions []string) ([]knowledge.Piece, error) {
	w := v.w
	out := make([]knowledge.Piece, len(questions))
	for j, q := range questions {
		w.spoke++
		var i int
		if _, err := fmt.Sscanf(q, "What does section %d say?", &i); err != nil {
			return nil, err
		}
		out[j] = knowledge.Piece{Question: q, Place: w.items[i].Place, Text: v.prefix + text(i), Section: i, Verified: v.prefix == ""}
		if i%5 == 4 {
			out[j] = knowledge.Piece{Question: q, Place: "nowhere:", Text: "nothing of use", Section: -1}
		}
	}
	return out, nil
}

func (v voice) Name(ctx context.Context, questions []string) ([]knowledge.Piece, error) {
	return v.Say(ctx, questions)
}

func (v voice) Score(_ context.Context, ps []knowledge.Piece, options [][]string) ([][]float64, error) {
	out := make([][]float64, len(ps))
	for i, p := range ps {
		for c, o := range options[i] {
			out[i] = append(out[i], -2-float64(c))
			if strings.Contains(p.Text, o) {
				out[i][c] = -1
			}
		}
	}
	return out, nil
}

// shelf is the corpus; a search always finds its first sections.
type shelf struct{ w *duo }

func (s shelf) At(place string) (systems.Passage, bool) {
	for i, it := range s.w.items {
		if it.Place == place {
			return s.Passage(i), true
		}
	}
	return systems.Passage{}, false
}

func (s shelf) Passage(i int) systems.Passage {
	return systems.Passage{Place: s.w.items[i].Place, Text: s.w.items[i].Knowledge}
}
func (s shelf) Names(question, place string) systems.Naming              { return systems.Nothing }
func (s shelf) Named(question string) (int, bool)                        { return -1, false }
func (s shelf) Head(text string) string                                  { return text }
func (s shelf) Subject(string, []string, []string) (known, best float64) { return 0, 0 }
func (s shelf) Covered(string, string) float64                           { return 0 }
func (s shelf) Close() error                                             { return nil }

func (s shelf) Search(_ context.Context, _ string, k int) ([]retrieve.Hit, error) {
	hits := make([]retrieve.Hit, k)
	for i := range hits {
		hits[i].Section = i
	}
	return hits, nil
}

// with is what the systems of this duo are made of.
func (w *duo) with() *systems.Resources {
	return &systems.Resources{
		Seed: 7, Style: llm.Cloze, Box: w, Corpus: shelf{w}, Search: shelf{w}, Latest: "blade",
		Speakers: map[string]systems.Speaker{"dp": voice{w, "mist "}, "blade-z0": voice{w, ""}, "blade": voice{w, ""}},
	}
}

func (w *duo) runner() *runner { return newRunner(w.items, w.with(), &work{}, false) }

func usual() []systems.Spec {
	specs, err := systems.Resolve(nil)
	if err != nil {
		panic(err)
	}
	return specs
}

func mustRun(t *testing.T, r *runner) []result.Row {
	t.Helper()
	rows, err := r.run(context.Background(), usual())
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func summaryOf(t *testing.T, rows []result.Row, truth bool) *result.Summary {
	t.Helper()
	known := map[string]bool{}
	for _, r := range rows {
		known[r.Item] = truth
	}
	s := &result.Summary{}
	if err := summarise(s, rows, known, nil, 500, 7); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRunner_EverySystemIsInTheTableWithItsFigures(t *testing.T) {
	rows := mustRun(t, newDuo(80).runner())
	s := summaryOf(t, rows, true)
	if len(s.Systems) != len(systems.Usual())+1 || s.Items != 80 || s.Chance != .25 {
		t.Fatalf("%d systems, %d items, chance %v", len(s.Systems), s.Items, s.Chance)
	}
	// The fake LLM has a favourite that is right for every fourth item; the small model knows four sections in five.
	want := map[string]int{"llm": 20, "dp": 68, "blade-z0": 68, "blade": 68, "slm": 68, "cite": 68, "oracle": 80}
	for name, n := range want {
		if sys, _ := s.Find(name); sys.Correct != n || sys.Accuracy != float64(n)/80 {
			t.Errorf("%s: %d right, want %d", name, sys.Correct, n)
		}
	}
	blade, _ := s.Find("blade")
	if math.Abs(*blade.Headroom-.8) > 1e-12 || *blade.HeadroomLow >= *blade.Headroom || blade.HarmCount != 0 || blade.Calls != 80 || blade.Verified != 64 || *blade.ByText != 64 {
		t.Errorf("blade: %+v", blade)
	}
	if *blade.McNemarP > 1e-10 {
		t.Errorf("p = %v", *blade.McNemarP)
	}
	if sys, _ := s.Find("slm"); sys.Calls != 0 || sys.Tokens != 0 {
		t.Errorf("slm used the LLM: %+v", sys)
	}
	if sys, _ := s.Find("shuffled"); sys.Correct > 25 {
		t.Errorf("another question's knowledge gives %d of 80", sys.Correct)
	}
	if r, _ := s.RecallOf("blade"); r != (result.Recall{System: "blade", Items: 80, Place: 64, Start: 64, Option: 64}) {
		t.Errorf("recall: %+v", r)
	}
	if r, _ := s.RecallOf("dp"); r.Start != 0 || r.Option != 64 {
		t.Errorf("recall of a text with another beginning: %+v", r)
	}
	if c, ok := s.Compare("blade", "blade-z0"); !ok || c.Difference != 0 || c.Shown() || c.McNemarP != 1 {
		t.Errorf("blade against itself: %+v", c)
	}
	if c, ok := s.Compare("blade", "llm"); !ok || !c.Shown() || c.HolmP < c.McNemarP {
		t.Errorf("blade against llm: %+v", c)
	}
}

func TestRunner_KilledEvaluationGoesOnAndEndsTheSame(t *testing.T) {
	const n, perSystem = 36, 2 // items, and blocks of them
	undisturbed := newDuo(n)
	whole := mustRun(t, undisturbed.runner())
	if undisturbed.asked != 10*perSystem || undisturbed.spoke != 3*n {
		t.Fatalf("%d calls, %d pieces", undisturbed.asked, undisturbed.spoke)
	}
	for _, failAt := range []int{1, 2, 4, 5, 11, 20} {
		dir := t.TempDir()
		w := newDuo(n)
		w.failAt = failAt
		for sitting := range 2 {
			kept, err := openWork(dir, "key", nil)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := newRunner(w.items, w.with(), kept, false).run(context.Background(), usual())
			if sitting == 0 && !errors.Is(err, llm.ErrUnavailable) {
				t.Fatalf("call %d fails: %v", failAt, err)
			}
			if sitting == 1 && (err != nil || !reflect.DeepEqual(rows, whole)) {
				t.Fatalf("stopped at call %d it ends in other rows: %v", failAt, err)
			}
			if err := kept.log.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if w.asked != undisturbed.asked+1 || w.spoke != undisturbed.spoke {
			t.Errorf("stopped at call %d: %d calls and %d pieces, want %d and %d", failAt, w.asked, w.spoke, undisturbed.asked+1, undisturbed.spoke)
		}
	}
}

func TestRunner_WorkOfAnotherEvaluationIsThrownAway(t *testing.T) {
	dir := t.TempDir()
	w, err := openWork(dir, "one", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.append(entry{Row: &result.Row{System: "llm", Item: "a"}}); err != nil {
		t.Fatal(err)
	}
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key  string
		rows int
	}{{"one", 1}, {"two", 0}, {"two", 0}} {
		w, err := openWork(dir, c.key, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(w.rows) != c.rows {
			t.Errorf("key %s: %d rows", c.key, len(w.rows))
		}
		if err := w.log.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRunner_EqualScoresAreRefused(t *testing.T) {
	w := newDuo(8)
	w.flat = true
	if _, err := w.runner().run(context.Background(), systems.All[:1]); !errors.Is(err, llm.ErrScores) {
		t.Errorf("scores that are all 0 gave %v", err)
	}
}

func TestRunner_QuestionsWithoutTrueTextLeaveOracleAndRecallOut(t *testing.T) {
	w := newDuo(40)
	for i := range w.items {
		w.items[i].Knowledge, w.items[i].Place, w.items[i].Section = "", "", ""
	}
	b := w.runner()
	s := summaryOf(t, mustRun(t, b), false)
	if _, ok := s.Find("oracle"); ok || len(s.Recall) != 0 {
		t.Error("oracle or recall without a true text")
	}
	if sys, ok := s.Find("blade"); !ok || sys.Headroom != nil || sys.McNemarP == nil {
		t.Errorf("blade: %+v", sys)
	}
	if len(b.notes) == 0 || !strings.Contains(b.notes[len(b.notes)-1], "oracle was not run") && !strings.Contains(strings.Join(b.notes, " "), "oracle was not run") {
		t.Errorf("notes: %q", b.notes)
	}
}

func TestRunner_WithoutModelsThereIsNoSystemThatNeedsThem(t *testing.T) {
	w := newDuo(12)
	b := w.runner()
	b.with.Speakers, b.with.Latest = nil, ""
	s := summaryOf(t, mustRun(t, b), true)
	var names []string
	for _, sys := range s.Systems {
		names = append(names, sys.System)
	}
	if got := strings.Join(names, " "); got != "llm rag1 rag3 oracle overlap" {
		t.Errorf("systems: %s", got)
	}
}

func TestSummary_TheLastStageThatWasRunIsComparedWithTheLLMAlone(t *testing.T) {
	for list, want := range map[string]string{"llm dp blade-z0 blade": "blade", "llm dp blade-z0": "blade-z0", "llm dp": "dp"} {
		specs, err := systems.Resolve(strings.Fields(list))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := newDuo(40).runner().run(context.Background(), specs)
		if err != nil {
			t.Fatal(err)
		}
		var gains []string
		for _, c := range summaryOf(t, rows, true).Comparisons {
			if c.Over == systems.Alone {
				gains = append(gains, c.System)
			}
		}
		if strings.Join(gains, " ") != want {
			t.Errorf("%s: %v against the LLM alone, want %s", list, gains, want)
		}
	}
}

func TestRunner_TextMeansTheOptionItIsMostLike(t *testing.T) {
	options := []string{"the quick brown fox", "jumps over the lazy dog", "lorem ipsum dolor"}
	for want, s := range []string{"A quick  brown\nfox ran", "it jumps over the lazy cat", "Lorem ipsum dolor sit"} {
		if got := mostLike(s, options, 0); got != want {
			t.Errorf("%q is like option %d, want %d", s, got, want)
		}
	}
	if got := mostLike("xyzzy", options, 0); got != -1 {
		t.Errorf("a text like none gave %d", got)
	}
}
