// Package ranks measures how training scales over processes.
package ranks

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"slm/data/pack"
	"slm/internal/mpi"
	"slm/internal/mpi/mpitest"
	"slm/internal/ranks"
	"slm/model"
	"slm/model/kernel"
	"slm/optim"
	"slm/rng"
	"slm/scripts/benchmark/duel"
	"slm/scripts/benchmark/setup"
	"slm/stages"
	"slm/stages/trainer"
)

// options are the flags.
type options struct {
	shapes, links []string
	steps         int
	rule, class   string
	weak          bool
	serve         string
	rows          int
}

// Command is the subcommand.
func Command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "ranks", Args: cobra.NoArgs,
		Short: "Training on two ranks of one core each beside one",
		Long: "Training steps by the clock: on one rank of one core and of two, then on two ranks of a core each, over shared memory and over TCP between two network namespaces (root) that are joined\n" +
			"by a cable of so many Gbit/s; and what the model of slm plan --ranks says of these, from the steps of one rank and the link as it is measured. The least of some steps counts. It wants a\n" +
			"machine with little else to do, or a priority: echo -15 >/proc/self/autogroup.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.serve != "" {
				return o.rank(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
			}
			return o.compare(cmd.Context(), cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.shapes, "shapes", []string{"A", "B"}, "which shapes")
	f.StringSliceVar(&o.links, "links", []string{"memory", "10", "1"}, "what lies between two ranks: memory, or Gbit/s")
	f.IntVar(&o.steps, "steps", 3, "steps of a side, after one that allocates")
	f.StringVar(&o.rule, "optim", "adamw", "adamw or muon")
	f.StringVar(&o.class, "class", "auto", "class of numerics")
	f.BoolVar(&o.weak, "weak", false, "two ranks have twice the rows")
	f.StringVar(&o.serve, "serve", "", "be a rank that trains this shape")
	f.IntVar(&o.rows, "rows", 0, "rows of its step")
	_ = errors.Join(f.MarkHidden("serve"), f.MarkHidden("rows")) // the flags are there
	return cmd
}

// answer is what rank 0 says after some steps: seconds of the fastest.
type answer struct {
	Wall  float64         `json:"wall"`  // by the clock
	Step  float64         `json:"step"`  // of the processor, by this rank
	Alone float64         `json:"alone"` // clipping and the optimiser, of the processor
	Job   stages.Training `json:"job"`
	Sent  float64         `json:"sent"` // bytes a step, by each rank
	Link  trainer.Link    `json:"link"` // between two
}

// least is the fastest of each.
func (a *answer) least(b answer) {
	a.Wall, a.Step, a.Alone = min(a.Wall, b.Wall), min(a.Step, b.Step), min(a.Alone, b.Alone)
}

// slowest is the answer before the first step.
var slowest = answer{Wall: math.Inf(1), Step: math.Inf(1), Alone: math.Inf(1)}

func (o *options) compare(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "%-5s %4s | %-14s | %8s %6s | %8s %6s %6s | %7s %8s %8s %5s\n", "shape", "rows", "ranks", "s a step", "speed", "model, s", "speed", "off", "MB each", "Gbit/s", "ms", "ns/B")
	for _, s := range setup.Shapes {
		if !slices.Contains(o.shapes, s.Name) {
			continue
		}
		rows := s.Batch
		if o.weak {
			rows *= 2
		}
		show := func(what string, rows int, wall, one float64) {
			fmt.Fprintf(out, "%-5s %4d | %-14s | %8.3f %6s |", s.Name, rows, what, wall, fmt.Sprintf("×%.2f", one*float64(rows)/float64(s.Batch)/wall))
		}
		one, err := o.ask(ctx, s.Name, 1, 1, s.Batch, nil)
		if err != nil {
			return err
		}
		show("1 of 1 core", s.Batch, one.Wall, one.Wall)
		fmt.Fprintf(out, " of the processor %.3f, alone %.3f, backward pass of a row %.4f\n", one.Step, one.Alone, one.Job.Backward)
		both, err := o.ask(ctx, s.Name, 1, 2, rows, nil)
		if err != nil {
			return err
		}
		show("1 of 2 cores", rows, both.Wall, one.Wall)
		fmt.Fprintln(out)
		for _, link := range o.links {
			two, err := o.over(ctx, link, s.Name, rows)
			if err != nil {
				return err
			}
			job := one.Job
			job.Step, job.Rows = one.Step*float64(rows)/float64(s.Batch), rows
			job.Shared = min(one.Alone, max(0, 2*(one.Alone-two.Alone))) // what two ranks have divided
			job.Alone, job.Weights = one.Alone-job.Shared, int64(2*max(0, two.Sent-1.01*float64(job.Gradient)))
			job.Step += float64(one.Alone * float64(1-rows/s.Batch)) // it comes once a step, whatever its rows
			model := trainer.Scale(job, 2, two.Link)
			show("2, "+link, rows, two.Wall, one.Wall)
			fmt.Fprintf(out, " %8.3f %6s %5.1f%% | %7.1f %8.2f %8.3f %5.2f\n", model.Seconds, fmt.Sprintf("×%.2f", one.Wall*float64(rows)/float64(s.Batch)/model.Seconds), 100*(model.Seconds/two.Wall-1),
				two.Sent/1e6, two.Link.Bits/1e9, 1e3*two.Link.Latency, 1e9*two.Link.Processor)
		}
	}
	return nil
}

