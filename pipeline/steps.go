package pipeline

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"slm/checkpoint"
	"slm/llm"
	"slm/pipeline/recipe"
	"slm/pipeline/schema"
	"slm/stages"
	"slm/stages/bpo"
	"slm/stages/dp"
	"slm/stages/eval"
	"slm/stages/kit"
	"slm/stages/prep"
)

// formats are the revisions of what the stages write. One is raised when a change of the program makes a stage give other bytes for
// the same recipe, so that old checkpoints are not taken for new ones.
var formats = map[string]int{stages.Data: 3, stages.DP: 3, stages.KIT: 4, stages.BPO: 4, stages.Eval: 3}

// operational are the keys that change how a run is done and never what it ends in: limits, speed, where and under which name it is
// kept. They are in no fingerprint, so a raised budget goes on with the same run.
var operational = []string{
	"slm", "name", "extends", "llm.budget", "llm.price", "llm.retries", "llm.timeout", "llm.concurrency", "llm.key_env",
	"stages.dp.save", "stages.kit.save", "stages.dp.recompute", "stages.kit.recompute",
}

// Build makes the job of a checked recipe: its steps with the parts of the recipe that each is made from. It hashes the input files
// and opens nothing else. An error wraps read.ErrUnreadable when one is missing.
func Build(r *recipe.Loaded, dir, kernelName string, versions map[string]string, now func() time.Time) (*Job, error) {
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
	p := portable(r.Recipe)
	id, err := checkpoint.HashJSON(map[string]any{"recipe": schema.Tree(&p, outside), "inputs": inputs})
	if err != nil {
		return nil, fmt.Errorf("pipeline: fingerprint of the recipe: %w", err)
	}
	return &Job{
		Dir: dir, Name: r.Name, ID: id, Recipe: text, Seed: r.Seed, Answer: r.LLM.Answer, Kernel: kernelName, Versions: versions,
		Steps: steps(&r.Recipe, inputs),
	}, nil
}

// steps is the chain of stages of a recipe. inputs are the digests of its files by key.
func steps(r *recipe.Recipe, inputs map[string]string) []Step {
	p := portable(*r)
	slice := func(keys ...string) any { return cut(&p, append(keys, "seed")...) }
	pick := func(keys ...string) map[string]string {
		m := map[string]string{}
		for _, k := range keys {
			if d, ok := inputs[k]; ok {
				m[k] = d
			}
		}
		return m
	}
	oneStep := r.Stages.KIT.Knowledge == kit.OneStep
	tuning := []string{"stages.kit"}
	if r.Stages.KIT.Filter {
		tuning = append(tuning, "llm", "eval.knowledge")
	}
	list := []Step{
		{
			Name: stages.Data, Slice: slice("data", "tokenizer"), Inputs: pick("data.corpus.path", "data.exam.file"),
			Stage: prep.New(r.Data, r.Tokenizer),
		}, {
			Name: stages.DP, Slice: slice("model", "stages.dp"), Parents: []string{stages.Data},
			Stage: dp.New(r.Stages.DP, r.Model.Config(r.Tokenizer.Train.Vocab)),
		}, {
			Name: stages.KIT, Slice: slice(tuning...), Inputs: pick("stages.kit.pairs.file", "llm.model"), Parents: []string{stages.Data, stages.DP},
			Asks: r.Stages.KIT.Filter, Stage: kit.New(r.Stages.KIT),
		}, {
			Name: stages.BPO, Slice: slice("stages.bpo", "llm", "eval.knowledge"), Inputs: pick("llm.model"), Parents: []string{stages.Data, stages.KIT},
			Asks: true, Stage: bpo.New(r.Stages.BPO, oneStep),
		}, {
			Name: stages.Eval, Slice: slice("eval", "llm"), Inputs: pick("llm.model"), Parents: []string{stages.Data, stages.DP, stages.KIT, stages.BPO},
			Asks: true, Stage: eval.New(r.Eval, oneStep),
		},
	}
	for i := range list {
		list[i].Format = formats[list[i].Name]
	}
	return list
}

// Fingerprints are what the stages of a recipe have as fingerprints, for the digests of its input files by key, formats of the stages (0 = this
// program's) and a kernel.
func Fingerprints(r *recipe.Recipe, inputs map[string]string, formats map[string]int, kernelName string) (map[string]string, error) {
	list := steps(r, inputs)
	for i := range list {
		if f := formats[list[i].Name]; f > 0 {
			list[i].Format = f
		}
	}
	return fingerprints(list, kernelName)
}

// Inputs digests every file that a recipe names, by key, and remembers nothing. An error says which cannot be read.
func Inputs(r *recipe.Recipe) (map[string]string, error) {
	return inputsOf(r, openDigests("", func() time.Time { return time.Time{} }))
}

// cut is the part of a recipe below some keys, without what is operational and without paths, whose files' digests stand for them.
func cut(r *recipe.Recipe, keys ...string) any {
	return schema.Tree(r, func(path string) bool {
		if outside(path) {
			return true
		}
		for _, k := range keys {
			if path == k || strings.HasPrefix(path, k+".") || strings.HasPrefix(k, path+".") {
				return false
			}
		}
		return true
	})
}

// portable is a recipe without what depends on the machine: weights keep their name and lose their folder, since their digest is
// among the inputs.
func portable(r recipe.Recipe) recipe.Recipe {
	if ref, ok := r.LLM.Reference(); ok {
		r.LLM.Model = ref.Portable().String()
	}
	return r
}

// Operational reports whether a key changes how a run is done and never what it ends in.
func Operational(path string) bool {
	for _, k := range operational {
		if path == k || strings.HasPrefix(path, k+".") {
			return true
		}
	}
	return false
}

// outside reports whether a key is in no fingerprint.
func outside(path string) bool { return Operational(path) || pathKeys[path] }

// pathKeys are the keys that name files.
var pathKeys = func() map[string]bool {
	m := map[string]bool{}
	r := recipe.Default()
	schema.Walk(&r, func(path string, _ reflect.Value, tag reflect.StructTag) {
		if tag.Get("kind") == "path" {
			m[path] = true
		}
	})
	return m
}()

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
	if ref, ok := r.LLM.Reference(); ok && failed == nil {
		sum, err := ref.Digest(files.file)
		if err != nil {
			return nil, fmt.Errorf("llm.model: %w: %w", llm.ErrNoWeights, err)
		}
		inputs["llm.model"] = sum
	}
	return inputs, failed
}
