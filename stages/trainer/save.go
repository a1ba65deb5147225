package trainer

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/model"
	"slm/stages"
	"slm/stages/domain"
)

// A save is a checkpoint of its own in the stage's work folder: what training changes of the model, the optimiser's moments, the metrics so far and the state. The
// newest two are kept: if the newest was damaged, the one before serves.
const (
	savePrefix    = "save-"
	optimiserFile = "optimizer.arrow"
	metricsFile   = "metrics.arrow"
	stateFile     = "state.json"
)

// prefix begins the names of the job's saves: those of a stage's other jobs are nobody's business here.
func (s *session) prefix() string {
	if s.Phase == "" {
		return savePrefix
	}
	return s.Phase + "-" + savePrefix
}

func (s *session) save() error {
	if s.optim == nil {
		return nil // nothing has been trained yet
	}
	dir := filepath.Join(s.env.Work(s.Stage), fmt.Sprintf("%s%09d", s.prefix(), s.state.Step))
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
	save, file := domain.SaveModel, domain.WeightsFile
	if s.Model.Adapter != nil {
		save, file = domain.SaveAdapter, domain.AdapterFile
	}
	if err := save(p.Path(file), s.Model); err != nil {
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
	found, _ := filepath.Glob(filepath.Join(s.env.Work(s.Stage), s.prefix()+"*")) // the pattern is well-formed
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
			err = s.take(dir)
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

// saved is what a save holds.
type saved struct {
	state   state
	metrics []Metric
	learnt  []checkpoint.Tensor // as Params.Learnt has them
	moments []checkpoint.Tensor
}

// readSave reads a save that is whole, of a model.
func readSave(dir string, of *model.Params) (*saved, error) {
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return nil, err
	}
	s := &saved{}
	if err := json.Unmarshal(text, &s.state); err != nil {
		return nil, err
	}
	if err := checkpoint.Verify(dir); err != nil {
		return nil, err
	}
	if s.metrics, _, err = checkpoint.ReadTable[Metric](filepath.Join(dir, metricsFile)); err != nil {
		return nil, err
	}
	if s.learnt, err = readLearnt(dir, of); err != nil {
		return nil, err
	}
	w, err := checkpoint.OpenWeights(filepath.Join(dir, optimiserFile))
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Close() }()
	for _, t := range w.Tensors { // the mapping goes away, what was read stays
		s.moments = append(s.moments, checkpoint.Tensor{Name: strings.Clone(t.Name), Shape: t.Shape, Data: slices.Clone(t.Data)})
	}
	return s, nil
}

// readLearnt reads what training has changed of a model.
func readLearnt(dir string, of *model.Params) ([]checkpoint.Tensor, error) {
	if of.Adapter != nil {
		a, err := domain.LoadAdapter(dir, of.Config)
		if err != nil {
			return nil, err
		}
		if a.LoRA.String() != of.Adapter.LoRA.String() {
			return nil, fmt.Errorf("%w: the save is of another adapter", checkpoint.ErrCorrupt)
		}
		return a.Tensors(of.Config), nil
	}
	p, err := domain.LoadModel(dir)
	if err != nil {
		return nil, err
	}
	if p.Config != of.Config {
		return nil, fmt.Errorf("%w: the save is of another model", checkpoint.ErrCorrupt)
	}
	return p.Tensors(), nil
}

// take goes on from a save.
func (s *session) take(dir string) error {
	from, err := readSave(dir, s.Model)
	if err != nil {
		return err
	}
	for i, t := range s.Model.Learnt() {
		copy(t.Data, from.learnt[i].Data)
	}
	s.graph.Refresh()
	s.restored, s.state, s.metrics = from.moments, from.state, from.metrics
	return nil
}

// prove reads the newest save back and compares it with what is in memory, bit for bit: a run that cannot save should end at its first
// step, not with its first interruption.
func (s *session) prove() error {
	fail := func(err error) error {
		return fmt.Errorf("%s: the first save, %s, does not read back as it was written: %w", s.Stage, s.last, err)
	}
	got, err := readSave(s.last, s.Model)
	if err != nil {
		return fail(err)
	}
	if got.state != s.state || !reflect.DeepEqual(got.metrics, s.metrics) {
		return fail(fmt.Errorf("%w: step or metrics differ", checkpoint.ErrCorrupt))
	}
	if err := sameBits(got.learnt, s.Model.Learnt()); err != nil {
		return fail(err)
	}
	if err := sameBits(got.moments, s.optim.State()); err != nil {
		return fail(err)
	}
	s.env.Log.Info("the first save reads back bit for bit", "stage", s.Stage, "path", s.last)
	return nil
}

// sameBits names the first element in which tensors differ.
func sameBits(got, want []checkpoint.Tensor) error {
	if len(got) != len(want) {
		return fmt.Errorf("%w: %d tensors, %d were written", checkpoint.ErrCorrupt, len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.Name != w.Name || len(g.Data) != len(w.Data) {
			return fmt.Errorf("%w: tensor %s of %d numbers, %s of %d was written", checkpoint.ErrCorrupt, g.Name, len(g.Data), w.Name, len(w.Data))
		}
		for j, v := range w.Data {
			if math.Float32bits(v) != math.Float32bits(g.Data[j]) {
				return fmt.Errorf("%w: %s[%d] is %g, %g was written", checkpoint.ErrCorrupt, w.Name, j, g.Data[j], v)
			}
		}
	}
	return nil
}
