package sweep

import (
	"math"

	"slm/optim/bayes"
	"slm/rng"
)

// Kinds of trials: where their values come from.
const (
	kindRecipe = "recipe" // the recipe's own: the control
	kindSobol  = "sobol"  // the design with which the search begins
	kindModel  = "log_ei" // proposed by the model of what the trials before have come to
)

// States of a trial.
const (
	Finished = "finished"
	Stopped  = "stopped" // by the pruner
	Failed   = "failed"
)

// Trial is a row of trials.arrow. It holds nothing that depends on the clock.
type Trial struct {
	Trial  int64     `arrow:"trial" json:"trial"`
	Round  int64     `arrow:"round" json:"round"`             // trials of a round are proposed together and do not know each other's ends
	Kind   string    `arrow:"kind" json:"kind"`               // recipe, sobol, log_ei
	Z      []float64 `arrow:"z" json:"z,omitempty"`           // where it lies in the space; none where a value of the recipe's is outside
	Values []string  `arrow:"values" json:"values"`           // of the keys that are searched, in their order
	State  string    `arrow:"state" json:"state"`             // finished, stopped, failed
	Why    string    `arrow:"why" json:"why,omitempty"`       // it was stopped, or failed
	Value  *float64  `arrow:"value" json:"value"`             // what is searched for, mean over the seeds; nil unless it has finished
	SD     *float64  `arrow:"sd" json:"sd,omitempty"`         // standard deviation over the seeds; nil with one
	Seeds  []float64 `arrow:"seeds" json:"seeds,omitempty"`   // the value of each seed
	Rungs  []float64 `arrow:"rungs" json:"rungs,omitempty"`   // held-out loss on each rung that the first seed has reached
	Chance *float64  `arrow:"chance" json:"chance,omitempty"` // of one that was stopped: to have become the best, as the pruner reckoned
	Tokens int64     `arrow:"tokens" json:"tokens"`           // trained on, by all seeds
	At     []float64 `arrow:"at" json:"at,omitempty"`         // tokens at which the held-out loss of the first seed was measured
	Loss   []float64 `arrow:"loss" json:"loss,omitempty"`     // and that loss
	Run    string    `arrow:"run" json:"run"`                 // folder of the first seed's run
	Best   bool      `arrow:"best" json:"best"`               // its recipe is the result
}

// search proposes trials. It keeps no state: all follows from the trials that are given to it.
type search struct {
	params  []Param
	seed    uint64
	largest bool // the value is to be large
	pruner  Pruner
}

// space is the box that is searched.
func (s *search) space() bayes.Space {
	out := make(bayes.Space, len(s.params))
	for j, p := range s.params {
		out[j] = p.Dim()
	}
	return out
}

// design is how many points of a scrambled Sobol sequence come before the model proposes: it does not depend on the number of trials, so that a
// sweep may be made longer.
func (s *search) design() int { return 2*len(s.params) + 2 }

// values are those of a point.
func (s *search) values(z []float64) []string {
	out := make([]string, len(z))
	for j, p := range s.params {
		out[j] = p.At(z[j])
	}
	return out
}

// round proposes n trials from number first on, given all trials of the rounds before. It returns fewer where no point of the space is new.
func (s *search) round(seen []Trial, first, n int) (out []Trial, err error) {
	space := s.space()
	stream := rng.New(s.seed, "sweep")
	designed, err := bayes.Design(s.design(), len(space), stream.At(0))
	if err != nil {
		return nil, err
	}
	var points [][]float64
	for i := first; i < first+n && i <= s.design(); i++ {
		points = append(points, space.Snap(designed[i-1]))
	}
	kinds := len(points)
	if more := n - len(points); more > 0 {
		proposed, err := bayes.Model{Space: space}.Propose(s.observations(seen), len(space), "", more, stream.At(1).At(uint64(first)))
		if err != nil {
			return nil, err
		}
		points = append(points, proposed...)
	}
	for i, z := range points {
		t := Trial{Trial: int64(first + i), Kind: kindSobol, Z: z, Values: s.values(z)}
		if i >= kinds {
			t.Kind = kindModel
		}
		out = append(out, t)
	}
	return out, nil
}

// cost is a value as something that is to be small.
func (s *search) cost(value float64) float64 {
	if s.largest {
		return -value
	}
	return value
}

// ended are the trials that have finished and were on a rung.
func (s *search) ended(seen []Trial, rung int) (list []pair) {
	for _, t := range seen {
		if t.State == Finished && len(t.Rungs) > rung {
			list = append(list, pair{t.Rungs[rung], s.cost(*t.Value)})
		}
	}
	return list
}

// observations are what the model learns from: the value of a trial that has finished; of one that was stopped the forecast, with its variance; of one that
// failed the worst of all others.
func (s *search) observations(seen []Trial) (obs []bayes.Observation) {
	worst := math.Inf(1)
	var failed [][]float64
	for _, t := range seen {
		o := bayes.Observation{Z: t.Z}
		switch {
		case t.Z == nil:
			continue
		case t.State == Failed:
			failed = append(failed, t.Z)
			continue
		case t.State == Finished:
			o.Y = -s.cost(*t.Value)
			if n := len(t.Seeds); n > 1 && t.SD != nil {
				o.Var = *t.SD * *t.SD / float64(n)
			}
		default:
			last := len(t.Rungs) - 1
			mean, sd, df, ok := s.pruner.forecast(s.ended(seen, last), t.Rungs[last])
			if !ok {
				continue // it was stopped, so more trials had ended then than a forecast takes
			}
			o.Y, o.Var = -mean, sd*sd*df/max(1, df-2)
		}
		worst = math.Min(worst, o.Y)
		obs = append(obs, o)
	}
	for _, z := range failed {
		if !math.IsInf(worst, 1) {
			obs = append(obs, bayes.Observation{Z: z, Y: worst})
		}
	}
	return obs
}

// best is the trial that has finished with the best value, the first of equals; -1 where none has.
func (s *search) best(trials []Trial) int {
	at := -1
	for i, t := range trials {
		if t.State == Finished && (at < 0 || s.cost(*t.Value) < s.cost(*trials[at].Value)) {
			at = i
		}
	}
	return at
}
