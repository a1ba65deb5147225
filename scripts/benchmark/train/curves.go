package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"slm/scripts/benchmark/duel"
)

// How near the losses of both sides stay: in f32 at each step, in bf16 at the end.
const (
	nearF32  = 1e-3 // relative
	nearBF16 = 1e-2
	ending   = 20 // steps whose mean is the end: one batch is harder than another
)

var errCurves = errors.New("the losses differ from PyTorch's")

// curve compares the losses of both sides over the same steps.
type curve struct {
	Shape     string  `json:"shape"`
	Batch     int     `json:"batch"`
	Kernel    string  `json:"kernel"`
	Precision string  `json:"precision"`
	Steps     int     `json:"steps"`
	First     float64 `json:"first"` // nats, ours
	Last      float64 `json:"last"`  // mean of the last steps
	PeerLast  float64 `json:"peer_last"`
	Worst     float64 `json:"worst"` // largest difference at a step, relative
	WorstStep int     `json:"worst_step"`
	End       float64 `json:"end"` // difference of the last steps' means, relative
	Same      bool    `json:"same"`
	Control   bool    `json:"control"` // PyTorch compiled takes our place: what two programs that are both right differ by
}

// newCurve judges the losses of one precision.
func newCurve(ours, theirs []float64, precision string) curve {
	last := min(ending, len(ours))
	c := curve{Precision: precision, Steps: len(ours), First: ours[0], Last: duel.Mean(ours[len(ours)-last:]), PeerLast: duel.Mean(theirs[len(ours)-last:])}
	for i := range ours {
		if d := math.Abs(ours[i]/theirs[i] - 1); d > c.Worst || math.IsNaN(d) && !math.IsNaN(c.Worst) { // NaN is worst
			c.Worst, c.WorstStep = d, i+1
		}
	}
	c.End = c.Last/c.PeerLast - 1
	c.Same = c.Worst <= nearF32
	if precision == bf16 {
		c.Same = math.Abs(c.End) <= nearBF16
	}
	return c
}

func (c curve) String() string {
	verdict := "as PyTorch"
	if !c.Same {
		verdict = "NOT as PyTorch"
	}
	return fmt.Sprintf("%s, batch %d, %s: loss %.4f → %.4f, PyTorch's %.4f (%+.2g); worst step %d, %.2g relative: %s",
		c.Shape, c.Batch, c.Kernel, c.First, c.Last, c.PeerLast, c.End, c.WorstStep, c.Worst, verdict)
}

// compareCurves trains both sides on the same batches, ours with each of the kernels named in only, or with all.
func (b *bench) compareCurves(ctx context.Context, steps int, only []string) ([]curve, error) {
	clean, err := b.prepare(steps, true)
	if err != nil {
		return nil, err
	}
	defer clean()
	var curves []curve
	for _, precision := range []string{f32, bf16} {
		ofOurs := precision
		if ofOurs == f32 {
			ofOurs = high // all that PyTorch's float32 is the measure of
		}
		names, err := kernels(ofOurs)
		if err != nil {
			return nil, err
		}
		theirs, err := b.losses(steps, func() (*side, error) { return b.peer(ctx, "eager", precision) })
		if err != nil {
			return nil, err
		}
		add := func(name string, control bool, start func() (*side, error)) error {
			ours, err := b.losses(steps, start)
			if err != nil {
				return err
			}
			c := newCurve(ours, theirs, precision)
			c.Shape, c.Batch, c.Kernel, c.Control = b.job.Shape, b.job.Batch, name, control
			curves = append(curves, c)
			return nil
		}
		for _, name := range names {
			if len(only) > 0 && !slices.Contains(only, name) {
				continue
			}
			if err := add(name, false, func() (*side, error) { return b.ours(ctx, name) }); err != nil {
				return nil, err
			}
		}
		if err := add("PyTorch compiled", true, func() (*side, error) { return b.peer(ctx, "compile", precision) }); err != nil {
			return nil, err
		}
	}
	return curves, nil
}

// losses trains one side.
func (b *bench) losses(steps int, start func() (*side, error)) ([]float64, error) {
	s, err := start()
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	a, err := s.steps(steps)
	if err == nil && len(a.Losses) != steps {
		err = fmt.Errorf("%s: %d losses of %d steps", s.Name, len(a.Losses), steps)
	}
	return a.Losses, err
}

func showCurves(curves []curve, format string, out io.Writer) error {
	var err error
	for _, c := range curves {
		if format == "text" {
			fmt.Fprintln(out, c)
		}
		if !c.Same && !c.Control {
			err = errCurves
		}
	}
	if format == "json" {
		err = errors.Join(err, json.NewEncoder(out).Encode(map[string]any{"curves": curves}))
	}
	return err
}
