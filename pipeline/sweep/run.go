package sweep

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"slm/llm"
	"slm/model/kernel"
	"slm/optim/bayes"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/study"
	"slm/stages"
	"slm/stages/trainer"
)

// sweep is a plan that is being executed.
type sweep struct {
	*Plan
	how      study.How
	boxes    *study.Boxes
	events   *rundir.EventLog
	progress *study.Progress
	journal  *journal
	mu       sync.Mutex // of the journal
	notes    []string
}

// Execute runs the trials that are missing and writes the experiment's files. A trial that fails is a row with its reason. The error is what all trials would meet (a
// spent budget, a full disk, a signal), that no trial has finished, or that of the experiment's own files.
func (p *Plan) Execute(ctx context.Context, how study.How) (sum *Summary, err error) {
	folder, err := study.OpenFolder(p.Path(), p.site.Now, how.View)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	s := &sweep{Plan: p, how: how, events: folder.Events}
	if s.journal, err = openJournal(p.Path(), p.key, &p.Round); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.journal.file.Close()) }()
	recipes := make([]*recipe.Loaded, (p.Trials+1)*len(p.Seeds))
	for i := range recipes {
		recipes[i] = p.Base
	}
	if s.boxes, err = study.OpenBoxes(p.Dir, p.Path(), p.Base.Seed, how.Offline, recipes); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.boxes.Close()) }()
	s.progress = study.NewProgress(s.units(), "stages", p.Estimate != nil, p.site.Now, folder.Events.Emit, s.boxes.Usage)
	trials, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	s.progress.End()
	if p.search.best(trials) < 0 {
		return nil, fmt.Errorf("sweep: no trial has finished; the first: %s", trials[0].Why)
	}
	return s.write(trials)
}

// all runs round after round.
func (s *sweep) all(ctx context.Context) ([]Trial, error) {
	values, z := s.own()
	trials, err := s.round(ctx, nil, []Trial{{Kind: kindRecipe, Z: z, Values: values}})
	for number := 1; err == nil && len(trials) <= s.Trials; number++ {
		first := len(trials)
		var next, done []Trial
		next, err = s.search.round(trials, first, min(s.Round, s.Trials+1-first))
		if errors.Is(err, bayes.ErrExhausted) {
			s.notes = append(s.notes, fmt.Sprintf("after trial %d every combination of values had been tried", first-1))
			return trials, nil
		}
		if err != nil {
			break
		}
		for i := range next {
			next[i].Round = int64(number)
		}
		done, err = s.round(ctx, trials, next)
		trials = append(trials, done...)
	}
	return trials, err
}

// round runs trials side by side, those that have not ended before.
func (s *sweep) round(ctx context.Context, before, next []Trial) ([]Trial, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	climb := newClimb(&s.search, s.Rungs, before, len(next))
	var all sync.WaitGroup
	for i := range next {
		if t, ok := s.journal.trials[next[i].Trial]; ok {
			next[i] = t
			climb.end(i, t.Rungs)
			s.drop(t)
			continue
		}
		if twin(before, next[:i], next[i].Values) != nil { // there are few values, or rounding has made them equal
			climb.end(i, nil)
			continue
		}
		all.Add(1)
		go func() {
			defer all.Done()
			began := s.site.Now()
			t, err := s.trial(ctx, climb, i, next[i])
			climb.end(i, t.Rungs)
			if err == nil {
				s.mu.Lock()
				err = s.journal.keep(t, s.site.Now().Sub(began).Seconds())
				s.mu.Unlock()
			}
			if err != nil {
				stop(err)
				return
			}
			next[i] = t
			s.drop(t)
			e := stages.Event{Type: "stage", Run: name(t, 0), Stage: "trial", Message: strings.TrimSpace(t.State + " " + t.Why)}
			if t.Value != nil {
				e.Score, e.Message = *t.Value, fmt.Sprintf("%s, %s %s", t.State, s.Objective.Name, figure(t.Value))
			}
			s.events.Emit(e)
		}()
	}
	all.Wait()
	for i := range next {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if t := twin(before, next[:i], next[i].Values); t != nil && next[i].State == "" {
			next[i].copy(*t)
			if err := s.journal.keep(next[i], 0); err != nil {
				return nil, err
			}
			s.drop(next[i])
		}
	}
	return next, context.Cause(ctx)
}

// twin is an earlier trial of the same values; nil where there is none.
func twin(before, beside []Trial, values []string) *Trial {
	for _, list := range [][]Trial{before, beside} {
		for i := range list {
			if slices.Equal(list[i].Values, values) {
				return &list[i]
			}
		}
	}
	return nil
}

// copy takes over what became of a trial of the same recipe. It has trained nothing, and it cannot have missed anything that the other did not.
func (t *Trial) copy(of Trial) {
	t.State, t.Value, t.SD, t.Seeds, t.Rungs, t.Run = of.State, of.Value, of.SD, of.Seeds, of.Rungs, of.Run
	t.Why = fmt.Sprintf("it is trial %d again", of.Trial)
	if of.Chance != nil {
		t.Chance = new(float64)
	}
}

