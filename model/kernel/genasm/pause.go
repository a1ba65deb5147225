package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var pauseKernels = []kernel{{name: "pause", params: "n int", only: []isa{avx2},
	doc: "tells the processor n times that this thread is waiting; n is 1 at least.", emit: func(e *emitter) {
		n := e.Load(e.Param("n"), e.GP64()).(reg.GPVirtual)
		top := e.label("again")
		e.Label(top)
		e.PAUSE()
		e.DECQ(n)
		e.JNE(operand.LabelRef(top))
	}}}
