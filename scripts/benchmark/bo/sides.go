package bo

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"

	"slm/optim/bayes"
	"slm/rng"
	"slm/scripts/benchmark/duel"
)

// ours is this program, with a method of optim/bayes: turbo, the name of a rule, or none for what the prompt search uses.
type ours struct{ method string }

const turbo = "turbo"

func (ours) name() string { return "slm" }

func (o ours) next(t table) (z []float64, seconds float64, err error) {
	began := duel.Processor()
	var points [][]float64
	if dim, stream := len(t.obs[0].Z), rng.New(t.seed, "propose"); o.method == turbo {
		points, err = bayes.Turbo{Dim: dim, Init: design, Stream: stream}.Propose(t.obs, 1)
	} else {
		points, err = bayes.Model{}.Propose(t.obs, dim, bayes.Rule(o.method), 1, stream.At(uint64(len(t.obs))))
	}
	if err != nil {
		return nil, 0, err
	}
	return points[0], duel.Processor() - began, nil
}

func (ours) pick(t table) (best int, err error) {
	g, err := bayes.Fit(t.obs, len(t.obs[0].Z), rng.New(t.seed, "pick"))
	if err != nil {
		return 0, err
	}
	top := math.Inf(-1)
	for i, o := range t.obs {
		if mean, _ := g.Predict(o.Z); mean > top {
			best, top = i, mean
		}
	}
	return best, nil
}

//go:embed peer.py
var script string

// peer is BoTorch, in a Python of its own that lives as long as this process.
type peer struct{ *duel.Side }

type request struct {
	Seed uint64      `json:"seed"`
	Z    [][]float64 `json:"z"`
	Y    []float64   `json:"y"`
	Var  []float64   `json:"var"` // null when the values are exact
	Pick bool        `json:"pick"`
}

type reply struct {
	Z       []float64 `json:"z"`
	Best    int       `json:"best"`
	Seconds float64   `json:"seconds"`
}

func startPeer(ctx context.Context, python string) (*peer, error) {
	s, err := duel.Python(ctx, "BoTorch", python, script)
	return &peer{s}, err
}

func (p *peer) name() string { return "botorch" }

func (p *peer) next(t table) ([]float64, float64, error) {
	r, err := p.ask(t, false)
	return r.Z, r.Seconds, err
}

func (p *peer) pick(t table) (int, error) {
	r, err := p.ask(t, true)
	if err == nil && (r.Best < 0 || r.Best >= len(t.obs)) {
		err = fmt.Errorf("picked point %d of %d", r.Best, len(t.obs))
	}
	return r.Best, err
}

func (p *peer) ask(t table, pick bool) (r reply, err error) {
	q := request{Seed: t.seed<<8 + uint64(len(t.obs)), Pick: pick}
	for _, o := range t.obs {
		q.Z, q.Y = append(q.Z, o.Z), append(q.Y, o.Y)
		if o.Var > 0 {
			q.Var = append(q.Var, o.Var)
		}
	}
	text, err := json.Marshal(q)
	if err == nil {
		err = p.Ask(string(text), &r)
	}
	return r, err
}
