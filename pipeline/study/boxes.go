package study

import (
	"errors"
	"fmt"
	"path/filepath"

	"slm/checkpoint"
	"slm/llm"
	"slm/pipeline/blackbox"
	"slm/pipeline/recipe"
	"slm/pipeline/schema"
)

// Boxes are the black boxes of an experiment: one for all runs that ask the same models, with one store of replies and one budget, that of so many runs.
type Boxes struct {
	shared []*blackbox.Box
	run    []*blackbox.Box // a run's view of one of them
}

// OpenBoxes makes the boxes of runs of so many recipes. Replies are stored in the experiment's folder.
func OpenBoxes(dir, folder string, seed uint64, offline bool, recipes []*recipe.Loaded) (*Boxes, error) {
	b := &Boxes{}
	at := map[string]int{}
	uses := map[string]int{}
	keys := make([]string, len(recipes))
	for i, r := range recipes {
		paths, sections := schema.Every[llm.Config](&r.Recipe)
		key, err := checkpoint.HashJSON([]any{paths, sections})
		if err != nil {
			return nil, fmt.Errorf("experiment: %w", err)
		}
		keys[i] = key
		uses[key]++
	}
	for i, r := range recipes {
		key := keys[i]
		n, ok := at[key]
		if !ok {
			n = len(b.shared)
			at[key] = n
			keep := folder
			if n > 0 {
				keep = filepath.Join(keep, "llm-"+key[:8])
				if err := checkpoint.MakeDir(keep); err != nil {
					return nil, fmt.Errorf("experiment: %w", err)
				}
			}
			b.shared = append(b.shared, &blackbox.Box{Config: r.LLM, Offline: offline, Seed: seed, Keep: keep, Others: dir, Runs: uses[key]})
		}
		b.run = append(b.run, &blackbox.Box{Config: r.LLM, From: b.shared[n]})
	}
	return b, nil
}

// Of is the box of the run of recipe i.
func (b *Boxes) Of(i int) *blackbox.Box { return b.run[i] }

// Usage is what all of them have used.
func (b *Boxes) Usage() (sum llm.Usage) {
	for _, box := range b.shared {
		u := box.Usage()
		sum.Calls, sum.USD = sum.Calls+u.Calls, sum.USD+u.USD
		sum.PromptTokens, sum.OutputTokens = sum.PromptTokens+u.PromptTokens, sum.OutputTokens+u.OutputTokens
	}
	return sum
}

// Close ends them all.
func (b *Boxes) Close() (err error) {
	for _, box := range append(append([]*blackbox.Box{}, b.run...), b.shared...) {
		err = errors.Join(err, box.Close())
	}
	return err
}
