package bpo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/data/tokenizer"
	"slm/llm"
	"slm/model"
	"slm/model/decode"
	"slm/optim/bayes"
	"slm/rng"
	"slm/stages"
	"slm/stages/knowledge"
)

// redo is the point of trial i, from the rows of the table before it alone.
func redo(rows []TrialRow, cfg Config, i int) ([]float64, error) {
	list, err := before(rows, i)
	if err != nil {
		return nil, err
	}
	return next(cfg.Init, make(bayes.Space, cfg.Soft.Dim), 7, i, observe(list))
}

func TestTrials_TableAloneRebuildsTheOptimiser(t *testing.T) {
	w := newDuo(200, hill)
	w.spoilt = func(z []float64) bool { return len(z) > 0 && z[0] < -0.7 } // a refused trial is part of it
	cfg := settings()
	s := w.search(t, cfg, "")
	out := run(t, s)
	path := filepath.Join(t.TempDir(), TrialsFile)
	if err := checkpoint.WriteTable(path, table(t, s, out), nil); err != nil {
		t.Fatal(err)
	}
	rows, _, err := checkpoint.ReadTable[TrialRow](path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= cfg.Init+cfg.Trials; i++ {
		z, err := redo(rows, cfg, i)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(z, rows[i].Z) {
			t.Errorf("trial %d was made at %v, and would be at %v", i, rows[i].Z, z)
		}
	}
	if z, err := redo(rows, cfg, cfg.Init+cfg.Trials+1); err != nil || len(z) != 2 {
		t.Errorf("the trial after the last: %v, %v", z, err)
	}
	if _, err := redo(rows, cfg, cfg.Init+cfg.Trials+2); err == nil {
		t.Error("a trial behind the one after the last was proposed")
	}
	if _, err := redo(append(slices.Clone(rows[:3]), rows[4:]...), cfg, 8); err == nil {
		t.Error("a table with a hole was taken for whole")
	}
}

func TestSearch_TrialWithNaNScoresIsRefusedAndMarked(t *testing.T) {
	w := newDuo(200, hill)
	bad := func(z []float64) bool { return len(z) > 0 && z[0] < 0 }
	w.spoilt = bad
	s := w.search(t, settings(), "")
	var warned int
	s.emit = func(e stages.Event) {
		if e.Type == "warning" {
			warned++
		}
	}
	out := run(t, s)
	refused := 0
	for _, row := range table(t, s, out) {
		if row.Refused == "" && row.Fidelity == 0 {
			t.Errorf("%s trial %d has no items and is not refused", row.Arm, row.Trial)
		}
		for _, v := range []float64{row.Score, row.Objective, row.Gain, row.Squares, row.GainSD, row.Predicted, row.PredictedSD} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s trial %d holds %v", row.Arm, row.Trial, v)
			}
		}
		if row.Refused != "" {
			refused++
			if !strings.Contains(row.Refused, "NaN") {
				t.Errorf("refused because %s", row.Refused)
			}
		}
	}
	if refused == 0 || warned < refused { // one that is refused in the choice has no row there
		t.Errorf("%d trials are marked, %d warnings", refused, warned)
	}
	if out.winner == s.zero || bad(out.winner.z) || hill(out.winner.z) < 0.8 {
		t.Errorf("winner %v: %s", out.winner.z, out.verdict)
	}
	// Without a prompt the scores must be good: there is nothing else to compare with.
	w = newDuo(60, hill)
	w.spoilt = func([]float64) bool { return true }
	if _, err := w.search(t, settings(), "").run(t.Context()); !errors.Is(err, ErrScores) {
		t.Errorf("no scores at all: %v", err)
	}
	// With them alone the search ends, and says so.
	w = newDuo(60, hill)
	w.spoilt = func(z []float64) bool { return len(z) > 0 }
	s = w.search(t, settings(), "")
	if out := run(t, s); out.winner != s.zero || !strings.Contains(out.verdict, "no trial has scores") {
		t.Errorf("only z = 0 has scores: %s", out.verdict)
	}
}

