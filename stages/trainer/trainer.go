// Package trainer is the training loop that the stages dp, kit, rft and reason share: batches from a seeded source, accumulation normalised by target
// tokens, clipping, the optimiser, saves by minutes, and resuming in the middle of an epoch with the same bits as a run that was never stopped.
//
// It does not know what the examples say: a stage gives it a source.
package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"time"

	"slm/data/pack"
	"slm/internal/ranks"
	"slm/model"
	"slm/optim"
	"slm/stages"
)

// Job is what to train on what.
type Job struct {
	Stage   string
	Phase   string // part of a stage with several jobs, whose saves and events bear its name; "" for a stage's only one
	Model   *model.Params
	Epoch   func(epoch int) (pack.Source, error) // in training order; a pure function of its argument
	Prefer  *Preferences                         // pairs that are trained on instead; nil = Epoch's examples
	HeldOut pack.Source                          // measured, never trained; nil = none
	Tokens  int64                                // of all steps together, padding included; 0: Epochs decides
	Epochs  float64                              // passes
	More    int64                                // tokens beyond those
	Batch   int                                  // tokens of a step, padding included
	Shards  int                                  // into which the sum of its gradients is cut, at most; 0 = 1
	Context int                                  // tokens of a row
	Optim   Optim
	Save    Save

	MicroBatchTokens int // bounds memory; 0 = as many as the model allows, DefaultMicroBatchTokens at most. The weights do not depend on it

	Recompute bool // activations for the gradient, instead of keeping them: less memory, more time, the same weights
}

// Preferences train by the loss of direct preference optimisation (op.Preference).
type Preferences struct {
	Beta  float64
	Epoch func(epoch int) ([]pack.Pair, error) // in training order; a pure function of its argument
}

// Metric is a row of metrics.arrow. It holds nothing that depends on the clock: the file is part of the checkpoint's digest.
type Metric struct {
	Step     int64    `arrow:"step"`
	Tokens   int64    `arrow:"tokens"`    // targets trained so far
	Loss     float64  `arrow:"loss"`      // mean negative log-likelihood of the step's targets, nats; with preferences the mean loss of its pairs
	LR       float64  `arrow:"lr"`        // 0: the step was left out, since it stood out (Skip)
	GradNorm float64  `arrow:"grad_norm"` // before clipping
	HeldOut  *float64 `arrow:"held_out"`  // mean over the held-out targets, where it was measured
}

// Summary is the end of a job.
type Summary struct {
	Steps, Tokens int64
	Skipped       int64   // of the steps
	HeldOut       float64 // NaN without held-out examples
	Metrics       []Metric
}

// DefaultMicroBatchTokens is a micro-batch that keeps the processor busy in a few hundred megabytes.
const DefaultMicroBatchTokens = 4096

// keptBytes bounds what a micro-batch keeps of its layers for the gradient.
const keptBytes = 256 << 20

// microBatch is how many tokens of a model go through the graph at a time.
func microBatch(c model.Config, recompute bool) int {
	if recompute {
		return DefaultMicroBatchTokens
	}
	layer := 2*4*c.Width + 2*(c.QKVWidth()+c.QWidth()+2*c.Hidden) // the stream behind two blocks, and activations of two bytes
	return min(DefaultMicroBatchTokens, keptBytes/(layer*c.Layers))
}

// session is a job in progress.
type session struct {
	Job
	env *stages.Env
	*learner
	probe  *model.Graph // forward only, for held-out loss
	total  int          // steps
	sent   int64        // bytes that all ranks have sent
	pace   pace         // of the ranks
	leaves []float64    // seconds that each took for its leaves of the last step
	heard  func(int)    // is told which accumulators are whole, by itself; nil = nobody

	state   state
	batches batches // of the current epoch, one a step
	epoch   int     // whose batches those are
	metrics []Metric
	saved   time.Time
	last    string // the newest save that this session has read or written
}

// batches are made when they are asked for.
type batches interface {
	Len() int
	Batch(i int) (pack.Batch, error)
}

// state is where a session stands; with the weights and the optimiser it is all that a save holds.
type state struct {
	Step   int   `json:"step"`  // steps done
	Epoch  int   `json:"epoch"` // of the next step
	Index  int   `json:"index"` // of the next step's batch in its epoch
	Tokens int64 `json:"tokens"`
}

// garbage is how many per cent of the memory in use may be garbage while a model is trained, and garbageBytes how much of it at most: most of what is
// in use is arrays without pointers, which the collector does not look through, and a step leaves little behind.
const (
	garbage      = 10
	garbageBytes = 32 << 20
)

// allowance is garbage, or less where that comes to more than garbageBytes of what is in use.
func allowance(bytes uint64) int { return max(1, min(garbage, int(100*garbageBytes/max(bytes, 1)))) }

