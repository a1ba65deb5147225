package main

import (
	"os"

	"slm/pipeline/recipe"
	"slm/pipeline/survey"
	"slm/stages"
	"slm/stages/dp"
)

// surveyed is the size up to which check reads a whole corpus, bytes.
const surveyed = 64 << 20

// outlookOf says what a recipe's training is expected to come to, from a survey of its files; empty where the texts are in the
// program, too many to be read for a check, or read in part, as by an update.
func outlookOf(r *recipe.Loaded) (string, error) {
	if r.Off(stages.DP) {
		return "search alone: nothing is trained (stages.dp: off)", nil
	}
	if r.Update.Partial() {
		return "", nil
	}
	list, err := r.Data.Corpus.List()
	if err != nil || len(list.Files) == 0 {
		return "", err
	}
	size := int64(0)
	for _, f := range list.Files {
		if info, err := os.Stat(f.Name); err == nil {
			size += info.Size()
		}
	}
	cfg := stages.Get[dp.Config](r, "stages.dp")
	if size > surveyed {
		return "", nil
	}
	found, err := survey.Of(r.Data.Corpus.Options())
	if err != nil {
		return "", err
	}
	return cfg.Expect(found.Sections, found.Tokens).String(), nil
}
