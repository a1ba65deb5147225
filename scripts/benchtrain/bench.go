package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"slm/model/kernel"
	"slm/rng"
)

// bench compares the two sides on one job.
type bench struct {
	job    job
	python string
	rounds int
	log    io.Writer
	folder string
}

// side is a process that trains on request.
type side struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *json.Decoder
	best float64   // seconds of a step
	secs []float64 // of each round's step
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

func (b *bench) start(name, program string, args ...string) (*side, error) {
	s := &side{name: name, cmd: exec.Command(program, args...), best: math.Inf(1)}
	s.cmd.Stderr = os.Stderr
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = json.NewDecoder(bufio.NewReader(out))
	return s, s.cmd.Start()
}

// ours starts our side with a kernel, "" for the default.
func (b *bench) ours(kernelName string) (*side, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return b.start("slm "+kernelName, self, "-serve", b.folder, kernelName)
}

func (b *bench) peer(mode, precision string) (*side, error) {
	return b.start("PyTorch "+mode+" "+precision, b.python, filepath.Join("scripts", "benchtrain", "peer.py"), b.folder, mode, precision)
}

func (s *side) steps(n int) (answer, error) {
	var a answer
	if _, err := fmt.Fprintln(s.in, n); err != nil {
		return a, fmt.Errorf("%s: %w", s.name, err)
	}
	if err := s.out.Decode(&a); err != nil {
		return a, fmt.Errorf("%s: %w", s.name, err)
	}
	s.rss = a.RSS
	return a, nil
}

// time does n steps and keeps the seconds of one.
func (s *side) time(n int) error {
	a, err := s.steps(n)
	if err == nil {
		s.secs = append(s.secs, a.Seconds/float64(n))
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

func (s *side) stop() {
	_ = s.in.Close()
	_ = s.cmd.Wait()
}

// kernels are ours that this machine has, by precision.
func kernels(precision string) (names []string, err error) {
	all := map[string][]string{"f32": {"amx-f32", "onednn-f32", "go"}, "bf16": {"amx", "onednn-bf16"}}[precision]
	for _, name := range all {
		if _, err := kernel.Open(name); err == nil {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("this machine has no %s kernel: nothing to compare", precision)
	}
	return names, nil
}

func (b *bench) compareSpeed() (result, error) {
	clean, err := b.prepare(8, true)
	if err != nil {
		return result{}, err
	}
	defer clean()
	f32, err := b.duel("f32")
	if err != nil {
		return result{}, err
	}
	bf16, err := b.duel("bf16")
	if err != nil {
		return result{}, err
	}
	tokens := float64(b.job.Batch * b.job.Length)
	return result{
		Shape: b.job.Shape, RatioBF16: bf16.ratio, RatioF32: f32.ratio, TokS: tokens / median(bf16.mine.secs), PeerTokS: tokens / median(bf16.theirs.secs),
		RSSRatio: bf16.mine.rss / bf16.theirs.rss, Kernel: bf16.mine.name + ", " + f32.mine.name, PeerMode: bf16.theirs.name,
	}, nil
}

// duel is the best of both sides in one precision, timed in turn.
type duel struct {
	mine, theirs *side
	ratio        float64 // median over the rounds
}

func (b *bench) duel(precision string) (d duel, err error) {
	names, err := kernels(precision)
	if err != nil {
		return d, err
	}
	if d.theirs, err = b.best([]string{"compile", "eager"}, func(mode string) (*side, error) { return b.peer(mode, precision) }); err != nil {
		return d, err
	}
	defer d.theirs.stop()
	if d.mine, err = b.best(names, b.ours); err != nil {
		return d, err
	}
	defer d.mine.stop()
	n := d.theirs.stepsIn(4)
	var ratios []float64
	for round := range b.rounds {
		if err := errors.Join(d.mine.time(n), d.theirs.time(n)); err != nil {
			return d, err
		}
		ratios = append(ratios, d.theirs.secs[round]/d.mine.secs[round])
		fmt.Fprintf(b.log, "%s round %d: %s %.0f ms, %s %.0f ms\n", b.job.Shape, round+1, d.mine.name, 1e3*d.mine.secs[round], d.theirs.name, 1e3*d.theirs.secs[round])
	}
	d.ratio = median(ratios)
	return d, nil
}

// best starts one after the other and keeps the fastest. One that does not run is named and left out.
func (b *bench) best(names []string, start func(name string) (*side, error)) (fastest *side, err error) {
	for _, name := range names {
		s, err := start(name)
		if err != nil {
			return nil, err
		}
		if err := s.warmUp(); err != nil {
			fmt.Fprintf(b.log, "%s: %v\n", s.name, err)
			s.stop()
			continue
		}
		if fastest == nil || s.best < fastest.best {
			s, fastest = fastest, s
		}
		if s != nil {
			s.stop()
		}
	}
	if fastest == nil {
		return nil, fmt.Errorf("none of %s runs", strings.Join(names, ", "))
	}
	fastest.secs = nil
	return fastest, nil
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
