// Package pipeline turns a recipe into a run: which stages have to be done, in which order, which old checkpoints serve, and what
// is written beside them. It trains nothing itself and knows no stage's insides: the stages are those of package stages/all.
//
// What happens in a run:
//
//  1. The recipe is loaded and checked (package recipe). Nothing has been written yet.
//  2. New gives every stage its fingerprint, looks for checkpoints that bear it, and says what will be done and why.
//  3. Execute takes the run folder's lock, writes recipe.yaml and plan.json, and goes through the stages: reuse, adopt from another
//     run, or run. Events go to events.jsonl and to the terminal.
//  4. A stage writes its checkpoint as a whole or not at all. What it needs to go on after an interruption is in work/<stage>.
//
// A checkpoint serves when its fingerprint and the digests of its parents are the same. So editing one section of a recipe
// re-runs its stage and those that follow from it, and a parent that ends in the same bytes re-runs nothing.
//
// The folder itself, with its lock, seal and events, is package rundir's. What is done with runs and plans stands above: audit, session,
// estimate.
package pipeline
