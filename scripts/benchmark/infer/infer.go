// Package infer times inference of this program beside llama.cpp and PyTorch, in turn, and prints the ratios of their speeds.
package infer

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"slm/model/kernel"
	"slm/scripts/benchmark/duel"
	"slm/scripts/benchmark/setup"
)

// row is a line of the table: what we did in a second, and what the other side did.
type row struct {
	What   string  `json:"what"`
	Ratio  float64 `json:"ratio"` // median over the rounds
	Goal   float64 `json:"goal"`
	TokS   float64 `json:"tok_s"`
	PeerTo string  `json:"peer"`
	PeerS  float64 `json:"peer_tok_s"`
	Best   float64 `json:"best"` // of the fastest rounds of both: on a busy machine the one that says more
	CPU    float64 `json:"cpu"`  // of the least processor time of both: with one thread the same, without what others take of the processor
	MB     float64 `json:"mb"`   // the most that our side has had in memory so far
	PeerMB float64 `json:"peer_mb"`
}

// match is one comparison: each side does its task once a round.
type match struct {
	what, mine  string // our task
	peer, their string // whose task it is compared with
	goal        float64
}

var matches = []match{
	{"prefill of 512 tokens, bf16", "prefill", "llama.cpp", "prefill", prefillGoal()},
	{"prefill of 512 tokens, 8 bits", "prefill-int8", "llama.cpp", "prefill", prefillGoal()},
	{"prefill of 512 tokens, the file's blocks", "prefill-file", "llama.cpp", "prefill", prefillGoal()},
	{"decoding one sequence, 8 bits", "decode-int8", "llama.cpp", "decode", 1.3},
	{"decoding one sequence, the file's blocks", "decode-file", "llama.cpp", "decode", 1.3},
	{"32 sequences together, 8 bits", "together-int8", "slm", "one-by-one-int8", 3},
	{"32 sequences together, the file's blocks", "together-file", "slm", "one-by-one-file", 3},
	{"our own 5.9 M model, 64 sequences together, bf16", "small", "transformers", "small", 5},
}

// prefillGoal depends on whether there are tiles.
func prefillGoal() float64 {
	if kernel.HasTiles() {
		return 8
	}
	return 1.5
}

// options are what a comparison is made with.
type options struct {
	python, weights, only string
	rounds, threads       int
	prebuilt              bool
}

//go:embed llama.py
var llamaScript string

//go:embed prebuilt.py
var prebuiltScript string

//go:embed generate.py
var generateScript string

// python has both peers. llama.cpp is built with all that this processor has but AMX, whose back end crashes.
func python() setup.Python {
	options := "-DGGML_NATIVE=OFF"
	for _, set := range []struct {
		name    string
		feature cpuid.FeatureID
	}{
		{"AVX", cpuid.AVX}, {"AVX2", cpuid.AVX2}, {"FMA", cpuid.FMA3}, {"F16C", cpuid.F16C}, {"BMI2", cpuid.BMI2}, {"AVX512", cpuid.AVX512F},
		{"AVX512_VBMI", cpuid.AVX512VBMI}, {"AVX512_VNNI", cpuid.AVX512VNNI}, {"AVX512_BF16", cpuid.AVX512BF16},
	} {
		if cpuid.CPU.Has(set.feature) {
			options += " -DGGML_" + set.name + "=ON"
		}
	}
	return setup.Python{
		Venv: "venv-infer", Packages: []string{"torch==2.15.0", "transformers==5.23.0", "numpy==2.4.6", "llama-cpp-python==0.3.36"},
		Options: []string{"--no-binary", "llama-cpp-python"}, Env: []string{"CMAKE_ARGS=" + options}, // built from source: it needs a C++ compiler
	}
}

// prebuilt is a llama.cpp that need not be built, with AVX2 and no more.
var prebuilt = setup.Python{Venv: "venv-llama-server", Packages: []string{"xllamacpp==2026.10.11549"}}

// Command is the subcommand.
func Command() *cobra.Command {
	python := python()
	var o options
	var perplexity int
	var format string
	var serving bool
	cmd := &cobra.Command{
		Use:   "infer",
		Short: "Inference speed beside llama.cpp and PyTorch",
		Long:  "Inference speed beside llama.cpp and PyTorch, in turn.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.weights, err = findWeights(o.weights); err != nil {
				return err
			}
			runtime.GOMAXPROCS(o.threads)
			if perplexity > 0 {
				return comparePerplexity(cmd.Context(), o.weights, perplexity, cmd.OutOrStdout())
			}
			if serving {
				return serve(o.weights, cmd.InOrStdin(), cmd.OutOrStdout())
			}
			if o.prebuilt {
				prebuilt.Given, python = python.Given, prebuilt
			}
			if o.python, err = python.Path(cmd.Context(), cmd.ErrOrStderr()); err != nil {
				return err
			}
			return setup.InTemp(cmd.Name(), func(folder string) error {
				rows, err := compare(cmd.Context(), folder, o, cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				return show(rows, format, cmd.OutOrStdout())
			})
		},
	}
	python.AddFlag(cmd)
	f := cmd.Flags()
	f.IntVar(&o.rounds, "rounds", 5, "rounds of both sides in turn")
	f.IntVar(&o.threads, "threads", 2, "threads of each side")
	f.StringVar(&o.weights, "weights", "", "a GGUF file (default: "+smollm2+" of make setup)")
	f.StringVar(&o.only, "only", "", "the comparisons whose names have this TEXT")
	f.BoolVar(&o.prebuilt, "prebuilt", false, "take the llama.cpp of the package xllamacpp, which has AVX2 and no more and needs no compiler; without the comparison with transformers")
	f.StringVarP(&format, "output", "o", "text", "text or json")
	f.IntVar(&perplexity, "perplexity", 0, "compare the perplexity of our formats on this many tokens of licence text instead of speeds")
	f.BoolVar(&serving, "serve", false, "be our side")
	_ = f.MarkHidden("serve") // the flag is there
	return cmd
}

