package train

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"runtime"
	"slices"
	"time"

	"slm/model/kernel"
	"slm/scripts/benchmark/duel"
)

// profile says where a step's time goes, part by part, and how far it is from what the machine could do. All times are of the wall, in seconds.
type profile struct {
	Shape      string             `json:"shape"`
	Kernel     string             `json:"kernel"`
	Step       float64            `json:"step"`
	Parts      map[string]float64 `json:"parts"`       // ops by kind, the graph machine around them, the optimiser and the rest; their sum is Step
	Objects    float64            `json:"objects"`     // allocated in a step
	Bytes      float64            `json:"alloc_bytes"` // of them
	FLOP       float64            `json:"flop"`
	Rate       float64            `json:"flop_s"` // of the fastest kernel here, on the products of this model alone
	RateKernel string             `json:"flop_s_kernel"`
	Moved      float64            `json:"moved_bytes"` // that any program has to move
	Bandwidth  float64            `json:"bytes_s"`     // of a copy, read and written
}

// machine is the part of the time in which Gorgonia's machine runs, and no op.
const machine = "graph machine"

// limit is the time in which the machine could do the step: its products at their own speed, and its memory at that of a copy.
func (p profile) limit() float64 { return p.FLOP/p.Rate + p.Moved/p.Bandwidth }

// layer is what an op's name says beside its kind.
var layer = regexp.MustCompile(`\.?\d+`)

// profileOf takes the medians of some steps, after two that do not count.
func (b *bench) profileOf(steps int) (p profile, err error) {
	clean, err := b.prepare(steps+2, false)
	if err != nil {
		return p, err
	}
	defer clean()
	t, err := openOurs(b.folder, "")
	if err != nil {
		return p, err
	}
	be, err := kernel.Open("")
	if err != nil {
		return p, err
	}
	p = profile{Shape: b.job.Shape, Kernel: be.Name(), Parts: map[string]float64{}, FLOP: b.job.flop(), Moved: b.job.moved()}
	parts := map[string]float64{} // of the step that runs
	t.watch = func(part string, run func() error) error {
		began := time.Now()
		err := run()
		parts[part] += time.Since(began).Seconds()
		return err
	}
	t.graph.Watch(func(name string, run func() error) error { return t.watch(layer.ReplaceAllString(name, ""), run) })
	all := map[string][]float64{}
	var whole []float64
	var before, after runtime.MemStats
	for n := range steps + 2 {
		clear(parts)
		if n == 2 {
			runtime.ReadMemStats(&before)
		}
		began := time.Now()
		if _, err := t.train(); err != nil {
			return p, err
		}
		if n < 2 {
			continue
		}
		step := time.Since(began).Seconds()
		whole = append(whole, step)
		inside := 0.0
		for part, s := range parts {
			if part != graphRun && part != afterGraph {
				inside += s
			}
		}
		parts[machine] = parts[graphRun] - inside
		parts["batches, gradients cleared"] = step - parts[graphRun] - parts[afterGraph]
		delete(parts, graphRun)
		for part, s := range parts {
			all[part] = append(all[part], s)
		}
	}
	runtime.ReadMemStats(&after)
	p.Objects, p.Bytes = float64(after.Mallocs-before.Mallocs)/float64(steps), float64(after.TotalAlloc-before.TotalAlloc)/float64(steps)
	p.Step = duel.Median(whole)
	for part, s := range all {
		p.Parts[part] = duel.Median(s)
	}
	return p, nil
}

// showProfile measures and prints.
func (b *bench) showProfile(steps int, format string, out io.Writer) error {
	p, err := b.profileOf(steps)
	if err == nil {
		err = p.measureMachine(b.job)
	}
	if err != nil {
		return err
	}
	if format == "json" {
		return json.NewEncoder(out).Encode(p)
	}
	p.show(out)
	return nil
}

// measureMachine finds out what the machine could do.
func (p *profile) measureMachine(j job) (err error) {
	p.Bandwidth = bandwidth()
	p.Rate, p.RateKernel, err = j.fastest()
	return err
}

// matrices are the shapes [n,k] of the model's weights and how many there are of each.
func (j job) matrices() map[[2]int]int {
	c := j.Config
	out := map[[2]int]int{{c.Vocab, c.Width}: 1}
	for _, m := range [][2]int{{c.QKVWidth(), c.Width}, {c.Width, c.QWidth()}, {2 * c.Hidden, c.Width}, {c.Width, c.Hidden}} {
		out[m] += c.Layers
	}
	return out
}

