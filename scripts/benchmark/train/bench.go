package train

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"slm/model/kernel"
	"slm/rng"
	"slm/scripts/benchmark/duel"
)

// bench compares the two sides on one job.
type bench struct {
	job    job
	python string
	modes  []string // of PyTorch
	peerIn string   // its precision, "" = the same as ours
	log    io.Writer
	folder string
}

// side is a process that trains on request.
type side struct {
	*duel.Side
	best float64   // seconds of a step
	secs []float64 // of each round's step
	cpu  []float64 // processor seconds of each round's step
	rss  float64
}

// prepare writes what both sides read; batches is how many the data holds. Only the peer reads the weights.
func (b *bench) prepare(batches int, peer bool) (clean func(), err error) {
	if b.folder, err = os.MkdirTemp("", "bench-train-"); err != nil {
		return nil, err
	}
	clean = func() { _ = os.RemoveAll(b.folder) }
	write := func(name string, data []byte) {
		err = errors.Join(err, os.WriteFile(filepath.Join(b.folder, name), data, 0o644))
	}
	text, failed := json.Marshal(b.job)
	write("shape.json", text)
	var tokens []byte
	s, last := rng.New(1, "bench-train"), 0
	for range batches * b.job.Batch * (b.job.Length + 1) {
		// Half of the tokens follow from the one before, so that there is something to learn.
		if last = (last*31 + 7) % b.job.Config.Vocab; s.IntN(2) == 0 {
			last = s.IntN(b.job.Config.Vocab)
		}
		tokens = binary.LittleEndian.AppendUint32(tokens, uint32(last))
	}
	write("tokens.i32", tokens)
	if peer {
		var weights []byte
		for _, t := range b.job.weights().Tensors() {
			for _, v := range t.Data {
				weights = binary.LittleEndian.AppendUint32(weights, math.Float32bits(v))
			}
		}
		write("weights.f32", weights)
	}
	return clean, errors.Join(failed, err)
}

func newSide(s *duel.Side, err error) (*side, error) { return &side{Side: s, best: math.Inf(1)}, err }

// ours starts our side with a kernel, "" for the default.
func (b *bench) ours(ctx context.Context, kernelName string) (*side, error) {
	return newSide(duel.Self(ctx, "slm "+kernelName, "train", "--serve", b.folder, "--kernels", kernelName))
}

//go:embed peer.py
var script string

//go:embed peer_lora.py
var scriptLoRA string

func (b *bench) peer(ctx context.Context, mode, precision string) (*side, error) {
	name, text := "PyTorch ", script
	if b.job.LoRA > 0 {
		name, text = "peft ", scriptLoRA
	}
	return newSide(duel.Python(ctx, name+mode+" "+precision, b.python, text, b.folder, mode, precision))
}

func (s *side) steps(n int) (answer, error) {
	var a answer
	if err := s.Ask(strconv.Itoa(n), &a); err != nil {
		return a, err
	}
	s.rss = a.RSS
	return a, nil
}

// time does n steps and keeps the seconds of one.
func (s *side) time(n int) error {
	a, err := s.steps(n)
	if err == nil {
		s.secs, s.cpu = append(s.secs, a.Seconds/float64(n)), append(s.cpu, a.CPU/float64(n))
		s.best = min(s.best, a.Seconds/float64(n))
	}
	return err
}

// warmUp compiles and allocates in a first step, and times some more.
func (s *side) warmUp() error {
	if err := s.time(1); err != nil {
		return err
	}
	return s.time(s.stepsIn(2))
}

// stepsIn is how many steps take as many seconds, and at least one.
func (s *side) stepsIn(seconds float64) int { return max(1, int(math.Ceil(seconds/s.best))) }

// Precisions of products. high is float32 that may be multiplied with 16 bits of a factor: PyTorch's float32 precision of that name, and our
// amx-bf16x3.
const (
	f32  = "f32"
	high = "high"
	bf16 = "bf16"
)

