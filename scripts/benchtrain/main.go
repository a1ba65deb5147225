// Command benchtrain times training steps of this program and of PyTorch in turn, on the same model, data and start weights, and prints the
// ratio of their speeds. scripts/bench-train sets its Python up and starts it.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"slm/model"
)

// job is what both sides read: the model and how it is trained.
type job struct {
	Shape  string       `json:"shape"`
	Config model.Config `json:"config"`
	Batch  int          `json:"batch"`  // rows
	Length int          `json:"length"` // tokens of a row
	LR     float64      `json:"lr"`
	Decay  float64      `json:"decay"`

	Document  int  `json:"document"` // tokens of a document, with which rows are filled; 0 = a row is one. Ours alone
	Recompute bool `json:"recompute"`
}

// weights are those that both sides start from.
func (j job) weights() *model.Params { return model.New(j.Config, 1) }

func (j job) document() int {
	if j.Document > 0 {
		return j.Document
	}
	return j.Length
}

func config(vocab, width, layers, heads, kv, hidden, context int, theta float64) model.Config {
	return model.Config{
		Vocab: vocab, Width: width, Layers: layers, Heads: heads, KVHeads: kv, HeadDim: width / heads, Hidden: hidden, Context: context,
		RopeTheta: theta, NormEps: 1e-5, Tied: true,
	}
}

var jobs = []job{
	{Shape: "A", Config: config(4096, 256, 6, 4, 4, 704, 256, 1e4), Batch: 32, Length: 256},
	{Shape: "B", Config: config(8192, 512, 8, 8, 8, 1408, 512, 1e4), Batch: 8, Length: 512},
	{Shape: "C", Config: config(49152, 576, 30, 9, 3, 1536, 512, 1e5), Batch: 4, Length: 512},
}

// result is a line of the table.
type result struct {
	Shape     string  `json:"shape"`
	RatioBF16 float64 `json:"ratio_bf16"`
	RatioF32  float64 `json:"ratio_f32"`
	RatioHigh float64 `json:"ratio_f32_high"` // where both sides may multiply with 16 bits of a factor
	TokS      float64 `json:"tok_s"`          // ours, bf16
	PeerTokS  float64 `json:"peer_tok_s"`     // PyTorch's best, bf16
	RSSRatio  float64 `json:"rss_ratio"`
	Kernel    string  `json:"kernel"`
	PeerMode  string  `json:"peer_mode"`
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench-train:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out, log io.Writer) error {
	flags := flag.NewFlagSet("bench-train", flag.ContinueOnError)
	shapes := flags.String("shapes", "A,B,C", "which shapes")
	rounds := flags.Int("rounds", 5, "rounds of both sides in turn")
	python := flags.String("python", "python3", "a Python that has torch and numpy")
	format := flags.String("o", "text", "text or json")
	curves := flags.Int("curves", 0, "compare the losses of this many steps instead of speeds, and fail where they differ")
	only := flags.String("kernels", "", "kernels whose losses are compared, separated by commas; empty: all that this machine has")
	batch := flags.Int("batch", 0, "rows of a step; 0: the shape's own")
	scale := flags.String("table", "", "our speed and memory alone by row and document, for models of these million parameters: all, or some of 1,6,14,30,135")
	profiled := flags.Int("profile", 0, "where the time of a step of ours goes and what the machine could do: medians of so many steps")
	side := flags.String("serve", "", "be our side in this folder, with the kernel given as argument")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *side != "" {
		return serve(*side, flags.Arg(0), in, out)
	}
	if *scale != "" {
		return showTable(*scale, *format, out, log)
	}
	var results []result
	var learning []curve
	for _, j := range jobs {
		if !slices.Contains(strings.Split(*shapes, ","), j.Shape) {
			continue
		}
		j.LR, j.Decay = 1e-3, 0.1
		if *batch > 0 {
			j.Batch = *batch
		}
		b := &bench{job: j, python: *python, rounds: *rounds, log: log}
		if *profiled > 0 {
			p, err := b.profileOf(*profiled)
			if err == nil {
				err = p.measureMachine(j)
			}
			if err != nil {
				return err
			}
			if *format == "json" {
				if err := json.NewEncoder(out).Encode(p); err != nil {
					return err
				}
			} else {
				p.show(out)
			}
			continue
		}
		if *curves > 0 {
			list, err := b.compareCurves(*curves, *only)
			if err != nil {
				return err
			}
			learning = append(learning, list...)
			continue
		}
		r, err := b.compareSpeed()
		if err != nil {
			return err
		}
		results = append(results, r)
		if *format == "text" {
			fmt.Fprintf(out, "%s  bf16 ×%.2f (%.0f against %.0f tokens/s of %s)  f32 ×%.2f (high ×%.2f)  memory ×%.2f  %s\n",
				r.Shape, r.RatioBF16, r.TokS, r.PeerTokS, r.PeerMode, r.RatioF32, r.RatioHigh, r.RSSRatio, r.Kernel)
		}
	}
	if *profiled > 0 {
		return nil
	}
	if *curves > 0 {
		return showCurves(learning, *format, out)
	}
	if *format == "json" {
		return json.NewEncoder(out).Encode(map[string]any{"shapes": results})
	}
	return nil
}

func showCurves(curves []curve, format string, out io.Writer) error {
	var err error
	for _, c := range curves {
		if format == "text" {
			fmt.Fprintln(out, c)
		}
		if !c.Same && !c.Control {
			err = errCurves
		}
	}
	if format == "json" {
		err = errors.Join(err, json.NewEncoder(out).Encode(map[string]any{"curves": curves}))
	}
	return err
}
