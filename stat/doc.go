// Package stat compares systems that answered the same items: bootstrap intervals, McNemar's test, the share of the oracle's headroom
// that was closed, harm, and Holm's correction.
//
// It knows nothing of recipes or files. Every resampling comes from a stream that is passed in, and equal streams draw equal resamples,
// so that the intervals of several systems on the same items are paired with each other.
package stat

import (
	"errors"
	"fmt"
	"math"

	"slm/rng"
)

// ErrItems says that there are no items, or that two systems did not answer the same number.
var ErrItems = errors.New("stat: systems must have answered the same items, at least one")

// Interval is a value and the percentile interval around it.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Holds says whether x lies inside the interval, ends included.
func (i Interval) Holds(x float64) bool { return i.Low <= x && x <= i.High }

// Options say how intervals are drawn.
type Options struct {
	Resamples int         // 0 means 10,000
	Level     float64     // coverage; 0 means 0.95
	Stream    *rng.Stream // its identity decides the resamples, its position does not; nil is the stream of seed 0
}

func (o Options) filled() (Options, error) {
	if o.Resamples == 0 {
		o.Resamples = 10_000
	}
	if o.Level == 0 {
		o.Level = 0.95
	}
	if o.Stream == nil {
		o.Stream = rng.New(0)
	}
	if o.Resamples < 1 || !(o.Level > 0 && o.Level < 1) {
		return o, fmt.Errorf("stat: %d resamples at level %v make no interval", o.Resamples, o.Level)
	}
	return o, nil
}

// Floats turns right and wrong into 1 and 0.
func Floats(right []bool) []float64 {
	x := make([]float64, len(right))
	for i, r := range right {
		if r {
			x[i] = 1
		}
	}
	return x
}

// sameItems checks lengths and that every number is finite.
func sameItems(systems ...[]float64) error {
	for _, s := range systems {
		if len(s) == 0 || len(s) != len(systems[0]) {
			return ErrItems
		}
		for i, v := range s {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("stat: item %d has the score %v", i, v)
			}
		}
	}
	return nil
}
