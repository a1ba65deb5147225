package trainer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/optim"
	"slm/stages"
	"slm/stages/domain"
)

// A save is a checkpoint of its own in the stage's work folder: weights, the optimiser's moments, the metrics so far and the state. The
// newest two are kept: if the newest was damaged, the one before serves.
const (
	savePrefix    = "save-"
	optimiserFile = "optimizer.arrow"
	metricsFile   = "metrics.arrow"
	stateFile     = "state.json"
)

func (s *session) save() error {
	if s.optim == nil {
		return nil // nothing has been trained yet
	}
	dir := filepath.Join(s.env.Work(s.Stage), fmt.Sprintf("%s%09d", savePrefix, s.state.Step))
	if s.last == dir {
		return nil // this very step was saved before
	}
	if err := os.MkdirAll(s.env.Work(s.Stage), 0o755); err != nil {
		return err
	}
	p, err := checkpoint.Begin(dir)
	if err != nil {
		return err
	}
	if err := s.write(p); err != nil {
		_ = p.Abort()
		return fmt.Errorf("%s: save: %w", s.Stage, err)
	}
	m := s.env.Manifest(s.Stage)
	m.Counters["step"] = int64(s.state.Step)
	if err := p.Commit(m); err != nil {
		return fmt.Errorf("%s: save: %w", s.Stage, err)
	}
	s.env.Emit(stages.Event{Type: "checkpoint", Stage: s.Stage, Step: s.state.Step, Of: s.total, Path: dir})
	return s.prune(dir)
}

// prune keeps a new save and the one before it. All others are older, damaged, or of another recipe: they must not outlive this one
// by their names.
func (s *session) prune(dir string) error {
	for _, old := range s.saves() {
		if old != dir && old != s.last {
			if err := os.RemoveAll(old); err != nil {
				return fmt.Errorf("%s: save: %w", s.Stage, err)
			}
		}
	}
	s.last = dir
	return nil
}

func (s *session) write(p *checkpoint.Pending) error {
	if err := domain.SaveModel(p.Path(domain.WeightsFile), s.Model); err != nil {
		return err
	}
	if err := checkpoint.WriteWeights(p.Path(optimiserFile), nil, s.optim.State()); err != nil {
		return err
	}
	if err := checkpoint.WriteTable(p.Path(metricsFile), s.metrics, nil); err != nil {
		return err
	}
	text, err := json.Marshal(s.state)
	if err != nil {
		return err
	}
	return os.WriteFile(p.Path(stateFile), text, 0o644)
}

// saves lists the stage's saves, the newest first.
func (s *session) saves() []string {
	found, _ := filepath.Glob(filepath.Join(s.env.Work(s.Stage), savePrefix+"*")) // the pattern is well-formed
	found = slices.DeleteFunc(found, func(p string) bool { return strings.Contains(filepath.Base(p), ".") })
	slices.Sort(found)
	slices.Reverse(found)
	return found
}

// resume takes up the newest save that is whole and of this fingerprint.
func (s *session) resume() error {
	for _, dir := range s.saves() {
		m, err := checkpoint.Load(dir)
		if err == nil && m.Fingerprint != s.env.Fingerprint {
			continue
		}
		if err == nil {
			err = s.read(dir)
		}
		if err != nil {
			s.env.Emit(stages.Event{Type: "warning", Stage: s.Stage, Path: dir, Message: fmt.Sprintf("save not used: %v", err)})
			continue
		}
		s.last = dir
		s.env.Log.Info("resumed", "stage", s.Stage, "step", s.state.Step, "of", s.total)
		return nil
	}
	return nil
}

func (s *session) read(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return err
	}
	var st state
	if err := json.Unmarshal(text, &st); err != nil {
		return err
	}
	if err := checkpoint.Verify(dir); err != nil {
		return err
	}
	metrics, _, err := checkpoint.ReadTable[Metric](filepath.Join(dir, metricsFile))
	if err != nil {
		return err
	}
	p, err := domain.LoadModel(dir)
	if err != nil {
		return err
	}
	if p.Config != s.Model.Config {
		return fmt.Errorf("%w: the save is of another model", checkpoint.ErrCorrupt)
	}
	w, err := checkpoint.OpenWeights(filepath.Join(dir, optimiserFile))
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	moments := make([]checkpoint.Tensor, len(w.Tensors))
	for i, t := range w.Tensors { // the mapping goes away, the restored state stays
		moments[i] = checkpoint.Tensor{Name: t.Name, Shape: t.Shape, Data: slices.Clone(t.Data)}
	}
	for i, t := range s.Model.Tensors() {
		copy(t.Data, p.Tensors()[i].Data)
	}
	s.graph.Refresh()
	s.restored = moments
	s.state, s.metrics = st, metrics
	return nil
}

// optimiser makes the optimiser once and restores what a save has left for it.
func (s *session) optimiser(params []optim.Param) error {
	if s.optim != nil {
		return nil
	}
	o, err := s.newOptimizer(params)
	if err != nil {
		return err
	}
	if s.restored != nil {
		if err := o.Restore(s.restored); err != nil {
			return err
		}
		s.restored = nil
	}
	s.optim = o
	return nil
}

func (s *session) newOptimizer(params []optim.Param) (optim.Optimizer, error) {
	var o optim.Optimizer
	adam, err := (*optim.AdamW)(nil), error(nil)
	if s.Optim.Name == "muon" {
		var muon *optim.Muon
		if muon, err = optim.NewMuon(params, s.env.Kernel); err == nil {
			o, adam = muon, muon.Adam
		}
	} else {
		adam, err = optim.New(params)
		o = adam
	}
	if err != nil {
		return nil, err
	}
	adam.Beta1, adam.Beta2, adam.WeightDecay = s.Optim.Betas[0], s.Optim.Betas[1], s.Optim.WeightDecay
	return o, nil
}