const smollm2 = "SmolLM2-135M-Instruct.Q4_1.gguf"

// findWeights is the file given, or that of `make setup`.
func findWeights(given string) (string, error) {
	if given == "" {
		cache, err := setup.Cache()
		if err != nil {
			return "", err
		}
		given = filepath.Join(cache, "models", smollm2)
	}
	if _, err := os.Stat(given); err != nil {
		return "", fmt.Errorf("%w; run: make setup", err)
	}
	return given, nil
}

func show(rows []row, format string, out io.Writer) error {
	if format == "json" {
		return json.NewEncoder(out).Encode(map[string]any{"kernel": kernelName(), "rows": rows})
	}
	for _, r := range rows {
		fmt.Fprintf(out, "%s: ×%.2f, best rounds ×%.2f, processor time ×%.2f (goal %g): %.0f tokens/s, %s %.0f; %.0f MB, %.0f\n", r.What, r.Ratio, r.Best, r.CPU, r.Goal, r.TokS, r.PeerTo, r.PeerS, r.MB, r.PeerMB)
	}
	return nil
}

func kernelName() string {
	be, err := kernel.Open("")
	if err != nil {
		return err.Error()
	}
	return be.Name()
}

func compare(ctx context.Context, folder string, o options, log io.Writer) ([]row, error) {
	if err := writeSmall(folder); err != nil {
		return nil, err
	}
	threads := strconv.Itoa(o.threads)
	starts := map[string]func(name string) (*duel.Side, error){
		"slm": func(name string) (*duel.Side, error) {
			return duel.Self(ctx, name, "infer", "--serve", "--weights", o.weights, "--threads", threads)
		},
		"llama.cpp": func(name string) (*duel.Side, error) {
			script := llamaScript
			if o.prebuilt {
				script = prebuiltScript
			}
			return duel.Python(ctx, name, o.python, script, o.weights, threads)
		},
		"transformers": func(name string) (*duel.Side, error) {
			return duel.Python(ctx, name, o.python, generateScript, folder, threads)
		},
	}
	sides := map[string]*duel.Side{}
	side := func(name string) (*duel.Side, error) {
		if s := sides[name]; s != nil {
			return s, nil
		}
		s, err := starts[name](name)
		if err == nil {
			sides[name] = s
		}
		return s, err
	}
	defer func() {
		for _, s := range sides {
			s.Stop()
		}
	}()
	var rows []row
	for _, m := range matches {
		if !strings.Contains(m.what, o.only) || o.prebuilt && m.peer == "transformers" {
			continue
		}
		us, err := side("slm")
		if err != nil {
			return nil, err
		}
		them, err := side(m.peer)
		if err != nil {
			return nil, err
		}
		r, err := m.run(us, them, o.rounds, log)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// run times both sides in turn; a round before the first does not count.
func (m match) run(us, them *duel.Side, rounds int, log io.Writer) (row, error) {
	var mine, theirs, ratios, cpu, peerCPU []float64
	r := row{What: m.what, Goal: m.goal, PeerTo: m.peer + " " + m.their}
	for round := range rounds + 1 {
		a, err := ask(us, m.mine)
		if err != nil {
			return row{}, err
		}
		b, err := ask(them, m.their)
		if err != nil {
			return row{}, err
		}
		fmt.Fprintf(log, "%s, round %d: %.0f tokens/s, %s %.0f\n", m.what, round, a.speed(), m.peer, b.speed())
		r.MB, r.PeerMB = a.Peak/1e6, b.Peak/1e6
		if round > 0 {
			mine, theirs, ratios = append(mine, a.speed()), append(theirs, b.speed()), append(ratios, a.speed()/b.speed())
			cpu, peerCPU = append(cpu, a.CPU/float64(a.Tokens)), append(peerCPU, b.CPU/float64(b.Tokens))
		}
	}
	r.CPU = slices.Min(peerCPU) / slices.Min(cpu)
	r.Ratio, r.TokS, r.PeerS, r.Best = duel.Median(ratios), duel.Median(mine), duel.Median(theirs), slices.Max(mine)/slices.Max(theirs)
	return r, nil
}

// answer is what a side says after a task.
type answer struct {
	Tokens  int     `json:"tokens"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"`  // processor time, in seconds
	Peak    float64 `json:"peak"` // the most that it has had in memory, in bytes
	Error   string  `json:"error,omitempty"`
}

// speed is in tokens a second.
func (a answer) speed() float64 { return float64(a.Tokens) / a.Seconds }

// ask has a task done.
func ask(s *duel.Side, task string) (a answer, err error) {
	err = s.Ask(task, &a)
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	if err != nil {
		return a, fmt.Errorf("%s: %s: %w", s.Name, task, err)
	}
	return a, nil
}
