package infer

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"slm/model"
	"slm/model/decode"
	"slm/model/gguf"
	"slm/model/kernel"
	"slm/model/weights"
	"slm/rng"
	"slm/scripts/benchmark/duel"
)

// Sizes of the tasks, which the Python sides have as well.
const (
	prefillTokens = 512
	promptTokens  = 32
	decodeTokens  = 96
	crowd         = 32 // sequences of SmolLM2
	crowdTokens   = 16
	smallCrowd    = 64 // sequences of our own model
	smallTokens   = 96
)

// small is a domain model of the size that recipes train.
var small = model.Config{Vocab: 4096, Width: 256, Layers: 6, Heads: 4, KVHeads: 4, HeadDim: 64, Hidden: 704, Context: 512, RopeTheta: 10000, NormEps: 1e-5, Tied: true}

func smallParams() *model.Params { return model.New(small, 1) }

// writeSmall writes the small model for the other side.
func writeSmall(folder string) error {
	text, err := json.Marshal(small)
	var weights []byte
	for _, t := range smallParams().Tensors() {
		for _, v := range t.Data {
			weights = binary.LittleEndian.AppendUint32(weights, math.Float32bits(v))
		}
	}
	return errors.Join(err, os.WriteFile(filepath.Join(folder, "config.json"), text, 0o644), os.WriteFile(filepath.Join(folder, "weights.f32"), weights, 0o644))
}

// ours does our tasks. A model is opened when it is asked for first.
type ours struct {
	weights string
	backend kernel.Backend
	open    map[string]*decode.Decoder
}

func openParams(file string, read func(weights.Source) (*model.Params, error)) (*model.Params, *gguf.File, error) {
	f, err := gguf.Open(file)
	if err != nil {
		return nil, nil, err
	}
	p, err := read(f)
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return p, f, nil
}

func (o *ours) decoder(name string) (*decode.Decoder, error) {
	if d, ok := o.open[name]; ok {
		return d, nil
	}
	var d *decode.Decoder
	if name == "small" {
		d = decode.New(smallParams(), o.backend)
	} else {
		read := weights.Params
		if name == "file" {
			read = weights.Vectors
		}
		p, f, err := openParams(o.weights, read)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		switch name {
		case "int8":
			d, err = decode.NewInt8(p, o.backend)
		case "file":
			d, err = decode.NewFile(p, o.backend, f.Rows)
		default:
			d = decode.New(p, o.backend)
		}
		if err != nil {
			return nil, err
		}
	}
	o.open[name] = d
	return d, nil
}

func serve(weights string, in io.Reader, out io.Writer) error {
	be, err := kernel.Open("")
	if err != nil {
		return err
	}
	o := &ours{weights: weights, backend: be, open: map[string]*decode.Decoder{}}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		a, err := o.do(lines.Text())
		a.Peak = duel.PeakMemory()
		if err != nil {
			a.Error = err.Error()
		}
		if err := json.NewEncoder(out).Encode(a); err != nil {
			return err
		}
	}
	return nil
}

func (o *ours) do(task string) (answer, error) {
	task, name := cutFormat(task)
	if task == "small" {
		name = task
	}
	d, err := o.decoder(name)
	if err != nil {
		return answer{}, err
	}
	switch task {
	case "prefill":
		return generate(d, requests(d, 1, prefillTokens, 1), prefillTokens)
	case "decode": // the prompt's time is taken off
		whole, err := generate(d, requests(d, 1, promptTokens, decodeTokens+1), decodeTokens)
		if err != nil {
			return whole, err
		}
		prompt, err := generate(d, requests(d, 1, promptTokens, 1), 0)
		whole.Seconds, whole.CPU = whole.Seconds-prompt.Seconds, whole.CPU-prompt.CPU
		return whole, err
	case "together":
		return generate(d, requests(d, crowd, promptTokens, crowdTokens), crowd*crowdTokens)
	case "one-by-one":
		total := answer{}
		for _, r := range requests(d, crowd, promptTokens, crowdTokens) {
			a, err := generate(d, []decode.Request{r}, crowdTokens)
			if err != nil {
				return a, err
			}
			total.Tokens, total.Seconds, total.CPU = total.Tokens+a.Tokens, total.Seconds+a.Seconds, total.CPU+a.CPU
		}
		return total, nil
	case "small":
		return generate(d, requests(d, smallCrowd, promptTokens, smallTokens), smallCrowd*smallTokens)
	}
	return answer{}, fmt.Errorf("%q is no task", task)
}

// cutFormat parts a task from the format of the weights that it is done with.
func cutFormat(task string) (rest, format string) {
	for _, format := range []string{"int8", "file"} {
		if rest, ok := strings.CutSuffix(task, "-"+format); ok {
			return rest, format
		}
	}
	return task, "bf16"
}

func requests(d *decode.Decoder, n, prompt, fresh int) []decode.Request {
	reqs := make([]decode.Request, n)
	for i := range reqs {
		s := rng.New(1, "bench-infer").At(uint64(i))
		for range prompt {
			reqs[i].Prompt = append(reqs[i].Prompt, int32(s.IntN(d.Config().Vocab)))
		}
		reqs[i].MaxNew = fresh
	}
	return reqs
}

func generate(d *decode.Decoder, reqs []decode.Request, tokens int) (answer, error) {
	began, cpu := time.Now(), duel.Processor()
	_, err := d.Generate(context.Background(), reqs)
	return answer{Tokens: tokens, Seconds: time.Since(began).Seconds(), CPU: duel.Processor() - cpu}, err
}
