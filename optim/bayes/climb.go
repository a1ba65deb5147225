package bayes

import "math"

// climb maximises f over [0,1]^d from x by L-BFGS on the coordinates that are free to move; those pressed against a side of the box
// are held (Bertsekas 1982). f writes its gradient into its second argument. The result is x itself, changed, and its value; it is
// never worse than the start. It ends when a step gains less than tolerance, relative to a value above 1.
func climb(f func(x, grad []float64) float64, x []float64, iterations int, tolerance float64) float64 {
	const memory = 8
	d := len(x)
	grad, trial, trialGrad, step := make([]float64, d), make([]float64, d), make([]float64, d), make([]float64, d)
	var ss, ys [][]float64
	value := f(x, grad)
	for range iterations {
		free, norm := 0, 0.0
		for j := range d {
			if pressed(x[j], grad[j]) {
				continue
			}
			free++
			norm = math.Max(norm, math.Abs(grad[j]))
		}
		if free == 0 || norm < 1e-7 {
			break
		}
		direction(step, x, grad, ss, ys)
		if len(ss) == 0 { // the first step moves a tenth of the box at most
			for j := range step {
				step[j] *= math.Min(1, 0.1/norm)
			}
		}
		moved, next := search(f, x, grad, value, step, trial, trialGrad)
		if !moved {
			if len(ss) == 0 {
				break
			}
			ss, ys = nil, nil // forget the curvature and try the plain gradient once
			continue
		}
		s, y := make([]float64, d), make([]float64, d)
		var sy, yy float64
		for j := range d {
			s[j], y[j] = trial[j]-x[j], grad[j]-trialGrad[j]
			sy += float64(s[j] * y[j])
			yy += float64(y[j] * y[j])
		}
		if sy > 1e-12*yy {
			if len(ss) == memory {
				ss, ys = ss[1:], ys[1:]
			}
			ss, ys = append(ss, s), append(ys, y)
		}
		gain := next - value
		copy(x, trial)
		copy(grad, trialGrad)
		value = next
		if gain < tolerance*math.Max(1, math.Abs(value)) {
			break
		}
	}
	return value
}

// pressed says that a coordinate lies on a side of the box and its gradient points out of it.
func pressed(x, grad float64) bool { return x <= 0 && grad <= 0 || x >= 1 && grad >= 0 }

// direction writes the quasi-Newton ascent direction, by the two loops of Nocedal & Wright, algorithm 7.4, restricted to the free
// coordinates. When curvature says otherwise it falls back to the gradient.
func direction(step, x, grad []float64, ss, ys [][]float64) {
	mask := func(j int) bool { return !pressed(x[j], grad[j]) }
	dot := func(a, b []float64) (sum float64) {
		for j := range a {
			if mask(j) {
				sum += float64(a[j] * b[j])
			}
		}
		return sum
	}
	for j := range step {
		step[j] = 0
		if mask(j) {
			step[j] = grad[j]
		}
	}
	alphas := make([]float64, len(ss))
	for i := len(ss) - 1; i >= 0; i-- {
		sy := dot(ss[i], ys[i])
		if sy <= 0 {
			continue
		}
		alphas[i] = dot(ss[i], step) / sy
		for j := range step {
			if mask(j) {
				step[j] -= float64(alphas[i] * ys[i][j])
			}
		}
	}
	if n := len(ss); n > 0 {
		if sy, yy := dot(ss[n-1], ys[n-1]), dot(ys[n-1], ys[n-1]); sy > 0 && yy > 0 {
			for j := range step {
				step[j] *= sy / yy
			}
		}
	}
	for i := range ss {
		sy := dot(ss[i], ys[i])
		if sy <= 0 {
			continue
		}
		beta := dot(ys[i], step) / sy
		for j := range step {
			if mask(j) {
				step[j] += float64((alphas[i] - beta) * ss[i][j])
			}
		}
	}
	if dot(step, grad) <= 0 {
		for j := range step {
			if mask(j) {
				step[j] = grad[j]
			}
		}
	}
}

// search halves the step until the value has risen by a share of what the gradient promised along the projected path (Armijo).
func search(f func(x, grad []float64) float64, x, grad []float64, value float64, step, trial, trialGrad []float64) (bool, float64) {
	t := 1.0
	for range 25 {
		var promise float64
		for j := range x {
			trial[j] = math.Min(1, math.Max(0, x[j]+float64(t*step[j])))
			promise += float64(grad[j] * (trial[j] - x[j]))
		}
		if promise > 0 {
			if next := f(trial, trialGrad); next >= value+float64(1e-4*promise) {
				return true, next
			}
		}
		t /= 2
	}
	return false, value
}
