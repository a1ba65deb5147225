// Package serve times answers to many clients at once, beside llama.cpp on the same file of weights, in turn.
package serve

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"slm/data/corpus"
	"slm/model/kernel"
	"slm/scripts/benchmark/duel"
	"slm/scripts/benchmark/setup"
)

// slots.py computes the sequences of all clients in one batch, as llama-server does, without HTTP: the most that llama.cpp can give. The server of
// llama-cpp-python answers one request at a time.
//
//go:embed slots.py
var slotsScript string

// llamaServerScript is the server of llama.cpp itself.
//
//go:embed llamaserver.py
var llamaServerScript string

// load is what clients ask: each asks one question after another until all are asked.
type load struct {
	clients int
	prompts []string
	fresh   int    // tokens of an answer
	long    string // asked once in the middle by one client more; "" = by none
}

// side answers a load.
type side interface {
	// answer returns when the tokens of each answer came, in seconds from the request on; the last one is that of load.long, if there is one.
	answer(ctx context.Context, l load) (times [][]float64, err error)
	processor() float64 // seconds that it has used so far
	stop()
}

type options struct {
	clients                []int
	rounds, prompts, fresh int
	words, long            int
	weights, format        string
	sides                  []string
	output                 string
	places, piece, threads int
	slm, dir, run          string
	python, llamaServer    string // that have llama.cpp for the sides slots and server, and for llama-server
}

func python() setup.Python {
	return setup.Python{Venv: "venv-llm", Packages: []string{"llama-cpp-python[server]==0.3.36"}}
}

// llamaServer is a wheel that is ready-made, for processors with AVX2 and FMA: with AVX-512 a build of one's own is faster.
func llamaServer() setup.Python {
	return setup.Python{Venv: "venv-llama-server", Packages: []string{"xllamacpp==2026.10.11549"}}
}

