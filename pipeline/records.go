package pipeline

import (
	"errors"
	"fmt"
	"slices"

	"slm/data/exam"
	"slm/pipeline/recipe"
	"slm/stages"
	"slm/stages/bpo"
	"slm/stages/kit"
)

// CheckRecords reads the heads of a recipe's corpus and its files of questions and pairs, before anything is run: all mistakes in them at once,
// and whether a file that names its splits has development questions enough. runs says of a stage whether it is to be run; of others nothing is read.
func CheckRecords(r *recipe.Recipe, runs func(stage string) bool) error {
	var wrong []error
	note := func(err error) {
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	var held []exam.Item // what is known to be held out; the data stage deals out the rest
	if runs(stages.Data) {
		note(r.Data.Corpus.Check())
		note(r.Data.General.Check())
		items, err := r.Data.Exam.Questions()
		if note(err); exam.SplitByFile(items) {
			held = items
			if runs(stages.BPO) {
				note(stages.Get[bpo.Config](r, "stages.bpo").Enough(len(exam.Only(items, exam.Dev))))
			}
		}
		asked, err := r.Data.Asked.Questions()
		if note(err); exam.SplitByFile(asked) {
			held = append(held, asked...)
		}
	}
	if runs(stages.KIT) {
		_, err := stages.Get[kit.Pairs](r, "stages.kit.pairs").Read(r.Data.Forms.Set(), held)
		note(err)
	}
	return errors.Join(wrong...)
}

// Runs says whether the plan runs a stage, or may have to.
func (p *Plan) Runs(stage string) bool {
	i := p.index(stage)
	return i >= 0 && slices.Contains([]string{Run, Resume, Depend}, p.Stages[i].Action)
}

// Tries says whether the run's black box is to be tried before the first stage is run, if it is one that can be.
func (p *Plan) Tries() bool {
	return slices.ContainsFunc(p.job.Steps, func(s Step) bool { return s.Asks && p.asksLate(s.Name) })
}

// asksLate says whether a stage will be run that may ask what nobody has answered, and that not at once: one that was interrupted asks soon, and what
// one with a checkpoint of this recipe asks is stored with it.
func (p *Plan) asksLate(stage string) bool {
	pl := p.Stages[p.index(stage)]
	return p.Runs(stage) && pl.Action != Resume && !p.fits(stage, pl.Fingerprint)
}

// check asks the stages that are still to run whether the data are enough for them. What they need is known then, and nothing has been trained.
func (r *Runner) check() error {
	var wrong []error
	for _, s := range r.plan.job.Steps {
		if c, ok := s.Stage.(stages.Checker); ok && r.plan.Runs(s.Name) {
			if err := c.Check(r.plan.folder(stages.Data)); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", s.Name, err))
			}
		}
	}
	return errors.Join(wrong...)
}
