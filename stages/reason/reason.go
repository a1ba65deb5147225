// Package reason teaches the small model to reason cautiously (Orca 2, Mitra et al. 2023, arXiv 2311.11045): tasks made from the corpus (package
// reasoning) are answered by a teacher under the strategy that suits their class, and the small model learns these answers behind one generic
// instruction in place of the strategy's own (prompt erasure), so that it has to tell from the task which strategy to use. The loss is on the
// teacher's tokens alone.
//
// A class's strategy is the one under which the teacher is right most often on development tasks. Rules, the teacher where the recipe names
// none, know how a task was made and are right under all: then a pilot, the small model tuned on tasks under all strategies, shows under which
// it is right most often itself. The stage ends by answering the held-out tasks, so its checkpoint says what it has come to.
package reason

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/reasoning"
	"slm/model"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/trainer"
)

// Files of the checkpoint besides those of every training stage.
const (
	TasksFile    = "tasks.arrow"    // every task, with what is learnt of it
	AnswersFile  = "answers.arrow"  // the test tasks, as the small model answers them
	StrategyFile = "strategy.arrow" // what each class comes to under each strategy on development tasks
)

// TaskRow is a row of tasks.arrow.
type TaskRow struct {
	ID       string `arrow:"id"`
	Class    string `arrow:"class"`
	Section  string `arrow:"section"`
	Split    string `arrow:"split"`
	Text     string `arrow:"text"`
	Question string `arrow:"question"`
	Answer   string `arrow:"answer"`
	Strategy string `arrow:"strategy"` // that is taught
	Reply    string `arrow:"reply"`    // the teacher's; empty for a test task
	Kept     bool   `arrow:"kept"`     // it is right, so the small model learns it
}

// StrategyRow is a row of strategy.arrow.
type StrategyRow struct {
	Class    string `arrow:"class"`
	Strategy string `arrow:"strategy"`
	Tasks    int32  `arrow:"tasks"`  // of the development split
	Right    int32  `arrow:"right"`  // that the teacher answers right
	Tokens   int64  `arrow:"tokens"` // of all its replies, in those of the small model
	Pilot    int32  `arrow:"pilot"`  // that the pilot answers right; −1 = there was none
	Chosen   bool   `arrow:"chosen"`
}

// Stage tunes the model of the stages before it.
type Stage struct {
	cfg       Config
	dev, test float64 // shares of the sections
	seed      uint64  // of the data, where it is not the run's: runs of several seeds have the same tasks then
}

// New returns the stage. dev and test are the shares of the sections that are held out.
func New(cfg Config, dev, test float64) *Stage { return &Stage{cfg: cfg, dev: dev, test: test} }

// Name is the stage's folder.
func (s *Stage) Name() string { return stages.Reason }

// Run makes the tasks, chooses strategies, trains, answers the test tasks and writes the checkpoint.
func (s *Stage) Run(ctx context.Context, env *stages.Env) error {
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		return err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	params, err := domain.LoadTrained(env.Tuned())
	if err != nil {
		return err
	}
	read, err := dom.ReadAs(env.Dir(stages.DP), params.Config.Context)
	if err != nil {
		return err
	}
	tasks, err := s.make(dom, params.Config.Context, cmp.Or(s.seed, env.Seed))
	if err != nil {
		return err
	}
	teacher, err := s.teacher(env)
	if err != nil {
		return err
	}
	chosen, table, err := s.choose(ctx, env, dom, read, teacher, tasks)
	if err != nil {
		return err
	}
	plan := s.planned(chosen, tasks, env.Seed)
	if err := teacher.teach(ctx, plan); err != nil {
		return err
	}
	lesson := &lesson{stage: s, dom: dom, read: read, tasks: plan, seed: env.Seed, context: params.Config.Context}
	taught := len(lesson.of(exam.Train))
	if taught == 0 {
		return fmt.Errorf("reason: the teacher is right about none of %d training tasks: there is nothing to tune on", len(only(plan, exam.Train)))
	}
	sum, err := trainer.Run(ctx, env, s.job(lesson, params, ""))
	if err != nil {
		return err
	}
	answers, err := s.answers(ctx, env, dom, params, only(plan, exam.Test), chosen)
	if err != nil {
		return err
	}
	facts := map[string]string{"teach": s.cfg.Teach, "split_digest": exam.Digest(dom.Items), "tasks": strconv.Itoa(taught), "held_out_tasks": strconv.Itoa(len(answers))}
	for _, class := range slices.Sorted(maps.Keys(chosen)) {
		facts["strategy_"+class] = chosen[class]
	}
	all := total(answers)
	facts["right"], facts["chosen_as_taught"], facts["answer_tokens"] = strconv.Itoa(all.Right), strconv.Itoa(all.Chosen), strconv.Itoa(all.Tokens)
	teacher.facts(facts)
	return trainer.Commit(env, stages.Reason, params, dom, sum, facts, func(p *checkpoint.Pending) error {
		rows := make([]TaskRow, 0, len(plan))
		for _, t := range plan {
			row := TaskRow{t.ID, t.Class, t.Section, t.Split, t.Text, t.Question, t.Answer, t.strategy, t.reply, t.kept}
			rows = append(rows, row)
		}
		return errors.Join(
			checkpoint.WriteTable(p.Path(TasksFile), rows, nil), checkpoint.WriteTable(p.Path(AnswersFile), answers, nil),
			checkpoint.WriteTable(p.Path(StrategyFile), table, nil), teacher.commit(env, p),
		)
	})
}

// make makes the tasks that fit into a model's context under every strategy, so that all that is taught is taught on the same tasks.
func (s *Stage) make(dom *domain.Domain, context int, seed uint64) ([]reasoning.Task, error) {
	list, err := reasoning.Make(dom.Sections, reasoning.Options{Most: s.cfg.Tasks, Words: s.cfg.Words, Dev: s.dev, Test: s.test, Seed: seed})
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(t reasoning.Task) bool {
		return slices.ContainsFunc(reasoning.Strategies, func(strategy string) bool {
			return len(dom.Tokenizer.Encode(form.Join(s.prompt(t, strategy), t.Reply(strategy))))+1 > context
		})
	})
	for _, split := range []string{exam.Train, exam.Dev, exam.Test} {
		if !slices.ContainsFunc(list, func(t reasoning.Task) bool { return t.Split == split }) {
			return nil, fmt.Errorf("reason: no task of split %s fits into the model's context of %d tokens: lower stages.reason.words, or hold out other shares", split, context)
		}
	}
	return list, nil
}

// prompt is a task behind the instruction for a strategy; "" = behind the generic one.
func (s *Stage) prompt(t reasoning.Task, strategy string) string {
	instruction := s.cfg.Instructions.Generic
	if strategy != "" {
		instruction = s.cfg.Instructions.of(strategy)
	}
	return form.Reason(instruction, t.Text, t.Question)
}

// job trains params on a lesson. phase is that of the pilot; "" = the student's.
func (s *Stage) job(l *lesson, params *model.Params, phase string) trainer.Job {
	epochs := s.cfg.Epochs
	if phase != "" {
		epochs = s.cfg.Pilot
	}
	return trainer.Job{
		Stage: stages.Reason, Phase: phase, Model: params, Epoch: l.epoch, HeldOut: l.heldOut(), Epochs: epochs, Batch: s.cfg.Batch, Shards: s.cfg.Shards, Context: params.Config.Context,
		Optim: s.cfg.Optim.For(params.Config.Width, trainer.TuningRate), Save: s.cfg.Save, Recompute: s.cfg.Recompute,
	}
}
