package sweep

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"slm/checkpoint"
	"slm/experiment"
	"slm/optim/bayes"
	"slm/pipeline/rundir"
	"slm/pipeline/study"
	"slm/report"
	"slm/rng"
)

// Names of a sweep's files beside experiment.json, the tables (study.TableFiles), report.html, events.jsonl, replies.wal and lock.
const (
	SummaryFile = "summary.json"
	TrialsFile  = "trials.arrow"
	RecipeFile  = "best.yaml"
)

// Summary is summary.json, and the result of the command.
type Summary struct {
	Version   int       `json:"v"`
	Name      string    `json:"name"`
	Recipe    string    `json:"recipe"` // file of the best recipe, and
	Page      string    `json:"page"`   // of the report, from where experiments/ is
	Objective Objective `json:"objective"`
	Until     string    `json:"until"` // the stage that trials were measured after
	Params    []Param   `json:"params"`
	Seeds     []uint64  `json:"seeds"`
	Own       *float64  `json:"own"`      // value of the recipe itself; nil where it failed
	Best      Trial     `json:"best"`     //
	Finished  int       `json:"finished"` // trials, the recipe itself among them
	Stopped   int       `json:"stopped"`
	Failed    int       `json:"failed"`
	Tokens    int64     `json:"tokens"`       // trained on by all trials
	Whole     int64     `json:"tokens_whole"` // that they would have been, had none been stopped
	Missed    float64   `json:"missed"`       // chances of those that were stopped to have become the best, added up
	Keys      []Key     `json:"keys"`
	Notes     []string  `json:"notes,omitempty"`
	trials    []Trial
}

// Key is what a key has to do with the value.
type Key struct {
	Key   string   `json:"key"`
	Own   string   `json:"own"`   // the recipe's value
	Best  string   `json:"best"`  // that of the best trial
	Share *float64 `json:"share"` // of the variance of the value over the space: total effect; nil where too few trials tell. Shares add up to more than 1 where keys work together
	Low   *float64 `json:"low"`   // 95 % interval
	High  *float64 `json:"high"`
}

// write writes the sweep's files. All but seconds depend on the trials alone.
func (s *sweep) write(trials []Trial) (*Summary, error) {
	best := s.search.best(trials)
	for i := range trials {
		trials[i].Best = i == best
	}
	sum, err := s.summary(trials)
	if err != nil {
		return nil, err
	}
	params, err := json.Marshal(s.Params)
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	if err := checkpoint.WriteTable(filepath.Join(s.Path(), TrialsFile), trials, map[string]string{"params": string(params), "objective": s.Objective.Name}); err != nil {
		return nil, err
	}
	recipe, err := s.bestRecipe(trials[best])
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	if err := report.RenderSweep(&page, s.page(sum)); err != nil {
		return nil, err
	}
	return sum, errors.Join(
		study.Write(s.Path(), RecipeFile, recipe), study.WriteTables(s.Path(), sum.Tables(), sum.Notes), study.Write(s.Path(), rundir.ReportFile, page.Bytes()),
		study.WriteJSON(s.Path(), SummaryFile, sum), s.experiment(trials, sum).Write(s.Path()))
}

// summary is what the trials come to.
func (s *sweep) summary(trials []Trial) (*Summary, error) {
	sum := &Summary{
		Version: 1, Name: s.Name, Recipe: study.Relative(s.Dir, filepath.Join(s.Path(), RecipeFile)), Page: study.Relative(s.Dir, filepath.Join(s.Path(), rundir.ReportFile)),
		Objective: s.Objective, Until: s.Until, Params: s.Params, Seeds: s.Seeds, Own: trials[0].Value, Notes: s.notes, trials: trials,
	}
	most := int64(0)
	for _, t := range trials {
		switch t.State {
		case Finished:
			sum.Finished++
			most = max(most, t.Tokens)
		case Stopped:
			sum.Stopped++
			sum.Missed += *t.Chance
		default:
			sum.Failed++
		}
		if sum.Tokens += t.Tokens; t.Best {
			sum.Best = t
		}
	}
	sum.Whole = most * int64(sum.Finished+sum.Stopped)
	if err := s.keys(sum); err != nil {
		return nil, err
	}
	sum.Notes = append(sum.Notes, s.told(sum)...)
	return sum, nil
}

