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
	"strings"
	"time"

	"github.com/spf13/cobra"

	"slm/data/pack"
	"slm/internal/mpi"
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
	shapes            []string
	rounds, steps     int
	rule, mpirun, app string
	weak              bool
	serve             string
	rows              int
}

// Command is the subcommand.
func Command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "ranks", Args: cobra.NoArgs,
		Short: "Training on two ranks of one core beside one",
		Long: "Training steps on two ranks of one core each beside those of one, in turn, started by mpirun. Seconds are of processor time, which neighbours disturb less: the leaves of the\n" +
			"rank that takes longest, and what each rank does alone. Their sum with what is waited for of the exchange is the step by the model of slm plan --ranks. --mpirun gives more flags, such\n" +
			"as those that put the ranks on two hosts.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.serve != "" {
				return o.rank(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
			}
			return o.compare(cmd.Context(), cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.shapes, "shapes", []string{"A", "B"}, "which shapes")
	f.IntVar(&o.rounds, "rounds", 5, "rounds in turn; the fastest step of each side counts")
	f.IntVar(&o.steps, "steps", 2, "steps of a round")
	f.StringVar(&o.rule, "optim", "adamw", "adamw or muon")
	f.BoolVar(&o.weak, "weak", false, "two ranks have twice the rows")
	f.StringVar(&o.mpirun, "mpirun", "", "more flags of mpirun, divided by spaces")
	f.StringVar(&o.app, "program", os.Args[0], "this program, where all hosts have it")
	f.StringVar(&o.serve, "serve", "", "be a rank that trains this shape")
	f.IntVar(&o.rows, "rows", 0, "rows of its step")
	_ = errors.Join(f.MarkHidden("serve"), f.MarkHidden("rows")) // the flags are there
	return cmd
}

// answer is what rank 0 says after some steps: seconds of processor time but for the last two, of the fastest step.
type answer struct {
	Step   float64         `json:"step"`   // of rank 0
	Leaves float64         `json:"leaves"` // of the rank that takes longest for them
	Alone  float64         `json:"alone"`  // clipping and the optimiser, which every rank does
	Job    stages.Training `json:"job"`    // of one rank, with the seconds of a row's backward pass
	Wall   float64         `json:"wall"`   // seconds by the clock
	Sent   float64         `json:"sent"`   // bytes by each rank
}

// least is the fastest of each.
func (a *answer) least(b answer) {
	a.Step, a.Leaves, a.Alone, a.Wall, a.Sent = min(a.Step, b.Step), min(a.Leaves, b.Leaves), min(a.Alone, b.Alone), min(a.Wall, b.Wall), b.Sent
	if a.Job.Rows == 0 || b.Job.Backward < a.Job.Backward {
		a.Job = b.Job
	}
}

// slowest is the answer before the first step.
var slowest = answer{Step: math.Inf(1), Leaves: math.Inf(1), Alone: math.Inf(1), Wall: math.Inf(1)}

// links of the model, bits a second.
var links = []float64{10e9, 1e9}

func (o *options) compare(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "%-6s %5s | %9s | %9s %9s %9s | %9s %9s | %s\n", "shape", "rows", "1 rank, s", "2: leaves", "alone", "MB each", "×, 10G", "×, 1G", "by the clock, s: 1, 2 ranks")
	for _, s := range setup.Shapes {
		if !slices.Contains(o.shapes, s.Name) {
			continue
		}
		rows := s.Batch
		if o.weak {
			rows *= 2
		}
		var sides []*duel.Side
		var best [2]answer
		for i, rows := range []int{s.Batch, rows} {
			best[i] = slowest
			side, err := o.start(ctx, s.Name, i+1, rows)
			if err != nil {
				return err
			}
			defer side.Stop()
			sides = append(sides, side)
		}
		for round := range o.rounds + 1 {
			for i, side := range sides {
				var a answer
				if err := side.Ask(strconv.Itoa(o.steps), &a); err != nil {
					return err
				}
				if round > 0 { // the first allocates
					best[i].least(a)
				}
			}
		}
		one, two := best[0], best[1]
		job := one.Job
		job.Rows = rows
		fmt.Fprintf(out, "%-6s %5d | %9.3f | %9.3f %9.3f %9.1f |", s.Name, rows, one.Step, two.Leaves, two.Alone, two.Sent/1e6)
		for _, bits := range links {
			gradient := min(two.Sent, float64(job.Gradient)) // what else is sent are weights
			waited := trainer.Waited(job, 2, 8*gradient/bits) + 8*(two.Sent-gradient)/bits
			fmt.Fprintf(out, " %9.2f", one.Step*float64(rows)/float64(s.Batch)/(two.Leaves+two.Alone+waited))
		}
		fmt.Fprintf(out, " | %.2f, %.2f\n", one.Wall, two.Wall)
	}
	return nil
}

// start starts ranks with so many threads each.
func (o *options) start(ctx context.Context, shape string, n, rows int) (*duel.Side, error) {
	args := []string{"-n", strconv.Itoa(n), "--oversubscribe", "--bind-to", "none", "-x", "GOMAXPROCS=1"}
	if os.Getuid() == 0 {
		args = append(args, "--allow-run-as-root")
	}
	if n > 1 {
		args = append(args, strings.Fields(o.mpirun)...)
	}
	args = append(args, o.app, "ranks", "--serve", shape, "--rows", strconv.Itoa(rows), "--optim", o.rule)
	return duel.Start(ctx, fmt.Sprintf("%d ranks", n), "mpirun", args...)
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
		team = ranks.New(world)
	}
	if team.Rank() > 0 {
		return ranks.Serve(ctx, team, trainer.Orders(kernel.OpenClass, processor))
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
			if b.Alone = duel.Processor() - busy; team != nil {
				b.Leaves = slices.Max(r.Leaves())
			}
			a.least(b)
		}
		a.Sent, before = float64(r.Sent()-before)/float64(n)/float64(team.Size()), r.Sent()
		if a.Job = r.Training(); team == nil {
			if a.Job.Backward, err = r.Backward(); err != nil {
				return err
			}
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

// processor is a clock that stands still while this program waits.
func processor() time.Time { return time.Unix(0, int64(1e9*duel.Processor())) }

func (o *options) rehearse(team *ranks.Team) (*trainer.Rehearsal, error) {
	at := slices.IndexFunc(setup.Shapes, func(s setup.Shape) bool { return s.Name == o.serve })
	if at < 0 {
		return nil, fmt.Errorf("there is no shape %q", o.serve)
	}
	s := setup.Shapes[at]
	be, err := kernel.Open("")
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
	env := &stages.Env{Kernel: be, Ranks: team, Log: slog.New(slog.DiscardHandler), Now: processor, Emit: func(stages.Event) {}}
	return trainer.Rehearse(env, trainer.Job{
		Stage: "bench", Model: model.New(s.Config, 1), Epoch: func(int) (pack.Source, error) { return text, nil }, Epochs: 1000, Batch: o.rows * s.Length,
		Context: s.Length, Shards: trainer.DefaultShards, Optim: rule,
	})
}
