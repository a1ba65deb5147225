// Package train times training steps of this program and of PyTorch in turn, on the same model, data and start weights, and prints the
// ratio of their speeds.
package train

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"slm/model"
	"slm/scripts/benchmark/setup"
)

// job is what both sides read: the model and how it is trained.
type job struct {
	Shape  string       `json:"shape"`
	Config model.Config `json:"config"`
	Batch  int          `json:"batch"`  // rows
	Length int          `json:"length"` // tokens of a row
	LR     float64      `json:"lr"`
	Decay  float64      `json:"decay"`

	Threads int `json:"threads"`
	LoRA    int `json:"lora"` // rank of an adapter that is trained instead of the weights; 0 = these are

	Document  int  `json:"document"` // tokens of a document, with which rows are filled; 0 = a row is one. Ours alone
	Recompute bool `json:"recompute"`
}

// weights are those that both sides start from.
func (j job) weights() *model.Params {
	p := model.New(j.Config, 1)
	if j.LoRA > 0 {
		var l model.LoRA
		l.SetDefaults()
		l.Rank, l.Alpha = j.LoRA, 2*float64(j.LoRA)
		p.Adapter = model.NewAdapter(j.Config, l, 1)
	}
	return p
}

func (j job) document() int {
	if j.Document > 0 {
		return j.Document
	}
	return j.Length
}

var config = setup.Config

// jobs are the shapes.
var jobs = func() (list []job) {
	for _, s := range setup.Shapes {
		list = append(list, job{Shape: s.Name, Config: s.Config, Batch: s.Batch, Length: s.Length})
	}
	return list
}()

// options are the flags.
type options struct {
	shapes, kernels        []string
	precisions             []string
	peerIn                 string
	rounds, curves, batch  int
	threads, lora          int
	modes                  []string
	table, format, serving string
	profile                int
}

// Command is the subcommand.
func Command() *cobra.Command {
	python := setup.Python{Venv: "venv-bench", Packages: []string{"torch==2.15.0", "numpy==2.4.6"}}
	var o options
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Training speed beside PyTorch's",
		Long: "Training speed beside PyTorch's, on the same model, data and start weights, in turn. --curves compares losses instead of speeds; --table is our\n" +
			"speed and memory alone by length of row and document, with activations kept and computed again; --lora trains an adapter, beside peft's; --profile is where the time of a step of ours\n" +
			"goes by op, what Gorgonia's machine costs, what is allocated, and how far the step is from the machine's own limit.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, out, log := cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
			switch {
			case o.serving != "":
				return serve(o.serving, strings.Join(o.kernels, ","), in, out)
			case o.table != "":
				return showTable(cmd.Context(), o.table, o.format, out, log)
			case o.profile > 0:
				return o.eachShape(log, func(b *bench) error { return b.showProfile(o.profile, o.format, out) })
			}
			if o.lora > 0 {
				python.Venv, python.Packages = "venv-bench-lora", append(python.Packages, "transformers==4.57.3", "peft==0.21.2", "accelerate==1.15.0")
				o.precisions = []string{f32}
			}
			path, err := python.Path(cmd.Context(), log)
			if err != nil {
				return err
			}
			if o.curves > 0 {
				return o.showCurves(cmd.Context(), path, out, log)
			}
			return o.showSpeeds(cmd.Context(), path, out, log)
		},
	}
	python.AddFlag(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&o.shapes, "shapes", []string{"A", "B", "C"}, "which shapes")
	f.IntVar(&o.rounds, "rounds", 5, "rounds of both sides in turn")
	f.StringVarP(&o.format, "output", "o", "text", "text or json")
	f.IntVar(&o.curves, "curves", 0, "compare the losses of this many steps instead of speeds, and fail where they differ")
	f.StringSliceVar(&o.kernels, "kernels", nil, "kernels that are compared (default: all that this machine has)")
	f.StringSliceVar(&o.precisions, "precisions", []string{f32, high, bf16}, "precisions in which speeds are compared")
	f.StringVar(&o.peerIn, "peer-precision", "", "precision of PyTorch, where its own bf16 is no match because the processor has no instruction for it (default: the same as ours)")
	f.IntVar(&o.threads, "threads", 2, "threads of each side")
	f.IntVar(&o.lora, "lora", 0, "train an adapter of this rank on all seven projections, with frozen weights, beside peft in float32")
	f.StringSliceVar(&o.modes, "modes", []string{"compile", "eager"}, "ways to run PyTorch, of which the fastest counts")
	f.IntVar(&o.batch, "batch", 0, "rows of a step (default: the shape's own)")
	f.StringVar(&o.table, "table", "", "our speed and memory alone by row and document, for models of these million parameters: all, or some of 1,6,14,30,135")
	f.IntVar(&o.profile, "profile", 0, "where the time of a step of ours goes and what the machine could do: medians of so many steps")
	f.StringVar(&o.serving, "serve", "", "be our side in this folder, with the kernel of --kernels")
	_ = f.MarkHidden("serve") // the flag is there
	return cmd
}

