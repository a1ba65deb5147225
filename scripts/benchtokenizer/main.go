// Command benchtokenizer encodes the same texts with this program's tokenizer and with Hugging Face's `tokenizers`, in turn, checks that the
// ids are the same, and prints the speed of both: by wall time on two threads, and by processor time of one. It needs a Python that has
// the package:
//
//	go run ./scripts/benchtokenizer -python python3 [-rounds 5] [FILE]
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"slm/data/corpus"
	"slm/data/tokenizer"
	"slm/scripts/duel"
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
	Sum  int     `json:"sum"` // of the ids, each times its place modulo 997 plus 1
}

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "benchtokenizer:", err)
		os.Exit(1)
	}
}

func run(args []string, out, log io.Writer) (err error) {
	flags := flag.NewFlagSet("benchtokenizer", flag.ContinueOnError)
	flags.SetOutput(log)
	python := flags.String("python", "python3", "a Python with the package tokenizers")
	peer := flags.String("peer", filepath.Join("scripts", "benchtokenizer", "peer.py"), "the other side's program")
	rounds := flags.Int("rounds", 5, "rounds; the median is printed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	texts, size, err := read(flags.Arg(0))
	if err != nil {
		return err
	}
	tok, err := tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{Vocab: vocab})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "benchtokenizer")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	job := filepath.Join(dir, "job.json")
	data, err := json.Marshal(map[string]any{"tokenizer": filepath.Join(dir, "tokenizer.json"), "texts": texts})
	if err = errors.Join(err, tok.Save(filepath.Join(dir, "tokenizer.json")), os.WriteFile(job, data, 0o644)); err != nil {
		return err
	}
	cmd := exec.Command(*python, *peer, job)
	cmd.Stderr = log
	cmd.Env = append(os.Environ(), fmt.Sprintf("RAYON_NUM_THREADS=%d", threads), "TOKENIZERS_PARALLELISM=true")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stdin.Close(), cmd.Wait()) }()
	lines := bufio.NewScanner(stdout)
	var ours, theirs []timing
	for range *rounds {
		a := encode(tok, texts)
		if _, err := io.WriteString(stdin, "\n"); err != nil {
			return err
		}
		if !lines.Scan() {
			return errors.New("the other side has stopped")
		}
		var b timing
		if err := json.Unmarshal(lines.Bytes(), &b); err != nil {
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
	fmt.Fprintf(out, "%.2f MB in %d texts, vocab %d, %d ids, median of %d rounds\n", float64(size)/1e6, len(texts), vocab, ours[0].IDs, *rounds)
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
	slices.Sort(values)
	return values[len(values)/2]
}
