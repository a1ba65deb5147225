package trainer

import (
	"fmt"
	"math"
)

// A step is judged by the window before it, once that is full.
const skipWindow = 128

// outlier says why a step stands out from those before it; "" if it does not. It depends on the metrics alone, which a save holds, so a
// resumed run leaves out the same steps. Steps that were left out count in the window: a level that has moved for good is soon the usual one.
func (k *Skip) outlier(before []Metric, loss, norm float64) string {
	if k == nil || len(before) < skipWindow {
		return ""
	}
	before = before[len(before)-skipWindow:]
	if z := deviations(before, loss, func(m Metric) float64 { return m.Loss }); k.Loss > 0 && z > k.Loss {
		return fmt.Sprintf("the loss %.4g lies %.1f standard deviations above the last %d", loss, z, skipWindow)
	}
	if z := deviations(before, norm, func(m Metric) float64 { return m.GradNorm }); k.Gradient > 0 && z > k.Gradient {
		return fmt.Sprintf("the gradient's norm %.4g lies %.1f standard deviations above the last %d", norm, z, skipWindow)
	}
	return ""
}

// deviations is how many standard deviations x lies above the mean; 0 if all were equal.
func deviations(before []Metric, x float64, of func(Metric) float64) float64 {
	n, mean, square := float64(len(before)), 0.0, 0.0
	for _, m := range before {
		mean += of(m) / n
	}
	for _, m := range before {
		square += (of(m) - mean) * (of(m) - mean) / n
	}
	if square == 0 {
		return 0
	}
	return (x - mean) / math.Sqrt(square)
}