func TestSearch_PromptThatDoesNotFitIsRefused(t *testing.T) {
	s := newDuo(60, hill).search(t, settings(), "")
	say := s.judge.say
	s.judge.say = func(ctx context.Context, questions []string, soft []float32) ([]knowledge.Piece, error) {
		if len(soft) > 0 && soft[0] > 0.8 {
			return nil, fmt.Errorf("%w: 600 tokens", decode.ErrTooLong)
		}
		return say(ctx, questions, soft)
	}
	out := run(t, s)
	long := 0
	for _, row := range table(t, s, out) {
		if row.Refused != "" {
			long++
		}
	}
	if long == 0 || out.winner.refused != "" {
		t.Errorf("%d prompts were too long; winner %+v", long, out.winner.z)
	}
	s = newDuo(60, hill).search(t, settings(), "")
	s.judge.say = func(context.Context, []string, []float32) ([]knowledge.Piece, error) { return nil, decode.ErrTooLong }
	if _, err := s.run(t.Context()); !errors.Is(err, decode.ErrTooLong) {
		t.Errorf("the questions alone are too long: %v", err)
	}
}

func TestSearch_RefusedTrialIsRefusedAfterAResumeToo(t *testing.T) {
	cfg := settings()
	cfg.Trials, cfg.Controls = 4, []string{none}
	dir := t.TempDir()
	w := newDuo(60, hill)
	w.spoilt = func(z []float64) bool { return len(z) > 0 && z[0] < 0 }
	s := w.search(t, cfg, dir)
	want := table(t, s, run(t, s))
	if err := s.log.close(); err != nil {
		t.Fatal(err)
	}
	again := newDuo(60, hill) // and now the black box would answer
	s = again.search(t, cfg, dir)
	if got := table(t, s, run(t, s)); !reflect.DeepEqual(got, want) || again.asked != 0 {
		t.Errorf("%d questions were asked again:\n%s", again.asked, firstDifference(got, want))
	}
}

func TestSearch_EqualScoresAndSingleItemsEndInAVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		n      int
		ladder []int
		skill  func([]float64) float64
	}{"all trials equal": {120, []int{20, 40}, idle}, "one item of each kind": {3, []int{1}, hill}, "two items": {4, []int{1, 2}, hill}, "nobody is ever right": {40, []int{10}, func([]float64) float64 { return 0 }}} {
		t.Run(name, func(t *testing.T) {
			cfg := settings()
			cfg.Items.Ladder, cfg.Init, cfg.Trials = c.ladder, 3, 5
			s := newDuo(c.n, c.skill).search(t, cfg, "")
			out := run(t, s)
			if out.verdict == "" || strings.Contains(out.verdict, "NaN") || strings.Contains(out.selection.String(), "NaN") {
				t.Errorf("%s; %s", out.verdict, out.selection)
			}
			for _, row := range table(t, s, out) {
				for _, v := range []float64{row.Score, row.Gain, row.GainSD, row.Predicted, row.PredictedSD} {
					if math.IsNaN(v) || math.IsInf(v, 0) {
						t.Errorf("%s trial %d holds %v", row.Arm, row.Trial, v)
					}
				}
			}
		})
	}
}

func TestWarmStart_LongerSearchGoesOnFromAFinishedOneAndEndsInTheSameBytes(t *testing.T) {
	short, long := settings(), settings()
	short.Trials = 5
	w := newDuo(120, hill)
	s := w.search(t, short, "")
	rows, texts := table(t, s, run(t, s)), s.texts()
	fresh := newDuo(120, hill)
	s = fresh.search(t, long, "")
	wantOut := run(t, s)
	want := table(t, s, wantOut)
	for _, whole := range []bool{true, false} {
		next := newDuo(120, hill)
		s = next.search(t, long, "")
		s.log.old = finished(rows, texts, false, whole)
		out := run(t, s)
		if got := table(t, s, out); !reflect.DeepEqual(got, want) || out.verdict != wantOut.verdict {
			t.Errorf("taking everything %v, the table differs:\n%s", whole, firstDifference(got, want))
		}
		if least := int32(asked(s.own.trials[:1+short.Init+short.Trials])); next.said > fresh.said-least {
			t.Errorf("the small model was asked %d questions, %d from the start, and %d had been answered", next.said, fresh.said, least)
		}
	}
	// What was said to another prompt does not count.
	s = newDuo(120, hill).search(t, long, "")
	for i := range rows {
		if rows[i].Arm == armSearch && rows[i].Trial == 3 {
			rows[i].Z[0] = math.Nextafter(rows[i].Z[0], 2)
		}
	}
	s.log.old = finished(rows, texts, false, true)
	if s.log.said(armSearch, &trial{index: 3, z: want[3].Z}, 0, 20) != nil || s.log.said(armSearch, &trial{index: 4, z: want[4].Z}, 0, 20) == nil {
		t.Error("words are taken for those of another prompt")
	}
}

