// Package schema compiles settings written by people into Go structs and says everything that is wrong with them in one run, each
// mistake with its place. The structs are the schema: field names come from their yaml tags, types and bounds from the fields.
// It knows nothing of recipes, and it is no general YAML library: anchors, aliases, tags and merge keys are refused.
//
// Settings come in layers (a base recipe, a recipe, the environment, the command line); a later layer overrides an earlier one key
// by key, lists as a whole. All layers pass the same checks.
//
// A number with the tag auto may be the word auto, which is Auto.
//
// Fields may carry the tags oneof:"a|b", min:"0", max:"1" and above:"0" (strictly greater); a struct may have a method
// Validate() error for what spans fields: an error that begins with a field's name ("batch: must be …") is shown at that field,
// errors joined with errors.Join each at its own.
package schema
