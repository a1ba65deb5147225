// Command benchcorpus measures the data stage on a large corpus that it makes itself: peak resident memory, time, and whether a run that is
// killed goes on from what it has kept and ends in the same digest. scripts/bench-corpus builds the program and starts it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"slm/checkpoint"
)

const text = `slm: 1
name: %s
seed: 7
model: {layers: 1, width: 64, heads: 2, context: 128}
tokenizer: {train: {vocab: 8192}}
data:
  corpus: {path: %q, dedup: {exact: true, near: 0.8}}
  forms: {document: []}
llm: {provider: overlap, model: character-trigrams}
`

// result is what is measured.
type result struct {
	Megabytes int64   `json:"mb"`       // of text, 2^20 bytes
	PeakMB    int64   `json:"peak_mb"`  // resident, of the process that needed most
	Seconds   float64 `json:"seconds"`  // of all processes together
	CPU       float64 `json:"cpu"`      // seconds of all processes together
	Speed     float64 `json:"mb_s"`     // text by time
	Kills     int     `json:"kills"`    //
	Digest    string  `json:"digest"`   // of the checkpoint
	Sections  int64   `json:"sections"` //
	Tokens    int64   `json:"tokens"`   //
}

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench-corpus:", err)
		os.Exit(1)
	}
}

func run(args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("bench-corpus", flag.ContinueOnError)
	flags.SetOutput(log)
	slm := flags.String("slm", "./slm", "the program")
	dir := flags.String("dir", os.TempDir(), "folder for corpus and runs")
	keep := flags.String("keep", "", "folder for the corpus, which stays, and is used when it is there")
	mb := flags.Int64("mb", 1024, "size of the corpus, 2^20 bytes")
	kills := flags.Int("kills", 0, "kill a second run as many times, at even times, and compare")
	limit := flags.Int64("limit", 0, "fail above this peak of resident memory, 2^20 bytes")
	format := flags.String("o", "text", "text or json")
	if err := flags.Parse(args); err != nil {
		return err
	}
	texts := filepath.Join(*dir, "texts")
	if *keep != "" {
		texts = *keep
	}
	if _, err := os.Stat(texts); err != nil {
		if err := makeTexts(texts, *mb<<20); err != nil {
			return err
		}
	}
	b := bench{slm: *slm, dir: *dir, texts: texts, log: log}
	whole, err := b.train("whole", nil)
	if err != nil {
		return err
	}
	all := []result{whole}
	if *kills > 0 {
		var after []time.Duration
		for range *kills {
			after = append(after, time.Duration(whole.Seconds/float64(*kills+1)*float64(time.Second)))
		}
		killed, err := b.train("killed", after)
		if err != nil {
			return err
		}
		all = append(all, killed)
	}
	for _, r := range all {
		r.Megabytes = *mb
		r.Speed = float64(*mb) / r.Seconds
		if *format == "json" {
			line, err := json.Marshal(r)
			if err != nil {
				return err
			}
			fmt.Fprintln(out, string(line))
		} else {
			fmt.Fprintf(out, "%d MB, %d sections, %d tokens, %d kills: peak %d MB, %.0f s (CPU %.0f s), %.1f MB/s, digest %.12s\n",
				r.Megabytes, r.Sections, r.Tokens, r.Kills, r.PeakMB, r.Seconds, r.CPU, r.Speed, r.Digest)
		}
		if *limit > 0 && r.PeakMB > *limit {
			return fmt.Errorf("%d MB resident, more than %d", r.PeakMB, *limit)
		}
		if r.Digest != whole.Digest {
			return errors.New("the run that was killed ended in another digest")
		}
	}
	return nil
}

// makeTexts makes the corpus under another name first, so that one that is there is whole.
func makeTexts(dir string, size int64) error {
	m, err := newMaker(1)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir+".part", 0o755); err != nil {
		return err
	}
	if err := m.write(dir+".part", size); err != nil {
		return err
	}
	return os.Rename(dir+".part", dir)
}

type bench struct {
	slm, dir, texts string
	log             io.Writer
}

// train runs the data stage to its end. Before that it is started as many times as after is long, and killed each time.
func (b *bench) train(name string, after []time.Duration) (r result, err error) {
	recipe := filepath.Join(b.dir, name+".yaml")
	if err := os.WriteFile(recipe, fmt.Appendf(nil, text, name, filepath.Join(b.texts, "*")), 0o644); err != nil {
		return r, err
	}
	runs := filepath.Join(b.dir, "runs-"+name)
	for i := 0; i <= len(after); i++ {
		ctx, stop := context.WithCancel(context.Background())
		if i < len(after) {
			ctx, stop = context.WithTimeout(context.Background(), after[i])
		}
		cmd := exec.CommandContext(ctx, b.slm, "train", recipe, "--dir", runs, "--until", "data")
		cmd.Stderr = b.log
		start := time.Now()
		err := cmd.Run()
		r.Seconds += time.Since(start).Seconds()
		if use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			r.PeakMB = max(r.PeakMB, use.Maxrss>>10) // Linux counts in units of 2^10 bytes
			r.CPU += (time.Duration(use.Utime.Nano()) + time.Duration(use.Stime.Nano())).Seconds()
		}
		killed := ctx.Err() != nil
		stop()
		if killed {
			r.Kills++
		} else if err != nil {
			return r, err
		}
	}
	folders, _ := filepath.Glob(filepath.Join(runs, "runs", "*", "data")) // the pattern is well-formed
	if len(folders) != 1 {
		return r, fmt.Errorf("%s holds %d data checkpoints", runs, len(folders))
	}
	m, err := checkpoint.Load(folders[0])
	if err != nil {
		return r, err
	}
	r.Digest, r.Sections, r.Tokens = m.Digest(), m.Counters["sections"], m.Counters["tokens"]
	return r, nil
}
