package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/pack"
	"slm/model"
	"slm/optim"
	"slm/rng"
	"slm/stages/stagetest"
)

func TestDivergence_NamesTheLayerWhereItBegan(t *testing.T) {
	for _, c := range []struct {
		where  string
		poison func(p *model.Params)
	}{
		{"weights of model.layers.1.mlp.down_proj.weight", func(p *model.Params) { p.Layers[1].Down[3] = float32(math.NaN()) }},
		{"weights of model.embed_tokens.weight", func(p *model.Params) { p.Embed[0] = float32(math.Inf(1)) }},
		{"layer1 ", func(p *model.Params) { // finite weights whose sums are not
			for i := range p.Layers[1].GateUp {
				p.Layers[1].GateUp[i] = 1e30
			}
		}},
	} {
		w := newTraining(t, "go")
		w.hook = func(step int, p *model.Params) {
			if step == 2 {
				c.poison(p)
			}
		}
		_, _, err := w.train(0, nil)
		if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "step 3 of 8, "+c.where) {
			t.Errorf("want %q: %v", c.where, err)
		}
		batch := stagetest.Batch(t, lesson(0), batch64/context16, context16, 2)
		if told := w.Warnings(); len(told) != 1 || told[0].Step != 3 || !strings.Contains(told[0].Message, strings.Join(batch.IDs, ", ")) {
			t.Errorf("the event does not hold the whole batch: %+v", told)
		}
	}
}

func TestDivergence_NaNGradientIsTracedToTheFirstBehindTheLoss(t *testing.T) {
	bad := float32(math.Inf(-1))
	params := []optim.Param{{Name: "embed", G: []float32{bad}}, {Name: "layer0.qkv", G: []float32{0, bad}}, {Name: "layer1.qkv", G: []float32{1}}, {Name: "norm", G: []float32{2}}}
	if got := firstGradient(params); got != "gradient of layer0.qkv" {
		t.Error(got)
	}
	if got := firstGradient(params[2:]); strings.Contains(got, "of") {
		t.Errorf("all are finite: %s", got)
	}
}

// history is a window of steps with losses and norms around 1.
func history() (out []Metric) {
	draw := rng.New(4, "history")
	for range skipWindow {
		out = append(out, Metric{Loss: 1 + draw.Norm()/10, GradNorm: 1 + draw.Norm()/10, LR: 1})
	}
	return out
}

func TestSkip_StepStandsOutByItsDeviation(t *testing.T) {
	before := history()
	for _, c := range []struct {
		skip       *Skip
		loss, norm float64
		before     []Metric
		says       string
	}{
		{nil, 99, 99, before, ""},
		{&Skip{}, 99, 99, before, ""},
		{&Skip{Loss: 5, Gradient: 5}, 1.2, 1.2, before, ""},
		{&Skip{Loss: 5}, 2, 99, before, "loss 2"},
		{&Skip{Gradient: 5}, 99, 2, before, "norm 2"},
		{&Skip{Loss: 5, Gradient: 5}, -9, 0, before, ""}, // below is no harm
		{&Skip{Loss: 5}, 99, 1, before[1:], ""},          // the window is not full
		{&Skip{Loss: 5}, 99, 1, slices.Repeat([]Metric{{Loss: 1}}, skipWindow), ""},
	} {
		if why := c.skip.outlier(c.before, c.loss, c.norm); (why == "") != (c.says == "") || !strings.Contains(why, c.says) {
			t.Errorf("%+v at loss %v, norm %v: %q, want %q", c.skip, c.loss, c.norm, why, c.says)
		}
	}
}

// spiky is a lesson whose batch at one step asks for what nobody could know.
func spiky(at int) func(j *Job) {
	return func(j *Job) {
		j.Epochs, j.HeldOut = float64(at/4+3), nil
		j.Optim.Skip = &Skip{Loss: 3}
		j.Epoch = func(epoch int) (pack.Source, error) {
			list := lesson(0)
			if epoch == at/4 {
				for i := range list {
					list[i].Tokens = slices.Clone(list[i].Tokens)
					slices.Reverse(list[i].Tokens[:len(list[i].Tokens)-1])
				}
			}
			return list, nil
		}
		j.Optim.LR = 1e-2
	}
}

func TestSkip_StepThatStandsOutIsLeftOutAndCountedAlsoAfterResuming(t *testing.T) {
	const epoch = 36 * 4
	w := newTraining(t, "go")
	want, whole := w.finish(spiky(epoch))
	told := w.Warnings()
	if whole.Skipped == 0 || int(whole.Skipped) != len(told) || !strings.Contains(told[0].Message, fmt.Sprintf("step %d is left out", epoch+1)) {
		t.Fatalf("%d steps left out, %+v", whole.Skipped, told)
	}
	if m := whole.Metrics[epoch]; m.LR != 0 || whole.Metrics[epoch-1].LR == 0 {
		t.Errorf("the metrics do not say it: %s", row(m))
	}
	for _, after := range []int{epoch - 1, epoch, epoch + 1} {
		w := newTraining(t, "go")
		if _, _, err := w.train(after, spiky(epoch)); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		got, sum := w.finish(spiky(epoch))
		sameWeights(t, fmt.Sprintf("stopped after step %d", after), got, want)
		sameSummary(t, fmt.Sprintf("stopped after step %d", after), sum, whole)
	}
	_, all := newTraining(t, "go").finish(func(j *Job) { spiky(epoch)(j); j.Optim.Skip = nil })
	if all.Skipped != 0 {
		t.Errorf("%d steps are left out without the key", all.Skipped)
	}
}

