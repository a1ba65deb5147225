package bpo

import (
	"context"

	"slm/stages/bpo"
)

// follow is the held-out accuracy of an arm's best prompt so far, call by call. Paraphrases are tried side by side, so only what they end
// in is known.
func (w *world) follow(ctx context.Context, rows []bpo.TrialRow, arm string, soft func([]float64) []float32) (*curve, error) {
	c := &curve{}
	var best *bpo.TrialRow
	var most int64
	calls := int(rows[0].Asked) // z = 0, which gains are against
	zero, err := w.right(ctx, nil, w.held)
	if err != nil {
		return nil, err
	}
	c.step(calls, zero)
	for i := range rows {
		r := &rows[i]
		if r.Arm != arm || r.Kind == "zero" {
			continue
		}
		calls += int(r.Asked)
		c.Trials++
		c.Calls = calls
		if r.Fidelity < most {
			continue
		}
		if r.Fidelity > most {
			most, best = r.Fidelity, nil
		}
		if r.Gain <= 0 || best != nil && r.Gain <= best.Gain {
			if arm != "text" && best == nil {
				c.step(calls, zero) // z = 0 has come as far as any
			}
			continue
		}
		best = r
		if arm == "text" {
			continue
		}
		right, err := w.right(ctx, soft(r.Z), w.held)
		if err != nil {
			return nil, err
		}
		c.step(calls, right)
	}
	if arm == "text" && best != nil {
		right, err := w.right(ctx, w.words(best.Prompt), w.held)
		if err != nil {
			return nil, err
		}
		c.step(calls, right)
	}
	return c, nil
}