// eachShape does work for each shape that is asked for.
func (o *options) eachShape(log io.Writer, work func(b *bench) error) error {
	for _, j := range jobs {
		if !slices.Contains(o.shapes, j.Shape) {
			continue
		}
		j.LR, j.Decay, j.Threads, j.LoRA = 1e-3, 0.1, o.threads, o.lora
		if o.batch > 0 {
			j.Batch = o.batch
		}
		if err := work(&bench{job: j, modes: o.modes, peerIn: o.peerIn, log: log}); err != nil {
			return err
		}
	}
	return nil
}

// result is a line of the table.
type result struct {
	Shape     string  `json:"shape"`
	RatioBF16 float64 `json:"ratio_bf16"`
	RatioF32  float64 `json:"ratio_f32"`
	RatioHigh float64 `json:"ratio_f32_high"` // where both sides may multiply with 16 bits of a factor
	TokS      float64 `json:"tok_s"`          // ours, in the last precision
	PeerTokS  float64 `json:"peer_tok_s"`     // PyTorch's best, in the same
	RatioCPU  float64 `json:"ratio_cpu"`      // of processor time, least of the rounds, in the same
	RSSRatio  float64 `json:"rss_ratio"`
	Kernel    string  `json:"kernel"`
	PeerMode  string  `json:"peer_mode"`
}

func (r result) show(out io.Writer) {
	fmt.Fprint(out, r.Shape)
	for _, p := range []struct {
		precision string
		ratio     float64
	}{{bf16, r.RatioBF16}, {f32, r.RatioF32}, {high, r.RatioHigh}} {
		if p.ratio > 0 { // it was asked for
			fmt.Fprintf(out, "  %s ×%.2f", p.precision, p.ratio)
		}
	}
	fmt.Fprintf(out, "  %.0f against %.0f tokens/s of %s  processor time ×%.2f  memory ×%.2f  %s\n", r.TokS, r.PeerTokS, r.PeerMode, r.RatioCPU, r.RSSRatio, r.Kernel)
}

func (o *options) showSpeeds(ctx context.Context, python string, out, log io.Writer) error {
	var results []result
	err := o.eachShape(log, func(b *bench) error {
		b.python = python
		r, err := b.compareSpeed(ctx, o.rounds, o.precisions, o.kernels)
		if err != nil {
			return err
		}
		results = append(results, r)
		if o.format == "text" {
			r.show(out)
		}
		return nil
	})
	if err != nil || o.format != "json" {
		return err
	}
	return json.NewEncoder(out).Encode(map[string]any{"shapes": results})
}

func (o *options) showCurves(ctx context.Context, python string, out, log io.Writer) error {
	var curves []curve
	err := o.eachShape(log, func(b *bench) error {
		b.python = python
		list, err := b.compareCurves(ctx, o.curves, o.kernels)
		curves = append(curves, list...)
		return err
	})
	if err != nil {
		return err
	}
	return showCurves(curves, o.format, out)
}