func (j job) tokens() float64 { return float64(j.Batch * j.Length) }

// flop counts multiplications and additions of a step's products: three with each matrix, and of causal attention two forward and four backward.
func (j job) flop() (sum float64) {
	for m, n := range j.matrices() {
		sum += 6 * j.tokens() * float64(m[0]*m[1]*n)
	}
	pairs := j.tokens() * float64(j.document()+1) / 2
	return sum + 12*pairs*float64(j.Config.QWidth()*j.Config.Layers)
}

// moved counts the bytes of a step that no cache can hold: AdamW reads four values of a parameter and writes three; weights are read in 16 bits
// forward and backward and gradients added to; of a block's activations the residual stream in 32 bits and the rest in 16 bits are written once and read once.
func (j job) moved() float64 {
	c, parameters := j.Config, 0.0
	for m, n := range j.matrices() {
		parameters += float64(m[0] * m[1] * n)
	}
	stream, kept := 4*c.Width, 2*(2*c.Width+c.QKVWidth()+c.QWidth()+3*c.Hidden)
	return parameters*(7*4+2*2+2*4) + j.tokens()*float64(c.Layers)*2*float64(4*stream+kept)
}

// fastest times y = x·Wᵀ with all matrices of the model, on all threads, with each kernel of its precision, and returns the best.
func (j job) fastest() (rate float64, name string, err error) {
	names, err := kernels(bf16)
	if err != nil {
		if names, err = kernels(f32); err != nil {
			return 0, "", err
		}
	}
	for _, candidate := range names {
		be, err := kernel.Open(candidate)
		if err != nil {
			return 0, "", err
		}
		speed := 0.0
		if be.Precision() == kernel.BF16 {
			speed = productSpeed[uint16](be, j)
		} else {
			speed = productSpeed[float32](be, j)
		}
		if speed > rate {
			rate, name = speed, candidate
		}
	}
	return rate, name, nil
}

func productSpeed[T kernel.Elem](be kernel.Backend, j job) float64 {
	const rows, tile = 4096, 128
	flop, seconds := 0.0, 0.0
	for m, count := range j.matrices() {
		n, k := m[0], m[1]
		w := kernel.NewWeights[T](be, n, k)
		w.Set(make([]float32, n*k))
		x, y := make([]T, rows*k), make([][]T, kernel.Threads()*4)
		for i := range y {
			y[i] = make([]T, tile*n)
		}
		best := math.Inf(1)
		for range 5 {
			began := time.Now()
			kernel.Tiles(rows, tile, func(lo, hi int) { kernel.Linear(w, y[lo/tile%len(y)], x[lo*k:hi*k], hi-lo, k, n, 0, n, false) })
			best = min(best, time.Since(began).Seconds())
		}
		flop, seconds = flop+float64(count)*2*rows*float64(n*k), seconds+float64(count)*best
	}
	return flop / seconds
}

// bandwidth is that of a copy which no cache holds, in bytes read and written a second.
func bandwidth() float64 {
	const size = 64 << 20
	from, to, best := make([]float32, size), make([]float32, size), math.Inf(1)
	for range 5 {
		began := time.Now()
		kernel.Tiles(size, 1<<18, func(lo, hi int) { copy(to[lo:hi], from[lo:hi]) })
		best = min(best, time.Since(began).Seconds())
	}
	return 2 * 4 * size / best
}

func (p profile) show(out io.Writer) {
	fmt.Fprintf(out, "%s, %s: %.0f ms a step; %.0f objects and %.2f MB allocated\n", p.Shape, p.Kernel, 1e3*p.Step, p.Objects, p.Bytes/1e6)
	parts := slices.SortedFunc(maps.Keys(p.Parts), func(a, b string) int { return cmp.Compare(p.Parts[b], p.Parts[a]) })
	for _, part := range parts {
		fmt.Fprintf(out, "| %s | %.1f ms | %.1f %% |\n", part, 1e3*p.Parts[part], 100*p.Parts[part]/p.Step)
	}
	fmt.Fprintf(out, "limit: %.0f GFLOP at %.0f a second (%s) and %.2f GB at %.1f a second: %.0f ms, the step takes %.2f times as long\n\n",
		p.FLOP/1e9, p.Rate/1e9, p.RateKernel, p.Moved/1e9, p.Bandwidth/1e9, 1e3*p.limit(), p.Step/p.limit())
}
