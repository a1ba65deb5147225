package dp

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"slm/checkpoint"
	"slm/model/bag"
	"slm/optim"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/trainer"
)

const (
	encoderPairs = 128  // of a step
	temperature  = 0.05 // of the loss
	encoderRate  = 1e-3 // peak learning rate
	encoderDecay = 0.01 // weight decay of the table
	encoderWarm  = 20   // steps of the warm-up; behind it, the rate falls in a straight line to 0
	encoderWork  = "encoder"
)

// encoding is the training of the encoder in progress. It has no chance or sum that depends on where it was interrupted: a step is a function of the
// seed, its number and the weights.
type encoding struct {
	env    *stages.Env
	pairs  *contrast
	params *bag.Params
	graph  *bag.Graph
	adam   *optim.AdamW
	moment []checkpoint.Tensor // of a save, until the optimiser is made
	steps  int
	done   int
	saved  time.Time
}

// encoder trains the encoder of a run, or goes on from the newest save of it.
func (s *Stage) encoder(ctx context.Context, env *stages.Env, mix *Mixture) (p *bag.Params, err error) {
	e, err := newEncoding(env, mix, s.bag, s.cfg.Mix.Contrast)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	e.resume()
	e.saved = env.Now()
	for e.done < e.steps {
		if ctx.Err() != nil {
			return nil, errors.Join(context.Cause(ctx), e.save())
		}
		loss, err := e.step(ctx)
		if err != nil {
			return nil, err
		}
		env.Emit(stages.Event{Type: "step", Stage: stages.DP, Phase: "encoder", Step: e.done, Of: e.steps, Loss: loss})
		if env.Now().Sub(e.saved).Minutes() >= s.cfg.Save.Minutes || e.done == e.steps {
			if err := e.save(); err != nil {
				return nil, err
			}
		}
	}
	return e.params, nil
}

// newEncoding prepares as many steps as give each section its number of pairs.
func newEncoding(env *stages.Env, mix *Mixture, cfg bag.Config, each float64) (*encoding, error) {
	e := &encoding{env: env, params: newEncoder(cfg, mix.dom, mix.seed), steps: int(math.Ceil(each * float64(mix.dom.Sections.Len()) / encoderPairs))}
	var err error
	if e.graph, err = bag.NewGraph(e.params, encoderPairs, temperature); err != nil {
		return nil, err
	}
	if e.pairs, err = newContrast(mix, cfg.Rows); err != nil {
		return nil, errors.Join(err, e.graph.Close())
	}
	return e, nil
}

func (e *encoding) close() error { return errors.Join(e.graph.Close(), e.pairs.Close()) }

// newEncoder weighs features by the sections that they stand in.
func newEncoder(cfg bag.Config, dom *domain.Domain, seed uint64) *bag.Params {
	counts, seen := make([]int, cfg.Rows), make([]int, cfg.Rows)
	for i, s := range dom.Sections.All() {
		for _, f := range bag.Features(shown(s), cfg.Rows) {
			if seen[f] != i+1 {
				seen[f] = i + 1
				counts[f]++
			}
		}
	}
	return bag.New(cfg, counts, dom.Sections.Len(), seed)
}

// step trains on the next batch and returns its loss.
func (e *encoding) step(ctx context.Context) (float64, error) {
	batch, err := e.pairs.batch(ctx, e.done, encoderPairs)
	if err != nil {
		return 0, err
	}
	loss, err := e.graph.Run(batch)
	if errors.Is(err, bag.ErrNotFinite) {
		err = fmt.Errorf("%w at step %d of %d of the encoder: %w", trainer.ErrDiverged, e.done+1, e.steps, err)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", stages.DP, err)
	}
	if e.adam == nil {
		if e.adam, err = optim.NewAdamW(e.graph.Learnables()); err != nil {
			return 0, err
		}
		e.adam.Beta2, e.adam.WeightDecay = 0.98, encoderDecay
		if e.moment != nil {
			if err := e.adam.Restore(e.moment); err != nil {
				return 0, err
			}
		}
	}
	e.adam.Step(encoderRate * min(1, float64(e.done+1)/encoderWarm) * (1 - float64(e.done)/float64(e.steps)))
	e.done++
	return loss, nil
}

// save writes where the training stands. Its last save spares another process all of it.
func (e *encoding) save() error {
	if e.adam == nil {
		return nil // nothing has been trained here
	}
	e.saved = e.env.Now()
	if err := os.MkdirAll(e.env.Work(stages.DP), 0o755); err != nil {
		return err
	}
	p, err := checkpoint.Begin(filepath.Join(e.env.Work(stages.DP), encoderWork))
	if err != nil {
		return err
	}
	if err := e.params.Write(p.Path(domain.EncoderFile), e.adam.State()...); err != nil {
		return errors.Join(fmt.Errorf("%s: save: %w", stages.DP, err), p.Abort())
	}
	m := e.env.Manifest(stages.DP)
	m.Counters["step"] = int64(e.done)
	if err := p.Commit(m); err != nil {
		return fmt.Errorf("%s: save: %w", stages.DP, err)
	}
	return nil
}

// resume goes on from a save that is whole and of this fingerprint.
func (e *encoding) resume() {
	dir := filepath.Join(e.env.Work(stages.DP), encoderWork)
	m, err := checkpoint.Load(dir)
	if err != nil && errors.Is(err, checkpoint.ErrMissing) || err == nil && m.Fingerprint != e.env.Fingerprint {
		return
	}
	var from *bag.Params
	var moment []checkpoint.Tensor
	if err == nil {
		err = checkpoint.Verify(dir)
	}
	if err == nil {
		from, moment, err = bag.Read(filepath.Join(dir, domain.EncoderFile))
	}
	if err == nil && from.Config != e.params.Config {
		err = fmt.Errorf("%w: the save is of another encoder", checkpoint.ErrCorrupt)
	}
	if err != nil {
		e.env.Emit(stages.Event{Type: "warning", Stage: stages.DP, Path: dir, Message: fmt.Sprintf("save not used: %v", err)})
		return
	}
	copy(e.params.Table, from.Table)
	copy(e.params.Weights, from.Weights)
	e.moment, e.done = moment, int(m.Counters["step"])
}
