// Package route chooses which of a run's systems answers a question, so that a quality is reached at the lowest price, or the highest quality within a
// price. One scorer says from what is seen of a question, before the LLM is asked, how probable it is that each system answers it right (RouteLLM's
// question, Ong et al., arXiv:2406.18665, for more than two systems and with the run's own answers).
//
// It sees numbers only: they are gathered in stages/systems, and fitted and told in stages/eval.
package route

import (
	"fmt"
	"math"
	"slices"

	"slm/internal/elementary"
	"slm/stages/gate"
	"slm/stat"
)

// What is seen of a question. More of any value never makes a system less probable to be right.
const (
	Place    = iota // log-probability of the place that the small model named, at least leastLog
	Margin          // by which it is more likely than any other
	This            // 1 = the question mentions all that the place shows
	NoOther         // 1 = it mentions no other place
	Overlap         // share of the question's terms that stand in the section, the rare ones counting more
	InCorpus        // 1 = the small model's text stands in the corpus at that place
	Own             // of options, the probability that the small model gives the one that it would choose
	Lead            // and by how much its score is above the next
	Agree           // 1 = the search has the named place first
	Listed          // 1 = the named place is among the passages
	First           // how sure the search is of the first passage,
	Sum             // and of all
	Found           // 1 = the question mentions all that the first passage's place shows
	FoundNo         // 1 = it mentions no other place
	Shared          // as Overlap, of the first passage
	Near            // largest cosine of a section with the question
	signals
)

// Signals are their names in route.json.
var Signals = []string{
	"place", "margin", "this", "no_other", "overlap", "in_corpus", "own", "lead", "agree", "listed", "first", "sum", "found_this", "found_no_other", "found_overlap", "near",
}

// LeastLog stands for the log-probability of a place that the corpus does not have, and of those that are less likely.
const LeastLog = -20.0

// Case is a question whose answers by all systems are known.
type Case struct {
	Seen  []float64 // Signals
	Free  bool      // the answer is in words
	Fold  int       // questions of one fold are judged together
	Right []bool    // by system
	Calls []float64 // of the LLM, by system
	USD   []float64 // by system
}

// Route is a system that may be chosen.
type Route struct {
	System string     `json:"system"`
	Score  gate.Curve `json:"score"` // how probable it is that it answers right
	Right  float64    `json:"right"` // share of the development questions, and
	Calls  float64    `json:"calls"` // means over them
	USD    float64    `json:"usd,omitempty"`
}

// Policy is a way to choose, and what it comes to on the development questions, by scores that have not seen a question's fold.
type Policy struct {
	Worth   float64 `json:"worth"` // probability of a right answer that one Unit is worth, or Always
	Quality float64 `json:"quality"`
	Calls   float64 `json:"calls"`
	USD     float64 `json:"usd,omitempty"`
	Won     float64 `json:"won"`  // share of the questions that it has right and the best single system wrong,
	Lost    float64 `json:"lost"` // and the other way round
}

// Always is the worth of the policy by which the best single system answers all questions.
const Always = -1

// Router chooses.
type Router struct {
	Version   int      `json:"v"`
	Signals   []string `json:"signals"`
	Unit      Unit     `json:"unit"`
	Questions int      `json:"questions"` // of development that it was fitted on
	Free      bool     `json:"free"`      // answers in words are among them; else it says nothing of questions without choices
	Routes    []Route  `json:"routes"`    // the cheapest first
	Policies  []Policy `json:"policies"`  // by rising worth
	Floor     float64  `json:"floor"`     // the best probability below which a question with a free answer is told "I do not know"
}

// Unknown is the choice of no system.
const Unknown = -1

// Fewest is how many development questions a router needs.
const Fewest = 40

// Bounds of Floor: share of the right answers that may be lost by it, and the highest.
const (
	mostLost  = 0.01
	mostFloor = 0.2
)

