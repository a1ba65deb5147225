package trainer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"slm/data/pack"
	"slm/model"
	"slm/model/kernel"
	"slm/optim"
	"slm/rng"
	"slm/stages"
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

// world is a run's folder with what has been emitted there.
type world struct {
	t      *testing.T
	env    *stages.Env
	optim  optim.Name // the optimiser's name; "" = adamw
	events []stages.Event
	onStep func(step int)
	hook   func(step int, p *model.Params) // called after each step, before the next
}

func newWorld(t *testing.T, backend string) *world {
	be, err := kernel.Open(backend)
	if errors.Is(err, kernel.ErrNoOneDNN) || errors.Is(err, kernel.ErrNoAMX) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t}
	w.env = &stages.Env{
		Run: t.TempDir(), Seed: 3, Fingerprint: "recipe", Kernel: be, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Unix(0, 0) },
		Emit: func(e stages.Event) {
			w.events = append(w.events, e)
			if e.Type == "step" && w.onStep != nil {
				w.onStep(e.Step)
			}
		},
	}
	return w
}

// train runs a job from new parameters; stop cancels it after that step, 0 never.
func (w *world) train(stop int, change func(*Job)) (*model.Params, *Summary, error) {
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
	w.events = nil
	w.onStep = func(step int) {
		if w.hook != nil {
			w.hook(step, job.Model)
		}
		if step == stop {
			cancel()
		}
	}
	sum, err := Run(ctx, w.env, job)
	return job.Model, sum, err
}

// interrupt trains until a step and expects to be stopped there.
func (w *world) interrupt(after int) {
	w.t.Helper()
	if _, sum, err := w.train(after, nil); !errors.Is(err, context.Canceled) || sum != nil {
		w.t.Fatalf("stopped after step %d: %v, %v", after, sum, err)
	}
}

// finish trains to the end.
func (w *world) finish(change func(*Job)) (*model.Params, *Summary) {
	w.t.Helper()
	p, sum, err := w.train(0, change)
	if err != nil {
		w.t.Fatal(err)
	}
	return p, sum
}

// firstStep is the first step that the last run has trained; 0 when it trained none.
func (w *world) firstStep() int {
	for _, e := range w.events {
		if e.Type == "step" {
			return e.Step
		}
	}
	return 0
}

func (w *world) warnings() (out []stages.Event) {
	for _, e := range w.events {
		if e.Type == "warning" {
			out = append(out, e)
		}
	}
	return out
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
