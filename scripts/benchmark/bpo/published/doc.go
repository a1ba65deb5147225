// Package published holds searches that are not ours: those that the prompt search is compared with, written again in Go so that they run on
// the same models and the same questions. Nothing but the benchmark uses it, and it stays as the originals are, with their faults: a change
// for the better would make the comparison worth nothing.
//
//   - BLADE: the search of BLADE (arXiv 2403.18365) as its code does it, CSHaitao/BLADE, src/BPO/run_instructzero.py at cdeb5e4.
//   - InstructZero: the search of InstructZero (arXiv 2306.03082) and its code, from which BLADE's is derived.
//   - gp: the Gaussian process of both, BoTorch's SingleTaskGP before version 0.12, with the priors that it had then. The prompt search itself
//     uses optim/bayes, which is compared with today's BoTorch by bench bo.
//
// The small model, the projection and the black box come from package bpo: a Search is given a function that scores a point.
package published
