package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/data/pack"
	"slm/model"
	"slm/model/decode"
	"slm/optim"
	"slm/stages/stagetest"
)

func TestDivergence_NamesTheBatchAndKeepsTheSave(t *testing.T) {
	want, whole := newTraining(t, "go").finish(nil)
	w := newTraining(t, "go")
	now := time.Unix(0, 0)
	w.Now = func() time.Time { return now }
	w.hook = func(step int, p *model.Params) {
		now = now.Add(time.Hour)
		if step == 5 { // after the step's save
			p.Layers[1].Down[0] = float32(math.NaN())
		}
	}
	_, sum, err := w.train(0, nil)
	if !errors.Is(err, ErrDiverged) || !errors.Is(err, model.ErrNotFinite) || sum != nil {
		t.Fatalf("%v, %v", sum, err)
	}
	batch := stagetest.Batch(t, lesson(1), batch64/context16, context16, 1) // the sixth of two epochs of four
	for _, says := range []string{"step 6 of 8", "epoch 1, batch 1", batch.IDs[0], batch.IDs[1]} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%q is not in %q", says, err)
		}
	}
	w.hook = nil
	got, again := w.finish(nil) // the bad step is not in any save: it goes well without the poison
	if w.FirstStep() != 6 {
		t.Errorf("went on with step %d", w.FirstStep())
	}
	sameWeights(t, "after divergence", got, want)
	sameSummary(t, "after divergence", again, whole)
}

func TestDivergence_NaNHeldOutLossIsOne(t *testing.T) {
	w := newTraining(t, "go")
	w.hook = func(step int, p *model.Params) {
		if step == steps { // nothing is trained after it
			p.Norm[0] = float32(math.Inf(1))
		}
	}
	if _, _, err := w.train(0, nil); !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "held-out") {
		t.Error(err)
	}
}

func TestTrain_GradientAccumulationDoesNotChangeTheResult(t *testing.T) {
	five := func(tokens int) func(*Job) {
		return func(j *Job) { j.Batch, j.MicroBatchTokens = 5*context16, tokens }
	}
	want, whole := newTraining(t, "go").finish(five(0)) // all five rows at once
	// One row at a time, two with the last of three micro-batches half empty, and three.
	for _, tokens := range []int{context16, 2*context16 + 5, 3 * context16} {
		got, sum := newTraining(t, "go").finish(five(tokens))
		what := fmt.Sprintf("micro-batches of %d tokens", tokens)
		sameWeights(t, what, got, want)
		for i, m := range sum.Metrics { // losses are sums in another order
			o := whole.Metrics[i]
			if math.Abs(m.Loss-o.Loss) > 1e-6*o.Loss || m.GradNorm != o.GradNorm || m.Tokens != o.Tokens {
				t.Errorf("%s: %s, want %s", what, row(m), row(o))
			}
		}
		if math.Abs(sum.HeldOut-whole.HeldOut) > 1e-6*whole.HeldOut {
			t.Errorf("%s: held out %v, want %v", what, sum.HeldOut, whole.HeldOut)
		}
	}
}

// score is the mean loss of examples by the decoder, which shares no code with the training graph but the kernels.
func score(t *testing.T, w *training, p *model.Params, ex pack.Examples) float64 {
	t.Helper()
	d, sum, count := decode.New(p, w.Kernel), 0.0, 0
	for _, e := range ex {
		cut := max(1, e.Prompt)
		got, err := d.Score(context.Background(), []decode.ScoreRequest{{Prefix: e.Tokens[:cut], Continuations: [][]int32{e.Tokens[cut:]}}})
		if err != nil {
			t.Fatal(err)
		}
		sum, count = sum-got[0][0], count+len(e.Tokens)-cut
	}
	return sum / float64(count)
}

func TestRecompute_ChangesNothing(t *testing.T) {
	for _, backend := range []string{"go", "onednn-bf16", "amx"} {
		t.Run(backend, func(t *testing.T) {
			w := newTraining(t, backend)
			want, kept := w.finish(nil)
			w = newTraining(t, backend)
			got, again := w.finish(func(j *Job) { j.Recompute = true })
			sameWeights(t, backend, want, got)
			sameSummary(t, backend, kept, again)
		})
	}
}

