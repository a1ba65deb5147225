package ablate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"slm/checkpoint"
	"slm/experiment"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/study"
)

// What an experiment's folder holds for workers, beside the recipe.
const (
	WorkFile     = "work.json" // what there is to do
	FinishedFile = "finished"  // the digest of the work.json whose table has been written
	recipesDir   = "recipes"   // one for each member
	leasesDir    = "leases"    // who works on which run
	failuresDir  = "failed"    // why a stage has no checkpoint
	workersDir   = "workers"   // the events of each worker
)

// ErrWork says that a machine cannot do the work of an experiment as it was planned: its program or its files differ from the planner's.
var ErrWork = errors.New("ablate: this machine would make something else than what was planned")

// build makes the job of a recipe, but in tests.
var build = pipeline.Build

// workVersion is that of work.json.
const workVersion = 1

// Work is work.json: all that a worker needs beside the members' recipes. The stages are in the order in which they can be made, level by level: what a stage is made from stands on levels before its own.
type Work struct {
	Version  int                  `json:"v"`
	Name     string               `json:"name"`
	Variants []experiment.Variant `json:"variants"`
	Seeds    []uint64             `json:"seeds"`
	Family   []string             `json:"family"`
	Exam     uint64               `json:"exam"` // seed of the data of all members
	Offline  bool                 `json:"offline,omitempty"`
	Members  []WorkMember         `json:"members"`
	Stages   []WorkStage          `json:"stages"`
}

// WorkMember is a run.
type WorkMember struct {
	Variant string       `json:"variant"`
	Seed    uint64       `json:"seed"`
	Run     string       `json:"run"` // name of its folder
	Class   kernel.Class `json:"numerics"`
	Stages  []string     `json:"stages"` // fingerprints, parents before children
}

// WorkStage is a stage, which is made in the run of its first member.
type WorkStage struct {
	Stage       string `json:"stage"`
	Fingerprint string `json:"fingerprint"`
	Member      int    `json:"member"` // that makes it
	Level       int    `json:"level"`  // how many stages stand before it in its run
}

// Work is what the plan leaves to do.
func (p *Plan) Work(offline bool) *Work {
	w := &Work{Version: workVersion, Name: p.Name, Variants: p.Variants, Seeds: p.Seeds, Family: p.Family, Exam: p.exam, Offline: offline}
	known := map[string]bool{}
	for i, m := range p.Members {
		one := WorkMember{Variant: m.Variant, Seed: m.Seed, Run: filepath.Base(m.Run()), Class: m.plan.Class}
		for level, s := range m.plan.Stages {
			one.Stages = append(one.Stages, s.Fingerprint)
			if !known[s.Fingerprint] {
				known[s.Fingerprint] = true
				w.Stages = append(w.Stages, WorkStage{Stage: s.Stage, Fingerprint: s.Fingerprint, Member: i, Level: level})
			}
		}
		w.Members = append(w.Members, one)
	}
	slices.SortStableFunc(w.Stages, func(a, b WorkStage) int { return a.Level - b.Level })
	return w
}

// Levels counts the stages of each level.
func (w *Work) Levels() (counts []int) {
	for _, s := range w.Stages {
		for len(counts) <= s.Level {
			counts = append(counts, 0)
		}
		counts[s.Level]++
	}
	return counts
}

// chains lists for each stage those in front of it in the run that makes it.
func (w *Work) chains() [][]int {
	at := map[string]int{}
	for i, s := range w.Stages {
		at[s.Fingerprint] = i
	}
	before := make([][]int, len(w.Stages))
	for i, s := range w.Stages {
		for _, f := range w.Members[s.Member].Stages[:s.Level] {
			before[i] = append(before[i], at[f])
		}
	}
	return before
}

// Hand writes what workers need into the experiment's folder: the recipes first, work.json last. What workers noted of failures is forgotten, so that they try again.
func (p *Plan) Hand(w *Work) error {
	folder := p.Path()
	if err := checkpoint.MakeDir(filepath.Join(folder, recipesDir)); err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	base, err := p.Base.Resolved()
	if err != nil {
		return err
	}
	if err := study.Write(folder, rundir.RecipeFile, base); err != nil {
		return err
	}
	for i, m := range p.Members {
		text, err := m.recipe.Resolved()
		if err != nil {
			return err
		}
		if err := study.Write(folder, recipeName(w.Members[i].Run), text); err != nil {
			return err
		}
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(folder, failuresDir)), os.RemoveAll(filepath.Join(folder, FinishedFile))); err != nil {
		return fmt.Errorf("experiment: %w", err)
	}
	return study.WriteJSON(folder, WorkFile, w)
}

