package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"slm/data/pack"
	"slm/model"
	"slm/optim"
	"slm/rng"
	"slm/stages"
	"slm/stages/stagetest"
)

const (
	context16 = 16 // tokens of a row
	batch64   = 64 // tokens of a step
	steps     = 8  // two epochs of four batches
)

func tinyConfig(tied bool) model.Config {
	return model.Config{
		Vocab: 41, Width: 12, Layers: 2, Heads: 2, KVHeads: 1, HeadDim: 6, Hidden: 18, Context: context16, RopeTheta: 10000, NormEps: 1e-5, Tied: tied,
	}
}

// lesson is an epoch of sixteen full rows, in another order each time: twelve long examples, some with an untrained prompt, and eight short ones.
func lesson(epoch int) pack.Examples {
	draw := rng.New(5, "lesson")
	var out pack.Examples
	for i := range 20 {
		ex := pack.Example{ID: fmt.Sprintf("epoch%d/example%d", epoch, i), Prompt: i % 4}
		for range 17 - 8*(i/12) {
			ex.Tokens = append(ex.Tokens, int32(1+draw.IntN(40)))
		}
		ex.Tokens[len(ex.Tokens)-1] = 0
		out = append(out, ex)
	}
	rng.New(5, "order").At(uint64(epoch)).Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func tinyJob(p *model.Params) Job {
	return Job{
		Stage: stages.DP, Model: p, Epoch: func(epoch int) (pack.Source, error) { return lesson(epoch), nil }, HeldOut: lesson(99)[:6], Epochs: 2, Batch: batch64, Context: context16,
		Optim: Optim{Name: "adamw", LR: 3e-3, Betas: [2]float64{0.9, 0.95}, WeightDecay: 0.1, Clip: 0.5, Schedule: optim.WSD, Warmup: 2, Decay: 0.5},
		Save:  Save{Minutes: 60},
	}
}

// training is a run in which a job is trained.
type training struct {
	*stagetest.Run
	t     *testing.T
	optim optim.Name                      // the optimiser's name; "" = adamw
	hook  func(step int, p *model.Params) // called after each step, before the next
}

func newTraining(t *testing.T, backend string) *training {
	w := &training{Run: stagetest.NewRun(t, backend), t: t}
	w.Seed, w.Fingerprint = 3, "recipe"
	return w
}

// train runs a job from new parameters; stop cancels it after that step, 0 never.
func (w *training) train(stop int, change func(*Job)) (*model.Params, *Summary, error) {
	w.t.Helper()
	p := model.New(tinyConfig(true), 1)
	job := tinyJob(p)
	if w.optim != "" {
		job.Optim.Name = w.optim
	}
	if change != nil {
		change(&job)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.Events = nil
	w.OnStep = func(step int) {
		if w.hook != nil {
			w.hook(step, job.Model)
		}
		if step == stop {
			cancel()
		}
	}
	sum, err := Run(ctx, w.Env, job)
	return job.Model, sum, err
}

// interrupt trains until a step and expects to be stopped there.
func (w *training) interrupt(after int) {
	w.t.Helper()
	if _, sum, err := w.train(after, nil); !errors.Is(err, context.Canceled) || sum != nil {
		w.t.Fatalf("stopped after step %d: %v, %v", after, sum, err)
	}
}

// finish trains to the end.
func (w *training) finish(change func(*Job)) (*model.Params, *Summary) {
	w.t.Helper()
	p, sum, err := w.train(0, change)
	if err != nil {
		w.t.Fatal(err)
	}
	return p, sum
}

func sameWeights(t *testing.T, what string, a, b *model.Params) {
	t.Helper()
	bs := b.Tensors()
	for i, ts := range a.Tensors() {
		for j, v := range ts.Data {
			if math.Float32bits(v) != math.Float32bits(bs[i].Data[j]) {
				t.Fatalf("%s: %s[%d] is %g and %g", what, ts.Name, j, v, bs[i].Data[j])
			}
		}
	}
}

// row spells a metric out to the last bit.
func row(m Metric) string {
	held := "none"
	if m.HeldOut != nil {
		held = fmt.Sprintf("%x", *m.HeldOut)
	}
	return fmt.Sprintf("step %d tokens %d loss %x lr %x norm %x held out %s", m.Step, m.Tokens, m.Loss, m.LR, m.GradNorm, held)
}

func rows(ms []Metric) string {
	var out []string
	for _, m := range ms {
		out = append(out, row(m))
	}
	return strings.Join(out, "\n")
}

func sameSummary(t *testing.T, what string, a, b *Summary) {
	t.Helper()
	if a.Steps != b.Steps || a.Tokens != b.Tokens || math.Float64bits(a.HeldOut) != math.Float64bits(b.HeldOut) || rows(a.Metrics) != rows(b.Metrics) {
		t.Fatalf("%s: %d steps, %d tokens, held out %v\n%s\nand %d steps, %d tokens, held out %v\n%s",
			what, a.Steps, a.Tokens, a.HeldOut, rows(a.Metrics), b.Steps, b.Tokens, b.HeldOut, rows(b.Metrics))
	}
}

func TestAllowance_OfALargeModelIsBytesAndOfASmallOneAShare(t *testing.T) {
	for bytes, want := range map[uint64]int{0: garbage, 50 << 20: garbage, 1 << 30: 3, 1 << 40: 1} {
		if got := allowance(bytes); got != want {
			t.Errorf("of %d bytes %d %% may be garbage, want %d", bytes, got, want)
		}
	}
}
