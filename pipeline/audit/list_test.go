package audit

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/result"
	"slm/stages"
)

// beside copies a run into the folder that it stands in.
func beside(t *testing.T, run, name string) string {
	t.Helper()
	to := filepath.Join(filepath.Dir(run), name)
	if err := os.CopyFS(to, os.DirFS(run)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestList_SaysScoresAndWhatWasChangedOrWhyItCannot(t *testing.T) {
	old := runtest.Old(t)
	name := rundir.Look(old).Recipe()
	seed := beside(t, old, name+"-x1")
	if err := replaceIn(filepath.Join(seed, rundir.RecipeFile), "seed: ", "seed: 1"); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(beside(t, old, name+"-x2"), rundir.RecipeFile), []byte("frob: 1\n"))
	put(t, filepath.Join(beside(t, old, name+"-x3"), stages.Eval, result.SummaryFile), []byte("{"))
	if err := os.Remove(filepath.Join(beside(t, old, name+"-x4"), rundir.RecipeFile)); err != nil {
		t.Fatal(err)
	}
	beside(t, old, "other-x5")
	runs, err := List(filepath.Dir(filepath.Dir(old)))
	if err != nil || len(runs) != 6 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	of := func(name string) Listed {
		i := slices.IndexFunc(runs, func(r Listed) bool { return r.Name == name })
		if i < 0 {
			t.Fatalf("%s is not listed", name)
		}
		return runs[i]
	}
	first := of(filepath.Base(old))
	if len(first.Scores) != 1 || first.Scores[0].Best == nil || first.Scores[0].Questions == 0 || first.Before != "" || len(first.Unread) > 0 || first.Last == "" {
		t.Errorf("an older program's run: %+v", first)
	}
	changed := of(name + "-x1")
	if changed.Before != first.Name || len(changed.Changes) != 1 || changed.Changes[0].Key != "seed" || changed.Bytes != first.Bytes+1 {
		t.Errorf("another seed: %+v", changed)
	}
	if r := of(name + "-x2"); len(r.Unread) != 1 || r.Before != "" || len(r.Scores) != 1 {
		t.Errorf("a recipe that cannot be read: %+v", r)
	}
	if r := of(name + "-x3"); len(r.Unread) != 1 || len(r.Scores) != 0 || r.Before != changed.Name || len(r.Changes) != 1 { // its seed is the first's again
		t.Errorf("a summary that cannot be read: %+v", r)
	}
	if r := of(name + "-x4"); r.Damaged == "" || len(r.Unread) > 0 || len(r.Scores) != 1 {
		t.Errorf("no recipe: %+v", r)
	}
	if r := of("other-x5"); r.Before != "" || len(r.Changes) > 0 {
		t.Errorf("another recipe's: %+v", r)
	}
}

func TestCompareScores_OnlyTheSameQuestionsArePaired(t *testing.T) {
	old := runtest.Old(t)
	other := beside(t, old, "other")
	path := filepath.Join(other, stages.Eval, result.ItemsFile)
	s, rows, err := result.Read(filepath.Join(old, stages.Eval))
	if err != nil {
		t.Fatal(err)
	}
	score := scoresOf(s)[0]
	if score.Method == nil || score.Questions < 2 {
		t.Fatalf("the kit's run has no method: %+v", score)
	}
	compare := func(edit func(*result.Row)) ScoreDiff {
		t.Helper()
		changed := slices.Clone(rows)
		i := slices.IndexFunc(changed, func(r result.Row) bool { return r.System == score.Method.System })
		edit(&changed[i])
		if err := checkpoint.WriteTable(path, changed, nil); err != nil {
			t.Fatal(err)
		}
		d, err := compareScores(old, other)
		if err != nil || len(d) != 1 {
			t.Fatalf("%+v, %v", d, err)
		}
		return d[0]
	}
	sign := 1.0
	d := compare(func(r *result.Row) {
		if r.Correct {
			sign = -1
		}
		r.Correct = !r.Correct
	})
	if want := sign / float64(score.Questions); d.Method == nil || d.Method.Value != want || d.Method.Low >= want || d.Method.High <= want || !d.Same {
		t.Errorf("one answer differs: %+v, want %v", d.Method, want)
	}
	if d := compare(func(r *result.Row) { r.Question += "?" }); d.Method != nil {
		t.Errorf("another question was paired: %+v", d.Method)
	}
	if err := os.RemoveAll(filepath.Join(other, stages.Eval)); err != nil {
		t.Fatal(err)
	}
	if d, err := compareScores(old, other); err != nil || len(d) != 1 || d[0].A == nil || d[0].B != nil || d[0].Same {
		t.Errorf("without an evaluation: %+v, %v", d, err)
	}
}