func recipeName(run string) string { return filepath.Join(recipesDir, run+".yaml") }

// ReadWork reads the work of an experiment and its digest.
func ReadWork(folder string) (w *Work, digest string, err error) {
	text, err := os.ReadFile(filepath.Join(folder, WorkFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("%w: %s is no experiment for workers: slm ablate RECIPE --on local makes one", rundir.ErrUsage, folder)
	}
	if err != nil {
		return nil, "", fmt.Errorf("experiment: %w", err)
	}
	if w, err = decodeWork(text); err != nil {
		return nil, "", fmt.Errorf("experiment: %s: %w", filepath.Join(folder, WorkFile), err)
	}
	return w, checkpoint.HashBytes(text), nil
}

// decodeWork reads work.json and checks that its parts fit together.
func decodeWork(text []byte) (*Work, error) {
	var w Work
	if err := json.Unmarshal(text, &w); err != nil {
		return nil, fmt.Errorf("%w: %w", experiment.ErrCorrupt, err)
	}
	if w.Version > workVersion {
		return nil, fmt.Errorf("%w: version %d", experiment.ErrNewer, w.Version)
	}
	bad := func(what string, args ...any) (*Work, error) {
		return nil, fmt.Errorf("%w: "+what, append([]any{experiment.ErrCorrupt}, args...)...)
	}
	known := map[string]bool{}
	for i, s := range w.Stages {
		if s.Member < 0 || s.Member >= len(w.Members) || s.Level < 0 || s.Level >= len(w.Members[s.Member].Stages) || w.Members[s.Member].Stages[s.Level] != s.Fingerprint {
			return bad("stage %d belongs to no member", i)
		}
		if known[s.Fingerprint] || !filepath.IsLocal(s.Fingerprint) || !filepath.IsLocal(s.Stage) {
			return bad("stage %d has fingerprint %q", i, s.Fingerprint)
		}
		known[s.Fingerprint] = true
	}
	for i, m := range w.Members {
		if !filepath.IsLocal(m.Run) || filepath.Base(m.Run) != m.Run || len(m.Stages) == 0 {
			return bad("member %d has the run %q of %d stages", i, m.Run, len(m.Stages))
		}
		for _, f := range m.Stages {
			if !known[f] {
				return bad("nobody makes %q of member %d", f, i)
			}
		}
	}
	if len(w.Members) == 0 {
		return bad("it has no members")
	}
	return &w, nil
}

// member reads a member's recipe and builds its job, which must be the planned one.
func (w *Work) member(folder string, i int, site study.Site) (*recipe.Loaded, *pipeline.Job, error) {
	m := w.Members[i]
	r, err := recipe.Reopen(filepath.Join(folder, recipeName(m.Run)), nil, nil, false)
	if err != nil {
		return nil, nil, err
	}
	job, err := build(r, site.Dir, m.Class, site.Versions, site.Now)
	if err != nil {
		return nil, nil, err
	}
	if name := filepath.Base(job.Folder()); name != m.Run {
		return nil, nil, fmt.Errorf("%w: the run %s, not %s: its input files are others", ErrWork, name, m.Run)
	}
	return r, job, nil
}

// plan makes the experiment's plan again, for its table.
func (w *Work) plan(folder string, site study.Site) (*Plan, error) {
	p := &Plan{Name: w.Name, Dir: site.Dir, Variants: w.Variants, Seeds: w.Seeds, Family: w.Family, exam: w.Exam}
	for i, m := range w.Members {
		r, job, err := w.member(folder, i, site)
		if err != nil {
			return nil, err
		}
		one := &Member{Variant: m.Variant, Seed: m.Seed, recipe: r}
		if one.plan, err = w.planned(job, pipeline.Choice{}, i); err != nil {
			return nil, err
		}
		p.Members = append(p.Members, one)
	}
	p.share()
	var err error
	p.Base, err = recipe.Reopen(filepath.Join(folder, rundir.RecipeFile), nil, nil, false)
	return p, err
}

// planned plans a member's job, whose fingerprints must be those of work.json.
func (w *Work) planned(job *pipeline.Job, choice pipeline.Choice, i int) (*pipeline.Plan, error) {
	p, err := pipeline.New(job, choice)
	if err != nil {
		return nil, err
	}
	for k, s := range p.Stages {
		if k >= len(w.Members[i].Stages) || s.Fingerprint != w.Members[i].Stages[k] {
			return nil, fmt.Errorf("%w: %s of %s: another program, or another class of numerics than %s", ErrWork, s.Stage, w.Members[i].Run, w.Members[i].Class)
		}
	}
	return p, nil
}
