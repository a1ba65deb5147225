package pipeline

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"slm/checkpoint"
	"slm/data/corpus/read"
	"slm/llm"
	"slm/model/kernel"
	"slm/pipeline/recipe"
	"slm/pipeline/schema"
	"slm/stages"
	"slm/stages/all"
)

// Build makes the job of a checked recipe: its steps with the parts of the recipe that each is made from. It hashes the input files
// and opens nothing else. An error wraps read.ErrUnreadable when one is missing.
func Build(r *recipe.Loaded, dir string, class kernel.Class, versions map[string]string, now func() time.Time) (*Job, error) {
	files := openDigests(filepath.Join(dir, "runs", ".digests.json"), now)
	inputs, err := inputsOf(&r.Recipe, files)
	if err != nil {
		return nil, err
	}
	_ = files.save() // only the next start would be slower
	text, err := r.Resolved()
	if err != nil {
		return nil, err
	}
	id, err := checkpoint.HashJSON(map[string]any{"recipe": r.Identity(), "inputs": inputs})
	if err != nil {
		return nil, fmt.Errorf("pipeline: fingerprint of the recipe: %w", err)
	}
	return &Job{
		Dir: dir, Name: r.Name, ID: id, Recipe: text, Answer: r.LLM.Answer, Context: r.Model.Context, Class: class, Versions: versions,
		Steps: steps(&r.Recipe, inputs),
	}, nil
}

// steps are the stages of a recipe. inputs are the digests of its files by key.
func steps(r *recipe.Recipe, inputs map[string]string) []Step {
	var list []Step
	for _, d := range all.Of(r) {
		keys := []string{"seed"}
		if d.Keys != nil {
			keys = append(keys, d.Keys(r)...)
		}
		if d.Section != nil {
			keys = append(keys, d.Path())
		}
		var files map[string]string // a stage that names none has none, which is another fingerprint than an empty list
		if d.Inputs != nil {
			files = map[string]string{}
		}
		asks, reads := d.Asks != nil && d.Asks(r), d.Inputs
		if asks {
			reads = slices.Concat(reads, d.Asked)
		}
		for _, key := range reads {
			if sum, ok := inputs[key]; ok {
				files[key] = sum
			}
		}
		if sum, ok := inputs[modelFrom]; ok && d.From {
			if files == nil {
				files = map[string]string{}
			}
			files[modelFrom] = sum
		}
		seeded := *r
		if d.Seed != "" {
			seeded.Seed = cmp.Or(stages.Get[uint64](r, d.Seed), r.Seed)
		}
		step := Step{Name: d.Name, Slice: seeded.Identity(keys...), Seed: seeded.Seed, Inputs: files, Parents: d.Parents, Format: d.Format, Asks: asks, Stage: d.New(r)}
		if d.Others != nil {
			step.Others = d.Others(r)
		}
		list = append(list, step)
	}
	return list
}

// Fingerprints are what the stages of a recipe have as fingerprints, for the digests of its input files by key, formats of the stages (0 = this
// program's) and a class: for a run of an older program, the name of its kernel.
func Fingerprints(r *recipe.Recipe, inputs map[string]string, formats map[string]int, class kernel.Class) (map[string]string, error) {
	list := steps(r, inputs)
	for i := range list {
		if f := formats[list[i].Name]; f > 0 {
			list[i].Format = f
		}
	}
	return fingerprints(list, class)
}

// Inputs digests every file that a recipe names, by key, and remembers nothing. An error says which cannot be read.
func Inputs(r *recipe.Recipe) (map[string]string, error) {
	return inputsOf(r, openDigests("", func() time.Time { return time.Time{} }))
}

// inputsOf digests every file that a recipe names, by key.
func inputsOf(r *recipe.Recipe, files *digests) (map[string]string, error) {
	inputs := map[string]string{}
	var failed error
	schema.Walk(r, func(path string, v reflect.Value, tag reflect.StructTag) {
		if tag.Get("kind") != "path" || v.Len() == 0 || failed != nil {
			return
		}
		patterns := []string{v.String()}
		if list, ok := v.Interface().([]string); ok {
			patterns = list
		}
		sum, err := files.files(patterns)
		if err != nil {
			failed = fmt.Errorf("%s: %w", path, err)
			return
		}
		inputs[path] = sum
	})
	boxes, sections := schema.Every[llm.Config](r)
	for i, path := range boxes {
		ref, ok := sections[i].Reference()
		if !ok || failed != nil {
			continue
		}
		sum, err := ref.Digest(files.file)
		if err != nil {
			return nil, fmt.Errorf("%s.model: %w: %w", path, llm.ErrNoWeights, err)
		}
		inputs[path+".model"] = sum
	}
	if ref, ok := r.From(); ok && failed == nil {
		if inputs[modelFrom], failed = ref.Digest(files.file); failed != nil {
			failed = fmt.Errorf("%s: %w: %w", modelFrom, read.ErrUnreadable, failed)
		}
	}
	if folder, ok := r.Update.Before(); ok && failed == nil {
		m, err := checkpoint.Load(filepath.Join(folder, stages.Data))
		if err != nil {
			return inputs, fmt.Errorf("%s: %w: the run before: %w", updateFrom, read.ErrUnreadable, err)
		}
		inputs[updateFrom] = m.Digest()
		failed = inherited(r, folder, inputs)
	}
	return inputs, failed
}

// inherited adds the search of a folder's run, if that of an update begins with its prompts. Where that run has none, there is nothing to begin with.
func inherited(r *recipe.Recipe, folder string, inputs map[string]string) error {
	if !r.Update.Partial() || r.Off(stages.BPO) || stages.Get[int](r, searchInherit) == 0 {
		return nil
	}
	m, err := checkpoint.Load(filepath.Join(folder, stages.BPO))
	switch {
	case errors.Is(err, checkpoint.ErrMissing):
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w: the run before: %w", searchInherit, read.ErrUnreadable, err)
	}
	inputs[searchInherit] = m.Digest()
	return nil
}

// searchInherit is the key of how many prompts the search of an update begins with.
const searchInherit = "stages.bpo.inherit"

// updateFrom is the key of the run that another one brings up to date. Its data count here, its weights as model.from.
const updateFrom = "update.from"

// modelFrom is the key of the weights that training goes on from.
const modelFrom = "model.from"
