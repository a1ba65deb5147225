package bpo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"slm/data/exam"
	"slm/llm"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
)

func run(t *testing.T, s *search) *outcome {
	t.Helper()
	out, err := s.run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func table(t *testing.T, s *search, out *outcome) []TrialRow {
	t.Helper()
	rows, err := s.table(out)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestSearch_FindsTheHillAndShowsItsGain(t *testing.T) {
	w := newDuo(200, hill)
	s := w.search(t, settings(), "")
	out := run(t, s)
	if out.winner == s.zero || hill(out.winner.z) < 0.85 {
		t.Errorf("winner %v with skill %.2f: %s", out.winner.z, hill(out.winner.z), out.verdict)
	}
	if !strings.Contains(out.verdict, "its gain is shown") {
		t.Errorf("verdict: %s", out.verdict)
	}
	if out.correlation < 0.9 {
		t.Errorf("objective and accuracy correlate by %v", out.correlation)
	}
	for _, control := range []string{"random search, ", "a Sobol sequence, ", "CMA-ES, ", "paraphrases in words, "} {
		if !slices.ContainsFunc(out.controls, func(n note) bool { return strings.HasPrefix(n.text, control) }) {
			t.Errorf("nothing is said about %s%v", control, out.controls)
		}
	}
	if n := len(s.own.trials); n != 21 {
		t.Errorf("%d trials, want z = 0, 6 of the design and 14 proposed", n)
	}
	// The model of the objective must have led the search uphill: its trials are better than the design's.
	var design, proposed []float64
	for _, tr := range s.own.trials[1:] {
		if tr.kind == kindSobol {
			design = append(design, hill(tr.z))
		} else {
			proposed = append(proposed, hill(tr.z))
		}
	}
	if slices.Max(proposed) < slices.Max(design) {
		t.Errorf("skill of the design %.2f, of the proposals %.2f", design, proposed)
	}
}

func TestSearch_ZeroStaysWhereNothingBeatsIt(t *testing.T) {
	for name, skill := range map[string]func([]float64) float64{"downhill": downhill, "idle": idle} {
		w := newDuo(120, skill)
		s := w.search(t, settings(), "")
		out := run(t, s)
		if out.winner != s.zero || !strings.HasPrefix(out.verdict, "no prompt proved better, so none is used: ") {
			t.Errorf("%s: winner %v: %s", name, out.winner.z, out.verdict)
		}
		for _, row := range table(t, s, out) {
			if row.Best != (row.Arm == armSearch && row.Kind == kindZero) {
				t.Errorf("%s: %s trial %d is marked best: %v", name, row.Kind, row.Trial, row.Best)
			}
		}
	}
}

func TestSearch_TrialsThatDisappointStopEarly(t *testing.T) {
	w := newDuo(200, downhill)
	s := w.search(t, settings(), "")
	run(t, s)
	full := 0
	for _, tr := range s.own.trials[1:] {
		if len(tr.results) == 80 {
			full++
		}
	}
	if len(s.zero.results) != 80 || full != 0 {
		t.Errorf("z = 0 has %d results, %d trials worse than it went to the top of the ladder", len(s.zero.results), full)
	}
}

func TestSearch_HeldOutItemsAreNotSeenEarly(t *testing.T) {
	w := newDuo(90, hill)
	s := w.search(t, settings(), "")
	part := map[string]string{}
	for name, items := range map[string][]exam.Item{"search": s.items, "choice": s.choice, "check": s.checked} {
		for _, it := range items {
			if part[it.ID] != "" {
				t.Fatalf("%s is in two parts, %s and %s", it.ID, part[it.ID], name)
			}
			part[it.ID] = name
		}
	}
	if len(s.choice) != 22 || len(s.checked) != 23 {
		t.Errorf("%d items for the choice and %d for the check", len(s.choice), len(s.checked))
	}
	cfg := settings()
	s.emit = func(e stages.Event) {
		for _, it := range append(slices.Clone(s.choice), s.checked...) {
			if w.seen[number(it.Question)] {
				t.Errorf("%s was asked by the time of trial %d of %s", it.ID, e.Step, e.Phase)
			}
		}
	}
	run(t, s)
	for _, a := range append([]*arm{s.own}, s.controls...) {
		if len(a.choice) != cfg.Final.Best || a.check == nil || len(a.check.results) != len(s.checked) {
			t.Errorf("%s: %d trials were chosen from, checked: %v", a.name, len(a.choice), a.check)
			continue
		}
		for _, v := range a.choice {
			if len(v.results) != len(s.choice) {
				t.Errorf("%s trial %d was scored again on %d of %d items", a.name, v.index, len(v.results), len(s.choice))
			}
			if g, _ := gain(v, s.zeroChoice, len(s.choice)); g > objective(a.choice[0])-objective(s.zeroChoice)+1e-12 {
				t.Errorf("%s: trial %d is better in the choice than the one that was checked", a.name, v.index)
			}
		}
		if a.check.index != a.choice[0].index {
			t.Errorf("%s: trial %d was chosen and %d checked", a.name, a.choice[0].index, a.check.index)
		}
	}
}

func TestControls_AskNoMoreAndHardlyLess(t *testing.T) {
	w := newDuo(200, hill)
	cfg := settings()
	cfg.Repeats = 2
	s := w.search(t, cfg, "")
	run(t, s)
	own, names := asked(s.own.trials[1:]), []string{}
	for _, a := range s.controls {
		names = append(names, a.name)
		least := own - s.ladder[0]
		if a.name == text {
			least = own / 2 // whole rounds of equal shares, and no item twice
		}
		if other := asked(a.trials[1:]); other > own || other <= least {
			t.Errorf("the search asked %d questions, %s %d", own, a.name, other)
		}
	}
	if want := []string{"random", "random/2", "sobol", "sobol/2", "cma", "cma/2", "text"}; !slices.Equal(names, want) {
		t.Errorf("controls %v, want %v", names, want)
	}
	if reflect.DeepEqual(s.controls[0].trials[1].z, s.controls[1].trials[1].z) {
		t.Error("a control's repeat draws the same points")
	}
	cfg = settings()
	cfg.Controls = []string{none}
	s = w.search(t, cfg, "")
	if out := run(t, s); len(s.controls) != 0 || len(out.controls) != 0 {
		t.Errorf("controls ran without being asked for: %v", out.controls)
	}
}

func TestSearch_ResumeEndsInTheSameTableWhereverItWasKilled(t *testing.T) {
	cfg := settings()
	cfg.Trials = 6
	whole := newDuo(100, hill)
	s := whole.search(t, cfg, t.TempDir())
	wantOut := run(t, s)
	want := table(t, s, wantOut)
	total := whole.asked
	for _, dieAfter := range []int32{1, 33, total / 2, total - 1} {
		dir := t.TempDir()
		w := newDuo(100, hill)
		w.dieAfter = dieAfter
		s := w.search(t, cfg, dir)
		if _, err := s.run(context.Background()); !errors.Is(err, w.death) {
			t.Fatalf("killed after %d answers: %v", dieAfter, err)
		}
		if err := s.log.close(); err != nil {
			t.Fatal(err)
		}
		again := newDuo(100, hill)
		s = again.search(t, cfg, dir)
		out := run(t, s)
		if got := table(t, s, out); !reflect.DeepEqual(got, want) {
			t.Errorf("killed after %d answers, the table differs:\n%s", dieAfter, firstDifference(got, want))
		}
		if out.verdict != wantOut.verdict || !slices.Equal(out.controls, wantOut.controls) {
			t.Errorf("killed after %d answers: %s / %s", dieAfter, out.verdict, out.controls)
		}
		if again.asked > total-dieAfter+block {
			t.Errorf("killed after %d of %d answers, %d were asked again or anew", dieAfter, total, again.asked)
		}
	}
}

func firstDifference(got, want []TrialRow) string {
	for i := range want {
		if i >= len(got) || !reflect.DeepEqual(got[i], want[i]) {
			return fmt.Sprintf("row %d: %+v\nwant: %+v", i, got[i:min(i+1, len(got))], want[i])
		}
	}
	return fmt.Sprintf("%d rows, want %d", len(got), len(want))
}

func TestSearch_FinishedJournalAsksNothing(t *testing.T) {
	dir := t.TempDir()
	w := newDuo(80, hill)
	s := w.search(t, settings(), dir)
	run(t, s)
	if err := s.log.close(); err != nil {
		t.Fatal(err)
	}
	idleWorld := newDuo(80, hill)
	run(t, idleWorld.search(t, settings(), dir))
	if idleWorld.said != 0 || idleWorld.asked != 0 {
		t.Errorf("%d questions to the small model and %d to the black box, all of them in the journal", idleWorld.said, idleWorld.asked)
	}
}

func TestSearch_JournalOfAnotherOneIsThrownAway(t *testing.T) {
	dir := t.TempDir()
	j, err := openJournal(dir, "one", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.append(entry{Arm: "search", Trial: 3, Z: []float64{1}, Results: []result{{Place: "p"}}}); err != nil {
		t.Fatal(err)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	if j, err = openJournal(dir, "one", nil); err != nil || len(j.trials) != 1 {
		t.Fatalf("kept %d trials, %v", len(j.trials), err)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	if j, err = openJournal(dir, "two", nil); err != nil || len(j.trials) != 0 {
		t.Fatalf("took over %d trials of another search, %v", len(j.trials), err)
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "trials.journal"), []byte("no journal at all"), 0o644); err != nil {
		t.Fatal(err)
	}
	if j, err = openJournal(dir, "two", nil); err == nil {
		_ = j.close()
		t.Error("a file that is no journal was overwritten in silence")
	}
}

func TestSearch_BudgetStopsItAndKeepsWhatWasPaid(t *testing.T) {
	dir := t.TempDir()
	w := newDuo(80, hill)
	w.dieAfter, w.death = 100, fmt.Errorf("%w: 100 calls", llm.ErrBudget)
	s := w.search(t, settings(), dir)
	if _, err := s.run(context.Background()); !errors.Is(err, llm.ErrBudget) {
		t.Fatalf("got %v, want the budget's error", err)
	}
	if err := s.log.close(); err != nil {
		t.Fatal(err)
	}
	j, err := openJournal(dir, "key of the search", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.close() }()
	kept := 0
	for _, r := range j.trials {
		kept += len(r.results)
	}
	if kept < 60 {
		t.Errorf("%d results were kept of 100 that were paid", kept)
	}
}

func TestSearch_CancelledOneStopsBeforeItsNextBlock(t *testing.T) {
	w := newDuo(80, hill)
	s := w.search(t, settings(), "")
	ctx, cancel := context.WithCancel(context.Background())
	s.emit = func(e stages.Event) {
		if e.Step == 3 {
			cancel()
		}
	}
	if _, err := s.run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if len(s.own.trials) != 4 || len(s.own.trials[3].results) != 0 {
		t.Errorf("%d trials were begun", len(s.own.trials))
	}
}

func TestSearch_LettersGiveNoScoresAndItTakesRightOrWrong(t *testing.T) {
	w := newDuo(160, hill)
	w.letter = true
	s := w.search(t, settings(), "")
	out := run(t, s)
	if out.winner == s.zero || hill(out.winner.z) < 0.75 {
		t.Errorf("winner %v with skill %.2f: %s", out.winner.z, hill(out.winner.z), out.verdict)
	}
	for _, r := range s.zero.results {
		if r.Objective != 0 && r.Objective != 1 {
			t.Fatalf("objective %v without scores", r.Objective)
		}
	}
}

func TestSearch_OneTextAPlaceHoldsForTheWholeOfIt(t *testing.T) {
	w := newDuo(60, hill)
	s := w.search(t, settings(), "")
	run(t, s)
	texts := map[string]string{}
	for _, a := range append([]*arm{s.own}, s.controls...) {
		for _, tr := range append(append(slices.Clone(a.trials), a.choice...), a.check) {
			for _, r := range tr.results {
				if first, ok := texts[r.Place]; ok && first != r.Text {
					t.Fatalf("%s has the texts %q and %q", r.Place, first, r.Text)
				}
				texts[r.Place] = r.Text
			}
		}
	}
	if int(w.asked) > 2*len(w.items) {
		t.Errorf("%d calls for %d items with two possible texts each: the same question was asked twice", w.asked, len(w.items))
	}
}

func TestSearch_EqualScoresAreRefused(t *testing.T) {
	j := &judge{cloze: true}
	it := exam.Item{Choices: []string{"a", "b"}, Answer: 1}
	for _, scores := range [][]float64{nil, {-1}, {-1, -1}, {-1, math.NaN()}, {math.Inf(-1), -1}} {
		if _, err := j.objective(llm.Choice{Scores: scores}, it); !errors.Is(err, ErrScores) {
			t.Errorf("scores %v: %v", scores, err)
		}
	}
	for _, c := range []struct {
		scores []float64
		want   float64
	}{{[]float64{-3, -2}, 1}, {[]float64{-2, -3}, -1}} {
		if got, err := j.objective(llm.Choice{Scores: c.scores}, it); err != nil || got != c.want {
			t.Errorf("margin %v, %v, want %v", got, err, c.want)
		}
	}
	three := exam.Item{Choices: []string{"a", "b", "c"}, Answer: 1}
	if got, err := j.objective(llm.Choice{Scores: []float64{-5, -2, -2.5}}, three); err != nil || got != 0.5 {
		t.Errorf("margin over the best wrong option %v, %v, want .5", got, err)
	}
}

func TestSearch_TooFewDevelopmentItemsAreRefused(t *testing.T) {
	for n := range 3 {
		if _, err := newSearch(settings(), newDuo(n, idle).items, true, 1, nil); !errors.Is(err, ErrItems) {
			t.Errorf("%d items: %v", n, err)
		}
		data := t.TempDir()
		if err := exam.Write(filepath.Join(data, domain.ExamFile), newDuo(n, idle).items, nil); err != nil {
			t.Fatal(err)
		}
		if err := New(settings(), false).Check(data); !errors.Is(err, ErrItems) {
			t.Errorf("%d items, before the training: %v", n, err)
		}
	}
	s, err := newSearch(settings(), newDuo(50, idle).items, true, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.ladder, []int{20, 25}) || len(s.choice)+len(s.checked) != 25 {
		t.Errorf("50 items make the ladder %v and %d held out", s.ladder, len(s.choice)+len(s.checked))
	}
}

func TestProjection_SoftTokensHaveTheScaleOfTheEmbeddings(t *testing.T) {
	draw := rng.New(3)
	embed := make([]float32, 64*500)
	for i := range embed {
		embed[i] = float32(0.02*draw.Norm() + 0.001)
	}
	p := NewProjection(Soft{Tokens: 5, Dim: 10, Scale: 1}, embed, 64, rng.New(1, "bpo", "projection"))
	var squares float64
	n := 0
	for range 200 {
		z := make([]float64, 10)
		for j := range z {
			z[j] = 2*draw.Float64() - 1
		}
		for _, v := range p.Soft(z) {
			squares += float64(v) * float64(v)
			n++
		}
	}
	if n != 200*5*64 {
		t.Fatalf("%d numbers, want five tokens of 64 a point", n)
	}
	if sd := math.Sqrt(squares / float64(n)); math.Abs(sd/0.02-1) > 0.05 {
		t.Errorf("a coordinate of a soft token has the standard deviation %v, an embedding's has .02", sd)
	}
	if p.Soft(make([]float64, 10)) != nil {
		t.Error("z = 0 has soft tokens")
	}
	again := NewProjection(Soft{Tokens: 5, Dim: 10, Scale: 3}, embed, 64, rng.New(1, "bpo", "projection"))
	z := []float64{1, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	if a, b := p.Soft(z), again.Soft(z); math.Abs(float64(b[7]/a[7])-3) > 1e-5 {
		t.Errorf("scale 3 multiplies by %v", b[7]/a[7])
	}
}