func TestSave_FirstIsReadBack(t *testing.T) {
	first := func(j *Job) { j.Save.First = true }
	w := newTraining(t, "go")
	want, whole := newTraining(t, "go").finish(nil)
	got, sum := w.finish(first)
	sameWeights(t, "with a first save", got, want)
	sameSummary(t, "with a first save", sum, whole)
	var saved []int
	for _, e := range w.Events {
		if e.Type == "checkpoint" {
			saved = append(saved, e.Step)
		}
	}
	if !slices.Equal(saved, []int{1, steps}) {
		t.Errorf("saved at %v", saved)
	}
	w = newTraining(t, "go") // what stands in the way of saving is met at the first step
	if err := os.MkdirAll(filepath.Dir(w.Work("dp")), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.Work("dp"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.train(0, first); err == nil || w.FirstStep() != 0 {
		t.Errorf("went on to step %d: %v", w.FirstStep(), err)
	}
}

func TestSave_OneThatReadsBackOtherwiseIsNamed(t *testing.T) {
	a := []checkpoint.Tensor{{Name: "w", Data: []float32{1, 2, 3}}}
	for _, c := range []struct {
		b    checkpoint.Tensor
		says string
	}{
		{checkpoint.Tensor{Name: "w", Data: []float32{1, 2, 3}}, ""},
		{checkpoint.Tensor{Name: "w", Data: []float32{1, 2.5, 3}}, "w[1] is 2.5, 2 was written"},
		{checkpoint.Tensor{Name: "v", Data: []float32{1, 2, 3}}, "tensor v"},
		{checkpoint.Tensor{Name: "w", Data: []float32{1, 2}}, "of 2 numbers"},
	} {
		err := sameBits([]checkpoint.Tensor{c.b}, a)
		if (err == nil) != (c.says == "") || err != nil && (!strings.Contains(err.Error(), c.says) || !errors.Is(err, checkpoint.ErrCorrupt)) {
			t.Errorf("want %q: %v", c.says, err)
		}
	}
	if sameBits([]checkpoint.Tensor{{Name: "w", Data: []float32{0}}}, []checkpoint.Tensor{{Name: "w", Data: []float32{float32(math.Copysign(0, -1))}}}) == nil {
		t.Error("0 and -0 are the same bits")
	}
	w := newTraining(t, "go")
	w.interrupt(3)
	s, err := open(w.Env, tinyJob(model.New(tinyConfig(true), 1)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.resume(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.params(); err == nil {
		t.Fatal("there are gradients before anything has run")
	}
	s.state.Step++ // memory has gone on, the save has not
	if err := s.prove(); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Error(err)
	}
}

func TestOverfit_LeastLossIsTheEntropyOfWhatCannotBeTold(t *testing.T) {
	ex := pack.Examples{{ID: "a", Tokens: []int32{1, 2, 3, 0}}, {ID: "b", Tokens: []int32{1, 2, 4, 0}}, {ID: "c", Tokens: []int32{9, 9, 0}, Prompt: 2}}
	b := stagetest.Batch(t, ex, 4, context16, 0)
	if got, want := leastLoss(b), 2*math.Log(2)/float64(b.TargetCount); math.Abs(got-want) > 1e-12 { // after 1 2 comes 3 or 4
		t.Errorf("%v, want %v", got, want)
	}
}

func TestOverfit_OneBatchIsLearntOrThereIsAdvice(t *testing.T) {
	w := newTraining(t, "go")
	var losses []float64
	try := func(lr float64) error {
		losses = nil
		job := tinyJob(model.New(tinyConfig(true), 1))
		job.Optim.LR = lr
		return OverfitOneBatch(context.Background(), w.Env, job, func(step int, loss, least float64) { losses = append(losses, loss) })
	}
	if err := try(2e-2); err != nil || len(losses) < 2 || losses[len(losses)-1] > 1 {
		t.Errorf("%v after %d steps", err, len(losses))
	}
	err := try(1e-9)
	if !errors.Is(err, ErrNotLearnt) || !strings.Contains(err.Error(), "stages.dp.optim.lr") || len(losses) != overfitSteps {
		t.Errorf("%v after %d steps", err, len(losses))
	}
	if left, err := os.ReadDir(w.Env.Run); err != nil || len(left) != 0 {
		t.Errorf("written: %v, %v", left, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := OverfitOneBatch(ctx, w.Env, tinyJob(model.New(tinyConfig(true), 1)), func(int, float64, float64) {}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestRate_DefaultFallsWithTheWidth(t *testing.T) {
	for _, name := range []optim.Name{"adamw", "muon"} {
		for width := 8; width < 65536; width *= 2 {
			if a, b := Rate(name, width), Rate(name, 2*width); !(b > 0 && a > b && a <= 1) {
				t.Errorf("%s: %v at width %d, %v at twice that", name, a, width, b)
			}
		}
	}
	if a, m := Rate("adamw", 256), Rate("muon", 256); a != 1.5e-3 || m != 5e-3 {
		t.Errorf("at width 256: %v and %v", a, m)
	}
}
