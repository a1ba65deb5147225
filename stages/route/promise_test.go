package route

import (
	"math"
	"testing"

	"slm/rng"
)

// synthetic are questions that a strong system nearly always has right, a weak one that costs nothing the more often the easier they are, and the LLM alone
// for a third. What is foretold of the weak one is off by a chance error.
func synthetic(n int, s *rng.Stream) (cases []Case, p [][]float64) {
	normal := func() float64 { return math.Sqrt(-2*math.Log(1-s.Float64())) * math.Cos(2*math.Pi*s.Float64()) }
	odds := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	for range n {
		ease := 3.5 + 2*normal()
		cases = append(cases, Case{Right: []bool{s.Float64() < odds(ease), s.Float64() < .985, s.Float64() < .35}, Calls: []float64{0, 1, 1}, USD: make([]float64, 3)})
		p = append(p, []float64{odds(ease + .7*normal()), .985, .35})
	}
	return cases, p
}

// TestPolicy_QualityThatIsPromisedIsKeptOnOtherQuestions chooses policies on 240 questions each, and counts how often they keep the target on thousands of others.
func TestPolicy_QualityThatIsPromisedIsKeptOnOtherQuestions(t *testing.T) {
	const draws, n, share = 100, 240, .97
	others, odds := synthetic(3000, rng.New(1, "others"))
	var kept, calls [2]float64 // by the estimate alone, and sure by 90 %
	for draw := range uint64(draws) {
		cases, held := synthetic(n, rng.New(2, "development").At(draw))
		r := &Router{Unit: Calls, Questions: n, Routes: []Route{{System: "small"}, {System: "strong", Calls: 1}, {System: "alone", Calls: 1}}}
		for _, c := range cases {
			for k := range r.Routes {
				r.Routes[k].Right += one(c.Right[k]) / n
			}
		}
		r.Policies = r.policies(cases, held)
		strong := r.come(others, odds, Always).Quality
		for i, sure := range []float64{.5, .9} {
			got := r.come(others, odds, r.Policy(Target{Quality: share}, sure).Worth)
			calls[i] += got.Calls / draws
			kept[i] += one(got.Quality >= share*strong) / draws
		}
	}
	if kept[0] > .75 || kept[1] < .85 || calls[1] < calls[0] || calls[1] > .8 {
		t.Errorf("the estimate alone keeps %.2f with %.2f calls, sure by 90 %% keeps %.2f with %.2f calls", kept[0], calls[0], kept[1], calls[1])
	}
}