// Run trains until the job's tokens or epochs are spent. When ctx is cancelled it saves and returns ctx's error.
func Run(ctx context.Context, env *stages.Env, job Job) (*Summary, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	s, err := open(env, job)
	if err != nil {
		return nil, err
	}
	defer s.close()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	debug.SetGCPercent(allowance(now.HeapAlloc))
	if err := s.resume(); err != nil {
		return nil, err
	}
	if err := s.lead(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", job.Stage, err)
	}
	began, beganAt := env.Now(), s.state
	s.saved = began
	for _, m := range s.metrics {
		if err := s.rung(m); err != nil {
			return nil, err // what was resumed is saved
		}
	}
	for s.state.Step < s.total {
		if ctx.Err() != nil {
			return nil, errors.Join(context.Cause(ctx), s.save())
		}
		if err := s.step(ctx); !errors.Is(err, errHalf) && (errors.Is(err, ranks.ErrLost) || err != nil && ctx.Err() != nil) {
			return nil, errors.Join(err, s.save()) // the step is not taken: the state is that of the one before
		} else if err != nil {
			return nil, err
		}
		if err := s.measure(); err != nil {
			return nil, err
		}
		if err := s.rung(s.metrics[len(s.metrics)-1]); err != nil {
			return nil, errors.Join(err, s.save())
		}
		if err := s.keep(s.state.Step == beganAt.Step+1); err != nil {
			return nil, err
		}
		s.report(env.Now().Sub(began).Seconds(), beganAt)
	}
	if err := s.dismiss(ctx); err != nil {
		return nil, errors.Join(err, s.save())
	}
	// The last state is saved before it is evaluated: a crash in the evaluation loses nothing.
	if err := s.save(); err != nil {
		return nil, err
	}
	held, err := s.heldOut()
	if err != nil {
		return nil, err
	}
	sum := &Summary{Steps: int64(s.state.Step), Tokens: s.state.Tokens, HeldOut: held, Metrics: s.metrics}
	for _, m := range s.metrics {
		if m.LR == 0 {
			sum.Skipped++
		}
	}
	if n := len(s.metrics); n > 0 && !math.IsNaN(held) {
		s.metrics[n-1].HeldOut = &held
	}
	return sum, nil
}

// open builds a job's graph and its first batches.
func open(env *stages.Env, job Job) (*session, error) {
	s := &session{Job: job, env: env, epoch: -1}
	if s.MicroBatchTokens <= 0 {
		s.MicroBatchTokens = microBatch(s.Model.Config, s.Recompute)
	}
	if err := s.load(0); err != nil {
		return nil, err
	}
	if s.batches.Len() == 0 {
		return nil, fmt.Errorf("%s: nothing to train on: no example has a trained token", s.Stage)
	}
	s.total = s.steps(s.batches.Len())
	var err error
	s.learner = &learner{rule: s.Optim, be: env.Kernel, team: env.Ranks}
	if s.gatherer, err = s.setup().gatherer(s.Model, env.Kernel, env.Ranks); err != nil {
		return nil, err
	}
	if s.HeldOut != nil && s.HeldOut.Len() > 0 {
		length := s.Model.Config.Context // rows of pairs may be shorter
		if s.probe, err = s.graph.Probe(env.Kernel, max(1, min(s.Batch, s.MicroBatchTokens)/length), length); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// steps are those of a job whose epochs have so many batches.
func (j Job) steps(batches int) int {
	whole := func(tokens int64) int { return int((tokens + int64(j.Batch) - 1) / int64(j.Batch)) }
	if j.Tokens > 0 {
		return whole(j.Tokens) + whole(j.More)
	}
	return int(math.Ceil(j.Epochs*float64(batches))) + whole(j.More)
}

// Length is how many tokens all steps of a job have, padding included.
func (j Job) Length() (tokens int64, err error) {
	examples, err := j.Epoch(0)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", j.Stage, err)
	}
	return int64(j.steps(pack.Pack(examples, max(1, j.Batch/j.Context), j.Context).Len())) * int64(j.Batch), nil
}

func (s *session) close() {
	_ = s.graph.Close() // a tape machine's Close only drops its memory
	if s.probe != nil {
		_ = s.probe.Close()
	}
}

// keep saves when it is time. After the first step here it may be asked to prove that saving works.
func (s *session) keep(first bool) error {
	now := s.env.Now()
	prove := first && s.Save.First
	if !prove && (now.Sub(s.saved).Minutes() < s.Save.Minutes || s.state.Step == s.total) {
		return nil
	}
	s.saved = now
	if err := s.save(); err != nil || !prove {
		return err
	}
	return s.prove()
}

// load packs an epoch.
func (s *session) load(epoch int) error {
	if s.epoch == epoch {
		return nil
	}
	s.batches = nil // two epochs are not in memory at once
	batches, err := s.pack(epoch, max(1, s.Batch/s.Context))
	if err != nil {
		return fmt.Errorf("%s: %w", s.Stage, err)
	}
	s.batches, s.epoch = batches, epoch
	return nil
}

func (s *session) pack(epoch, rows int) (batches, error) {
	if s.Prefer != nil {
		pairs, err := s.Prefer.Epoch(epoch)
		return pack.PackPairs(pairs, rows/2, s.Context), err
	}
	examples, err := s.Epoch(epoch)
	if err != nil {
		return nil, err
	}
	return pack.Pack(examples, rows, s.Context), nil
}

// next lays out the batch of the next step.
func (s *session) next() (pack.Batch, error) {
	if err := s.load(s.state.Epoch); err != nil {
		return pack.Batch{}, err
	}
	if n := s.batches.Len(); s.state.Index >= n {
		return pack.Batch{}, fmt.Errorf("%s: epoch %d has %d batches, the save goes on at number %d: it is of other data", s.Stage, s.state.Epoch, n, s.state.Index)
	}
	b, err := s.batches.Batch(s.state.Index)
	if err != nil {
		err = fmt.Errorf("%s: %w", s.Stage, err)
	}
	return b, err
}

// step trains on one batch and notes what came of it.
func (s *session) step(ctx context.Context) error {
	b, err := s.next()
	if err != nil {
		return err
	}
	loss, err := s.gradient(ctx, b)
	if errors.Is(err, model.ErrNotFinite) {
		return s.diverged(err, b)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.Stage, err)
	}
	params, err := s.params()
	if err != nil {
		return err
	}
	norm := optim.ClipGlobalNorm(params, s.Optim.Clip)
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return s.diverged(fmt.Errorf("the gradient's norm is %v", norm), b)
	}
	lr := s.Optim.LR * s.Optim.Factor().At(s.state.Step, s.total)
	if why := s.Optim.Skip.outlier(s.metrics, loss, norm); why != "" {
		lr = 0
		s.warn(fmt.Sprintf("step %d is left out: %s", s.state.Step+1, why))
	}
	if err := s.tellRate(ctx, lr); err != nil {
		return fmt.Errorf("%s: %w", s.Stage, err)
	}
	if err := s.update(ctx, lr); err != nil {
		return fmt.Errorf("%s: %w", s.Stage, err)
	}
	s.state.Step++
	s.state.Tokens += int64(b.TargetCount)
	if s.state.Index++; s.state.Index == s.batches.Len() {
		s.state.Epoch, s.state.Index = s.state.Epoch+1, 0
	}
	s.metrics = append(s.metrics, Metric{Step: int64(s.state.Step), Tokens: s.state.Tokens, Loss: loss, LR: lr, GradNorm: norm})
	return nil
}

