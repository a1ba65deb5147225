// Package sweep searches a recipe's keys for the values with which its small model becomes best, by the program's own optimiser (optim/bayes).
//
//   - A trial is the recipe with a value for each key that is searched (Param); it is an ordinary run below runs/, as far as the stage that it is measured after.
//     Trial 0 is the recipe itself: the control that the best one is compared with.
//   - It is measured on the development questions (Objective). The stage eval is never run, so that its questions are as new after a sweep as before.
//   - A trial trains by the schedule of the whole recipe and is looked at on rungs, shares of that training, where its held-out loss is measured anyway (Pruner).
//     One that goes on has lost nothing; the one that wins is, bit for bit, what slm train makes of its recipe.
//   - Proposals are a pure function of the trials of earlier rounds, and those are in a journal. After a kill the same trials are proposed, and their runs go on
//     from their saves.
//   - A trial that diverges is a row with its reason.
package sweep
