package reason

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"slm/data/exam"
	"slm/data/form"
	"slm/data/reasoning"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/trainer"
)

// choose gives each class its strategy. Every variant chooses, also one that does not teach what was chosen: the answers of all are held against it.
// What the recipe says is not looked into: it is no row of the table.
func (s *Stage) choose(ctx context.Context, env *stages.Env, dom *domain.Domain, read *domain.Reading, t *teacher, tasks []reasoning.Task) (map[string]string, []StrategyRow, error) {
	open := s.open(tasks)
	var table []StrategyRow
	for _, strategy := range reasoning.Strategies {
		plan := under(open, exam.Dev, strategy)
		if err := t.answer(ctx, "dev-"+strategy, plan); err != nil {
			return nil, nil, err
		}
		for _, class := range classes(open) {
			row := StrategyRow{Class: class, Strategy: strategy, Pilot: -1}
			for _, p := range plan {
				if p.Class != class {
					continue
				}
				if row.Tasks++; p.kept {
					row.Right++
				}
				row.Tokens += int64(len(dom.Tokenizer.Encode(form.Continuation(p.reply))))
			}
			table = append(table, row)
		}
	}
	if s.cfg.Pilot > 0 && tied(table) {
		if err := s.pilot(ctx, env, dom, read, tasks, table); err != nil {
			return nil, nil, fmt.Errorf("reason: pilot: %w", err)
		}
	}
	chosen := map[string]string{}
	for _, t := range tasks {
		chosen[t.Class] = cmp.Or(s.cfg.Strategies[t.Class], reasoning.Direct) // where no development task tells
	}
	for _, class := range classes(open) {
		best := -1
		for i, r := range table {
			if r.Class == class && (best < 0 || r.better(table[best])) {
				best = i
			}
		}
		table[best].Chosen = true
		chosen[class] = table[best].Strategy
	}
	return chosen, table, nil
}

// open are the tasks of the classes whose strategy the recipe does not say.
func (s *Stage) open(tasks []reasoning.Task) []reasoning.Task {
	return slices.DeleteFunc(slices.Clone(tasks), func(t reasoning.Task) bool { return s.cfg.Strategies[t.Class] != "" })
}

// better says whether a strategy is preferred to another one of its class: more right answers of the teacher, then of the pilot, then fewer tokens.
func (r StrategyRow) better(than StrategyRow) bool {
	switch {
	case r.Right != than.Right:
		return r.Right > than.Right
	case r.Pilot != than.Pilot:
		return r.Pilot > than.Pilot
	}
	return r.Tokens < than.Tokens
}

// tied says whether the teacher is right as often under two strategies that are the best of a class.
func tied(table []StrategyRow) bool {
	best, times := map[string]int32{}, map[string]int{}
	for _, r := range table {
		switch b, seen := best[r.Class]; {
		case !seen || r.Right > b:
			best[r.Class], times[r.Class] = r.Right, 1
		case r.Right == b:
			times[r.Class]++
		}
	}
	for _, n := range times {
		if n > 1 {
			return true
		}
	}
	return false
}

// pilot tunes the small model on tasks under strategies drawn by the seed, each behind its own instruction, and counts what it has right under
// each. What it learns is of rules, whoever the teacher is: it stands for the student, not for the teacher.
func (s *Stage) pilot(ctx context.Context, env *stages.Env, dom *domain.Domain, read *domain.Reading, tasks []reasoning.Task, table []StrategyRow) error {
	params, err := domain.LoadTrained(env.Tuned())
	if err != nil {
		return err
	}
	draw := rng.New(env.Seed, "reason", "pilot")
	plan := under(tasks, "", "")
	for i := range plan {
		p := &plan[i]
		p.strategy = reasoning.Strategies[draw.IntN(len(reasoning.Strategies))]
		p.hint, p.reply, p.kept = p.strategy, p.Reply(p.strategy), true
	}
	lesson := &lesson{stage: s, dom: dom, read: read, tasks: plan, seed: env.Seed, context: params.Config.Context}
	if _, err := trainer.Run(ctx, env, s.job(lesson, params, "pilot")); err != nil {
		return err
	}
	for _, strategy := range reasoning.Strategies {
		asked := under(s.open(tasks), exam.Dev, strategy)
		for i := range asked {
			asked[i].hint = strategy
		}
		rows, err := s.answers(ctx, env, dom, params, asked, nil)
		if err != nil {
			return err
		}
		for i := range table {
			if table[i].Strategy != strategy {
				continue
			}
			table[i].Pilot = 0
			for _, r := range rows {
				if r.Class == table[i].Class && r.Right {
					table[i].Pilot++
				}
			}
		}
	}
	return nil
}

// under are the tasks of a split under one strategy; "" = of all splits.
func under(tasks []reasoning.Task, split, strategy string) (out []planned) {
	for _, t := range tasks {
		if split == "" || t.Split == split {
			out = append(out, planned{Task: t, strategy: strategy})
		}
	}
	return out
}

// classes are those that development tasks are of, in the order of package reasoning.
func classes(tasks []reasoning.Task) []string {
	return slices.DeleteFunc(reasoning.Classes(), func(class string) bool {
		return !slices.ContainsFunc(tasks, func(t reasoning.Task) bool { return t.Class == class && t.Split == exam.Dev })
	})
}

// planned gives every task the strategy that is taught, and the instruction before it.
func (s *Stage) planned(chosen map[string]string, tasks []reasoning.Task, seed uint64) []planned {
	plan := under(tasks, "", "")
	for i := range plan {
		p := &plan[i]
		switch s.cfg.Teach {
		case reasoning.Direct, reasoning.Steps:
			p.strategy = s.cfg.Teach
		default:
			p.strategy = chosen[p.Class]
		}
		if s.cfg.Teach == hinted {
			p.hint = p.strategy
		}
	}
	if s.cfg.Teach == shuffled {
		for _, split := range []string{exam.Train, exam.Dev} {
			deal(plan, split, rng.New(seed, "reason", "shuffled", split))
		}
	}
	return plan
}

// deal deals the strategies of a split's tasks out among them: the mix stays, and which class has which is chance.
func deal(plan []planned, split string, draw *rng.Stream) {
	var at []int
	var strategies []string
	for i, p := range plan {
		if p.Split == split {
			at, strategies = append(at, i), append(strategies, p.strategy)
		}
	}
	for k, from := range draw.Perm(len(at)) {
		plan[at[k]].strategy = strategies[from]
	}
}
