// Package tokenizer encodes the same texts with this program's tokenizer and with Hugging Face's `tokenizers`, in turn, checks that the
// ids are the same, and prints the speed of both: by wall time on two threads, and by processor time of one.
package tokenizer

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"slm/data/corpus"
	"slm/data/tokenizer"
	"slm/scripts/benchmark/duel"
	"slm/scripts/benchmark/setup"
)

const (
	vocab   = 4096
	threads = 2
)

// timing is one round of one side.
type timing struct {
	Wall float64 `json:"wall"` // seconds
	CPU  float64 `json:"cpu"`  // seconds, of all threads
	IDs  int     `json:"ids"`
	Sum  int     `json:"sum"` // of the ids, each times its position modulo 997 plus 1
}

//go:embed peer.py
var script string

// Command is the subcommand.
func Command() *cobra.Command {
	python := setup.Python{Venv: "venv-tokenizer", Packages: []string{"tokenizers==0.23.3"}}
	var rounds int
	cmd := &cobra.Command{
		Use:   "tokenizer [FILE]",
		Short: "Our tokenizer beside Hugging Face's tokenizers",
		Long: "Encodes the paragraphs of a file, or the licences in the program, with this program's tokenizer and with Hugging Face's tokenizers, in turn,\n" +
			"checks that the ids are the same, and prints the speed of both: by wall time on two threads, and by processor time of one.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			texts, size, err := read(strings.Join(args, ""))
			if err != nil {
				return err
			}
			path, err := python.Path(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return setup.InTemp(cmd.Name(), func(folder string) error {
				return compare(cmd.Context(), path, folder, texts, size, rounds, cmd.OutOrStdout())
			})
		},
	}
	python.AddFlag(cmd)
	cmd.Flags().IntVar(&rounds, "rounds", 5, "rounds; the median is printed")
	return cmd
}

// compare times both sides in turn.
func compare(ctx context.Context, python, folder string, texts []string, size, rounds int, out io.Writer) error {
	tok, err := tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{Vocab: vocab})
	if err != nil {
		return err
	}
	job := filepath.Join(folder, "job.json")
	data, err := json.Marshal(map[string]any{"tokenizer": filepath.Join(folder, "tokenizer.json"), "texts": texts})
	if err = errors.Join(err, tok.Save(filepath.Join(folder, "tokenizer.json")), os.WriteFile(job, data, 0o644)); err != nil {
		return err
	}
	peer, err := duel.Python(ctx, "tokenizers", python, script, job, strconv.Itoa(threads))
	if err != nil {
		return err
	}
	defer peer.Stop()
	var ours, theirs []timing
	for range rounds {
		a, b := encode(tok, texts), timing{}
		if err := peer.Ask("", &b); err != nil {
			return err
		}
		if a.IDs != b.IDs || a.Sum != b.Sum {
			return fmt.Errorf("the ids differ: %d and %d, sums %d and %d", a.IDs, b.IDs, a.Sum, b.Sum)
		}
		ours, theirs = append(ours, a), append(theirs, b)
	}
	print := func(name string, t []timing) (wall, cpu float64) {
		wall, cpu = float64(size)/1e6/median(t, func(t timing) float64 { return t.Wall }), float64(size)/1e6/median(t, func(t timing) float64 { return t.CPU })
		fmt.Fprintf(out, "%-11s %6.1f MB/s on %d threads, %6.1f MB/s of processor time\n", name, wall, threads, cpu)
		return wall, cpu
	}
	fmt.Fprintf(out, "%.2f MB in %d texts, vocab %d, %d ids, median of %d rounds\n", float64(size)/1e6, len(texts), vocab, ours[0].IDs, rounds)
	a, b := print("slm", ours)
	c, d := print("tokenizers", theirs)
	fmt.Fprintf(out, "ratio       %6.2f                     %6.2f\n", a/c, b/d)
	return nil
}

// read gives the paragraphs of a file, or the sections of the licences in the program, and their size in bytes.
func read(path string) (texts []string, size int, err error) {
	if path == "" {
		sections, _, err := corpus.Collect(corpus.Options{From: corpus.Licenses})
		if err != nil {
			return nil, 0, err
		}
		for _, s := range sections {
			texts = append(texts, s.Text)
		}
	} else {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, 0, err
		}
		texts = strings.Split(string(data), "\n\n")
	}
	for _, t := range texts {
		size += len(t)
	}
	return texts, size, nil
}

// encode encodes all texts once, on as many threads as the other side has.
func encode(tok *tokenizer.Tokenizer, texts []string) (t timing) {
	ids := make([][]int32, len(texts))
	start, used := time.Now(), duel.Processor()
	var wg sync.WaitGroup
	for n := range threads {
		wg.Go(func() {
			for i := n; i < len(texts); i += threads {
				ids[i] = tok.Encode(texts[i])
			}
		})
	}
	wg.Wait()
	t.Wall, t.CPU = time.Since(start).Seconds(), duel.Processor()-used
	for _, part := range ids {
		for _, id := range part {
			t.Sum += int(id) * (t.IDs%997 + 1)
			t.IDs++
		}
	}
	return t
}

func median(t []timing, of func(timing) float64) float64 {
	values := make([]float64, len(t))
	for i := range t {
		values[i] = of(t[i])
	}
	return duel.Median(values)
}
