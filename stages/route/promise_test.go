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

// strength is a router of the synthetic systems without its policies.
func strength(cases []Case) *Router {
	r := &Router{Unit: Calls, Questions: len(cases), Routes: []Route{{System: "small"}, {System: "strong", Calls: 1}, {System: "alone", Calls: 1}}}
	for _, c := range cases {
		for k := range r.Routes {
			r.Routes[k].Right += one(c.Right[k]) / float64(len(cases))
		}
	}
	return r
}

// TestPolicy_BudgetBuysWhatTheScorerSaysNotWhatWasLucky: with 60 % of the calls the questions that the small model has wrong are nearly all asked of the strong
// one. The policy that was best on the development questions saves more calls, and falls short of the strong system in every second draw.
func TestPolicy_BudgetBuysWhatTheScorerSaysNotWhatWasLucky(t *testing.T) {
	const draws, n, most = 60, 240, .6
	others, odds := synthetic(3000, rng.New(1, "others"))
	kept, luckily := 0, 0
	for draw := range uint64(draws) {
		cases, held := synthetic(n, rng.New(3, "development").At(draw))
		r := strength(cases)
		r.Policies = r.policies(cases, held)
		strong := r.come(others, odds, Always).Quality
		p := r.Policy(Target{Most: most, Unit: Calls}, .9)
		if got := r.come(others, odds, p.Worth); p.Calls <= most && got.Calls < most+.1 && got.Quality >= strong {
			kept++
		}
		lucky := r.Policies[0]
		for _, o := range r.Policies {
			if o.Calls <= most && o.Quality >= lucky.Quality {
				lucky = o
			}
		}
		luckily += int(one(r.come(others, odds, lucky.Worth).Quality >= strong))
	}
	if kept < draws*9/10 || luckily > draws*6/10 {
		t.Errorf("of %d draws %d are as good as the strong system, and %d by the policy that was best in development", draws, kept, luckily)
	}
}

// TestPolicy_QualityThatIsPromisedIsKeptOnOtherQuestions chooses policies on 240 questions each, and counts how often they keep the target on thousands of others.
func TestPolicy_QualityThatIsPromisedIsKeptOnOtherQuestions(t *testing.T) {
	const draws, n, share = 100, 240, .97
	others, odds := synthetic(3000, rng.New(1, "others"))
	var kept, calls [2]float64 // by the estimate alone, and sure by 90 %
	for draw := range uint64(draws) {
		cases, held := synthetic(n, rng.New(2, "development").At(draw))
		r := strength(cases)
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
