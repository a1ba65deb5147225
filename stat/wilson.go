package stat

import "math"

// Wilson is a share of n cases with its 95 % score interval (Wilson 1927). Unlike a bootstrap it has a width where all cases are alike: 0 of 80
// is an interval from 0 to 4.6 %. Of no cases the share is 0 and the interval everything.
func Wilson(k, n int) Interval {
	if n == 0 {
		return Interval{0, 0, 1}
	}
	const z = 1.959964 // 97.5 % quantile of the normal distribution
	p, m := float64(k)/float64(n), float64(n)
	middle, half := p+z*z/(2*m), float64(z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m)))
	d := 1 + z*z/m
	return Interval{Value: p, Low: math.Max(0, (middle-half)/d), High: math.Min(1, (middle+half)/d)}
}
