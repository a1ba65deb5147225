// Package experiment is what is known after several runs have answered the same questions: variants of a recipe, each trained with one seed or
// more, and a row for each variant, seed, system and item.
//
// An experiment is a folder with three files: experiment.json says what was done and what it cost, questions.arrow what was asked, items.arrow how each
// question went. Read and Write keep them; FromRuns makes the same from the evaluations of finished runs, so that runs and experiments are compared in
// one way. Nothing is left out: a unit that failed stands in experiment.json with its reason, a question without an answer is a row with its own.
//
// The package trains nothing and asks nothing. Statistics are in package stat.
package experiment
