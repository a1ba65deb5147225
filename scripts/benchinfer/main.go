// Command benchinfer times inference of this program beside llama.cpp and PyTorch, in turn, and prints the ratios of their speeds.
// scripts/bench-infer sets its Python up and starts it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"slm/model/kernel"
	"slm/scripts/duel"
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

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench-infer:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out, log io.Writer) error {
	flags := flag.NewFlagSet("bench-infer", flag.ContinueOnError)
	rounds := flags.Int("rounds", 5, "rounds of both sides in turn")
	python := flags.String("python", "python3", "a Python that has llama_cpp, torch and transformers")
	weights := flags.String("weights", "", "SmolLM2-135M-Instruct.Q4_1.gguf")
	format := flags.String("o", "text", "text or json")
	perplexity := flags.Int("perplexity", 0, "compare the perplexity of our formats on this many tokens of licence text instead of speeds")
	folder := flags.String("serve", "", "be our side, with the small model of this folder")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *perplexity > 0 {
		return comparePerplexity(context.Background(), *weights, *perplexity, out)
	}
	if *folder != "" {
		return serve(*weights, *folder, in, out)
	}
	rows, err := compare(*rounds, *python, *weights, log)
	if err != nil {
		return err
	}
	if *format == "json" {
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

func compare(rounds int, python, weights string, log io.Writer) ([]row, error) {
	folder, err := os.MkdirTemp("", "bench-infer-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := writeSmall(folder); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	scripts := filepath.Join("scripts", "benchinfer")
	sides := map[string]*duel.Side{}
	for name, command := range map[string][]string{
		"slm":          {self, "-serve", folder, "-weights", weights},
		"llama.cpp":    {python, filepath.Join(scripts, "llama.py"), weights},
		"transformers": {python, filepath.Join(scripts, "generate.py"), folder},
	} {
		s, err := duel.Start(name, command[0], command[1:]...)
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