// Fit fits a router to cases. names are the systems of Case.Right, and priced says that USD is known. held are the probabilities of each case and system by
// a scorer that has not seen the case's fold, which is nested: what is fitted within it has folds of its own. O(folds² · systems · cases · signals²).
func Fit(names []string, cases []Case, priced bool) (*Router, [][]float64, error) {
	if len(cases) < Fewest {
		return nil, nil, fmt.Errorf("route: %d questions; a router takes %d", len(cases), Fewest)
	}
	r := &Router{Version: Version, Signals: Signals, Unit: Calls, Questions: len(cases)}
	if priced {
		r.Unit = USD
	}
	for _, c := range cases {
		r.Free = r.Free || c.Free
	}
	order := make([]int, len(names)) // by cost
	for k, name := range names {
		one := Route{System: name}
		for _, c := range cases {
			if c.Right[k] {
				one.Right++
			}
			one.Calls, one.USD = one.Calls+c.Calls[k], one.USD+c.USD[k]
		}
		n := float64(len(cases))
		one.Right, one.Calls, one.USD = one.Right/n, one.Calls/n, one.USD/n
		r.Routes, order[k] = append(r.Routes, one), k
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := r.cost(r.Routes[a]), r.cost(r.Routes[b]); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	held := make([][]float64, len(cases))
	for i := range held {
		held[i] = make([]float64, len(names))
	}
	for k := range names {
		var err error
		if r.Routes[k].Score, err = fitOne(cases, k, func(int) bool { return true }); err != nil {
			return nil, nil, err
		}
		for _, fold := range folds(cases) {
			curve, err := fitOne(cases, k, func(i int) bool { return cases[i].Fold != fold })
			if err != nil {
				return nil, nil, err
			}
			for i, c := range cases {
				if c.Fold == fold {
					held[i][k] = curve.At(c.Seen)
				}
			}
		}
	}
	routes, sorted := r.Routes, make([]Case, len(cases))
	r.Routes = nil
	for _, k := range order {
		r.Routes = append(r.Routes, routes[k])
	}
	for i, c := range cases {
		sorted[i] = Case{Seen: c.Seen, Free: c.Free, Fold: c.Fold, Right: pick(c.Right, order), Calls: pick(c.Calls, order), USD: pick(c.USD, order)}
		held[i] = pick(held[i], order)
	}
	r.Policies, r.Floor = r.policies(sorted, held), floor(sorted, held)
	return r, held, nil
}

func pick[T any](from []T, order []int) []T {
	out := make([]T, len(order))
	for j, k := range order {
		out[j] = from[k]
	}
	return out
}

// fitOne fits the scorer of a system to the cases that may be used. Where all went the same way it says how often that is to be expected.
func fitOne(cases []Case, k int, use func(i int) bool) (gate.Curve, error) {
	var x [][]float64
	var right []bool
	var fold []int
	good := 0
	for i, c := range cases {
		if use(i) {
			if x, right, fold = append(x, c.Seen), append(right, c.Right[k]), append(fold, c.Fold); c.Right[k] {
				good++
			}
		}
	}
	if good == 0 || good == len(right) {
		p := float64(good+1) / float64(len(right)+2)
		return gate.Curve{Score: stat.Logistic{Bias: elementary.Log(p / (1 - p)), Weights: make([]float64, signals)}}, nil
	}
	c, err := gate.FitCurve(x, right, fold)
	if err != nil {
		return c, fmt.Errorf("route: %w", err)
	}
	return c, nil
}

// folds lists the folds, rising.
func folds(cases []Case) []int {
	var all []int
	for _, c := range cases {
		all = append(all, c.Fold)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Odds are how probable each system is to be right about a question.
func (r *Router) Odds(seen []float64) []float64 {
	p := make([]float64, len(r.Routes))
	for k, route := range r.Routes {
		p[k] = route.Score.At(seen)
	}
	return p
}

// Choose takes the system with the highest probability less what it costs; of equals the cheapest. With Always it takes the best.
func (r *Router) Choose(p []float64, worth float64) int {
	if worth == Always {
		return r.Best()
	}
	best, most := Unknown, math.Inf(-1)
	for k, route := range r.Routes {
		if v := p[k] - float64(worth*r.cost(route)); v > most {
			best, most = k, v
		}
	}
	return best
}

// cost is what a system takes for a question, by the router's unit.
func (r *Router) cost(of Route) float64 {
	if r.Unit == USD {
		return of.USD
	}
	return of.Calls
}
