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

	"slm/model"
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

// prepare writes what both sides read; batches is how many the data holds.
func (b *bench) prepare(batches int) (clean func(), err error) {
	if b.folder, err = os.MkdirTemp("", "bench-train-"); err != nil {
		return nil, err
	}
	clean = func() { _ = os.RemoveAll(b.folder) }
	text, err := json.Marshal(b.job)
	var weights, tokens []byte
	for _, t := range model.New(b.job.Config, 1).Tensors() {
		for _, v := range t.Data {
			weights = binary.LittleEndian.AppendUint32(weights, math.Float32bits(v))
		}
	}
	s, last := rng.New(1, "bench-train"), 0
	for range batches * b.job.Batch * (b.job.Length + 1) {
		// Half of the tokens follow from the one before, so that there is something to learn.
		if last = (last*31 + 7) % b.job.Config.Vocab; s.IntN(2) == 0 {
			last = s.IntN(b.job.Config.Vocab)
		}
		tokens = binary.LittleEndian.AppendUint32(tokens, uint32(last))
	}
	return clean, errors.Join(err, os.WriteFile(filepath.Join(b.folder, "shape.json"), text, 0o644),
		os.WriteFile(filepath.Join(b.folder, "weights.f32"), weights, 0o644), os.WriteFile(filepath.Join(b.folder, "tokens.i32"), tokens, 0o644))
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

func (b *bench) ours(kernelName string) (*side, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return b.start("slm "+kernelName, self, "-serve", kernelName, b.folder)
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

func (s *side) stop() {
	_ = s.in.Close()
	_ = s.cmd.Wait()
}

// kernels are ours by precision: the default, and the fastest in f32.
func kernels() (bf16, f32 string, err error) {
	be, err := kernel.Open("")
	if err != nil {
		return "", "", err
	}
	f32 = "onednn-f32"
	if _, err := kernel.OneDNN(); err != nil {
		f32 = "go"
	}
	if be.Precision() != kernel.BF16 {
		return "", "", errors.New("no bf16 on this machine: nothing to compare")
	}
	bf16 = "onednn-bf16"
	if _, err := kernel.Open("amx"); err == nil {
		bf16 = "amx"
	}
	return bf16, f32, nil
}

func (b *bench) compareSpeed() (result, error) {
	clean, err := b.prepare(8)
	if err != nil {
		return result{}, err
	}
	defer clean()
	bf16, f32, err := kernels()
	if err != nil {
		return result{}, err
	}
	r := result{Shape: b.job.Shape, Kernel: bf16 + ", " + f32}
	if r.RatioF32, _, _, err = b.duel(f32, "f32"); err != nil {
		return r, err
	}
	var mine, theirs *side
	if r.RatioBF16, mine, theirs, err = b.duel(bf16, "bf16"); err != nil {
		return r, err
	}
	tokens := float64(b.job.Batch * b.job.Length)
	r.TokS, r.PeerTokS = tokens/median(mine.secs), tokens/median(theirs.secs)
	r.RSSRatio, r.PeerMode = mine.rss/theirs.rss, theirs.name
	return r, nil
}

// duel times one of our kernels and the better of PyTorch's modes in turn. ratio is the median over the rounds.
func (b *bench) duel(ours, precision string) (ratio float64, mine, theirs *side, err error) {
	for _, mode := range []string{"compile", "eager"} {
		p, err := b.peer(mode, precision)
		if err != nil {
			return 0, nil, nil, err
		}
		if err := errors.Join(p.time(2), p.time(2)); err != nil { // the first compiles
			fmt.Fprintf(b.log, "%s: %v\n", p.name, err)
			p.stop()
			continue
		}
		if theirs == nil || p.best < theirs.best {
			p, theirs = theirs, p
		}
		if p != nil {
			p.stop()
		}
	}
	if theirs == nil {
		return 0, nil, nil, errors.New("PyTorch does not run")
	}
	defer theirs.stop()
	if mine, err = b.ours(ours); err != nil {
		return 0, nil, nil, err
	}
	defer mine.stop()
	if err := mine.time(2); err != nil {
		return 0, nil, nil, err
	}
	mine.secs, theirs.secs = nil, nil
	n := max(2, int(math.Ceil(2/theirs.best)))
	var ratios []float64
	for round := range b.rounds {
		if err := errors.Join(mine.time(n), theirs.time(n)); err != nil {
			return 0, nil, nil, err
		}
		ratios = append(ratios, theirs.secs[round]/mine.secs[round])
		fmt.Fprintf(b.log, "%s round %d: %s %.0f ms, %s %.0f ms\n", b.job.Shape, round+1, mine.name, 1e3*mine.secs[round], theirs.name, 1e3*theirs.secs[round])
	}
	return median(ratios), mine, theirs, nil
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
