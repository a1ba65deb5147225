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
	for _, stage := range []string{"dp", "kit"} {
		c, err := lossCurve(folder, stage, clock[stage])
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	found, err := searchCurve(folder)
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

// searchCurve is the best gain over no prompt that the search of bpo had seen, by calls and by dollars. Only trials that were scored on all of its questions count:
// fewer questions make luckier gains. The gain is of the questions that it was chosen on, so it flatters; eval tells what a prompt is worth.
// A trial's dollars are its share of the tokens: a scored option has no output that would cost more.
func searchCurve(folder string) (Curve, error) {
	type trial struct {
		Arm      string  `arrow:"arm"`
		Fidelity int64   `arrow:"fidelity"`
		Gain     float64 `arrow:"gain"`
		Paid     int64   `arrow:"paid"`
		Tokens   int64   `arrow:"tokens"`
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
	price, err := tokenPrice(filepath.Join(folder, "bpo", "replies.arrow"))
	if err != nil {
		return c, err
	}
	var spent Point
	for _, t := range trials {
		if t.Arm != "search" {
			continue
		}
		spent.Calls, spent.USD = spent.Calls+float64(t.Paid), spent.USD+float64(price*float64(t.Tokens))
		if t.Refused == "" && t.Fidelity == trials[0].Fidelity { // the first is z = 0, on all
			spent.Value = max(spent.Value, t.Gain)
		}
		c.Points = append(c.Points, spent)
	}
	return c, nil
}

// tokenPrice is what a token of a stage's replies has cost on average, in dollars; 0 where no reply was kept or paid for.
func tokenPrice(path string) (float64, error) {
	type reply struct {
		Prompt int32   `arrow:"prompt_tokens"`
		Output int32   `arrow:"output_tokens"`
		USD    float64 `arrow:"usd"`
	}
	replies, _, err := checkpoint.ReadTable[reply](path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("experiment: replies: %w", err)
	}
	usd, tokens := 0.0, 0.0
	for _, r := range replies {
		usd, tokens = usd+r.USD, tokens+float64(r.Prompt)+float64(r.Output)
	}
	if tokens == 0 {
		return 0, nil
	}
	return usd / tokens, nil
}
