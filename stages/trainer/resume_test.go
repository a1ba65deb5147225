package trainer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/model"
	"slm/optim"
	"slm/stages"
	"slm/stages/domain"
)

func TestResume_IsBitIdenticalAtEveryStep(t *testing.T) {
	for _, c := range []struct {
		backend string
		optim   optim.Name
	}{{"go", "adamw"}, {"go", "muon"}, {"onednn-bf16", "adamw"}, {"amx", "muon"}} {
		t.Run(c.backend+" "+string(c.optim), func(t *testing.T) {
			fresh := func() *training {
				w := newTraining(t, c.backend)
				w.optim = c.optim
				return w
			}
			want, whole := fresh().finish(nil)
			if whole.Steps != steps || len(whole.Metrics) != steps {
				t.Fatalf("%d steps, %d metrics: the test is made for %d", whole.Steps, len(whole.Metrics), steps)
			}
			for k := 1; k < steps; k++ {
				w := fresh()
				w.interrupt(k)
				got, sum := w.finish(nil)
				if first := w.FirstStep(); first != k+1 {
					t.Fatalf("stopped after step %d, went on with step %d", k, first)
				}
				sameWeights(t, fmt.Sprintf("stopped after step %d", k), got, want)
				sameSummary(t, fmt.Sprintf("stopped after step %d", k), sum, whole)
			}
		})
	}
}

func TestResume_RunStoppedAtEveryStepEndsInTheSameBits(t *testing.T) {
	want, whole := newTraining(t, "go").finish(nil)
	w := newTraining(t, "go")
	for k := 1; k < steps; k++ {
		w.interrupt(k)
	}
	got, sum := w.finish(nil)
	sameWeights(t, "stopped at every step", got, want)
	sameSummary(t, "stopped at every step", sum, whole)
}

func TestResume_FinishedRunTrainsNoFurtherStep(t *testing.T) {
	w := newTraining(t, "go")
	want, whole := w.finish(nil)
	got, sum := w.finish(nil) // as after a crash between training and commit
	if w.FirstStep() != 0 {
		t.Errorf("trained step %d again", w.FirstStep())
	}
	sameWeights(t, "run again", got, want)
	sameSummary(t, "run again", sum, whole)
}

func TestResume_RunThatIsCancelledBeforeItsFirstStepKeepsTheSaves(t *testing.T) {
	w := newTraining(t, "go")
	w.interrupt(3)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, w.Env, tinyJob(model.New(tinyConfig(true), 1))); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if names := savesIn(t, w); !slices.Equal(names, []string{"save-000000003"}) {
		t.Errorf("kept %v", names)
	}
}

