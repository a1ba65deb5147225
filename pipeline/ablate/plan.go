package ablate

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/experiment"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/blackbox"
	"slm/pipeline/estimate"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/study"
	"slm/stages"
	"slm/stages/all"
)

// Member is a variant with a seed: one run.
type Member struct {
	Variant string
	Seed    uint64
	recipe  *recipe.Loaded
	plan    *pipeline.Plan
}

// Name tells a member from the others.
func (m *Member) Name() string { return fmt.Sprintf("%s s%d", m.Variant, m.Seed) }

// Run is the folder of the member's run.
func (m *Member) Run() string { return m.plan.Folder() }

// Stage is a stage of an experiment, made once for all members that have it.
type Stage struct {
	Stage       string  `json:"stage"`
	Fingerprint string  `json:"fingerprint"`
	By          string  `json:"by"`     // the member that makes it
	Users       int     `json:"users"`  // members that have it
	Action      string  `json:"action"` // as the run's plan has it
	Seconds     float64 `json:"seconds,omitempty"`
	Calls       int64   `json:"llm_calls,omitempty"`
}

// Plan is what an experiment will do.
type Plan struct {
	Name     string
	Dir      string // where runs/ and experiments/ are
	Base     *recipe.Loaded
	Variants []experiment.Variant
	Seeds    []uint64
	Family   []string            // systems whose differences are corrected together
	Members  []*Member           // variants of the first seed, then of the next
	Stages   []Stage             // in the order in which one job at a time makes them
	Estimate *study.Estimate     // nil = not made
	exam     uint64              // seed of the data of all members
	failed   map[string]*failure // stages that workers could not make, by fingerprint
}

// New plans an experiment. It writes nothing but the digests of input files.
func New(name string, load study.Load, spec Spec, site study.Site) (*Plan, error) {
	common := []string{}
	if len(spec.Systems) > 0 {
		common = append(common, "eval.systems=["+strings.Join(spec.Systems, ", ")+"]")
	}
	base, err := load(common...)
	if err != nil {
		return nil, err
	}
	if base.Seed == 0 {
		return nil, fmt.Errorf("%w: an experiment needs a recipe whose seed is not 0", rundir.ErrUsage)
	}
	if err := study.Examined(&base.Recipe); err != nil {
		return nil, err
	}
	p := &Plan{Name: name, Dir: site.Dir, Base: base, Seeds: spec.seeds(base)}
	if p.Name == "" {
		p.Name = base.Name
	}
	if p.Variants, err = spec.Expand(base); err != nil {
		return nil, err
	}
	if p.Family, err = p.family(spec.Systems); err != nil {
		return nil, err
	}
	p.exam = cmp.Or(base.Data.Seed, base.Seed)
	seen := map[string]string{} // run → member
	class := kernel.Auto        // of the members that pin none: that of the first
	for _, seed := range p.Seeds {
		for _, v := range p.Variants {
			m := &Member{Variant: v.Name, Seed: seed}
			set := slices.Concat(common, v.Changes, []string{"name=" + runName(base, v, seed), fmt.Sprint("seed=", seed), fmt.Sprint("data.seed=", p.exam)})
			if m.recipe, err = load(set...); err != nil {
				return nil, fmt.Errorf("variant %s: %w", v.Name, err)
			}
			be, err := site.Open(m.recipe, &class)
			if err != nil {
				return nil, err
			}
			job, err := build(m.recipe, site.Dir, be.Class(), site.Versions, site.Now)
			if err != nil {
				return nil, err
			}
			if twin, ok := seen[job.ID]; ok {
				return nil, fmt.Errorf("%w: %s and %s are the same: %v changes nothing", rundir.ErrUsage, twin, m.Name(), v.Changes)
			}
			seen[job.ID] = m.Name()
			if m.plan, err = pipeline.New(job, pipeline.Choice{}); err != nil {
				return nil, err
			}
			if err := pipeline.CheckRecords(&m.recipe.Recipe, m.plan.Runs); err != nil {
				return nil, fmt.Errorf("variant %s: %w", v.Name, err)
			}
			p.Members = append(p.Members, m)
		}
	}
	p.share()
	return p, nil
}

