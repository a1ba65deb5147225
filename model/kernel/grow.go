package kernel

// Grow makes a buffer n elements long and returns it. What was in it may be lost; memory is taken only beyond the largest n so far.
func Grow[E any](buf *[]E, n int) []E {
	if cap(*buf) < n {
		*buf = make([]E, n)
	}
	*buf = (*buf)[:n]
	return *buf
}
