package stat

import (
	"math"
	"sort"
)

// Mean is the mean of x over items with its bootstrap interval.
func Mean(x []float64, opt Options) (Interval, error) {
	return bootstrap(opt, func(m []float64) float64 { return m[0] }, x)
}

// Difference is mean(a) - mean(b) over the same items; items are resampled, so that what both systems find hard cancels out.
func Difference(a, b []float64, opt Options) (Interval, error) {
	if err := sameItems(a, b); err != nil {
		return Interval{}, err
	}
	d := make([]float64, len(a))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return Mean(d, opt)
}

// Headroom is the share of the way from none to oracle that the system has gone, (system - none)/(oracle - none) of the means. It is
// below 0 where the system does harm, and NaN with a NaN interval where the oracle is no better than none. Resamples in which
// the oracle happens to be no better are left out; when they are more than the interval cuts off at one end, its ends are NaN.
func Headroom(none, system, oracle []float64, opt Options) (Interval, error) {
	return bootstrap(opt, func(m []float64) float64 {
		if m[2] <= m[0] {
			return math.NaN()
		}
		return (m[1] - m[0]) / (m[2] - m[0])
	}, none, system, oracle)
}

// bootstrap is the percentile interval of a statistic of the means of several columns over the same items. O(resamples × items × columns).
func bootstrap(opt Options, statistic func(means []float64) float64, columns ...[]float64) (Interval, error) {
	if err := sameItems(columns...); err != nil {
		return Interval{}, err
	}
	means := make([]float64, len(columns))
	return Resample(len(columns[0]), opt, func(times []float64) float64 {
		for c, column := range columns {
			var sum float64
			for i, v := range column {
				sum += float64(times[i] * v)
			}
			means[c] = sum / float64(len(column))
		}
		return statistic(means)
	})
}

// Resample is the percentile interval of a statistic of n items (Efron & Tibshirani 1993, §13.3). The statistic is told how often each item was drawn, in
// memory that is used again; NaN says that a resample has none. Where these are more than the interval cuts off at one end, its ends are NaN.
// Resample i draws from sub-stream i.
func Resample(n int, opt Options, statistic func(times []float64) float64) (Interval, error) {
	opt, err := opt.filled()
	if err != nil {
		return Interval{}, err
	}
	if n < 1 {
		return Interval{}, ErrItems
	}
	counts := make([]float64, n)
	for i := range counts {
		counts[i] = 1
	}
	out := Interval{Value: statistic(counts)}
	values := make([]float64, 0, opt.Resamples)
	for r := range opt.Resamples {
		clear(counts)
		stream := opt.Stream.At(uint64(r))
		for drawn := 0; drawn < n; drawn += 2 {
			// Two 32-bit draws a number; the bias of the multiplication is below n/2^32.
			bits := stream.Uint64()
			counts[(bits>>32)*uint64(n)>>32]++
			if drawn+1 < n {
				counts[(bits&math.MaxUint32)*uint64(n)>>32]++
			}
		}
		if v := statistic(counts); !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	sort.Float64s(values)
	tail := float64((1 - opt.Level) / 2)
	if math.IsNaN(out.Value) || float64(opt.Resamples-len(values)) > tail*float64(opt.Resamples) {
		out.Low, out.High = math.NaN(), math.NaN()
		return out, nil
	}
	out.Low, out.High = quantile(values, tail), quantile(values, 1-tail)
	return out, nil
}

// quantile interpolates between order statistics as NumPy does by default (Hyndman & Fan's type 7).
func quantile(sorted []float64, p float64) float64 {
	at := float64(p * float64(len(sorted)-1))
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + float64((at-float64(i))*(sorted[i+1]-sorted[i]))
}
