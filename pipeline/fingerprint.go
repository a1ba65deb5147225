package pipeline

import (
	"fmt"

	"slm/checkpoint"
	"slm/model/kernel"
	"slm/stages"
)

// Step is a stage as the pipeline sees it: what it is made from decides its fingerprint.
type Step struct {
	Name    string
	Slice   any               // the part of the resolved recipe that decides what the stage makes; canonical as JSON
	Inputs  map[string]string // digests of what it reads from outside the run, by name
	Parents []string          // stages whose checkpoints it reads
	Seed    uint64            // of all its chance
	Format  int               // revision of what the stage writes: raised when the same recipe gives other bytes
	Others  []stages.BlackBox // that it asks beside the run's
	Asks    bool              // it asks the black box
	Stage   stages.Stage
}

// fingerprints gives each step the hash of its slice, inputs, format, the class of the numerics and its parents' fingerprints. Parents come
// before their children. The class stands where older programs put the name of a kernel, so that theirs can be computed with that name.
func fingerprints(steps []Step, class kernel.Class) (map[string]string, error) {
	done := map[string]string{}
	for _, s := range steps {
		parents := map[string]string{}
		for _, p := range s.Parents {
			f, ok := done[p]
			if !ok {
				return nil, fmt.Errorf("pipeline: stage %s reads %s, which does not come before it", s.Name, p)
			}
			parents[p] = f
		}
		f, err := checkpoint.HashJSON(map[string]any{
			"stage": s.Name, "format": s.Format, "recipe": s.Slice, "inputs": s.Inputs, "parents": parents, "kernel": class,
		})
		if err != nil {
			return nil, fmt.Errorf("pipeline: fingerprint of %s: %w", s.Name, err)
		}
		done[s.Name] = f
	}
	return done, nil
}
