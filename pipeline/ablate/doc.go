// Package ablate runs a recipe in several variants and several seeds, and sets their results side by side.
//
//   - A variant is a list of settings (Variant). Dropping a part of the method is one: it means what the method means by its absence (drop.go).
//   - A member is a variant with a seed; it is an ordinary run below runs/, so all that works with runs works with it. The seed of the data is held, so all
//     members answer the same questions.
//   - The plan (Plan) knows which stages members share: those of one fingerprint. The member that stands first makes such a stage, the others wait and take
//     it over (turns.go).
//   - All members share one black box: one store of replies and one budget, in the experiment's folder (experiments/NAME).
//   - A member that fails is a row with its reason. What every member would meet, such as a spent budget, ends the experiment; the same command goes on.
package ablate