// keys say how much of the value each key has to do with.
func (s *sweep) keys(sum *Summary) error {
	own, _ := s.own()
	groups := make([][]int, len(s.Params))
	for j, p := range s.Params {
		groups[j] = []int{j}
		sum.Keys = append(sum.Keys, Key{Key: p.Key, Own: own[j], Best: sum.Best.Values[j]})
	}
	obs := s.search.observations(sum.trials)
	if len(obs) < len(s.Params)+3 {
		sum.Notes = append(sum.Notes, "too few trials tell which key matters")
		return nil
	}
	stream := rng.New(s.search.seed, "sweep", "shares")
	g, err := bayes.Model{Space: s.search.space()}.Fit(obs, len(s.Params), stream.At(0))
	if err != nil {
		return err
	}
	low, high, err := g.ShareIntervals(groups, .95, stream.At(1))
	if err != nil {
		return err
	}
	for j, share := range g.Shares(groups, stream.At(2)) {
		share = min(1, share)
		sum.Keys[j].Share, sum.Keys[j].Low, sum.Keys[j].High = &share, &low[j], &high[j]
	}
	return nil
}

// told is what is to be known of the result.
func (s *sweep) told(sum *Summary) (notes []string) {
	if len(s.Seeds) == 1 && sum.Finished > 2 {
		notes = append(notes, fmt.Sprintf("the best of %d trials with one seed each is partly the luckiest: --seeds 3 measures each with three, slm ablate compares two recipes in several seeds", sum.Finished))
	}
	if sum.Stopped > 0 {
		notes = append(notes, fmt.Sprintf("%d trials were stopped early; by the pruner's own reckoning the best would have been among them with a probability of %.1f %%, at most", sum.Stopped, 100*sum.Missed))
	}
	if s.Rungs == nil && s.search.pruner.Risk > 0 {
		notes = append(notes, "no trial was stopped early: the keys change what a token is, or nothing that is trained, so that held-out losses on the way are not comparable")
	}
	if len(s.common) > 0 {
		notes = append(notes, fmt.Sprintf("trials trained with %s; %s has the recipe's own tokens, with which another value may be better", strings.Join(s.common, ", "), RecipeFile))
	}
	return append(notes, "the questions of the test split were not asked: stage eval is no part of a sweep")
}

// bestRecipe is a recipe with the best trial's values, that slm train takes.
func (s *sweep) bestRecipe(t Trial) ([]byte, error) {
	r, err := s.load(s.sets(s.changed(t))...)
	if err != nil {
		return nil, err
	}
	text, err := r.Resolved()
	if err != nil {
		return nil, err
	}
	head := fmt.Sprintf("# The best recipe of the sweep %s, trial %d: %s %s.\n", s.Name, t.Trial, s.Objective.Name, figure(t.Value))
	for j, v := range t.Values {
		head += fmt.Sprintf("#   %s = %s\n", s.Params[j].Key, v)
	}
	return append([]byte(head), text...), nil
}

// experiment is the sweep in the form of experiment.json: a variant a trial, and no questions.
func (s *sweep) experiment(trials []Trial, sum *Summary) *experiment.Experiment {
	e := &experiment.Experiment{Name: s.Name, Notes: sum.Notes}
	for _, t := range trials {
		v := experiment.Variant{Name: name(t, 0), Changes: s.sets(s.changed(t)), Means: t.Kind}
		tokens := t.Tokens
		u := experiment.Unit{Variant: v.Name, Seed: s.Seeds[0], Run: t.Run, Cost: experiment.Cost{Tokens: &tokens}}
		if t.State != Finished {
			u.Failed = t.Why
		}
		if seconds := s.journal.seconds[t.Trial]; seconds > 0 {
			u.Cost.Seconds = &seconds
		}
		if len(t.At) > 0 {
			c := experiment.Curve{Stage: s.On, Figure: "held-out loss", Least: true}
			for i, at := range t.At {
				c.Points = append(c.Points, experiment.Point{Tokens: at, Value: t.Loss[i]})
			}
			u.Curves = []experiment.Curve{c}
		}
		e.Variants, e.Units = append(e.Variants, v), append(e.Units, u)
	}
	return e
}