func TestHeldOut_LossIsThatOfTheDecoder(t *testing.T) {
	w := newTraining(t, "go")
	held := lesson(99)[:6]
	for i := range held { // with its last token an example must fit into the context
		held[i].Tokens = held[i].Tokens[:min(len(held[i].Tokens), context16)]
	}
	p, sum := w.finish(func(j *Job) { j.HeldOut = held })
	if want := score(t, w, p, held); !(math.Abs(sum.HeldOut-want) < 1e-4) {
		t.Errorf("held-out loss %v, by the decoder %v", sum.HeldOut, want)
	}
	last := sum.Metrics[steps-1]
	if last.HeldOut == nil || *last.HeldOut != sum.HeldOut {
		t.Errorf("last metric: %s, held out %v", row(last), sum.HeldOut)
	}
	measured := 0
	for _, m := range sum.Metrics {
		if m.HeldOut != nil {
			measured++
		}
	}
	if measured != steps { // every twelfth of the steps, at least every step
		t.Errorf("held-out loss was measured at %d steps of %d", measured, steps)
	}
}

func TestHeldOut_WithoutExamplesThereIsNoLoss(t *testing.T) {
	_, sum := newTraining(t, "go").finish(func(j *Job) { j.HeldOut = nil })
	if !math.IsNaN(sum.HeldOut) || sum.Metrics[steps-1].HeldOut != nil {
		t.Errorf("held out %v", sum.HeldOut)
	}
}

func TestHeldOut_ExamplesAreNotTrained(t *testing.T) {
	a, _ := newTraining(t, "go").finish(nil)
	b, _ := newTraining(t, "go").finish(func(j *Job) { j.HeldOut = nil })
	sameWeights(t, "with and without held-out examples", a, b)
}

// learnt trains a tiny model on a few sentences until it knows them.
func learnt(t *testing.T, w *training, sentences pack.Examples, tied bool) (*model.Params, *Summary) {
	t.Helper()
	p := model.New(tinyConfig(tied), 1)
	job := tinyJob(p)
	job.Epoch, job.HeldOut, job.Epochs = func(int) (pack.Source, error) { return sentences, nil }, nil, 120
	job.Optim = Optim{Name: "adamw", LR: 2e-2, Betas: [2]float64{0.9, 0.95}, Clip: 1, Schedule: optim.Linear}
	sum, err := Run(context.Background(), w.Env, job)
	if err != nil {
		t.Fatal(err)
	}
	return p, sum
}