// kernels are ours that this machine has, by precision.
func kernels(precision string) (names []string, err error) {
	for _, name := range kernel.Names() {
		be, err := kernel.Open(name)
		switch {
		case err != nil, (be.Precision() == kernel.BF16) != (precision == bf16), precision == f32 && name == "amx-bf16x3":
		default:
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("this machine has no %s kernel: nothing to compare", precision)
	}
	return names, nil
}

func (b *bench) compareSpeed(ctx context.Context, rounds int, precisions, kernelNames []string) (result, error) {
	clean, err := b.prepare(8, true)
	if err != nil {
		return result{}, err
	}
	defer clean()
	matches, last := map[string]match{}, match{}
	var names []string
	for _, precision := range precisions {
		if last, err = b.match(ctx, precision, rounds, kernelNames); err != nil {
			return result{}, err
		}
		matches[precision] = last
		names = append(names, last.mine.Name)
	}
	tokens := float64(b.job.Batch * b.job.Length)
	return result{
		Shape: b.job.Shape, RatioBF16: matches[bf16].ratio, RatioF32: matches[f32].ratio, RatioHigh: matches[high].ratio,
		RatioCPU: slices.Min(last.theirs.cpu) / slices.Min(last.mine.cpu), TokS: tokens / duel.Median(last.mine.secs), PeerTokS: tokens / duel.Median(last.theirs.secs), RSSRatio: last.mine.rss / last.theirs.rss,
		Kernel: strings.Join(names, ", "), PeerMode: last.theirs.Name,
	}, nil
}

// match is the best of both sides in one precision, timed in turn.
type match struct {
	mine, theirs *side
	ratio        float64 // median over the rounds
}

// match compares in one precision, with all kernels of it or those that are named.
func (b *bench) match(ctx context.Context, precision string, rounds int, named []string) (m match, err error) {
	names, err := kernels(precision)
	if err != nil {
		return m, err
	}
	if len(named) > 0 {
		names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(named, name) })
	}
	if m.theirs, err = b.best(b.modes, func(mode string) (*side, error) { return b.peer(ctx, mode, cmp.Or(b.peerIn, precision)) }); err != nil {
		return m, err
	}
	defer m.theirs.Stop()
	if m.mine, err = b.best(names, func(name string) (*side, error) { return b.ours(ctx, name) }); err != nil {
		return m, err
	}
	defer m.mine.Stop()
	n := m.theirs.stepsIn(4)
	var ratios []float64
	for round := range rounds {
		if err := errors.Join(m.mine.time(n), m.theirs.time(n)); err != nil {
			return m, err
		}
		ratios = append(ratios, m.theirs.secs[round]/m.mine.secs[round])
		fmt.Fprintf(b.log, "%s round %d: %s %.0f ms (processor %.0f), %s %.0f ms (%.0f)\n", b.job.Shape, round+1,
			m.mine.Name, 1e3*m.mine.secs[round], 1e3*m.mine.cpu[round], m.theirs.Name, 1e3*m.theirs.secs[round], 1e3*m.theirs.cpu[round])
	}
	m.ratio = duel.Median(ratios)
	return m, nil
}

// best starts one after the other and keeps the fastest. One that does not run is named and left out.
func (b *bench) best(names []string, start func(name string) (*side, error)) (fastest *side, err error) {
	for _, name := range names {
		s, err := start(name)
		if err != nil {
			return nil, err
		}
		if err := s.warmUp(); err != nil {
			fmt.Fprintf(b.log, "%s: %v\n", s.Name, err)
			s.Stop()
			continue
		}
		if fastest == nil || s.best < fastest.best {
			s, fastest = fastest, s
		}
		if s != nil {
			s.Stop()
		}
	}
	if fastest == nil {
		return nil, fmt.Errorf("none of %s runs", strings.Join(names, ", "))
	}
	fastest.secs, fastest.cpu = nil, nil
	return fastest, nil
}