// over asks two ranks with a link between them.
func (o *options) over(ctx context.Context, link, shape string, rows int) (a answer, err error) {
	if link == "memory" {
		return o.ask(ctx, shape, 2, 1, rows, nil)
	}
	gbits, err := strconv.ParseFloat(link, 64)
	if err != nil {
		return a, fmt.Errorf("--links: want memory or Gbit/s: %w", err)
	}
	folder, err := os.MkdirTemp("", "ranks-")
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	flags, remove, err := mpitest.Hosts(folder, int(1000*gbits))
	defer remove()
	if err != nil {
		return a, err
	}
	return o.ask(ctx, shape, 2, 1, rows, flags)
}

// ask has ranks, with so many cores each, train some steps.
func (o *options) ask(ctx context.Context, shape string, n, cores, rows int, flags []string) (a answer, err error) {
	args := []string{"-n", strconv.Itoa(n), "--oversubscribe", "--bind-to", "none", "-x", "GOMAXPROCS=" + strconv.Itoa(cores)}
	if os.Getuid() == 0 {
		args = append(args, "--allow-run-as-root")
	}
	program, err := os.Executable()
	if err != nil {
		return a, err
	}
	args = append(args, flags...)
	if cores == 1 { // a rank each
		args = append(args, "sh", "-c", `exec taskset -c "$OMPI_COMM_WORLD_RANK" "$0" "$@"`)
	}
	args = append(args, program, "ranks", "--serve", shape, "--rows", strconv.Itoa(rows), "--optim", o.rule, "--class", o.class)
	side, err := duel.Start(ctx, fmt.Sprintf("%d ranks", n), "mpirun", args...)
	if err != nil {
		return a, err
	}
	defer side.Stop()
	if err = side.Ask("1", &a); err == nil {
		err = side.Ask(strconv.Itoa(o.steps), &a)
	}
	return a, err
}

// rank trains on tokens drawn at random, on request.
func (o *options) rank(ctx context.Context, in io.Reader, out io.Writer) error {
	_, size, err := mpi.Launched(os.Getenv)
	if err != nil {
		return err
	}
	var team *ranks.Team
	if size > 1 {
		world, err := mpi.Open(time.Now)
		if err != nil {
			return err
		}
		defer func() { _ = world.Close() }() // the measurement is over
		kernel.Reserve()
		team = ranks.New(world)
	}
	if team.Rank() > 0 {
		return ranks.Serve(ctx, team, trainer.Orders(kernel.OpenClass, time.Now))
	}
	var link trainer.Link
	if team != nil {
		if link, err = trainer.Measure(ctx, team, time.Now, processor); err != nil {
			return err
		}
	}
	r, err := o.rehearse(team)
	if err != nil {
		return err
	}
	defer r.Close()
	before := int64(0)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		a := slowest
		for range n {
			began, busy := time.Now(), duel.Processor()
			if _, err := r.Step(); err != nil {
				return err
			}
			b := answer{Step: duel.Processor() - busy, Wall: time.Since(began).Seconds()}
			busy = duel.Processor()
			r.Alone()
			b.Alone = duel.Processor() - busy
			a.least(b)
		}
		a.Link, a.Sent, before = link, float64(r.Sent()-before)/float64(n)/float64(team.Size()), r.Sent()
		if a.Job = r.Training(); team == nil {
			a.Job.Backward, err = r.Backward()
		}
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(a); err != nil {
			return err
		}
	}
	if team == nil {
		return nil
	}
	return team.Dismiss(ctx)
}

// processor is the processor time of this program.
func processor() time.Duration { return time.Duration(1e9 * duel.Processor()) }

func (o *options) rehearse(team *ranks.Team) (*trainer.Rehearsal, error) {
	at := slices.IndexFunc(setup.Shapes, func(s setup.Shape) bool { return s.Name == o.serve })
	if at < 0 {
		return nil, fmt.Errorf("there is no shape %q", o.serve)
	}
	s := setup.Shapes[at]
	be, err := kernel.OpenClass(kernel.Class(o.class))
	if err != nil {
		return nil, err
	}
	var text pack.Examples
	for draw, i := rng.New(1, "bench-ranks"), 0; i < 64*o.rows; i++ {
		e := pack.Example{ID: strconv.Itoa(i)}
		for range s.Length + 1 {
			e.Tokens = append(e.Tokens, int32(draw.IntN(s.Config.Vocab)))
		}
		text = append(text, e)
	}
	rule := trainer.DefaultOptim(1e-4)
	rule.Name = optim.Name(o.rule)
	env := &stages.Env{Kernel: be, Ranks: team, Log: slog.New(slog.DiscardHandler), Now: time.Now, Emit: func(stages.Event) {}}
	return trainer.Rehearse(env, trainer.Job{
		Stage: "bench", Model: model.New(s.Config, 1), Epoch: func(int) (pack.Source, error) { return text, nil }, Epochs: 1000, Batch: o.rows * s.Length,
		Context: s.Length, Shards: trainer.DefaultShards, Optim: rule,
	})
}
