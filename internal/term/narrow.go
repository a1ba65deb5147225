package term

import (
	"slm/pipeline/rundir"
	"slm/stages"
)

// Narrow shows events on a terminal of few columns: a live line that does not fit would leave a copy of itself at each step, so the
// figures that matter least go first.
type Narrow struct {
	rundir.Viewer
	Columns int
}

// Event drops what does not fit.
func (n Narrow) Event(e stages.Event) {
	room := n.Columns
	if e.Left > 0 {
		room -= 15 // that it takes
	}
	if room < 95 {
		e.LR = 0
	}
	if room < 85 {
		e.HeldOut = 0
	}
	if room < 65 {
		e.TokS, e.Calls = 0, 0
	}
	if e.Left > 0 && room < 55 { // that of the run says more
		e.ETA = 0
	}
	if n.Columns < 50 {
		e.ETA, e.Left = 0, 0
	}
	n.Viewer.Event(e)
}