// savesIn lists the names in the stage's work folder.
func savesIn(t *testing.T, w *training) (names []string) {
	t.Helper()
	found, err := os.ReadDir(w.Work("dp"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		names = append(names, f.Name())
	}
	return names
}

// damage changes one byte of a save's file without changing its length.
func damage(t *testing.T, w *training, step int, file string) string {
	t.Helper()
	dir := filepath.Join(w.Work("dp"), fmt.Sprintf("%s%09d", savePrefix, step))
	path := filepath.Join(dir, file)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 4
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestResume_NewestWholeSaveIsUsed(t *testing.T) {
	want, whole := newTraining(t, "go").finish(nil)
	for _, file := range []string{domain.WeightsFile, optimiserFile, metricsFile, stateFile, checkpoint.ManifestName} {
		t.Run(file, func(t *testing.T) {
			w := newTraining(t, "go")
			w.interrupt(3)
			w.interrupt(5)
			bad := damage(t, w, 5, file)
			got, sum := w.finish(nil)
			if first := w.FirstStep(); first != 4 {
				t.Errorf("went on with step %d, want 4", first)
			}
			if told := w.Warnings(); len(told) != 1 || told[0].Path != bad || !strings.Contains(told[0].Message, "save not used") || !strings.Contains(told[0].Message, file) {
				t.Errorf("warnings %+v", told)
			}
			sameWeights(t, "from the older save", got, want)
			sameSummary(t, "from the older save", sum, whole)
		})
	}
}

func TestResume_DamagedSaveIsWrittenAgainAtItsStep(t *testing.T) {
	w := newTraining(t, "go")
	w.interrupt(3)
	w.interrupt(5)
	dir := damage(t, w, 5, domain.WeightsFile)
	w.interrupt(5) // resumed at 3
	if err := checkpoint.Verify(dir); err != nil {
		t.Fatal(err)
	}
	w.finish(nil)
	if first := w.FirstStep(); first != 6 || len(w.Warnings()) != 0 {
		t.Errorf("went on with step %d, warnings %v", first, w.Warnings())
	}
}

func TestResume_WithoutAWholeSaveTrainingStartsAnew(t *testing.T) {
	want, whole := newTraining(t, "go").finish(nil)
	w := newTraining(t, "go")
	w.interrupt(2)
	damage(t, w, 2, optimiserFile)
	got, sum := w.finish(nil)
	if w.FirstStep() != 1 || len(w.Warnings()) != 1 {
		t.Errorf("went on with step %d, warnings %v", w.FirstStep(), w.Warnings())
	}
	sameWeights(t, "anew", got, want)
	sameSummary(t, "anew", sum, whole)
}

func TestResume_SavesOfAnotherRecipeAreNeitherUsedNorInTheWay(t *testing.T) {
	want, whole := newTraining(t, "go").finish(nil)
	w := newTraining(t, "go")
	w.Fingerprint = "another recipe"
	w.interrupt(5)
	w.interrupt(6)
	w.Fingerprint = "recipe"
	w.interrupt(5) // a step of which the other recipe has a save
	if w.FirstStep() != 1 {
		t.Errorf("went on with step %d of another recipe", w.FirstStep())
	}
	got, sum := w.finish(nil)
	if w.FirstStep() != 6 {
		t.Errorf("went on with step %d: the save of step 5 was lost", w.FirstStep())
	}
	sameWeights(t, "after another recipe", got, want)
	sameSummary(t, "after another recipe", sum, whole)
}

func TestResume_SaveOfAnotherModelIsNotUsed(t *testing.T) {
	w := newTraining(t, "go")
	w.interrupt(3)
	cfg := tinyConfig(true)
	cfg.Layers = 1
	_, sum := w.finish(func(j *Job) { j.Model = model.New(cfg, 1) })
	if w.FirstStep() != 1 || len(w.Warnings()) != 1 || sum.Steps != steps {
		t.Errorf("went on with step %d, warnings %v", w.FirstStep(), w.Warnings())
	}
}

func TestSave_IsMadeByMinutesAndTwoAreKept(t *testing.T) {
	w := newTraining(t, "go")
	now := time.Unix(0, 0)
	w.Now = func() time.Time { return now }
	w.hook = func(int, *model.Params) { now = now.Add(50 * time.Second) }
	if _, _, err := w.train(7, func(j *Job) { j.Save.Minutes = 1.5 }); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var saved []int
	for _, e := range w.Events {
		if e.Type == "checkpoint" {
			saved = append(saved, e.Step)
		}
	}
	if !slices.Equal(saved, []int{3, 5, 7}) {
		t.Errorf("saved at steps %v", saved)
	}
	if names := savesIn(t, w); !slices.Equal(names, []string{"save-000000005", "save-000000007"}) {
		t.Errorf("kept %v", names)
	}
}

func TestTrain_ThreadsDoNotChangeIt(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	runtime.GOMAXPROCS(1)
	want, whole := newTraining(t, "go").finish(nil)
	runtime.GOMAXPROCS(3)
	got, sum := newTraining(t, "go").finish(nil)
	sameWeights(t, "three threads", got, want)
	sameSummary(t, "three threads", sum, whole)
}

func TestRung_EndsTheTrainingSavedAndIsToldAgainOfWhatCameBefore(t *testing.T) {
	want, whole := newTraining(t, "go").finish(nil)
	w := newTraining(t, "go")
	enough := errors.New("enough")
	var told []int
	w.Rung = func(r stages.Rung) error {
		if told = append(told, r.Step); r.Of != steps || r.HeldOut != *whole.Metrics[r.Step-1].HeldOut || r.Tokens != whole.Metrics[r.Step-1].Tokens {
			t.Errorf("%+v", r)
		}
		if r.Step == 3 {
			return enough
		}
		return nil
	}
	for range 2 { // once more: what was resumed is told of, and trained no further
		told = nil
		if _, _, err := w.train(0, nil); !errors.Is(err, enough) || !slices.Equal(told, []int{1, 2, 3}) {
			t.Fatalf("%v, told of %v", err, told)
		}
		if names := savesIn(t, w); len(names) == 0 || names[len(names)-1] != "save-000000003" {
			t.Errorf("saves %v", names)
		}
	}
	w.Rung = nil
	got, sum := w.finish(nil)
	sameWeights(t, "stopped at a rung", got, want)
	sameSummary(t, "stopped at a rung", sum, whole)
}
