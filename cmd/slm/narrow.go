package main

import (
	"slm/pipeline"
	"slm/stages"
)

// narrow shows events on a terminal of few columns: a live line that does not fit would leave a copy of itself at each step, so the
// figures that matter least go first.
type narrow struct {
	pipeline.Viewer
	columns int
}

// Event drops what does not fit.
func (n narrow) Event(e stages.Event) {
	if n.columns < 95 {
		e.LR = 0
	}
	if n.columns < 85 {
		e.HeldOut = 0
	}
	if n.columns < 65 {
		e.TokS, e.Calls = 0, 0
	}
	if n.columns < 50 {
		e.ETA = 0
	}
	n.Viewer.Event(e)
}
