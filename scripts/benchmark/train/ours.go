package train

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"slm/model"
	"slm/model/kernel"
	"slm/model/op"
	"slm/optim"
	"slm/scripts/benchmark/duel"
	"slm/stages/trainer"
)

// answer is what a side says after some steps.
type answer struct {
	Seconds float64   `json:"seconds"`
	CPU     float64   `json:"cpu"` // seconds of all threads
	Losses  []float64 `json:"losses"`
	RSS     float64   `json:"rss"` // bytes, the peak so far
}

// ourSide trains as we do: it takes steps on request, as peer.py does.
type ourSide struct {
	job    job
	tokens []int32 // [batches, Batch, Length+1]
	graph  *model.Graph
	adam   *optim.AdamW
	step   int
	watch  op.Watcher // of the parts of a step; nil outside of profiles
}

// Parts of a step beside the graph's ops.
const (
	graphRun   = "graph"
	afterGraph = "optimiser"
)

// part does a part of a step.
func (t *ourSide) part(name string, run func() error) error {
	if t.watch == nil {
		return run()
	}
	return t.watch(name, run)
}

func serve(folder, name string, in io.Reader, out io.Writer) error {
	t, err := openOurs(folder, name)
	if err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var steps int
		if _, err := fmt.Sscan(lines.Text(), &steps); err != nil {
			return fmt.Errorf("%q is not a number of steps: %w", lines.Text(), err)
		}
		var a answer
		began, busy := time.Now(), duel.Processor()
		for range steps {
			loss, err := t.train()
			if err != nil {
				return err
			}
			a.Losses = append(a.Losses, loss)
		}
		a.Seconds, a.CPU, a.RSS = time.Since(began).Seconds(), duel.Processor()-busy, duel.PeakMemory()
		if err := json.NewEncoder(out).Encode(a); err != nil {
			return err
		}
	}
	return nil
}

func openOurs(folder, name string) (*ourSide, error) {
	be, err := kernel.Open(name)
	if err != nil {
		return nil, err
	}
	t := &ourSide{}
	text, err := os.ReadFile(filepath.Join(folder, "shape.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &t.job); err != nil {
		return nil, err
	}
	runtime.GOMAXPROCS(t.job.Threads)
	raw, err := os.ReadFile(filepath.Join(folder, "tokens.i32"))
	if err != nil {
		return nil, err
	}
	for ; len(raw) > 0; raw = raw[4:] {
		t.tokens = append(t.tokens, int32(binary.LittleEndian.Uint32(raw)))
	}
	mode := model.Gradients
	if t.job.Recompute {
		mode = model.Recomputing
	}
	seqs := max(1, min(t.job.Batch, trainer.DefaultMicroBatchTokens/t.job.Length))
	t.graph, err = model.NewGraph(t.job.weights(), be, seqs, t.job.Length, mode)
	return t, err
}

// train does one step and returns its loss in nats.
func (t *ourSide) train() (float64, error) {
	per, length := t.job.Batch*(t.job.Length+1), t.job.Length
	at := t.step * per % len(t.tokens)
	rows := t.tokens[at : at+per]
	t.graph.Zero()
	total := 0.0
	for row := 0; row < t.job.Batch; row += t.graph.Seqs {
		var b model.Batch
		for s := range t.graph.Seqs {
			r := rows[(row+s)*(length+1) : (row+s+1)*(length+1)]
			b.Tokens, b.Targets = append(b.Tokens, r[:length]...), append(b.Targets, r[1:]...)
			for i := range length {
				b.Docs = append(b.Docs, int32(s*length+i/t.job.document()*t.job.document()))
			}
		}
		err := t.part(graphRun, func() error {
			loss, err := t.graph.Run(b, 1/float32(t.job.Batch*length))
			total += loss
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	t.step++
	return total, t.part(afterGraph, t.optimise)
}

func (t *ourSide) optimise() error {
	if t.adam == nil {
		grads, err := t.graph.Gradients()
		if err != nil {
			return err
		}
		if t.adam, err = optim.NewAdamW(trainer.Params(grads)); err != nil {
			return err
		}
		t.adam.WeightDecay = t.job.Decay
	} else if _, err := t.graph.Gradients(); err != nil { // takes the embedding's gradient over
		return err
	}
	t.adam.Step(t.job.LR)
	t.graph.Refresh()
	return nil
}
