package sweep

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/experiment"
	"slm/model/kernel"
	"slm/optim/bayes"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/schema"
	"slm/pipeline/study"
	"slm/stages"
)

// Spec is what a sweep is asked to be.
type Spec struct {
	Over     []string // KEY=RANGE
	Minimise string   // heldout_loss; or
	Maximise string   // recall, accuracy
	Trials   int      // besides the recipe itself; 0 = 30
	Tokens   string   // that dp trains on, as a recipe has them; "" = the recipe's
	Seeds    int      // 0 = one
	Risk     float64  // chance of being the best with which a trial may be stopped; 0 = none is
	Round    int      // trials that are proposed together; 0 = one
}

// usualTrials is how many trials there are unless told otherwise.
const usualTrials = 30

// rungs are the shares of a training after which a trial may be stopped.
var rungs = []float64{1. / 6, 1. / 2}

// Plan is what a sweep will do.
type Plan struct {
	Name      string
	Dir       string // where runs/ and experiments/ are
	Base      *recipe.Loaded
	Params    []Param
	Objective Objective
	Until     string    // the stage that a trial is measured after
	On        string    // the stage whose training has rungs; "" = none has
	Rungs     []float64 // shares of that training
	Seeds     []uint64
	Trials    int
	Round     int
	Estimate  *study.Estimate // nil = not made

	load    study.Load
	common  []string // settings of all trials
	search  search
	exam    uint64       // seed of the data of all trials
	class   kernel.Class // of the trials that pin none
	site    study.Site
	key     string             // what the journal belongs to
	stages  []string           // that a trial has, data left out
	seconds map[string]float64 // that a stage takes, about
}

// New plans a sweep. It writes nothing but the digests of input files. What is wrong with a parameter is a schema.Problem with its place.
func New(name string, load study.Load, spec Spec, site study.Site) (*Plan, error) {
	p := &Plan{Name: name, Dir: site.Dir, Trials: cmp.Or(spec.Trials, usualTrials), Round: max(1, spec.Round), Rungs: rungs, load: load, class: kernel.Auto, site: site}
	if spec.Tokens != "" {
		p.common = []string{"stages.dp.tokens=" + spec.Tokens, "stages.dp.epochs=0"}
	}
	var err error
	if p.Base, err = load(p.common...); err != nil {
		return nil, err
	}
	if p.Base.Seed == 0 {
		return nil, fmt.Errorf("%w: an experiment needs a recipe whose seed is not 0", rundir.ErrUsage)
	}
	if err := study.Examined(&p.Base.Recipe); err != nil {
		return nil, err
	}
	p.Name = cmp.Or(p.Name, p.Base.Name+"-sweep")
	p.exam = cmp.Or(p.Base.Data.Seed, p.Base.Seed)
	for i := range max(1, spec.Seeds) {
		p.Seeds = append(p.Seeds, p.Base.Seed+uint64(i))
	}
	if p.Objective, err = objective(spec.Minimise, spec.Maximise); err != nil {
		return nil, err
	}
	if _, _, err := p.member(nil, p.Seeds[0]); err != nil { // a mistake of the recipe itself is none of a parameter
		return nil, err
	}
	if err := p.params(spec.Over); err != nil {
		return nil, err
	}
	p.search = search{params: p.Params, seed: p.Base.Seed, largest: p.Objective.Largest, pruner: usualPruner}
	p.search.pruner.Risk = spec.Risk
	p.search.pruner.Other = p.Objective.Name != Loss || p.On != p.Until
	_, base, err := p.member(nil, p.Seeds[0])
	if err != nil {
		return nil, err
	}
	for _, stage := range names(base) {
		if p.stages = append(p.stages, stage); stage == p.Until {
			break
		}
	}
	p.stages = p.stages[1:] // the data are shared
	p.key, err = checkpoint.HashJSON([]any{p.Params, p.Objective.Name, p.Until, p.Seeds, p.Rungs, p.search.pruner, base.ID, base.Class})
	return p, err
}