func TestTrain_EOSIsTrained(t *testing.T) {
	sentences := pack.Examples{
		{ID: "a", Tokens: []int32{7, 3, 9, 4, 0}},
		{ID: "b", Tokens: []int32{8, 3, 11, 0}, Prompt: 1},
		{ID: "c", Tokens: []int32{20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 0}}, // fills its row: the end mark is a target only
	}
	w := newTraining(t, "go")
	p, _ := learnt(t, w, sentences, true)
	d := decode.New(p, w.Kernel)
	for _, s := range sentences[:2] {
		got, err := d.Generate(context.Background(), []decode.Request{{Prompt: s.Tokens[:1], MaxNew: 10, Stop: []int32{0}}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got[0].Tokens, s.Tokens[1:len(s.Tokens)-1]) || !got[0].Stopped {
			t.Errorf("%s: says %v and stops %v", s.ID, got[0].Tokens, got[0].Stopped)
		}
	}
	c := sentences[2].Tokens
	logits, err := d.Logits(context.Background(), c[:context16])
	if err != nil {
		t.Fatal(err)
	}
	last := logits[(context16-1)*p.Config.Vocab:]
	if best := slices.Index(last, slices.Max(last)); best != 0 {
		t.Errorf("after a full row comes token %d, not the end mark", best)
	}
}

func TestTrain_PromptIsReadAndNotTrained(t *testing.T) {
	// A token that is only read is no target: with the first token alone to go by, it does not become likelier.
	sentences := pack.Examples{{ID: "a", Tokens: []int32{7, 21, 22, 23, 24, 9, 0}, Prompt: 5}}
	w := newTraining(t, "go")
	p, sum := learnt(t, w, sentences, false)
	if sum.Tokens != 2*sum.Steps {
		t.Errorf("%d targets in %d steps: want two a step, the answer and its end", sum.Tokens, sum.Steps)
	}
	prompt := score(t, w, p, pack.Examples{{Tokens: []int32{7, 21, 22, 23, 24}}})
	answer := score(t, w, p, pack.Examples{{Tokens: sentences[0].Tokens, Prompt: 5}})
	if answer > 0.2 || prompt < 3 {
		t.Errorf("loss of the answer %.2f, of the prompt %.2f", answer, prompt)
	}
}

func TestTrain_GradientsStayWhereTheOptimiserReadsThem(t *testing.T) {
	for _, tied := range []bool{true, false} {
		// Several micro-batches, and a held-out loss by another graph in between: in normal runs nothing moves.
		newTraining(t, "go").finish(func(j *Job) { j.Model, j.MicroBatchTokens = model.New(tinyConfig(tied), 1), context16 })
	}
	a, b := make([]float32, 4), make([]float32, 4)
	s := &learner{grads: []optim.Param{{Name: "layer0.down", W: a, G: b}}}
	if err := s.inPlace([]optim.Param{{Name: "layer0.down", W: a, G: b}}); err != nil {
		t.Error(err)
	}
	for _, moved := range []optim.Param{{W: a, G: make([]float32, 4)}, {W: make([]float32, 4), G: b}, {W: a, G: b[1:]}, {W: a, G: b[:3]}} {
		moved.Name = "layer0.down"
		if err := s.inPlace([]optim.Param{moved}); err == nil || !strings.Contains(err.Error(), "layer0.down") {
			t.Errorf("moved: %v", err)
		}
	}
}

func TestTrain_RateFollowsItsScheduleAndTheNormIsTakenBeforeClipping(t *testing.T) {
	w := newTraining(t, "go")
	_, sum := w.finish(func(j *Job) { j.Optim.Clip = 1e-3 })
	job := tinyJob(nil)
	for i, m := range sum.Metrics {
		if want := job.Optim.LR * job.Optim.Factor().At(i, steps); m.LR != want {
			t.Errorf("step %d: rate %v, want %v", i+1, m.LR, want)
		}
		if m.GradNorm < 1e-2 {
			t.Errorf("step %d: norm %v is that behind the clip", i+1, m.GradNorm)
		}
	}
}

func TestTrain_TokensDecideTheStepsWhenTheyAreGiven(t *testing.T) {
	_, sum := newTraining(t, "go").finish(func(j *Job) { j.Tokens, j.Epochs = 5*batch64+1, 0 })
	if sum.Steps != 6 {
		t.Errorf("%d steps for five batches and a token", sum.Steps)
	}
	_, sum = newTraining(t, "go").finish(func(j *Job) { j.Epochs = 1.3 })
	if sum.Steps != 6 { // ⌈1.3 · 4⌉
		t.Errorf("%d steps for 1.3 epochs of four", sum.Steps)
	}
}

func TestTrain_NothingToTrainOnIsAnError(t *testing.T) {
	w := newTraining(t, "go")
	_, _, err := w.train(0, func(j *Job) {
		j.Epoch = func(int) (pack.Source, error) { return pack.Examples{{Tokens: []int32{1, 2, 3}, Prompt: 3}}, nil }
	})
	if err == nil || !strings.Contains(err.Error(), "nothing to train on") {
		t.Error(err)
	}
}

func TestResume_SaveOfOtherDataIsAnErrorNotAPanic(t *testing.T) {
	w := newTraining(t, "go")
	w.interrupt(3)
	_, _, err := w.train(0, func(j *Job) {
		j.Epoch, j.Epochs = func(e int) (pack.Source, error) { return lesson(e)[:4], nil }, 20
	})
	if err == nil || !strings.Contains(err.Error(), "other data") {
		t.Error(err)
	}
}

func TestTrain_EventsReportTheProgress(t *testing.T) {
	w := newTraining(t, "go")
	_, sum := w.finish(nil)
	step := 0
	for _, e := range w.Events {
		if e.Type != "step" {
			continue
		}
		m := sum.Metrics[step]
		step++
		if e.Stage != "dp" || e.Step != step || e.Of != steps || e.Loss != m.Loss || e.LR != m.LR || e.Tokens != m.Tokens {
			t.Errorf("%+v, want %s", e, row(m))
		}
	}
	if step != steps {
		t.Errorf("%d events", step)
	}
	if !(sum.Metrics[steps-1].Loss < sum.Metrics[0].Loss) {
		t.Errorf("the loss goes from %v to %v", sum.Metrics[0].Loss, sum.Metrics[steps-1].Loss)
	}
}
