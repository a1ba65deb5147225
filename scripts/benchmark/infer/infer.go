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
}

// match is one comparison: each side does its task once a round.
type match struct {
	what, mine  string // our task
	peer, their string // whose task it is compared with
	goal        float64
}

var matches = []match{
	{"prefill of 512 tokens, bf16", "prefill", "llama.cpp", "prefill", 8},
	{"prefill of 512 tokens, 8 bits", "prefill-int8", "llama.cpp", "prefill", 8},
	{"prefill of 512 tokens, the file's blocks", "prefill-file", "llama.cpp", "prefill", 8},
	{"decoding one sequence, 8 bits", "decode-int8", "llama.cpp", "decode", 1.3},
	{"decoding one sequence, the file's blocks", "decode-file", "llama.cpp", "decode", 1.3},
	{"32 sequences together, 8 bits", "together-int8", "slm", "one-by-one-int8", 3},
	{"32 sequences together, the file's blocks", "together-file", "slm", "one-by-one-file", 3},
	{"our own 5.9 M model, 64 sequences together, bf16", "small", "transformers", "small", 5},
}

//go:embed llama.py
var llamaScript string

//go:embed generate.py
var generateScript string

// python has both peers. llama.cpp is built with all that this kind of processor has but AMX, whose back end crashes on it.
func python() setup.Python {
	options := "-DGGML_NATIVE=OFF"
	for _, set := range []string{"AVX", "AVX2", "FMA", "F16C", "BMI2", "AVX512", "AVX512_VBMI", "AVX512_VNNI", "AVX512_BF16"} {
		options += " -DGGML_" + set + "=ON"
	}
	return setup.Python{
		Venv: "venv-infer", Packages: []string{"torch==2.15.0", "transformers==5.23.0", "numpy==2.4.6", "llama-cpp-python==0.3.36"},
		Options: []string{"--no-binary", "llama-cpp-python"}, Env: []string{"CMAKE_ARGS=" + options}, // built from source: it needs a C++ compiler
	}
}

// Command is the subcommand.
func Command() *cobra.Command {
	python := python()
	var rounds, perplexity int
	var weights, format string
	var serving bool
	cmd := &cobra.Command{
		Use:   "infer",
		Short: "Inference speed beside llama.cpp and PyTorch",
		Long:  "Inference speed beside llama.cpp and PyTorch, in turn.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			weights, err := findWeights(weights)
			if err != nil {
				return err
			}
			if perplexity > 0 {
				return comparePerplexity(cmd.Context(), weights, perplexity, cmd.OutOrStdout())
			}
			if serving {
				return serve(weights, cmd.InOrStdin(), cmd.OutOrStdout())
			}
			path, err := python.Path(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return setup.InTemp(cmd.Name(), func(folder string) error {
				rows, err := compare(cmd.Context(), folder, rounds, path, weights, cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				return show(rows, format, cmd.OutOrStdout())
			})
		},
	}
	python.AddFlag(cmd)
	f := cmd.Flags()
	f.IntVar(&rounds, "rounds", 5, "rounds of both sides in turn")
	f.StringVar(&weights, "weights", "", smollm2+" (default: that of make setup)")
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
		fmt.Fprintf(out, "%s: ×%.2f (goal %g): %.0f tokens/s, %s %.0f\n", r.What, r.Ratio, r.Goal, r.TokS, r.PeerTo, r.PeerS)
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

func compare(ctx context.Context, folder string, rounds int, python, weights string, log io.Writer) ([]row, error) {
	if err := writeSmall(folder); err != nil {
		return nil, err
	}
	sides := map[string]*duel.Side{}
	for name, start := range map[string]func(name string) (*duel.Side, error){
		"slm": func(name string) (*duel.Side, error) {
			return duel.Self(ctx, name, "infer", "--serve", "--weights", weights)
		},
		"llama.cpp":    func(name string) (*duel.Side, error) { return duel.Python(ctx, name, python, llamaScript, weights) },
		"transformers": func(name string) (*duel.Side, error) { return duel.Python(ctx, name, python, generateScript, folder) },
	} {
		s, err := start(name)
		if err != nil {
			return nil, err
		}
		defer s.Stop()
		sides[name] = s
	}
	var rows []row
	for _, m := range matches {
		r, err := m.run(sides["slm"], sides[m.peer], rounds, log)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// run times both sides in turn; a round before the first does not count.
func (m match) run(us, them *duel.Side, rounds int, log io.Writer) (row, error) {
	var mine, theirs, ratios []float64
	for round := range rounds + 1 {
		a, err := ask(us, m.mine)
		if err != nil {
			return row{}, err
		}
		b, err := ask(them, m.their)
		if err != nil {
			return row{}, err
		}
		fmt.Fprintf(log, "%s, round %d: %.0f tokens/s, %s %.0f\n", m.what, round, a, m.peer, b)
		if round > 0 {
			mine, theirs, ratios = append(mine, a), append(theirs, b), append(ratios, a/b)
		}
	}
	return row{What: m.what, Ratio: duel.Median(ratios), Goal: m.goal, TokS: duel.Median(mine), PeerTo: m.peer + " " + m.their, PeerS: duel.Median(theirs)}, nil
}

// answer is what a side says after a task.
type answer struct {
	Tokens  int     `json:"tokens"`
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitempty"`
}

// ask has a task done and returns its tokens a second.
func ask(s *duel.Side, task string) (float64, error) {
	var a answer
	err := s.Ask(task, &a)
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %s: %w", s.Name, task, err)
	}
	return float64(a.Tokens) / a.Seconds, nil
}
