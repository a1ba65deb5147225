package reason

import (
	"slm/data/exam"
	"slm/data/pack"
	"slm/data/reasoning"
	"slm/rng"
	"slm/stages/domain"
)

// planned is a task with what is taught of it.
type planned struct {
	reasoning.Task
	strategy string // that is taught
	hint     string // whose instruction stands before the task; "" = the generic one
	reply    string // the teacher's
	kept     bool   // it is right
}

// lesson makes the examples of an epoch.
type lesson struct {
	stage   *Stage
	dom     *domain.Domain
	read    *domain.Reading
	tasks   []planned
	seed    uint64
	context int
}

// only are the tasks of a split.
func only(tasks []planned, split string) (out []planned) {
	for _, t := range tasks {
		if t.Split == split {
			out = append(out, t)
		}
	}
	return out
}

// of are the examples of a split that the teacher has answered right: the loss is on its tokens and the end mark only.
func (l *lesson) of(split string) (out pack.Examples) {
	for _, t := range only(l.tasks, split) {
		if ex := pack.Encode(l.dom.Tokenizer, t.ID, l.stage.prompt(t.Task, t.hint), t.reply, l.dom.EOS, false); t.kept && len(ex.Tokens) <= l.context {
			out = append(out, ex)
		}
	}
	return out
}

// epoch is a pass: every task once, and for each Replay sections in document form, of a long one a part.
func (l *lesson) epoch(number int) (pack.Source, error) {
	return l.read.WithReplay(l.of(exam.Train), l.stage.cfg.Replay, rng.New(l.seed, "reason", "replay").At(uint64(number)))
}

// heldOut are the development tasks.
func (l *lesson) heldOut() pack.Examples {
	out := l.of(exam.Dev)
	for i := range out {
		out[i].ID = "held-out/" + out[i].ID
	}
	return out
}