func TestBias_ExpectedMaximumOfManyIsKnown(t *testing.T) {
	for k, want := range map[int]float64{1: 0, 2: 0.5641895835, 3: 0.8462843753, 10: 1.5387527308, 20: 1.8674750598, 50: 2.2490736, 100: 2.5075936} { // Harter, Biometrika 48 (1961)
		if got := expectedMax(k); math.Abs(got-want) > 1e-6 {
			t.Errorf("of %d: %v, want %v", k, got, want)
		}
	}
}

func TestBias_OfTheBestIsWhatEqualPromptsShow(t *testing.T) {
	// Prompts that differ by chance alone: the mean gain of the best of 20 must be what is said to be owed to the choice.
	const trials, items, rounds = 20, 60, 200
	var gained, said float64
	for round := range rounds {
		draw := rng.New(uint64(round), "bias")
		made := func(i int) *trial {
			t := &trial{index: i}
			for range items {
				t.results = append(t.results, result{Objective: draw.Norm()})
			}
			return t
		}
		s := &search{zero: &trial{results: make([]result, items)}}
		a := &arm{trials: []*trial{s.zero}}
		for i := range trials {
			a.trials = append(a.trials, made(i+1))
		}
		v := s.selection(a)
		gained += v.gain / rounds
		said += v.bias / rounds
	}
	if math.Abs(gained/said-1) > 0.07 {
		t.Errorf("the best of %d gains %v by chance, %v is said", trials, gained, said)
	}
}

func TestRace_StopsWhatIsShownToBeWorseAndNothingElse(t *testing.T) {
	made := func(i int, shift float64) *trial {
		t := &trial{index: i}
		for k := range 40 {
			t.results = append(t.results, result{Objective: rng.New(3, "hard").At(uint64(k)).Norm()*3 + shift + 0.1*rng.New(4).At(uint64(100*i+k)).Norm()})
		}
		return t
	}
	leader := made(1, 1)
	if lost(made(2, 1.02), leader, 40, 2) || !lost(made(3, 0.8), leader, 40, 2) || lost(leader, leader, 40, 2) {
		t.Error("the race takes chance for a difference, or a difference for chance")
	}
	stopped := 0
	for i := range 1000 {
		if lost(made(2*i+10, 1), made(2*i+11, 1), 40, 1) {
			stopped++
		}
	}
	if stopped > 75 || stopped < 25 { // neither is better
		t.Errorf("%d of 1000 were stopped by their equals, 50 would be right", stopped)
	}
}

// Prompts that change no answer are all tied with z = 0. None would ever climb if ties went to the earlier.
func TestRace_HalfOfThoseThatAreTiedClimb(t *testing.T) {
	made := func(i, n int) *trial {
		t := &trial{index: i}
		for k := range n {
			t.results = append(t.results, result{Objective: float64(k % 3)})
		}
		return t
	}
	s := &search{ladder: []int{10, 20}, zero: made(0, 20)}
	pool, climbed := []*trial{s.zero}, 0
	for i := range 20 {
		tr := made(i+1, 10)
		pool = append(pool, tr)
		if s.promising(tr, pool, 10) {
			tr.results, climbed = made(i+1, 20).results, climbed+1
		}
	}
	if climbed != 10 {
		t.Errorf("%d of 20 climbed", climbed)
	}
}

