package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/llm"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/blackbox"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/stages"
	"slm/stages/all"
)

// Reproduction is what came of running a run again.
type Reproduction struct {
	Version  int               `json:"v"`
	OK       bool              `json:"ok"`
	Exact    bool              `json:"exact"` // bit for bit
	Class    kernel.Class      `json:"numerics"`
	WasClass kernel.Class      `json:"was_numerics"` // of the original; where an older program made it, the name of its kernel
	Stages   []Reproduced      `json:"stages"`
	Program  map[string]string `json:"other_versions,omitempty"` // of what made the run, where this program has others
	Folder   string            `json:"-"`
}

// Reproduced is one stage.
type Reproduced struct {
	Stage  string     `json:"stage"`
	Result string     `json:"result"` // same, close, differs, taken, not compared
	Digest string     `json:"digest"` // of the original
	Why    string     `json:"why,omitempty"`
	Diff   *StageDiff `json:"diff,omitempty"`
}

// What came of a stage.
const (
	Same        = "same"         // every bit
	Close       = "close"        // within Tolerance, in another class
	Differs     = "differs"      //
	Taken       = "taken"        // the original's, since another stage was asked for
	NotCompared = "not compared" // there is nothing to compare with
)

// Again says how a run is to be run again.
type Again struct {
	Stage    string       // that one alone, on the original's checkpoints; empty = all
	Into     string       // folder that gets runs/NAME
	Live     bool         // ask the black box; else its replies come from the run
	Set, Env []string     // how the black boxes are reached now; see recipe.Reopen
	Class    kernel.Class // in which it is run
	Versions map[string]string
	Deps     pipeline.Deps // without Box
}

// Reproduce runs a run again in a new folder and compares stage by stage, until one differs. The result is ErrDiffers' with the
// Reproduction beside it; other errors say why it could not be run.
func Reproduce(ctx context.Context, folder string, how Again) (*Reproduction, error) {
	r, old, err := openOriginal(folder, how)
	if err != nil {
		return nil, err
	}
	job, err := pipeline.Build(r, how.Into, how.Class, how.Versions, how.Deps.Now)
	if err != nil {
		return nil, err
	}
	plan, err := pipeline.New(job, pipeline.Choice{})
	if err != nil {
		return nil, err
	}
	out := &Reproduction{Version: 1, Class: how.Class, WasClass: old.Arithmetic(), Folder: plan.Folder(), Stages: []Reproduced{}}
	if err := sameInputs(old, plan); err != nil {
		return out, err
	}
	again := &again{how: how, original: folder, plan: plan, out: out, exact: how.Class == old.Class}
	err = again.run(ctx, r)
	if err != nil {
		return out, err
	}
	return out, out.verdict()
}

// openOriginal reads what a run was asked for.
func openOriginal(folder string, how Again) (*recipe.Loaded, *pipeline.Plan, error) {
	r, err := recipe.Reopen(filepath.Join(folder, rundir.RecipeFile), how.Set, how.Env, false)
	if err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(filepath.Join(folder, rundir.PlanFile))
	if err != nil {
		return nil, nil, fmt.Errorf("pipeline: reproduce: %w: %w", checkpoint.ErrIncomplete, err)
	}
	p := &pipeline.Plan{}
	if err := json.Unmarshal(text, p); err != nil {
		return nil, nil, fmt.Errorf("pipeline: reproduce: %s: %w: %w", rundir.PlanFile, checkpoint.ErrCorrupt, err)
	}
	return r, p, nil
}

// sameInputs demands that the files which the recipe reads are those that the run has read.
func sameInputs(old, now *pipeline.Plan) error {
	for _, s := range now.Stages {
		i := slices.IndexFunc(old.Stages, func(o pipeline.Planned) bool { return o.Stage == s.Stage })
		if i < 0 {
			continue // the run was made by a program without the stage
		}
		for _, key := range slices.Sorted(maps.Keys(old.Stages[i].Inputs)) {
			if was, is := old.Stages[i].Inputs[key], s.Inputs[key]; was != is {
				return fmt.Errorf("pipeline: reproduce: %w before anything was run: the files of %s have changed (sha256 %.12s…, and was %.12s…)", ErrDiffers, key, is, was)
			}
		}
	}
	return nil
}

