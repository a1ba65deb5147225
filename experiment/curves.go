package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"slm/checkpoint"
)

// curvesOf are the learning curves of a run: the held-out losses of the trained stages, and what the search of a prompt had found by then.
func curvesOf(folder string) (out []Curve, err error) {
	clock, err := Clock(filepath.Join(folder, "events.jsonl"))
	if err != nil {
		return nil, err
	}
	for _, stage := range []string{"dp", "kit", "rft"} {
		c, err := lossCurve(folder, stage, clock[stage])
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	found, err := SearchCurve(folder)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(append(out, found), func(c Curve) bool { return len(c.Points) == 0 }), nil
}

// lossCurve is the held-out loss of a trained stage by tokens, and by seconds where the run has trained it itself. Without such a stage it has no points.
func lossCurve(folder, stage string, clock map[int64]float64) (Curve, error) {
	type step struct {
		Step    int64    `arrow:"step"`
		Tokens  int64    `arrow:"tokens"`
		HeldOut *float64 `arrow:"held_out"`
	}
	c := Curve{Stage: stage, Figure: "held-out loss", Least: true}
	steps, _, err := checkpoint.ReadTable[step](filepath.Join(folder, stage, "metrics.arrow"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("experiment: metrics of %s: %w", folder, err)
	}
	for _, s := range steps {
		if s.HeldOut != nil {
			c.Points = append(c.Points, Point{Tokens: float64(s.Tokens), Seconds: clock[s.Step], Value: *s.HeldOut})
		}
	}
	return c, nil
}

// SearchCurve is the best gain over no prompt that the search of bpo had seen, by calls and by dollars. Only trials that were scored on all of its questions count:
// fewer questions make luckier gains. The gain is of the questions that it was chosen on, so it flatters; eval tells what a prompt is worth.
// A trial's dollars are its tokens, of prompts and of replies, at the prices that the stage's replies had.
func SearchCurve(folder string) (Curve, error) {
	type trial struct {
		Arm      string  `arrow:"arm"`
		Fidelity int64   `arrow:"fidelity"`
		Gain     float64 `arrow:"gain"`
		Paid     int64   `arrow:"paid"`
		Tokens   int64   `arrow:"tokens"`
		Written  int64   `arrow:"written,optional"`
		Refused  string  `arrow:"refused"`
	}
	c := Curve{Stage: "bpo", Figure: "best gain on the questions of the search"}
	trials, _, err := checkpoint.ReadTable[trial](filepath.Join(folder, "bpo", "trials.arrow"))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("experiment: trials of %s: %w", folder, err)
	}
	written := slices.ContainsFunc(trials, func(t trial) bool { return t.Written > 0 })
	price, err := tokenPrices(filepath.Join(folder, "bpo", "replies.arrow"), written)
	if err != nil {
		return c, err
	}
	var spent Point
	for _, t := range trials {
		if t.Arm != "search" {
			continue
		}
		spent.Calls, spent.USD = spent.Calls+float64(t.Paid), spent.USD+price.of(t.Tokens-t.Written, t.Written)
		if t.Refused == "" && t.Fidelity == trials[0].Fidelity { // the first is z = 0, on all
			spent.Value = max(spent.Value, t.Gain)
		}
		c.Points = append(c.Points, spent)
	}
	return c, nil
}

// prices are what a token has cost, in dollars.
type prices struct{ prompt, reply float64 }

func (p prices) of(prompt, reply int64) float64 {
	return float64(p.prompt*float64(prompt)) + float64(p.reply*float64(reply))
}

// tokenPrices are those of a stage's replies, apart by least squares: exact where prices have not changed meanwhile. Where they are not wanted apart, as of a table that does
// not tell replies from prompts, or all replies are in one proportion to their prompts, both are the mean of a token. 0 where no reply was kept or paid for.
func tokenPrices(path string, apart bool) (prices, error) {
	type reply struct {
		Prompt int32   `arrow:"prompt_tokens"`
		Output int32   `arrow:"output_tokens"`
		USD    float64 `arrow:"usd"`
	}
	replies, _, err := checkpoint.ReadTable[reply](path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return prices{}, fmt.Errorf("experiment: replies: %w", err)
	}
	var usd, tokens, pp, po, oo, pu, ou float64
	for _, r := range replies {
		if r.USD <= 0 {
			continue // taken over from who had it free
		}
		p, o := float64(r.Prompt), float64(r.Output)
		usd, tokens = usd+r.USD, tokens+p+o
		pp, po, oo, pu, ou = pp+float64(p*p), po+float64(p*o), oo+float64(o*o), pu+float64(p*r.USD), ou+float64(o*r.USD)
	}
	if tokens == 0 {
		return prices{}, nil
	}
	const proportional = 1e-9 // of the determinant: what rounding leaves of 0
	if det := float64(pp*oo) - float64(po*po); apart && det > float64(proportional*pp*oo) {
		if in, out := (float64(pu*oo)-float64(ou*po))/det, (float64(ou*pp)-float64(pu*po))/det; in >= 0 && out >= 0 {
			return prices{in, out}, nil
		}
	}
	return prices{usd / tokens, usd / tokens}, nil
}