// measurements is how often the held-out loss is measured during training, besides at its end.
const measurements = 12

// measure adds the held-out loss to the last step's metric when it is time.
func (s *session) measure() error {
	if s.probe == nil || s.state.Step == s.total || s.state.Step%max(1, s.total/measurements) != 0 {
		return nil
	}
	held, err := s.heldOut()
	s.metrics[len(s.metrics)-1].HeldOut = &held
	return err
}

// rung tells whoever asks of a step at which the held-out loss was measured, but for the last.
func (s *session) rung(m Metric) error {
	if s.env.Rung == nil || m.HeldOut == nil || int(m.Step) == s.total {
		return nil
	}
	return s.env.Rung(stages.Rung{Stage: s.Stage, Step: int(m.Step), Of: s.total, Tokens: m.Tokens, HeldOut: *m.HeldOut})
}

// heldOut is the mean loss over the held-out targets; NaN when there are none.
func (s *session) heldOut() (float64, error) {
	if s.probe == nil {
		return math.NaN(), nil
	}
	s.probe.Refresh()
	sum, count := 0.0, 0
	batches := pack.Pack(s.HeldOut, s.probe.Seqs, s.probe.Len)
	for i := range batches.Len() {
		b, err := batches.Batch(i)
		if err != nil {
			return 0, fmt.Errorf("%s: held-out loss: %w", s.Stage, err)
		}
		loss, err := run(s.probe, b, 1)
		if errors.Is(err, model.ErrNotFinite) {
			return 0, fmt.Errorf("%s: %w at step %d of %d: held-out loss: %w", s.Stage, ErrDiverged, s.state.Step, s.total, err)
		}
		if err != nil {
			return 0, fmt.Errorf("%s: held-out loss: %w", s.Stage, err)
		}
		sum, count = sum+loss, count+b.TargetCount
	}
	return sum / float64(max(1, count)), nil
}

// report emits the last step's event.
func (s *session) report(seconds float64, from state) {
	m, done := s.metrics[len(s.metrics)-1], s.state.Step-from.Step
	e := stages.Event{
		Type: "step", Stage: s.Stage, Phase: s.Phase, Step: s.state.Step, Of: s.total, Loss: m.Loss, LR: m.LR, Tokens: m.Tokens,
		TokS: float64(s.state.Tokens-from.Tokens) / max(seconds, 1e-9), ETA: seconds / float64(done) * float64(s.total-s.state.Step),
	}
	if m.HeldOut != nil {
		e.HeldOut = *m.HeldOut
	}
	if n := s.env.Ranks.Size(); n > 1 {
		e.Ranks, e.Sent = n, s.sent
	}
	s.env.Emit(e)
}

// warn emits a warning about the next step.
func (s *session) warn(message string) {
	s.env.Emit(stages.Event{Type: "warning", Stage: s.Stage, Step: s.state.Step + 1, Message: message})
}
