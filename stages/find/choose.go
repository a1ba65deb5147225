package find

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"slm/data/exam"
	"slm/retrieve"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/gate"
	"slm/stages/search"
	"slm/stages/systems"
	"slm/stat"
)

// How many questions the bridge and the gate are fitted on: each takes the small model's time.
const (
	mostChosen = 400 // in all
	mostFirst  = 100 // development questions of the first exam
	mostAsked  = 240 // questions of the second
	mostMade   = 160 // by rules, where there are too few others
)

// byRule is the exam of questions that rules make.
const byRule = "rules"

// selection is what chooses from what was found.
type selection struct {
	bridge  gate.Bridge
	gate    gate.Gate
	quality []retrieve.Quality
	asked   bool // the black box was
}

// looked are questions with what was seen of them, and what is known.
type looked struct {
	parts  []part
	all    []retrieve.Asked
	items  []exam.Item // of each; one without choices where a rule has made the question
	fold   []int
	sights []systems.Sight
}

// questions are those that the bridge and the gate are fitted on, in an order that does not depend on that of the exams: development questions of the
// first exam, whose training questions the small model has been trained on; all of the second that are no test questions; and some by rules.
func questions(dom *domain.Domain, parts []part, seed uint64) (out []part) {
	left := map[string]int{"": mostFirst, exam.Asked: mostAsked}
	total := 0
	for _, split := range []string{exam.Dev, exam.Train} {
		for _, p := range parts {
			if p.split != split || p.exam == "" && split == exam.Train {
				continue
			}
			p.questions = slices.Clone(p.questions)
			slices.SortFunc(p.questions, func(a, b retrieve.Asked) int { return cmp.Compare(a.Question, b.Question) })
			p.questions = exam.Evenly(p.questions, left[p.exam])
			left[p.exam] -= len(p.questions)
			if total += len(p.questions); len(p.questions) > 0 {
				out = append(out, p)
			}
		}
	}
	if made := madeQuestions(dom, min(mostMade, mostChosen-total), seed); len(made) > 0 {
		out = append(out, part{exam: byRule, questions: made})
	}
	return out
}

// madeQuestions asks about sections that are evenly spread, one question each: other wordings than training has had, and none that an exam holds out.
func madeQuestions(dom *domain.Domain, most int, seed uint64) (out []retrieve.Asked) {
	var sections []int
	for i := range dom.Sections.Len() {
		sections = append(sections, i)
	}
	if most < 1 {
		return nil
	}
	made := dom.Made()
	for _, i := range exam.Evenly(sections, most) {
		s := rng.New(seed, "find", "made").At(uint64(i))
		list := made.Of(dom.Sections.At(i), s.Uint64())
		list = slices.DeleteFunc(list, func(q domain.MadeQuestion) bool { return q.Held != "" })
		if len(list) > 0 {
			out = append(out, retrieve.Asked{Question: list[s.IntN(len(list))].Text, Sections: []int{i}})
		}
	}
	return out
}

// choose fits the bridge and the gate on what the run's small model and the retrievers of the folds make of the questions.
func (s *Stage) choose(ctx context.Context, env *stages.Env, dom *domain.Domain, from []part, held []retrieve.Retriever, near retrieve.Scorer) (out selection, err error) {
	l := looked{parts: questions(dom, from, env.Seed)}
	items := map[string]exam.Item{}
	for _, it := range slices.Concat(dom.Items, dom.Asked) {
		items[it.Question] = it
	}
	for _, p := range l.parts {
		for _, q := range p.questions {
			l.all, l.items = append(l.all, q), append(l.items, items[q.Question])
		}
	}
	l.fold = deal(l.all, env.Seed)
	with, err := systems.Open(systems.Run{
		Server: search.Serve(env, stages.Find),
		Dir: func(stage string) string { // what stands behind this stage is of an earlier run of it
			if stage == stages.Find || stage == stages.BPO {
				return filepath.Join(env.Work(stages.Find), stage)
			}
			return env.Dir(stage)
		},
		Domain: dom, Kernel: env.Kernel, Seed: env.Seed, Style: env.Answer, Limit: s.cfg.Passage,
	})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, with.Close()) }()
	with.Near = near
	speaker := cmp.Or(with.Plain(), systems.Mute) // of a run without a small model
	if l.sights, err = look(ctx, env, with, speaker, l, held); err != nil {
		return out, err
	}
	listed := make([]gate.Listed, len(l.all))
	weights := make([]retrieve.Case, len(l.all))
	balance(l.parts, weights)
	for i, sight := range l.sights {
		listed[i] = gate.Listed{Features: sight.Features, Weight: weights[i].Weight}
		for _, section := range sight.Sections {
			listed[i].Right = append(listed[i].Right, slices.Contains(l.all[i].Sections, section))
		}
	}
	var ordered []gate.Weighed
	if out.bridge, ordered, err = gate.FitBridge(speaker, listed, l.fold); err != nil {
		return out, err
	}
	if out.quality, err = l.measure(listed, ordered, env.Seed); err != nil || !s.cfg.Gate {
		return out, err
	}
	cases, at := make([]gate.Case, len(l.all)), 0
	for _, p := range l.parts {
		for range p.questions {
			cases[at] = l.known(with, out.bridge, at, listed[at], ordered[at], p)
			at++
		}
	}
	var odds []gate.Odds
	if out.gate, odds, err = gate.Fit(cases, l.fold); err != nil {
		return out, err
	}
	if out.gate.Refusal, err = l.refusal(ctx, dom, with, held); err != nil {
		return out, err
	}
	with.Bridge, with.Gate = &out.bridge, &out.gate
	readings, err := s.read(ctx, env, with, l, ordered, cases, odds)
	if err != nil {
		return out, err
	}
	out.gate.Trust(readings)
	if s.cfg.Fuse == search.Learned { // reciprocal ranks have no odds
		out.gate.Bound()
	}
	out.asked = len(readings) > 0
	return out, nil
}

