package study

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"slm/llm"
	"slm/pipeline"
	"slm/pipeline/rundir"
	"slm/stages"
)

// ProgressEvent is the type of the event that says how far a whole experiment is.
const ProgressEvent = "progress"

// every is how often progress is told between the ends of stages.
const every = 2 * time.Second

// Unit is a piece of an experiment's work: a stage of a run.
type Unit struct {
	Run, Stage string
	Seconds    float64 // that it is expected to take; 0 = not known
}

// Progress follows all runs of an experiment: it tells the milestones of each under its name, and how far all units together are.
type Progress struct {
	mu      sync.Mutex
	now     func() time.Time
	emit    func(stages.Event)
	usage   func() llm.Usage
	word    string             // for units
	weight  map[string]float64 // by run and stage: seconds, or 1 where there is no estimate
	part    map[string]float64 // how much of it is done, 0 to 1
	total   float64
	timed   bool // weights are seconds
	ended   int  // units
	began   time.Time
	told    time.Time
	working string
}

// NewProgress follows units, which word names in the plural. timed says that their seconds are known.
func NewProgress(units []Unit, word string, timed bool, now func() time.Time, emit func(stages.Event), usage func() llm.Usage) *Progress {
	g := &Progress{now: now, emit: emit, usage: usage, word: word, weight: map[string]float64{}, part: map[string]float64{}, began: now(), timed: timed}
	for _, u := range units {
		w := 1.0
		if g.timed {
			w = max(u.Seconds, 0.1)
		}
		g.weight[u.Run+"/"+u.Stage] = w
		g.total += w
	}
	return g
}

// Of is the viewer of a run under its name in the experiment.
func (g *Progress) Of(run string) rundir.Viewer { return runView{g, run} }

type runView struct {
	*Progress
	run string
}

// Event passes on what is of interest to all.
func (v runView) Event(e stages.Event) {
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
func (runView) Close() {}

// Drop says that a unit needs no more work than it had.
func (g *Progress) Drop(run, stage string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := run + "/" + stage
	if w, ok := g.weight[key]; ok && g.part[key] < 1 {
		g.total -= float64(w * (1 - g.part[key]))
		g.weight[key], g.part[key] = w*g.part[key], 1
		g.ended++
		g.tell(g.now())
	}
}

// advance notes how much of a stage is done, and tells how much of all is.
func (g *Progress) advance(e stages.Event, part float64) {
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
func (g *Progress) tell(now time.Time) {
	done := 0.0
	for _, key := range slices.Sorted(maps.Keys(g.weight)) {
		done += float64(g.weight[key] * g.part[key])
	}
	used := g.usage()
	e := stages.Event{
		Type: ProgressEvent, Stage: "all", Phase: fmt.Sprintf("%d of %d %s", g.ended, len(g.weight), g.word), Step: int(100 * done / max(g.total, 1e-9)), Of: 100,
		Calls: int(used.Calls), USD: used.USD, Seconds: now.Sub(g.began).Seconds(), Message: g.working, Memory: pipeline.PeakMemory(),
	}
	if g.timed && done > 0 {
		e.ETA = (g.total - done) * max(e.Seconds/done, 0)
	}
	g.emit(e)
}

// End tells the last state.
func (g *Progress) End() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended < len(g.weight) {
		g.tell(g.now())
	}
}
