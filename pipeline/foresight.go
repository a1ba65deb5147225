package pipeline

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"slm/pipeline/rundir"
	"slm/report"
	"slm/stages"
)

// foresight says in a run's events how long the run still takes. Nothing in it decides anything.
//
// What a stage takes is known from an estimate (slm plan), or from the newest run of the same recipe that has had the stage. As stages
// end, those to come are stretched or shortened as they were. The stage that runs says itself how long it takes, or its pace does.
type foresight struct {
	now      func() time.Time
	expected map[string]float64 // seconds, by stage

	mu             sync.Mutex
	stage, phase   string
	since, at      time.Time // when the stage began, and the part of it
	first          int       // what the part had done when it was first heard of
	later          []string  // stages behind this one
	planned, spent float64   // seconds, of the stages that have ended
}

// expect learns what the stages of a plan take, from the first source that knows something of it.
func (p *Plan) expect(c *foresight) {
	c.expected = report.Foretold(p.Folder())
	if len(c.expected) > 0 {
		return
	}
	newest := ""
	for _, run := range p.beside() {
		if name := filepath.Base(run); !strings.HasPrefix(name, p.Name+"-") || len(name) != len(p.Name)+1+8 {
			continue
		}
		if e := rundir.Look(run); len(e.Missing) == 0 && e.Newest > newest {
			if took, err := report.Took(run); err == nil && len(took) > 0 {
				newest, c.expected = e.Newest, took
			}
		}
	}
}

// begin tells it that a stage is run, and which come after it.
func (c *foresight) begin(stage string, later []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stage, c.phase, c.later, c.since = stage, "", later, c.now()
	c.at, c.first = c.since, 0
}

// end tells it that the stage has ended.
func (c *foresight) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if want, ok := c.expected[c.stage]; ok {
		c.planned, c.spent = c.planned+want, c.spent+c.now().Sub(c.since).Seconds()
	}
}

// mark puts into an event how long the run still takes; nothing where some stage to come is unknown.
func (c *foresight) mark(e *stages.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.Of == 0 || e.Stage != c.stage || e.Type != "step" && e.Type != "trial" {
		return
	}
	left := c.stageLeft(*e)
	for _, stage := range c.later {
		want, ok := c.expected[stage]
		if !ok {
			return
		}
		left += float64(want * c.stretch())
	}
	e.Left = left
}

// stageLeft is how many seconds the stage still takes.
func (c *foresight) stageLeft(e stages.Event) float64 {
	now := c.now()
	if e.Phase != c.phase {
		c.phase, c.at, c.first = e.Phase, now, e.Step
	}
	if e.ETA > 0 && (e.Phase == "" || e.Whole) {
		return e.ETA
	}
	left := e.ETA // of the part
	if done := e.Step - c.first; done > 0 && left == 0 {
		left = now.Sub(c.at).Seconds() / float64(done) * float64(e.Of-e.Step)
	}
	if e.Phase == "" && e.Step == e.Of {
		return left
	}
	return max(left, float64(c.expected[c.stage]*c.stretch())-now.Sub(c.since).Seconds())
}

// stretch is how much longer stages take than was expected: of those that have ended, within bounds, since a short one says little.
func (c *foresight) stretch() float64 {
	const little, most = 5, 4 // seconds, times
	if c.planned < little {
		return 1
	}
	return min(most, max(1./most, c.spent/c.planned))
}

// following are the stages behind one that are run, or may have to be.
func (p *Plan) following(i int) (names []string) {
	for _, s := range p.Stages[i+1:] {
		if slices.Contains([]string{Run, Resume, Depend}, s.Action) {
			names = append(names, s.Stage)
		}
	}
	return names
}