// trial trains and measures a trial. Its error is one that ends the sweep.
func (s *sweep) trial(ctx context.Context, climb *climb, at int, t Trial) (Trial, error) {
	var curve []stages.Rung
	for k, seed := range s.Seeds {
		r, plan, err := s.member(s.changed(t), seed)
		if err != nil {
			t.State, t.Why = Failed, reason(err)
			return t, nil
		}
		if k == 0 {
			t.Run = study.Relative(s.Dir, plan.Folder())
		}
		var rung func(stages.Rung) error
		if k == 0 {
			curve = nil
			rung = func(m stages.Rung) error {
				if m.Stage != s.On {
					return nil
				}
				curve = append(curve, m)
				err := climb.reach(ctx, at, m)
				if t.Trial == 0 && errors.As(err, new(*errStopped)) {
					return nil // the control is what others are compared with
				}
				return err
			}
		}
		box := s.boxes.Of(int(t.Trial)*len(s.Seeds) + k)
		open := func() (kernel.Backend, error) { return s.site.Kernel(plan.Class) }
		_, err = plan.Execute(ctx, pipeline.Deps{
			Kernel: open, Box: box, View: s.progress.Of(name(t, k)), Log: s.how.Log.With("run", name(t, k)), Now: s.site.Now, Code: s.how.Code, Rung: rung,
		})
		var stopped *errStopped
		if errors.As(err, &stopped) {
			t.State, t.Why, t.Chance = Stopped, stopped.Error(), &stopped.chance
			s.learn(&t, curve)
			return t, s.forget(plan.Folder())
		}
		var value float64
		if err == nil {
			value, err = s.Objective.measure(ctx, plan.Folder(), s.Until, r, open, func(be kernel.Backend) (llm.Client, error) { return box.Open(be, nil) })
		}
		if err == nil && k == 0 {
			curve, err = curveOf(filepath.Join(plan.Folder(), s.On), s.On)
			s.learn(&t, curve)
			t.Tokens = 0
		}
		if err == nil {
			var trained int64
			trained, err = tokensOf(plan)
			t.Tokens += trained
		}
		if err != nil {
			if study.Ends(err) || ctx.Err() != nil || errors.Is(err, rundir.ErrUsage) {
				return t, err
			}
			t.State, t.Why, t.Seeds = Failed, reason(err), nil
			s.learn(&t, curve)
			return t, nil
		}
		t.Seeds = append(t.Seeds, value)
	}
	t.State = Finished
	t.Value, t.SD = summary(t.Seeds)
	return t, nil
}

// changed are the values of a trial that are set; none of the recipe's own.
func (s *sweep) changed(t Trial) []string {
	if t.Kind == kindRecipe {
		return nil
	}
	return t.Values
}

// learn notes what a curve shows of a trial.
func (s *sweep) learn(t *Trial, curve []stages.Rung) {
	t.Rungs, t.At, t.Loss = nil, nil, nil
	for _, m := range curve {
		t.At, t.Loss = append(t.At, float64(m.Tokens)), append(t.Loss, m.HeldOut)
		if n := len(t.Rungs); n < len(s.Rungs) && float64(m.Step) >= s.Rungs[n]*float64(m.Of) && m.Step < m.Of {
			t.Rungs = append(t.Rungs, m.HeldOut)
		}
		t.Tokens = m.Tokens
	}
}

// forget removes the run of a trial that was stopped: what is known of it stands in the journal, and a save of it would be as large as a model.
func (s *sweep) forget(run string) error {
	if !strings.Contains(filepath.Base(run), runSuffix+"-") {
		return nil // it bears the recipe's own name
	}
	return rundir.Remove(run)
}

// curveOf are the measurements of a training that has ended; none where no stage is looked at.
func curveOf(dir, stage string) (curve []stages.Rung, err error) {
	if stage == "" {
		return nil, nil
	}
	rows, err := trainer.ReadMetrics(dir)
	if err != nil {
		return nil, err
	}
	for _, m := range rows {
		if m.HeldOut != nil {
			curve = append(curve, stages.Rung{Stage: stage, Step: int(m.Step), Of: len(rows), Tokens: m.Tokens, HeldOut: *m.HeldOut})
		}
	}
	return curve, nil
}

// tokensOf is how many tokens a run was trained on.
func tokensOf(plan *pipeline.Plan) (sum int64, err error) {
	for _, stage := range []string{stages.DP, stages.KIT, stages.RFT} {
		rows, err := trainer.ReadMetrics(filepath.Join(plan.Folder(), stage))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		if n := len(rows); n > 0 {
			sum += rows[n-1].Tokens
		}
	}
	return sum, nil
}

// summary is the mean of the seeds and their standard deviation; nil of one.
func summary(seeds []float64) (value, sd *float64) {
	mean, squares, n := 0.0, 0.0, float64(len(seeds))
	for _, v := range seeds {
		mean += v / n
	}
	for _, v := range seeds {
		squares += float64((v - mean) * (v - mean))
	}
	if n > 1 {
		d := math.Sqrt(squares / (n - 1))
		sd = &d
	}
	return &mean, sd
}

// reason is an error in a line.
func reason(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// name tells the runs of a sweep apart.
func name(t Trial, seed int) string {
	if seed == 0 {
		return fmt.Sprintf("trial %d", t.Trial)
	}
	return fmt.Sprintf("trial %d, seed %d", t.Trial, seed+1)
}

// units are the stages of all trials, but for the data, which they share.
func (s *sweep) units() (units []study.Unit) {
	for t := range s.Trials + 1 {
		for k := range s.Seeds {
			for _, stage := range s.stages {
				u := study.Unit{Run: name(Trial{Trial: int64(t)}, k), Stage: stage}
				if s.Estimate != nil {
					u.Seconds = s.seconds[stage]
				}
				units = append(units, u)
			}
		}
	}
	return units
}

// drop takes what is left of a trial that has ended out of what is to be done.
func (s *sweep) drop(t Trial) {
	for k := range s.Seeds {
		for _, stage := range s.stages {
			s.progress.Drop(name(t, k), stage)
		}
	}
}