// params reads what is searched, and finds the stage that a trial is measured after.
func (p *Plan) params(over []string) error {
	if len(over) == 0 {
		return fmt.Errorf("%w: --over names nothing to search: %s", rundir.ErrUsage, wantParam)
	}
	var wrong schema.Problems
	var changes []string // the first stage that each parameter changes
	for i, text := range over {
		place := schema.Place{File: "--over", Line: i + 1, Col: 1, Len: len([]rune(text)), Text: text}
		param, err := ParseParam(text)
		if err != nil {
			wrong = append(wrong, schema.Problem{Place: place, What: err.Error()})
			continue
		}
		place.Len = len([]rune(param.Key))
		stage, problem := p.param(&param)
		switch {
		case problem == nil && slices.ContainsFunc(p.Params, func(q Param) bool { return q.Key == param.Key }):
			wrong = append(wrong, schema.Problem{Place: place, What: param.Key + " is searched twice"})
		case problem != nil:
			if problem.Line == 0 {
				problem.Place = place
			}
			problem.File, problem.Line, problem.Text = "--over", i+1, text
			wrong = append(wrong, *problem)
		}
		p.Params, changes = append(p.Params, param), append(changes, stage)
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	if len(p.Params) > bayes.MaxDim {
		return fmt.Errorf("%w: --over: at most %d keys are searched together", rundir.ErrUsage, bayes.MaxDim)
	}
	return p.measured(over, changes)
}

// param looks at a parameter: the key is there, each end of its range makes a recipe, and some stage is another for it. It returns the first such stage.
func (p *Plan) param(param *Param) (string, *schema.Problem) {
	if err := recipe.Unknown(param.Key); err != nil {
		var problems schema.Problems
		if errors.As(err, &problems) && len(problems) > 0 {
			return "", &problems[0]
		}
		return "", &schema.Problem{What: err.Error()}
	}
	switch {
	case recipe.Operational(param.Key):
		return "", &schema.Problem{What: param.Key + " is operational: it changes how a run is done and never what it ends in"}
	case slices.Contains([]string{"seed", "data.seed"}, param.Key):
		return "", &schema.Problem{What: param.Key + " is no choice: a seed that was searched is luck", Note: "--seeds measures every trial with several"}
	case strings.HasSuffix(param.Key, ".tokens") || strings.HasSuffix(param.Key, ".epochs"):
		return "", &schema.Problem{What: param.Key + " is what a trial may spend, and more is better: trials are compared at the same", Note: "slm ablate --vary compares what different amounts are worth"}
	}
	if v, ok := schema.At(&p.Base.Recipe, param.Key); ok && (v.CanInt() || v.CanUint()) {
		param.Whole = true
	}
	ends := param.levels()
	if ends == nil {
		ends = []string{param.At(-1), param.At(1)}
	}
	var plans []*pipeline.Plan
	for _, value := range ends {
		_, plan, err := p.planned([]string{param.Key + "=" + value}, p.Seeds[0])
		if err != nil {
			var problems schema.Problems
			if errors.As(err, &problems) && len(problems) > 0 {
				return "", &schema.Problem{What: value + ": " + problems[0].What, Note: problems[0].Note}
			}
			return "", &schema.Problem{What: value + ": " + err.Error()}
		}
		plans = append(plans, plan)
	}
	for i, s := range plans[0].Stages {
		for _, q := range plans[1:] {
			if i >= len(q.Stages) || q.Stages[i].Fingerprint != s.Fingerprint {
				return s.Stage, nil
			}
		}
	}
	return "", &schema.Problem{What: param.Key + " changes no stage of this recipe"}
}

// measured finds the stage that trials are measured after, and the one with rungs.
func (p *Plan) measured(over, changes []string) error {
	_, plan, err := p.planned(nil, p.Seeds[0])
	if err != nil {
		return err
	}
	list := names(plan)
	at := func(stage string) int { return slices.Index(list, stage) }
	if p.Objective.needs != nil {
		p.Until = p.Objective.needs(list)
	} else { // a loss: of the last training that a key changes
		p.Until = stages.DP
		for _, c := range changes {
			if at(c) > at(p.Until) {
				p.Until = c
			}
		}
	}
	var wrong schema.Problems
	first := p.Until
	for i, c := range changes {
		place := schema.Place{File: "--over", Line: i + 1, Col: 1, Len: len([]rune(p.Params[i].Key)), Text: over[i]}
		switch {
		case at(c) < 0 || at(c) > at(p.Until) || p.Objective.Name == Loss && !slices.Contains([]string{stages.Data, stages.DP, stages.KIT, stages.RFT}, c):
			wrong = append(wrong, schema.Problem{Place: place, What: fmt.Sprintf("%s changes stage %s and nothing before it: %s is measured before that", p.Params[i].Key, c, p.Objective.Name)})
		case c == stages.Data && strings.HasPrefix(p.Params[i].Key, "data."):
			wrong = append(wrong, schema.Problem{Place: place, What: p.Params[i].Key + " changes the data, and with them the questions that trials are compared on"})
		case c == stages.Data && p.Objective.Name == Loss:
			wrong = append(wrong, schema.Problem{Place: place, What: p.Params[i].Key + " changes what a token is: losses a token cannot be compared", Note: "--maximise recall can"})
		}
		if at(c) < at(first) {
			first = c
		}
	}
	switch first {
	case stages.DP, stages.KIT:
		p.On = first
	default: // other tokens, or nothing that is trained
		p.Rungs = nil
	}
	return wrong.Err()
}

// Path is the experiment's folder.
func (p *Plan) Path() string { return filepath.Join(p.Dir, experiment.Folder, p.Name) }

// Done reports whether as many trials have ended as are wanted.
func (p *Plan) Done() bool {
	trials, _, err := checkpoint.ReadTable[Trial](filepath.Join(p.Path(), TrialsFile))
	return err == nil && len(trials) > p.Trials
}

// sets are the settings of a trial's values; none = the recipe's own.
func (p *Plan) sets(values []string) (set []string) {
	for j, v := range values {
		set = append(set, p.Params[j].Key+"="+v)
	}
	return set
}

// member is the run of a trial's values with a seed. The run of the recipe itself keeps its name, so that the run that is there is found.
func (p *Plan) member(values []string, seed uint64) (*recipe.Loaded, *pipeline.Plan, error) {
	set := p.sets(values)
	if values != nil || seed != p.Base.Seed {
		set = append(set, "name="+p.Base.Name[:min(len(p.Base.Name), 56)]+runSuffix)
	}
	return p.planned(set, seed)
}

// runSuffix ends the names of trials' runs.
const runSuffix = ".sweep"

// planned is the plan of the recipe with settings and a seed, as far as the stage that trials are measured after.
func (p *Plan) planned(set []string, seed uint64) (*recipe.Loaded, *pipeline.Plan, error) {
	r, err := p.load(slices.Concat(p.common, set, []string{fmt.Sprint("seed=", seed), fmt.Sprint("data.seed=", p.exam)})...)
	if err != nil {
		return nil, nil, err
	}
	be, err := p.site.Open(r, &p.class)
	if err != nil {
		return nil, nil, err
	}
	job, err := pipeline.Build(r, p.Dir, be.Class(), p.site.Versions, p.site.Now)
	if err != nil {
		return nil, nil, err
	}
	plan, err := pipeline.New(job, pipeline.Choice{Until: p.Until})
	return r, plan, err
}

// values of the recipe itself, and where they lie; nil where one of them is outside of what is searched.
func (p *Plan) own() (values []string, z []float64) {
	inside := true
	for _, param := range p.Params {
		text := valueOf(p.Base, param.Key)
		at, ok := param.Coordinate(text)
		inside = inside && ok
		values, z = append(values, text), append(z, at)
	}
	if !inside {
		z = nil
	}
	return values, z
}

// valueOf is a value of a recipe as text.
func valueOf(r *recipe.Loaded, key string) string {
	v, ok := schema.At(&r.Recipe, key)
	if !ok {
		return "–"
	}
	return strings.Trim(fmt.Sprint(v.Interface()), `"`)
}
