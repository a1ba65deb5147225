package tasks

import (
	"fmt"
	"path/filepath"

	"slm/checkpoint"
	"slm/data/rouge"
	"slm/score"
	"slm/stages/task"
	"slm/stat"
)

// run is the figures of a run: of each system, in their order, what it has of each measure.
type run struct {
	seed     uint64
	control  string
	measures []string
	systems  []string
	figures  map[string]map[string]sample // system → measure
	cluster  map[string]string            // of each item: what is drawn together
	pairs    [][2]string                  // systems whose difference is of interest besides those from the control: the first less the second
}

// sample is what a system has of a measure. Where it is a mean over items (functions, texts), they are there, so that systems are compared on the same ones.
type sample struct {
	value float64
	items map[string]float64
}

func newRun(seed uint64, control string, measures ...string) run {
	return run{seed: seed, control: control, measures: measures, figures: map[string]map[string]sample{}, cluster: map[string]string{}}
}

func (r *run) of(system string) map[string]sample {
	if r.figures[system] == nil {
		r.systems, r.figures[system] = append(r.systems, system), map[string]sample{}
	}
	return r.figures[system]
}

// add adds a figure that is no mean over items.
func (r *run) add(system, measure string, value float64) {
	r.of(system)[measure] = sample{value: value}
}

// item adds what a system has of an item. The value is the mean over all that were added.
func (r *run) item(system, measure, id, cluster string, value float64) {
	s := r.of(system)[measure]
	if s.items == nil {
		s.items = map[string]float64{}
	}
	s.items[id] = value
	s.value += (value - s.value) / float64(len(s.items))
	r.of(system)[measure], r.cluster[id] = s, cluster
}

const (
	macro  = "macro-F1"
	right  = "right, none included"
	forced = "right if it must say a label"
	told   = "none told"
	denied = "wrongly none"
	sure   = "calibration error"
	rougeL = "ROUGE-L"
	faith  = "faithful"
	length = "tokens, a number"
	pass   = "pass"
	builds = "compile"
	exact  = "exact"
	f1     = "F1 of tokens"
)

// read reads the figures of a checkpoint of stage task, of whichever kind.
func read(dir string) (run, error) {
	m, err := checkpoint.Load(dir)
	if err != nil {
		return run{}, err
	}
	figures, err := task.Read(dir)
	if err != nil {
		return run{}, err
	}
	answers := filepath.Join(dir, task.AnswersFile)
	switch f := figures.(type) {
	case *task.Labels:
		return labels(f, m.Seed), nil
	case *task.Summaries:
		rows, _, err := checkpoint.ReadTable[task.Written](answers)
		return summaries(f, rows, m.Seed), err
	case *task.Bodies:
		rows, _, err := checkpoint.ReadTable[task.Body](answers)
		return bodies(rows, m.Seed), err
	}
	return run{}, fmt.Errorf("figures of a kind that has no table: %T", figures)
}

func labels(f *task.Labels, seed uint64) run {
	r := newRun(seed, task.Nearest, macro, "balanced", right, forced, told, denied, sure)
	for _, x := range f.Systems {
		r.add(x.System, macro, x.MacroF1.Value)
		r.add(x.System, "balanced", x.Balanced.Value)
		r.add(x.System, right, x.Accuracy.Value)
		r.add(x.System, forced, x.Forced)
		if x.Refused != nil { // else there is no row of none, and nobody says it
			r.add(x.System, told, *x.Refused)
			r.add(x.System, denied, x.Wrongly)
		}
		if x.Sure != nil {
			r.add(x.System, sure, x.Sure.ECE)
		}
	}
	return r
}

func summaries(f *task.Summaries, rows []task.Written, seed uint64) run {
	r := newRun(seed, task.First, rougeL, faith, length)
	r.pairs = [][2]string{{task.Drafted, task.Alone}}
	for _, x := range f.Systems {
		for _, w := range rows {
			said := map[string]string{task.Model: w.Model, task.First: w.First, task.Best: w.Nearest, task.Given: w.Summary, task.Alone: w.Alone, task.Drafted: w.Drafted}[x.System]
			if (x.System == task.Alone || x.System == task.Drafted) && !w.Asked {
				continue
			}
			share, _ := score.Faithful(said, w.Text)
			r.item(x.System, rougeL, w.ID, w.ID, rouge.L(said, w.Summary))
			r.item(x.System, faith, w.ID, w.ID, share)
		}
		r.add(x.System, length, x.Tokens)
	}
	return r
}

func bodies(rows []task.Body, seed uint64) run {
	r := newRun(seed, task.Like, pass, builds, exact, f1)
	r.pairs = [][2]string{{task.Model, task.Twin}, {task.Model, task.Alone}}
	for _, b := range rows {
		values := append(stat.Floats([]bool{b.Passes(), b.Compiles(), b.Exact}), b.F1)
		for i, measure := range r.measures {
			r.item(b.System, measure, b.ID, b.Package, values[i])
		}
	}
	return r
}