func TestParaphrases_ThereAreThirtyInEachLanguageAndHalvingSharesTheBudget(t *testing.T) {
	for question, first := range map[string]string{"What does section 4 say?": "Generate a document", "民法典第四条规定了什么？": "生成与以下问题"} {
		list := paraphrases([]exam.Item{{Question: question}})
		sorted := slices.Clone(list)
		slices.Sort(sorted)
		if len(slices.Compact(sorted)) != len(list) || len(list) < 30 || !strings.HasPrefix(list[0], first) {
			t.Errorf("%d paraphrases, the first %q", len(list), list[0])
		}
	}
	for _, budget := range []int{0, 3, 40, 200, 1000, 5000} {
		s := newDuo(100, hill).search(t, settings(), "")
		s.zero = &trial{kind: kindZero, z: make([]float64, 2)}
		if err := s.measure(t.Context(), armSearch, s.zero, s.items); err != nil {
			t.Fatal(err)
		}
		s.own = &arm{name: armSearch, trials: []*trial{s.zero}}
		a := &arm{name: text, trials: []*trial{s.zero}}
		if err := s.halve(t.Context(), a, budget); err != nil {
			t.Fatal(err)
		}
		if n := asked(a.trials[1:]); n > budget {
			t.Errorf("budget %d: %d questions", budget, n)
		}
		most, ends := 0, 0
		for _, tr := range a.trials[1:] {
			most = max(most, len(tr.results))
		}
		for _, tr := range a.trials[1:] {
			if len(tr.results) == most {
				ends++
			}
		}
		if budget >= 200 && ends > 3 && most < len(s.items) {
			t.Errorf("budget %d: %d prompts are left in the last round", budget, ends)
		}
	}
}

func TestPrompt_OfAnyTrialCanBeHad(t *testing.T) {
	p, tok := tinyModel(t)
	dir := t.TempDir()
	rows := []TrialRow{
		{Arm: armSearch, Trial: 0, Z: []float64{0, 0}}, {Arm: armSearch, Trial: 1, Z: []float64{0.5, -1}},
		{Arm: "random/2", Trial: 1, Z: []float64{1, 1}}, {Arm: text, Trial: 4, Prompt: "Name the place:"}, {Arm: armSearch, Trial: 2, Z: []float64{1}},
	}
	if err := checkpoint.WriteTable(filepath.Join(dir, TrialsFile), rows, nil); err != nil {
		t.Fatal(err)
	}
	cfg := Soft{Tokens: 3, Dim: 2, Scale: 1}
	soft := project(cfg, p, 7)
	for name, want := range map[string][]float32{"0": nil, "1": soft.Soft(rows[1].Z), "search/1": soft.Soft(rows[1].Z), "random/2/1": soft.Soft(rows[2].Z), "text/4": Words(tok, p, "Name the place:")} {
		got, err := PromptOf(dir, name, cfg, tok, p, 7)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %d numbers, %v; want %d", name, len(got), err, len(want))
		}
	}
	for _, name := range []string{"", "x", "3", "random/1", "text/5", "text/", "-1"} {
		if _, err := PromptOf(dir, name, cfg, tok, p, 7); !errors.Is(err, ErrTrial) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := PromptOf(dir, "2", cfg, tok, p, 7); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Errorf("a point of another dimension: %v", err)
	}
}

func TestProgress_LiveLineTellsFidelityDollarsAndTimeLeft(t *testing.T) {
	w := newDuo(120, hill)
	s := w.search(t, settings(), "")
	s.now = func() time.Time { return time.Unix(int64(w.said), 0) } // a second for each question
	s.usage = func() llm.Usage { return llm.Usage{Calls: int64(w.asked), USD: 0.01 * float64(w.asked)} }
	var events []stages.Event
	var told []int32
	s.emit = func(e stages.Event) { events, told = append(events, e), append(told, w.said) }
	run(t, s)
	for i, e := range events {
		trial := e.Type == "trial" && e.Items > 0 && e.Best > 0
		end := e.Type == "step" && e.Step == e.Of
		if !trial && !end || e.USD <= 0 || i > 0 && e.Calls < events[i-1].Calls {
			t.Errorf("event %d: %+v", i, e)
		}
		left := float64(w.said - told[i])
		if e.ETA < left/3 || e.ETA > left*3 {
			t.Errorf("event %d of %d says %.0f s, it took %.0f", i, len(events), e.ETA, left)
		}
	}
}

// tinyModel is a model with its tokenizer.
func tinyModel(t *testing.T) (*model.Params, *tokenizer.Tokenizer) {
	t.Helper()
	tok, err := tokenizer.Train(slices.Values([]string{"Name the place, please."}), tokenizer.TrainOptions{Vocab: 260})
	if err != nil {
		t.Fatal(err)
	}
	return model.New(model.Config{Vocab: tok.Vocab(), Width: 8, Layers: 1, Heads: 1, KVHeads: 1, HeadDim: 8, Hidden: 8, Context: 16, RopeTheta: 10000, NormEps: 1e-5}, 3), tok
}
