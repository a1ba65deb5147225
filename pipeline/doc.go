// Package pipeline turns a recipe into a run: which stages have to be done, in which order, which old checkpoints serve, and what
// is written beside them. It trains nothing itself and knows no stage's insides: a stage is a Step, found in steps.go alone.
//
// The life of a run:
//
//  1. The recipe is loaded and checked (package recipe). Nothing has been written yet.
//  2. New gives every step its fingerprint, looks for checkpoints that bear it, and says what will be done and why.
//  3. Execute takes the run folder's lock, writes recipe.yaml and plan.json, and goes through the steps: reuse, adopt from another
//     run, or call the stage. Events go to events.jsonl and to the terminal.
//  4. A stage writes its checkpoint as a whole or not at all. What it needs to go on after an interruption is in work/<stage>.
//
// A step's checkpoint serves when its fingerprint and the digests of its parents are the same. So editing one section of a recipe
// re-runs its stage and those that follow from it, and a parent that ends in the same bytes re-runs nothing.
package pipeline
