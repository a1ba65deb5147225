package ablate

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"slm/llm"
	"slm/pipeline"
	"slm/stages"
)

// Progress is the type of the event that says how far a whole experiment is.
const Progress = "progress"

// every is how often progress is told between the ends of stages.
const every = 2 * time.Second

// progress follows all members: it tells the milestones of each under its name, and how far all stages together are.
type progress struct {
	mu      sync.Mutex
	now     func() time.Time
	emit    func(stages.Event)
	usage   func() llm.Usage
	weight  map[string]float64 // by member and stage, of what is to be run: seconds, or 1 where there is no estimate
	part    map[string]float64 // how much of it is done, 0 to 1
	total   float64
	timed   bool // weights are seconds
	ended   int  // stages
	began   time.Time
	told    time.Time
	working string
}

func newProgress(p *Plan, now func() time.Time, emit func(stages.Event), usage func() llm.Usage) *progress {
	g := &progress{now: now, emit: emit, usage: usage, weight: map[string]float64{}, part: map[string]float64{}, began: now(), timed: p.Estimate != nil}
	for _, s := range p.Stages {
		if !toRun(s.Action) {
			continue
		}
		w := 1.0
		if g.timed {
			w = max(s.Seconds, 0.1)
		}
		g.weight[s.By+"/"+s.Stage] = w
		g.total += w
	}
	return g
}

// of is the viewer of a member's run.
func (g *progress) of(m *Member) memberView { return memberView{g, m.Name()} }

type memberView struct {
	*progress
	run string
}

// Event passes on what is of interest to all.
func (v memberView) Event(e stages.Event) {
	e.Run = v.run
	switch e.Type {
	case "stage", "warning":
		v.emit(e)
	case "checkpoint":
		if e.Path == e.Stage { // of the run, not of the stage's own
			v.emit(e)
			v.advance(e, 1)
		}
	default:
		if e.Of > 0 {
			v.advance(e, float64(e.Step)/float64(e.Of))
		}
	}
}

// Close is for the run alone: the experiment goes on.
func (memberView) Close() {}

// advance notes how much of a stage is done, and tells how much of all is.
func (g *progress) advance(e stages.Event, part float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := e.Run + "/" + e.Stage
	if _, ok := g.weight[key]; !ok {
		return
	}
	const most = 0.99 // of a stage that has not ended: its parts are counted each by itself
	if part < 1 || e.Type != "checkpoint" {
		part = min(part, most)
		if e.Phase != "" {
			part = min(part, 0.5)
		}
	}
	ended := part == 1 && g.part[key] < 1
	g.part[key] = max(g.part[key], part)
	if ended {
		g.ended++
	}
	if now := g.now(); ended || now.Sub(g.told) >= every {
		g.told, g.working = now, e.Run+" "+e.Stage
		g.tell(now)
	}
}

// tell says how far all stages are. The caller holds the lock.
func (g *progress) tell(now time.Time) {
	done := 0.0
	for _, key := range slices.Sorted(maps.Keys(g.weight)) {
		done += g.weight[key] * g.part[key]
	}
	used := g.usage()
	e := stages.Event{
		Type: Progress, Stage: "all", Phase: fmt.Sprintf("%d of %d stages", g.ended, len(g.weight)), Step: int(100 * done / max(g.total, 1e-9)), Of: 100,
		Calls: int(used.Calls), USD: used.USD, Seconds: now.Sub(g.began).Seconds(), Message: g.working, Memory: pipeline.PeakMemory(),
	}
	if g.timed && done > 0 {
		e.ETA = (g.total - done) * max(e.Seconds/done, 0)
	}
	g.emit(e)
}

// end tells the last state.
func (g *progress) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended < len(g.weight) {
		g.tell(g.now())
	}
}
