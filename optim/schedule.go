package optim

import (
	"fmt"
	"math"

	"slm/internal/elementary"
)

// Shapes of a schedule after the warm-up.
const (
	Constant = "constant" // stays at 1
	Linear   = "linear"   // falls in a straight line to Final
	Cosine   = "cosine"   // falls along half a cosine to Final
	WSD      = "wsd"      // warm-up, stable, decay: stays at 1, then falls in a straight line over the last Decay of the steps
)

// Schedule gives the factor by which the peak learning rate is multiplied at a step. The zero value is constant without warm-up.
type Schedule struct {
	Kind   string  // one of the constants above; "" means Constant
	Warmup float64 // below 1 a fraction of all steps, from 1 on a number of steps
	Decay  float64 // WSD only: fraction of all steps over which the rate falls; 0 means 0.2
	Final  float64 // factor that the fall aims at, in [0,1]
}

// Validate names the first field that makes no sense.
func (s Schedule) Validate() error {
	switch s.Kind {
	case "", Constant, Linear, Cosine, WSD:
	default:
		return fmt.Errorf("optim: schedule: kind %q is not one of constant, linear, cosine, wsd", s.Kind)
	}
	switch {
	case !(s.Warmup >= 0) || math.IsInf(s.Warmup, 0):
		return fmt.Errorf("optim: schedule: warm-up %v is negative or not a number", s.Warmup)
	case !(s.Decay >= 0 && s.Decay <= 1):
		return fmt.Errorf("optim: schedule: decay %v is not a fraction in [0,1]", s.Decay)
	case !(s.Final >= 0 && s.Final <= 1):
		return fmt.Errorf("optim: schedule: final factor %v is not in [0,1]", s.Final)
	}
	return nil
}

// At returns the factor in [0,1] for 0-based step of total. The warm-up's first step is already above zero and the step after the
// last one would be the first at Final, so no step is wasted at a rate of nothing. Steps beyond the end stay at Final (1 for Constant).
func (s Schedule) At(step, total int) float64 {
	total = max(total, 1)
	step = max(step, 0)
	warm := s.Warmup
	if warm < 1 {
		warm *= float64(total)
	}
	warm = math.Min(math.Ceil(warm), float64(total))
	if t := float64(step); t < warm {
		return (t + 1) / warm
	}
	switch s.Kind {
	case Linear:
		return s.fall(progress(step, warm, total))
	case Cosine:
		return s.Final + float64((1-s.Final)*(1+elementary.Cos(math.Pi*progress(step, warm, total)))/2)
	case WSD:
		decay := s.Decay
		if decay == 0 {
			decay = 0.2
		}
		start := math.Max(warm, math.Floor(float64(total)*(1-decay)))
		return s.fall(progress(step, start, total))
	}
	return 1
}

// fall is the straight line from 1 at p=0 to Final at p=1.
func (s Schedule) fall(p float64) float64 { return 1 - float64((1-s.Final)*p) }

// progress is the share of [start,total) that lies before step, in [0,1].
func progress(step int, start float64, total int) float64 {
	span := float64(total) - start
	if span <= 0 {
		if step < total {
			return 0
		}
		return 1
	}
	return math.Min(1, math.Max(0, (float64(step)-start)/span))
}
