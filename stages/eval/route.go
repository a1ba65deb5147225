package eval

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"slm/data/exam"
	"slm/result"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/route"
	"slm/stages/systems"
	"slm/stat"
)

// routeFolds is in how many parts the development questions are cut to say how true a router's probabilities are.
const routeFolds = 5

// routeDraws is behind each interval of a routing: the curve has many.
const routeDraws = 2000

// routing is a router on its way to its test. The zero value routes nothing.
type routing struct {
	names  []string // of the systems, in the order in which they answer
	router *route.Router
	target route.Target
	worth  float64
	dev    *result.Routed
	notes  []string
}

// systems are those that the table must have for it.
func (r *routing) systems() []string {
	if r.router == nil {
		return nil
	}
	return append(slices.Clone(r.names), systems.Auto)
}

// route fits a router on the answers of the systems to development questions; of other questions than the run's it takes the run's own.
func (s *Stage) route(ctx context.Context, env *stages.Env, dom *domain.Domain, with *systems.Resources, w *work) (*routing, error) {
	out := &routing{}
	if s.cfg.Route.Target == "" {
		return out, nil
	}
	var err error
	if out.target, err = route.Parse(s.cfg.Route.Target); err != nil {
		return nil, fmt.Errorf("eval: route.target: %w", err)
	}
	if w.log == nil {
		return out, out.read(env, s.cfg.Route.Sure, with)
	}
	var items []exam.Item
	for _, all := range [][]exam.Item{dom.Items, dom.Asked} {
		dev := slices.DeleteFunc(exam.Only(all, exam.Dev), func(it exam.Item) bool { return !s.scored(it) })
		items = append(items, exam.Evenly(dev, s.cfg.Route.Questions)...)
	}
	out.names = with.Routes(ctx)
	if len(items) < route.Fewest || len(out.names) < 2 {
		out.notes = []string{fmt.Sprintf("Nothing was routed: of %d development questions a right answer is known, and a router takes %d; %d systems can be chosen.", len(items), route.Fewest, len(out.names))}
		return out, nil
	}
	r := newRunner(items, with, w, s.cfg.Answer == Free)
	var rows []result.Row
	for k, name := range out.names {
		system, err := with.OpenRoute(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("eval: route: %w", err)
		}
		got, err := r.ask(ctx, name, system)
		if err != nil {
			return nil, fmt.Errorf("eval: route: %s: %w", name, err)
		}
		rows = append(rows, got...)
		env.Emit(stages.Event{Type: "step", Phase: "route", Step: k + 1, Of: len(out.names)})
	}
	cases, err := s.cases(ctx, env, with, out.names, items, rows)
	if err != nil {
		return nil, err
	}
	router, held, err := route.Fit(out.names, cases, s.cfg.Route.Price != nil)
	if err != nil {
		return nil, fmt.Errorf("eval: %w", err)
	}
	out.use(router, s.cfg.Route.Sure, with)
	for i := range cases {
		cases[i] = router.Arrange(out.names, cases[i])
	}
	out.dev, err = router.Tell(cases, held, out.worth, systems.Alone, drawn(env))
	return out, err
}

// use makes a router the one that auto goes by.
func (r *routing) use(router *route.Router, sure float64, with *systems.Resources) {
	r.router, r.worth = router, router.Policy(r.target, sure).Worth
	with.Routed = &systems.Routed{Router: router, Worth: r.worth}
}

// read takes the router of the run's own evaluation.
func (r *routing) read(env *stages.Env, sure float64, with *systems.Resources) error {
	router, err := route.Read(env.Dir(stages.Eval))
	if errors.Is(err, fs.ErrNotExist) {
		r.notes = []string{"Nothing was routed: the run's evaluation has fitted no router."}
		return nil
	}
	if err != nil {
		return err
	}
	for _, o := range router.Routes {
		r.names = append(r.names, o.System)
	}
	r.use(router, sure, with)
	return nil
}

// scored reports whether an answer to a question can be right or wrong.
func (s *Stage) scored(it exam.Item) bool {
	return len(it.Choices) > 0 || s.cfg.Answer == Free && len(goldenOf(it).contains) > 0
}

func drawn(env *stages.Env) stat.Options {
	return stat.Options{Resamples: routeDraws, Stream: rng.New(env.Seed, "eval", "bootstrap")}
}

// cases are what is seen of items, and what came of them with each system; of those that are scored.
func (s *Stage) cases(ctx context.Context, env *stages.Env, with *systems.Resources, names []string, items []exam.Item, rows []result.Row) (cases []route.Case, err error) {
	of := map[[2]string]result.Row{}
	for _, r := range rows {
		of[[2]string{r.System, r.Item}] = r
	}
	fold := map[string]int{} // of a section
	for from := 0; from < len(items); from += systems.Block {
		block := with.Items[from:min(from+systems.Block, len(items))]
		seen, err := with.Look(ctx, block)
		if err != nil {
			return nil, fmt.Errorf("eval: route: %w", err)
		}
		for j, q := range block {
			it := items[from+j]
			if !s.scored(it) {
				continue
			}
			if _, ok := fold[it.Section]; !ok {
				fold[it.Section] = rng.New(env.Seed, "eval", "folds").At(uint64(len(fold))).IntN(routeFolds)
			}
			c := route.Case{Seen: seen[j].Signals, Free: s.cfg.Answer == Free, Fold: fold[it.Section]}
			for _, name := range names {
				row := of[[2]string{name, q.ID}]
				c.Right, c.Calls, c.USD = append(c.Right, row.Correct), append(c.Calls, float64(row.Calls)), append(c.USD, s.cfg.Route.usd(row))
			}
			cases = append(cases, c)
		}
	}
	return cases, nil
}

// usd is what the LLM's answer has cost.
func (r Route) usd(row result.Row) float64 {
	if r.Price == nil {
		return 0
	}
	return (float64(float64(row.Tokens-row.Written)*r.Price.Input) + float64(float64(row.Written)*r.Price.Output)) / 1e6
}

// told is what routing comes to on an exam, whose rows are those of all systems; nil = nothing was routed.
func (s *Stage) told(ctx context.Context, env *stages.Env, with *systems.Resources, r *routing, items []exam.Item, rows []result.Row, first bool) (*result.Routing, error) {
	if r.router == nil {
		return nil, nil
	}
	out := &result.Routing{
		Target: r.target.String(), Unit: string(r.router.Unit), Worth: r.worth, Floor: r.router.Floor,
		Best: r.router.Routes[r.router.Best()].System, Weak: r.router.Routes[r.router.Weak()].System,
	}
	if first {
		out.Dev = r.dev
	}
	cases, err := s.cases(ctx, env, with, r.names, items, rows)
	if err != nil || len(cases) == 0 {
		return out, err
	}
	p := make([][]float64, len(cases))
	for i := range cases {
		p[i], cases[i] = r.router.Odds(cases[i].Seen), r.router.Arrange(r.names, cases[i])
	}
	out.Test, err = r.router.Tell(cases, p, r.worth, systems.Alone, drawn(env))
	return out, err
}