// Command is the subcommand.
func Command() *cobra.Command {
	py, whole, eval := python(), llamaServer(), lmEval()
	var o options
	var scores bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answers to many clients at once beside llama.cpp",
		Long: "Answers to many clients at once beside llama.cpp, in turn: tokens a second, and how long the first and the next token take.\n\n" +
			"Sides: schedule (the scheduler in this process), turns (the same with oneDNN, where requests take turns), " +
			"http (slm serve with --run, whose black box must be these weights), slots (llama.cpp in this way without HTTP), " +
			"llama-server (the server of llama.cpp, with as many slots as clients), server (the server of llama-cpp-python).",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			runtime.GOMAXPROCS(o.threads)
			if scores {
				path, err := eval.Path(cmd.Context(), cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				return setup.InTemp(cmd.Name(), func(folder string) error {
					return o.compareScores(cmd.Context(), folder, path, cmd.OutOrStdout(), cmd.ErrOrStderr())
				})
			}
			if o.weights == "" {
				cache, err := setup.Cache()
				if err != nil {
					return err
				}
				o.weights = filepath.Join(cache, "models", "SmolLM2-135M-Instruct.Q4_1.gguf")
			}
			if _, err := os.Stat(o.weights); err != nil {
				return fmt.Errorf("%w; run: make setup", err)
			}
			var err error
			if slices.Contains(o.sides, "slots") || slices.Contains(o.sides, "server") {
				if o.python, err = py.Path(cmd.Context(), cmd.ErrOrStderr()); err != nil {
					return err
				}
			}
			if slices.Contains(o.sides, "llama-server") {
				if o.llamaServer, err = whole.Path(cmd.Context(), cmd.ErrOrStderr()); err != nil {
					return err
				}
			}
			return o.compare(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	py.AddFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&whole.Given, "llama-server-python", "", "a Python that has "+strings.Join(whole.Packages, ", ")+" (default: an environment of its own in the cache)")
	f.IntSliceVar(&o.clients, "clients", []int{1, 4, 16, 64}, "clients at once")
	f.IntVar(&o.rounds, "rounds", 2, "rounds of all sides in turn")
	f.IntVar(&o.prompts, "prompts", 16, "questions of a round, at least as many as clients")
	f.IntVar(&o.words, "words", 50, "words of a question")
	f.IntVar(&o.fresh, "tokens", 32, "tokens of an answer")
	f.IntVar(&o.long, "long", 0, "ask a question of about this many words in the middle as well")
	f.StringVar(&o.weights, "weights", "", "weights in GGUF (default: those of make setup)")
	f.StringVar(&o.format, "format", "file", "how this program keeps them: full, int8 or file")
	f.StringSliceVar(&o.sides, "sides", []string{"schedule", "slots", "server"}, "who answers; the first is compared with the others")
	f.BoolVar(&scores, "lm-eval", false, "have lm-eval score two tasks by the small model of --run over HTTP instead, and compare with scores in this process")
	f.StringVar(&eval.Given, "lm-eval-python", "", "a Python that has "+strings.Join(eval.Packages, ", ")+" (default: an environment of its own in the cache)")
	f.StringVar(&o.slm, "slm", "slm", "the program slm, for the side http")
	f.StringVar(&o.dir, "dir", ".", "the folder that holds runs/, for the side http")
	f.StringVar(&o.run, "run", "", "the run, for the side http")
	f.IntVar(&o.places, "places", 0, "places of the scheduler (default: its own)")
	f.IntVar(&o.piece, "piece", 0, "rows of prompts in a pass of the scheduler (default: its own)")
	f.IntVar(&o.threads, "threads", runtime.NumCPU(), "threads of each side")
	f.StringVarP(&o.output, "output", "o", "text", "text or json")
	return cmd
}

// texts are passages of licences of some words each, all different, and one long one.
func texts(n, words, long int) (prompts []string, one string, err error) {
	sections, _, err := corpus.Sections(corpus.Options{From: corpus.Licenses, Exact: true, Near: 0.8})
	if err != nil {
		return nil, "", err
	}
	var all []string
	for s, err := range sections {
		if err != nil {
			return nil, "", err
		}
		if all = append(all, strings.Fields(s.Text)...); len(all) >= n*words+long {
			break
		}
	}
	if len(all) < n*words+long {
		return nil, "", errors.New("the licences have too few words")
	}
	for i := range n {
		prompts = append(prompts, strings.Join(all[i*words:(i+1)*words], " "))
	}
	return prompts, strings.Join(all[n*words:n*words+long], " "), nil
}

func (o options) compare(ctx context.Context, out, log io.Writer) error {
	var rows []row
	for _, n := range o.clients {
		l := load{clients: n, fresh: o.fresh}
		var err error
		if l.prompts, l.long, err = texts(max(n, o.prompts), o.words, o.long); err != nil {
			return err
		}
		got, err := o.round(ctx, l, log)
		if err != nil {
			return err
		}
		rows = append(rows, got...)
	}
	if o.output == "json" {
		return json.NewEncoder(out).Encode(rows)
	}
	printRows(rows, out)
	return nil
}

// round times all sides on one load, in turn; of the rounds each figure is that of the best.
func (o options) round(ctx context.Context, l load, log io.Writer) ([]row, error) {
	rows := make([]row, len(o.sides))
	for range o.rounds {
		for i, name := range o.sides {
			s, err := o.open(ctx, name, l)
			if err != nil {
				return nil, err
			}
			r, err := timed(ctx, s, l)
			s.stop()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			r.Side, r.Clients = name, l.clients
			fmt.Fprintln(log, r)
			rows[i] = r.better(rows[i])
		}
	}
	for i := range rows {
		rows[i].Ratio = rows[0].TokS / rows[i].TokS
	}
	return rows, nil
}

func (o options) open(ctx context.Context, name string, l load) (side, error) {
	switch name {
	case "schedule":
		return openOurs(o, func() (kernel.Backend, error) { return kernel.Open("") })
	case "turns":
		return openOurs(o, func() (kernel.Backend, error) { return kernel.Open("onednn-bf16") })
	case "http":
		cmd := exec.CommandContext(ctx, o.slm, "--dir", o.dir, "serve", o.run, "--addr", "127.0.0.1:0", "--places", strconv.Itoa(l.clients+1), "--waiting", "256", "--timeout", "1h")
		cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(o.threads))
		return openSLM(cmd, "Warm")
	case "llama-server":
		room := 4*(o.words+o.fresh+o.long) + 64 // tokens of context for each; a word has two at most, nearly always
		cmd := exec.CommandContext(ctx, o.llamaServer, "-c", llamaServerScript, o.weights, strconv.Itoa(o.threads), strconv.Itoa(l.clients+1), strconv.Itoa(room))
		if _, err := cmd.StdinPipe(); err != nil { // it serves until that ends
			return nil, err
		}
		return openSLM(cmd, "Warm")
	case "slots":
		s, err := duel.Python(ctx, name, o.python, slotsScript, o.weights, strconv.Itoa(o.threads))
		return &slots{s}, err
	case "server":
		return openServer(ctx, o.python, "-m", "llama_cpp.server", "--model", o.weights, "--n_ctx", "8192", "--interrupt_requests", "false", "--n_threads", strconv.Itoa(o.threads), "--n_threads_batch", strconv.Itoa(o.threads))
	}
	return nil, fmt.Errorf("%q is no side", name)
}