// known is a question with what is right about it.
func (l looked) known(with *systems.Resources, b gate.Bridge, i int, list gate.Listed, o gate.Weighed, of part) gate.Case {
	k := b.Passages(o.P)
	c := gate.Case{Evidence: with.Evidence(l.sights[i], o, k), Choices: len(l.items[i].Choices), People: of.people, NamedRight: slices.Contains(l.all[i].Sections, l.sights[i].Named.Section)}
	if of.exam == byRule {
		c.Made = 1
	}
	for rank, at := range o.Order[:k] {
		c.AmongRight = c.AmongRight || list.Right[at]
		c.FirstRight = c.FirstRight || rank == 0 && list.Right[at]
	}
	return c
}

// measure says how well the bridge orders what was found for the development questions, by weights that have not seen their folds.
func (l looked) measure(listed []gate.Listed, ordered []gate.Weighed, seed uint64) (out []retrieve.Quality, err error) {
	first := 0
	for _, p := range l.parts {
		if p.split == exam.Dev {
			ranks := make([][]int, len(p.questions))
			for i := range ranks {
				for rank, at := range ordered[first+i].Order {
					if listed[first+i].Right[at] {
						ranks[i] = append(ranks[i], rank)
					}
				}
			}
			q, err := retrieve.Measure(search.Bridge, p.questions, ranks, stat.Options{Resamples: resamples, Stream: rng.New(seed, "find", "bootstrap")})
			if err != nil {
				return nil, err
			}
			q.Exam = p.exam
			out = append(out, q)
		}
		first += len(p.questions)
	}
	return out, nil
}

// look looks at the questions, and goes on from what an interrupted call has left. Each is searched for by the retriever of its fold.
func look(ctx context.Context, env *stages.Env, with *systems.Resources, speaker string, l looked, by []retrieve.Retriever) (out []systems.Sight, err error) {
	work, kept, err := stages.OpenPartial[[]systems.Sight](filepath.Join(env.Work(stages.Find), "sights.journal"), fmt.Sprint(env.Fingerprint, env.Parents, speaker), nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, work.Close()) }()
	first := 0
	for questions := range slices.Chunk(l.all, systems.Block) {
		if n := first / systems.Block; n < len(kept) && len(kept[n]) == len(questions) {
			out = append(out, kept[n]...)
		} else {
			texts := make([]string, len(questions))
			for i, q := range questions {
				texts[i] = q.Question
			}
			named, err := with.Speaker(speaker).Name(ctx, texts)
			if err != nil {
				return nil, fmt.Errorf("find: name places: %w", err)
			}
			block := make([]systems.Sight, len(questions))
			for i := range questions {
				if block[i], err = with.See(ctx, speaker, by[l.fold[first+i]], named[i]); err != nil {
					return nil, fmt.Errorf("find: %w", err)
				}
			}
			if err := work.Append(block); err != nil {
				return nil, err
			}
			out = append(out, block...)
		}
		first += len(questions)
		env.Emit(stages.Event{Type: "step", Phase: "bridge", Step: first, Of: len(l.all)})
	}
	return out, nil
}
