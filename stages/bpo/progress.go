package bpo

import (
	"strings"
	"time"

	"slm/stages"
)

// progress is what the live line says of how far the search is. Nothing in it decides anything.
type progress struct {
	start time.Time
	asked int // questions so far, of all arms
}

func (p *progress) begin(s *search) { *p = progress{start: s.now()} }

// tell emits an event about a trial that was scored. The search counts its trials; a control has as many as its questions last for, and counts
// those.
func (s *search) tell(a *arm, t *trial) {
	used := s.usage() // by the run so far
	e := stages.Event{Type: "trial", Stage: stages.BPO, Phase: t.kind, Step: t.index + 1, Of: 1 + s.cfg.Init + s.cfg.Trials, Items: len(t.results), Calls: int(used.Calls), USD: used.USD, Whole: true}
	if a != s.own {
		e.Phase, e.Step, e.Of = questionsOf(a), asked(a.trials[1:]), asked(s.own.trials[1:])
	}
	if n := len(t.results); n > 0 {
		e.Score = float64(right(t.results)) / float64(n)
	}
	if best := s.leader(nil, a.trials, 1); len(best.results) > 0 {
		e.Best = float64(right(best.results)) / float64(len(best.results))
	}
	e.ETA = s.left()
	s.emit(e)
}

// tellEnd emits an event about a control that has come to its end, which may be before its last questions: no trial is as small as what is left,
// or there are no more items.
func (s *search) tellEnd(a *arm) {
	if n := asked(a.trials[1:]); n != asked(s.own.trials[1:]) {
		used := s.usage()
		s.emit(stages.Event{Type: "step", Stage: stages.BPO, Phase: questionsOf(a), Step: n, Of: n, Calls: int(used.Calls), USD: used.USD, ETA: s.left(), Whole: true})
	}
}

// questionsOf names the part of the stage in which a control runs.
func questionsOf(a *arm) string { return a.name + ", questions" }

// left is about how many seconds the search still takes: questions still to come, at the pace so far.
func (s *search) left() float64 {
	spent := s.now().Sub(s.progress.start).Seconds()
	done := s.progress.asked
	if spent <= 0 || done == 0 {
		return 0
	}
	all := s.cfg.Init + s.cfg.Trials
	own := float64(asked(s.own.trials[1:]))
	if made := len(s.own.trials) - 1; made < all {
		each := float64(s.ladder[0]) * 1.5 // before the first trial
		if made > 0 {
			each = own / float64(made)
		}
		own += float64(each * float64(all-made))
	}
	baselines := len(s.cfg.baselines())
	best := float64(s.cfg.Final.Best)
	total := float64(len(s.items)) + float64(own*float64(1+baselines)) + float64(float64(len(s.choice))*(1+float64(best*float64(1+baselines)))) + float64(len(s.checked)*(2+baselines))
	return max(0, total-float64(done)) * spent / float64(done)
}

// base is an arm's name without its repeat.
func base(name string) string {
	name, _, _ = strings.Cut(name, "/")
	return name
}
