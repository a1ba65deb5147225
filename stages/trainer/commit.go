package trainer

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"

	"slm/checkpoint"
	"slm/model"
	"slm/stages"
	"slm/stages/domain"
)

// Commit writes a training stage's checkpoint: the weights, the tokenizer that belongs to them, and the metrics. extra may add files and
// facts. Afterwards the stage's work folder, with its saves, is gone.
func Commit(env *stages.Env, stage string, params *model.Params, dom *domain.Domain, sum *Summary, facts map[string]string, extra func(p *checkpoint.Pending) error) error {
	debug.FreeOSMemory() // what the training has held: writing takes a copy of the largest matrix
	p, err := checkpoint.Begin(env.Dir(stage))
	if err != nil {
		return err
	}
	write := func() error {
		if err := domain.SaveTrained(p, params, frozen(env)); err != nil {
			return err
		}
		if err := dom.Tokenizer.Save(p.Path(domain.TokenizerFile)); err != nil {
			return err
		}
		if err := checkpoint.WriteTable(p.Path(metricsFile), sum.Metrics, nil); err != nil {
			return err
		}
		if extra != nil {
			return extra(p)
		}
		return nil
	}
	if err := write(); err != nil {
		_ = p.Abort()
		return err
	}
	m := env.Manifest(stage)
	m.Counters["steps"], m.Counters["tokens"], m.Counters["parameters"] = sum.Steps, sum.Tokens, params.Config.Count()
	if a := params.Adapter; a != nil {
		m.Counters["trained_parameters"] = a.Count()
		m.Facts["adapter"] = a.LoRA.String()
	}
	if sum.Skipped > 0 {
		m.Counters["skipped_steps"] = sum.Skipped
	}
	for k, v := range facts {
		m.Facts[k] = v
	}
	if n := len(sum.Metrics); n > 0 {
		m.Facts["loss"] = strconv.FormatFloat(sum.Metrics[n-1].Loss, 'g', 6, 64)
	}
	if !math.IsNaN(sum.HeldOut) {
		m.Facts["held_out_loss"] = strconv.FormatFloat(sum.HeldOut, 'g', 6, 64)
	}
	if err := p.Commit(m); err != nil {
		return err
	}
	env.Emit(stages.Event{Type: "checkpoint", Stage: stage, Path: env.Dir(stage)})
	return os.RemoveAll(env.Work(stage))
}

// frozen is the folder of the checkpoint that a stage's model was read from; "" = it was made.
func frozen(env *stages.Env) string {
	for _, stage := range []string{stages.KIT, stages.DP} {
		if _, ok := env.Parents[stage]; ok {
			return env.Dir(stage)
		}
	}
	return ""
}