// again is a reproduction in progress.
type again struct {
	how      Again
	original string
	plan     *pipeline.Plan
	out      *Reproduction
	exact    bool // the class is the same
}

// run goes through the stages in the new folder.
func (a *again) run(ctx context.Context, r *recipe.Loaded) (err error) {
	deps := a.how.Deps
	deps.Box = &blackbox.Box{Config: r.LLM, Offline: !a.how.Live, Seed: r.Seed, Keep: a.plan.Folder()}
	if !a.how.Live {
		deps.Box.Replay = blackbox.Stored(a.original)
	}
	runner, err := a.plan.Open(deps)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, deps.Box.Close(), runner.Close()) }()
	for _, s := range a.plan.Stages {
		goOn, err := a.stage(ctx, runner, s.Stage)
		if err != nil || !goOn {
			return err
		}
	}
	return nil
}

// stage does one stage and compares it. False = the rest need not be done.
func (a *again) stage(ctx context.Context, runner *pipeline.Runner, stage string) (goOn bool, err error) {
	if a.how.Stage != "" && !slices.Contains(all.Before(a.how.Stage), stage) && a.how.Stage != stage {
		return true, nil
	}
	was := filepath.Join(a.original, stage)
	m, err := checkpoint.Load(was)
	if errors.Is(err, checkpoint.ErrMissing) && a.how.Stage == "" {
		return false, nil // the original came no further
	}
	if err != nil {
		return false, err
	}
	if a.how.Stage != "" && a.how.Stage != stage {
		a.out.Stages = append(a.out.Stages, Reproduced{Stage: stage, Result: Taken, Digest: m.Digest()})
		return true, runner.Take(stage, was)
	}
	_, err = runner.Redo(ctx, stage, "to be compared with "+filepath.Base(a.original))
	if errors.Is(err, llm.ErrOffline) && !a.exact {
		a.out.Stages = append(a.out.Stages, Reproduced{Stage: stage, Result: NotCompared, Digest: m.Digest(),
			Why: "the model of the other class asks what the run has no reply to; --live asks the black box"})
		return false, nil
	}
	if err != nil {
		return false, err
	}
	done, err := a.compare(stage, m)
	if err != nil {
		return false, err
	}
	a.out.Stages = append(a.out.Stages, done)
	return done.Result != Differs, nil
}

// compare compares a stage with the original's.
func (a *again) compare(stage string, m *checkpoint.Manifest) (Reproduced, error) {
	d, err := compareCheckpoints(filepath.Join(a.original, stage), filepath.Join(a.plan.Folder(), stage))
	if err != nil {
		return Reproduced{}, err
	}
	out := Reproduced{Stage: stage, Digest: m.Digest(), Result: Differs}
	for _, k := range d.Facts {
		if name, ok := strings.CutPrefix(k.Key, "versions."); ok {
			if a.out.Program == nil {
				a.out.Program = map[string]string{}
			}
			a.out.Program[name] = k.A
		}
	}
	switch {
	case d.Same:
		out.Result = Same
		return out, nil
	case !a.exact:
		if out.Why = a.close(stage); out.Why != "" {
			out.Result, out.Diff = Close, d
			return out, nil
		}
		out.Why = "another class of numerics, and further off than its tolerance"
	}
	out.Diff = d
	return out, nil
}

// close says in which way a stage of another class is near enough to the original; "" = it is not.
func (a *again) close(stage string) string {
	def, _ := all.Lookup(stage)
	switch def.Agrees {
	case stages.EveryBit:
		return ""
	case stages.InNothing:
		return "in another class: made from choices that small differences turn over, so only that it runs is checked"
	}
	text := ""
	for _, m := range metricsOf(stage, filepath.Join(a.original, stage), filepath.Join(a.plan.Folder(), stage)) {
		switch {
		case m.near < 0:
		case math.Abs(m.B-m.A) > m.near*math.Abs(m.A):
			return ""
		case m.near > 0:
			text = fmt.Sprintf("in another class: final %s %.4f, and was %.4f, within %g %%", m.Name, m.B, m.A, m.near*100)
		}
	}
	return text
}
