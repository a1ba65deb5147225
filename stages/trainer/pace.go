package trainer

import "slices"

// pace compares how long ranks take for a row.
type pace struct {
	rows, seconds []float64 // of each rank, in the window
	steps         int
	named         map[int]bool
}

const (
	paceWindow = 32  // steps
	paceSlow   = 1.5 // times the median of the ranks
)

// slow takes in a step, and at the end of a window returns the slowest rank if it stands out and has not been named; else −1.
func (p *pace) slow(c cut, all []status) (rank int, seconds, usual float64) {
	if p.rows == nil {
		p.rows, p.seconds, p.named = make([]float64, len(all)), make([]float64, len(all)), map[int]bool{}
	}
	for r, s := range all {
		lo, hi := c.owned(r, len(all))
		p.rows[r] += float64((hi - lo) * c.leaf)
		p.seconds[r] += s[statusSeconds]
	}
	if p.steps++; p.steps%paceWindow != 0 {
		return -1, 0, 0
	}
	var each []float64
	rank = -1
	for r := range all {
		if p.rows[r] == 0 {
			continue
		}
		t := p.seconds[r] / p.rows[r]
		each = append(each, t)
		if t > seconds {
			rank, seconds = r, t
		}
	}
	clear(p.rows)
	clear(p.seconds)
	slices.Sort(each)
	if len(each) < 2 {
		return -1, 0, 0
	}
	usual = each[(len(each)-1)/2]
	if seconds < paceSlow*usual || p.named[rank] {
		return -1, 0, 0
	}
	p.named[rank] = true
	return rank, seconds, usual
}
