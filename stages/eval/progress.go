package eval

import (
	"time"

	"slm/data/exam"
	"slm/stages"
)

// progress tells how far an evaluation is: answers of all systems to all exams.
type progress struct {
	env             *stages.Env
	start           time.Time
	done, asked, of int // answers; asked = of the done, those that were not kept from before
}

func newProgress(env *stages.Env, systems int, exams [][]exam.Item) *progress {
	p := &progress{env: env, start: env.Now()}
	for _, items := range exams {
		p.of += systems * len(items)
	}
	return p
}

// tell is told of answers of a system.
func (p *progress) tell(system string, n int, asked bool) {
	if p.done += n; asked {
		p.asked += n
	}
	e := stages.Event{Type: "step", Stage: stages.Eval, Phase: system, Step: p.done, Of: p.of, Whole: true}
	if p.asked > 0 {
		e.ETA = p.env.Now().Sub(p.start).Seconds() / float64(p.asked) * float64(p.of-p.done)
	}
	p.env.Emit(e)
}
