// Package bayes searches a box for the maximum of a function that is dear to evaluate and noisy: Bayesian optimisation with a
// Gaussian process.
//
// A Model is fitted to observations and gives a GP; a Rule turns that into an Acquisition; GP.Maximise finds the point where it is largest.
// Propose does all of this. Turbo does it within a region that it moves.
//
//	first, err := bayes.Design(10, dim, stream.At(0)) // in [-1,1]^dim
//	next, err := bayes.Propose(seen, dim, stream.At(1).At(uint64(len(seen))))
//
// It does not evaluate anything and keeps no state. A proposal is a pure function of the observations and a random stream, so a search
// that was interrupted is rebuilt from its table of trials alone.
//
// Users speak of points z in [-1,1]^d. Inside, the box is [0,1]^d and values are standardised, which is where the prior holds.
package bayes
