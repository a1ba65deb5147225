package find

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"slm/data/exam"
	"slm/model/decode"
	"slm/retrieve"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/gate"
	"slm/stages/knowledge"
	"slm/stages/search"
)

// Def declares the stage.
var Def = stages.Def{
	Name:    stages.Find,
	Title:   "Retrieval",
	Format:  14,
	Parents: []string{stages.Data, stages.DP, stages.KIT, stages.RFT},
	Section: &stages.Section{
		Off:     "fuse: none, the default",
		Doc:     "what sections are found with",
		Default: func() any { c := Default(); return &c },
		Later:   true,
		Complete: func(s stages.Settings, _ func(string) bool) {
			c := stages.At[Config](s, "stages.find")
			c.Aliases = stages.Get[map[string][]string](s, "data.aliases")
			c.Passage = stages.Get[int](s, "eval.knowledge")
		},
		Check: check,
	},
	Keys: func(s stages.Settings) []string {
		if stages.Get[Config](s, "stages.find").asks() {
			return []string{"data.aliases", "llm", "eval.knowledge"}
		}
		return []string{"data.aliases"}
	},
	Inputs:  []string{"llm.model"},
	Asks:    func(s stages.Settings) bool { return stages.Get[Config](s, "stages.find").asks() },
	On:      func(s stages.Settings) bool { return stages.Get[Config](s, "stages.find").Fuse != search.None },
	Others:  search.Servers,
	New:     func(s stages.Settings) stages.Stage { return New(stages.Get[Config](s, "stages.find")) },
	Cost:    cost,
	Metrics: metrics,
	Agrees:  stages.InMetrics,
}

// check asks the encoders what the recipe lacks.
func check(s stages.Settings, broken func(string) bool) error {
	if broken("stages.find") || broken("stages.dp") {
		return nil
	}
	var errs []error
	for _, name := range stages.Get[Config](s, "stages.find").Dense {
		if spec, err := search.LookupEncoder(name); err == nil && spec.Check != nil {
			if err := spec.Check(s); err != nil {
				errs = append(errs, fmt.Errorf("stages.find.dense: %w", err))
			}
		}
	}
	return errors.Join(errs...)
}

// cost is that of the vectors and of what the bridge looks at; the fits take seconds.
func cost(ctx context.Context, c *stages.Calibration) (sum stages.Cost, err error) {
	cfg := stages.Get[Config](c, "stages.find")
	for _, name := range cfg.Dense {
		spec, err := search.LookupEncoder(name)
		if err != nil {
			return sum, err
		}
		texts, _ := windows(c.Domain.Sections, c.Domain.Forms, spec.Chars)
		one, err := spec.Cost(ctx, c, len(texts))
		if err != nil {
			return sum, err
		}
		sum.Add(one)
	}
	fit, err := c.Once(func() (err error) { // the index, and one question
		keyword, err := retrieve.OpenKeyword(c.Domain.Sections)
		if err != nil {
			return err
		}
		_, err = keyword.Scores(ctx, c.Domain.Sections.At(0).Text)
		return errors.Join(err, keyword.Close())
	})
	sum.Seconds += fit
	if err != nil || !cfg.Bridge {
		return sum, err
	}
	if n := fitted(c.Domain, cfg.Dense, c.Env.Seed); n < gate.Fewest {
		c.Note("find: %d questions are too few to fit bridge and gate on: they keep what they begin with, and no answer says how sure it is", n)
	}
	if cfg.asks() {
		n := min(cfg.Reward, len(exam.WithChoices(slices.Concat(c.Domain.Items, c.Domain.Asked))))
		sum.Add(c.Rates.Ask(n, n, false))
		sum.Add(c.Rates.Ask(2*n, 2*n, true))
	}
	if c.Off(stages.DP) {
		return sum, nil
	}
	small := knowledge.New(decode.New(c.Model, c.Env.Kernel), c.Domain, nil, false)
	text := c.Domain.Sections.At(0).Text
	judge, err := c.Once(func() error {
		var some []int
		for i := range min(gate.Depth, c.Domain.Sections.Len()) {
			some = append(some, i)
		}
		_, err := small.Judge(ctx, knowledge.Head(c.Domain, text, 20), some)
		return err
	})
	sum.Add(c.Rates.Generate(mostChosen * c.Rates.PlaceTokens))
	sum.Seconds += float64(mostChosen * judge)
	return sum, err
}

// fitted is how many questions the bridge and the gate are fitted on.
func fitted(dom *domain.Domain, dense []string, seed uint64) (n int) {
	for _, p := range questions(dom, parts(dom, dense), seed) {
		n += len(p.questions)
	}
	return n
}

// near is how far a share of questions may be off by another kernel, by its own size.
const near = 0.1

func metrics(dir string) ([]stages.Metric, error) {
	rows, err := search.ReadRetrieval(dir)
	if err != nil {
		return nil, err
	}
	var list []stages.Metric
	for _, q := range rows {
		name := " of " + q.Retriever
		if q.Exam != "" {
			name += ", " + q.Exam
		}
		list = append(list, stages.Metric{Name: "recall@1" + name, Value: q.Recall1.Value, Near: near}, stages.Metric{Name: "recall@5" + name, Value: q.Recall5.Value, Near: near})
	}
	return list, nil
}
