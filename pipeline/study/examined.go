package study

import (
	"fmt"
	"slices"

	"slm/pipeline/rundir"
	"slm/stages"
	"slm/stages/all"
)

// Examined refuses a recipe that has a task in the place of an exam: experiments compare exams.
func Examined(r stages.Settings) error {
	if slices.ContainsFunc(all.Of(r), func(d stages.Def) bool { return d.Name == stages.Eval }) {
		return nil
	}
	return fmt.Errorf("%w: an experiment compares runs by stage %s, and the recipe has a task in its place (stages.task)", rundir.ErrUsage, stages.Eval)
}
