// Package bayes searches a box for the maximum of a function that is dear to evaluate and noisy: Bayesian optimisation with a
// Gaussian process, and the searches that it is compared with.
//
// A Model is fitted to observations and gives a GP; a Rule turns that into an Acquisition; GP.Maximise finds the point where it is largest.
// A Searcher does all of this: Search and Turbo with a model, Evolve, Quasi and Random without.
//
//	search := bayes.Search{Dim: 10, Init: 10, Stream: rng.New(seed, "search")}
//	points, err := search.Next(seen, 1) // in [-1,1]^10
//
// It does not evaluate anything and keeps no state. A proposal is a pure function of the observations and a random stream, so a search
// that was interrupted is rebuilt from its table of trials alone.
//
// Users speak of points z in [-1,1]^d. Inside, the box is [0,1]^d and values are standardised, which is where the prior holds.
package bayes
