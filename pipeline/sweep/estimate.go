package sweep

import (
	"context"
	"fmt"
	"slices"

	"slm/optim/bayes"
	"slm/pipeline"
	"slm/pipeline/blackbox"
	"slm/pipeline/estimate"
	"slm/pipeline/study"
	"slm/rng"
	"slm/stages"
	"slm/stages/all"
)

// sampled is how many points of the design stand for all trials in an estimate, besides the recipe itself.
const sampled = 4

// Calibrate estimates from one short calibration what all trials take if none is stopped: as many times the mean of the recipe itself and of the first points of the
// design. What is there already is not counted.
func (p *Plan) Calibrate(ctx context.Context, box *blackbox.Box) error {
	r, plan, err := p.member(nil, p.Seeds[0])
	if err != nil {
		return err
	}
	be, err := p.site.Kernel(plan.Class)
	if err != nil {
		return err
	}
	e, err := estimate.Open(ctx, plan, r, be, box, p.site.Now)
	if err != nil {
		return err
	}
	defer e.Close()
	design, err := bayes.Design(min(sampled, p.search.design()), len(p.Params), rng.New(p.search.seed, "sweep").At(0))
	if err != nil {
		return err
	}
	var total stages.Cost
	p.seconds = map[string]float64{}
	n := 0.0
	for i := range len(design) + 1 {
		var values []string
		if i > 0 {
			values = p.search.values(p.search.space().Snap(design[i-1]))
		}
		r, _, err := p.member(values, p.Seeds[0])
		if err != nil {
			continue // it will be a trial that fails
		}
		n++
		for _, stage := range p.stages {
			d, _ := all.Lookup(stage)
			c, err := e.Stage(ctx, r, d)
			if err != nil {
				return fmt.Errorf("estimate %s: %w", stage, err)
			}
			p.seconds[stage] += c.Seconds
			total.Add(c)
		}
	}
	times := float64((p.Trials+1)*len(p.Seeds)) / n
	for stage := range p.seconds {
		p.seconds[stage] /= n
	}
	sum := &study.Estimate{Seconds: total.Seconds * times, Calls: int64(float64(total.Calls) * times), LLMTokens: int64(float64(total.LLMTokens) * times), Memory: pipeline.PeakMemory(), Notes: e.Notes()}
	scaled := total
	scaled.Calls, scaled.LLMTokens = sum.Calls, sum.LLMTokens
	sum.USD = estimate.Price(r, scaled)
	if p.Rungs != nil && p.search.pruner.Risk > 0 {
		sum.Notes = append(sum.Notes, fmt.Sprintf("this is if no trial is stopped; one that is stopped on the first rung takes %.0f %% of it", 100*p.Rungs[0]))
	}
	sum.Notes = slices.Compact(sum.Notes)
	p.Estimate = sum
	return nil
}