// share finds the stages that members have in common.
func (p *Plan) share() {
	at := map[string]int{}
	for _, m := range p.Members {
		for _, s := range m.plan.Stages {
			if i, ok := at[s.Fingerprint]; ok {
				p.Stages[i].Users++
				continue
			}
			at[s.Fingerprint] = len(p.Stages)
			p.Stages = append(p.Stages, Stage{Stage: s.Stage, Fingerprint: s.Fingerprint, By: m.Name(), Users: 1, Action: s.Action})
		}
	}
}

// Due counts the stages that are not there yet, and Shared what members are spared by sharing.
func (p *Plan) Due() (due, shared int) {
	for _, s := range p.Stages {
		shared += s.Users - 1
		if toRun(s.Action) {
			due++
		}
	}
	return due, shared
}

// Done reports whether every member is finished.
func (p *Plan) Done() bool {
	return !slices.ContainsFunc(p.Members, func(m *Member) bool { return !m.plan.Done() })
}

// Path is the experiment's folder.
func (p *Plan) Path() string { return filepath.Join(p.Dir, experiment.Folder, p.Name) }

func toRun(action string) bool {
	return action == pipeline.Run || action == pipeline.Resume || action == pipeline.Depend
}

// Jobs is how many of the wanted stages may run side by side within so many bytes.
func (p *Plan) Jobs(wanted int, bytes float64) int {
	if p.Estimate == nil {
		return study.Jobs(wanted, bytes, 0)
	}
	return study.Jobs(wanted, bytes, p.Estimate.Memory)
}

// Calibrate estimates the stages that are to be run from one short calibration. What differs between members in the seed alone takes as long.
func (p *Plan) Calibrate(ctx context.Context, site study.Site, box *blackbox.Box) error {
	first := p.Members[0]
	be, err := site.Kernel(first.plan.Class)
	if err != nil {
		return err
	}
	e, err := estimate.Open(ctx, first.plan, first.recipe, be, box, site.Now)
	if err != nil {
		return err
	}
	defer e.Close()
	sum := &study.Estimate{}
	var total stages.Cost
	known := map[string]stages.Cost{}
	for i := range p.Stages {
		s := &p.Stages[i]
		m := p.Members[slices.IndexFunc(p.Members, func(m *Member) bool { return m.Name() == s.By })]
		if !toRun(s.Action) {
			continue
		}
		d, _ := all.Lookup(s.Stage)
		key, err := costKey(m.recipe, d)
		if err != nil {
			return err
		}
		c, ok := known[key]
		if !ok {
			if c, err = e.Stage(ctx, m.recipe, d); err != nil {
				return fmt.Errorf("%s: estimate %s: %w", m.Name(), s.Stage, err)
			}
			known[key] = c
		}
		s.Seconds, s.Calls = c.Seconds, c.Calls
		total.Add(c)
	}
	sum.Seconds, sum.Calls, sum.LLMTokens, sum.USD = total.Seconds, total.Calls, total.LLMTokens, estimate.Price(first.recipe, total)
	sum.Memory, sum.Notes = pipeline.PeakMemory(), e.Notes()
	p.Estimate = sum
	return nil
}

// costKey is all that decides what a stage takes.
func costKey(r *recipe.Loaded, d stages.Def) (string, error) {
	keys := []string{"model", "llm", "data", "tokenizer", "eval"}
	if d.Section != nil {
		keys = append(keys, d.Path())
	}
	if d.Name == stages.KIT {
		keys = append(keys, "stages.dp") // which may leave tokens to it
	}
	seedless := *r
	seedless.Seed, seedless.Data.Seed = 0, 0
	return checkpoint.HashJSON([]any{d.Name, seedless.Identity(keys...)})
}
