// Package corpus runs the data stage on a large corpus that it makes itself: peak resident memory, time, and whether a run that is
// killed goes on from what it has kept and ends in the same digest.
package corpus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"slm/checkpoint"
	"slm/scripts/benchmark/setup"
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

// options are the flags.
type options struct {
	slm, dir, keep string
	mb             int64
	kills          int
	steps          int
	limit          int64
	format         string
}

// Command is the subcommand.
func Command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "corpus",
		Short: "Memory, time and restarts of the data stage on a large corpus",
		Long: "Makes 1 GB of text that is always the same, lets slm train --until data clean, cut, de-duplicate, tokenise and pack it, and prints peak memory,\n" +
			"time and speed.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return setup.InTemp(cmd.Name(), func(folder string) (err error) {
				if o.dir == "" {
					o.dir = folder
				}
				if o.slm == "" {
					if o.slm, err = setup.Slm(cmd.Context(), folder, cmd.ErrOrStderr()); err != nil {
						return err
					}
				}
				return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.slm, "slm", "", "the program (default: built from this tree)")
	f.StringVar(&o.dir, "dir", "", "folder for corpus and runs (default: a temporary one)")
	f.StringVar(&o.keep, "keep", "", "folder for the corpus, which stays, and is used when it is there")
	f.Int64Var(&o.mb, "mb", 1024, "size of the corpus, 2^20 bytes")
	f.IntVar(&o.kills, "kills", 0, "kill a second run as many times, at even times, and compare")
	f.IntVar(&o.steps, "steps", 0, "train as many steps of stage dp on it, with a model of the shape of legal, and print their peak memory")
	f.Int64Var(&o.limit, "limit", 0, "fail above this peak of resident memory, 2^20 bytes")
	f.StringVarP(&o.format, "output", "o", "text", "text or json")
	return cmd
}

func (o *options) run(ctx context.Context, out, log io.Writer) error {
	texts := filepath.Join(o.dir, "texts")
	if o.keep != "" {
		texts = o.keep
	}
	if _, err := os.Stat(texts); err != nil {
		if err := makeTexts(texts, o.mb<<20); err != nil {
			return err
		}
	}
	b := bench{slm: o.slm, dir: o.dir, texts: texts, log: log}
	whole, err := b.train(ctx, "whole", nil)
	if err != nil {
		return err
	}
	all := []result{whole}
	if o.kills > 0 {
		var after []time.Duration
		for range o.kills {
			after = append(after, time.Duration(whole.Seconds/float64(o.kills+1)*float64(time.Second)))
		}
		killed, err := b.train(ctx, "killed", after)
		if err != nil {
			return err
		}
		all = append(all, killed)
	}
	for _, r := range all {
		r.Megabytes = o.mb
		r.Speed = float64(o.mb) / r.Seconds
		if o.format == "json" {
			line, err := json.Marshal(r)
			if err != nil {
				return err
			}
			fmt.Fprintln(out, string(line))
		} else {
			fmt.Fprintf(out, "%d MB, %d sections, %d tokens, %d kills: peak %d MB, %.0f s (CPU %.0f s), %.1f MB/s, digest %.12s\n",
				r.Megabytes, r.Sections, r.Tokens, r.Kills, r.PeakMB, r.Seconds, r.CPU, r.Speed, r.Digest)
		}
		if o.limit > 0 && r.PeakMB > o.limit {
			return fmt.Errorf("%d MB resident, more than %d", r.PeakMB, o.limit)
		}
		if r.Digest != whole.Digest {
			return errors.New("the run that was killed ended in another digest")
		}
	}
	if o.steps == 0 {
		return nil
	}
	r, err := b.steps(ctx, o.steps)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d steps of dp: peak %d MB, %.0f s\n", o.steps, r.PeakMB, r.Seconds)
	if o.limit > 0 && r.PeakMB > o.limit {
		return fmt.Errorf("%d MB resident, more than %d", r.PeakMB, o.limit)
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
func (b *bench) train(ctx context.Context, name string, after []time.Duration) (r result, err error) {
	recipe := filepath.Join(b.dir, name+".yaml")
	if err := os.WriteFile(recipe, fmt.Appendf(nil, text, name, filepath.Join(b.texts, "*")), 0o644); err != nil {
		return r, err
	}
	runs := filepath.Join(b.dir, "runs-"+name)
	for i := 0; i <= len(after); i++ {
		alive, stop := context.WithCancel(ctx)
		if i < len(after) {
			alive, stop = context.WithTimeout(ctx, after[i])
		}
		cmd := exec.CommandContext(alive, b.slm, "train", recipe, "--dir", runs, "--until", "data")
		cmd.Stderr = b.log
		start := time.Now()
		err := cmd.Run()
		r.Seconds += time.Since(start).Seconds()
		if use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			r.PeakMB = max(r.PeakMB, use.Maxrss>>10) // Linux counts in units of 2^10 bytes
			r.CPU += (time.Duration(use.Utime.Nano()) + time.Duration(use.Stime.Nano())).Seconds()
		}
		killed := alive.Err() != nil
		stop()
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
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
