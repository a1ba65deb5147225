package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"slm/checkpoint"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/stages/all"
)

// parents follows the digests from each checkpoint to those that it was made from.
func (v *verifier) parents() {
	for _, stage := range all.Names() {
		m := v.manifests[stage]
		if m == nil {
			continue
		}
		for _, parent := range all.Names() {
			was, ok := m.Parents[parent]
			if !ok {
				continue
			}
			switch now := v.out.Digests[parent]; now {
			case was:
			case "":
				v.found(Difference{Stage: stage, What: fmt.Sprintf("was made from %s with digest %.12s…, which is not there", parent, was)})
			default:
				v.found(Difference{Stage: stage, What: fmt.Sprintf("was made from %s with digest %.12s…, which has %.12s… now; slm train goes on from there", parent, was, now)})
			}
		}
	}
}

// chain recomputes the fingerprints from recipe.yaml and compares them with the plan's and the checkpoints'. It returns the recipe; nil = there is none
// that can be read.
func (v *verifier) chain() *recipe.Loaded {
	text, err := os.ReadFile(filepath.Join(v.folder, rundir.PlanFile))
	if err == nil {
		v.plan = &pipeline.Plan{}
		err = json.Unmarshal(text, v.plan)
	}
	if errors.Is(err, fs.ErrNotExist) && v.sealed != nil && v.sealed.Starting(v.folder) {
		v.plan = nil
		return nil
	}
	if err != nil {
		v.plan = nil
		v.found(Difference{File: rundir.PlanFile, What: err.Error()})
		return nil
	}
	inputs := map[string]string{}
	for _, pl := range v.plan.Stages {
		for key, sum := range pl.Inputs {
			inputs[key] = sum
		}
		if m := v.manifests[pl.Stage]; m != nil && m.Fingerprint != pl.Fingerprint {
			v.found(Difference{Stage: pl.Stage, File: checkpoint.ManifestName, What: fmt.Sprintf("has fingerprint %.12s…, and plan.json gives it %.12s…", m.Fingerprint, pl.Fingerprint)})
		}
	}
	r, err := recipe.Load(recipe.Source{Name: filepath.Join(v.folder, rundir.RecipeFile)})
	if err != nil {
		v.found(Difference{File: rundir.RecipeFile, What: err.Error()})
		return nil
	}
	v.recompute(r, inputs)
	v.inputs(r, inputs)
	return r
}

// recompute gives the recipe its fingerprints anew. Another program may have other defaults: with a recipe that is what it was, another
// fingerprint is worth a note only.
func (v *verifier) recompute(r *recipe.Loaded, inputs map[string]string) {
	formats := map[string]int{}
	for _, pl := range v.plan.Stages {
		formats[pl.Stage] = pl.Format
	}
	prints, err := pipeline.Fingerprints(&r.Recipe, inputs, formats, v.plan.Arithmetic())
	if err != nil {
		v.found(Difference{File: rundir.RecipeFile, What: err.Error()})
		return
	}
	for _, pl := range v.plan.Stages {
		if prints[pl.Stage] == pl.Fingerprint {
			continue
		}
		if v.sealed != nil && v.sealed.Holds(v.folder, rundir.RecipeFile) && v.sealed.Holds(v.folder, rundir.PlanFile) {
			v.note("this program gives %s of the same recipe another fingerprint: the run was made by another version", pl.Stage)
		} else {
			v.found(Difference{Stage: pl.Stage, File: "", What: fmt.Sprintf("recipe.yaml gives it fingerprint %.12s…, and plan.json %.12s…", prints[pl.Stage], pl.Fingerprint)})
		}
		return // what follows from it differs too
	}
}

// ofBefore is what keys of an update read of the run before.
var ofBefore = map[string]string{"update.from": "data", "model.from": "weights", "stages.bpo.inherit": "prompts"}

// inputs hashes the files that the recipe reads, if they are here.
func (v *verifier) inputs(r *recipe.Loaded, were map[string]string) {
	now, err := pipeline.Inputs(&r.Recipe)
	if err != nil {
		v.note("the files that the recipe reads are not all here, so they are not checked: %v", err)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(were)) {
		if before, ok := r.Update.Before(); ok && now[key] != were[key] && ofBefore[key] != "" {
			what := ofBefore[key]
			v.found(Difference{File: rundir.RecipeFile, Where: key, What: fmt.Sprintf("was made from other %s of %s (%.12s…, not %.12s…)", what, filepath.Base(before), were[key], now[key])})
			continue
		}
		if now[key] != were[key] {
			v.found(Difference{File: rundir.RecipeFile, Where: key, What: fmt.Sprintf("names files that have changed since the run (sha256 %.12s…, not %.12s…)", now[key], were[key])})
		}
	}
}
