package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"slm/internal/ranks"
	"slm/internal/term"
	"slm/pipeline/estimate"
	"slm/stages/trainer"
)

// scaleFlags ask for the estimate of a training on several ranks.
type scaleFlags struct {
	ranks int
	link  string
}

// linkMeasured is the flag's word for the link that plan finds under mpirun.
const linkMeasured = "measured"

func (s *scaleFlags) add(cmd *cobra.Command) {
	cmd.Flags().IntVar(&s.ranks, "ranks", 1, "also show what a training step would take on 2 to `N` machines like this one, under mpirun")
	cmd.Flags().StringVar(&s.link, "link", "10Gbit/s,0.1ms", "with --ranks: the `LINK` between the machines, its bits a second, the time of a short message and, if need be, the processor time of a byte (10Gbit/s,0.1ms,0.5ns); or measured, under mpirun -n 2: that between the two ranks")
}

// link is the one that the flags name, or the one between the ranks that mpirun has started.
func (a *app) link(ctx context.Context, s *scaleFlags) (link trainer.Link, err error) {
	if s.ranks < 1 {
		return link, fmt.Errorf("%w: --ranks %d: want 1 or more", errUsage, s.ranks)
	}
	if s.link != linkMeasured {
		if link, err = trainer.ParseLink(s.link); err != nil {
			err = fmt.Errorf("%w: --link: %w", errUsage, err)
		}
		return link, err
	}
	lead := false
	err = a.among(ctx, func(team *ranks.Team) error {
		lead = true
		if team == nil {
			return fmt.Errorf("%w: --link measured: there is nobody to talk to: type mpirun -n 2 slm plan …", errUsage)
		}
		link, err = trainer.Measure(ctx, team, a.now, estimate.Processor)
		return err
	})
	if err == nil && !lead {
		err = errFollowed
	}
	return link, err
}

// scaledStage is a training stage on more and more ranks.
type scaledStage struct {
	Stage string           `json:"stage"`
	Link  trainer.Link     `json:"link"`
	Steps []trainer.Scaled `json:"steps"`
	Best  int              `json:"best"` // number of ranks from which on more cost more than they bring
}

// scaled estimates the training stages on up to n ranks.
func scaled(costs []estimate.StageCost, n int, link trainer.Link) (list []scaledStage) {
	for _, c := range costs {
		if c.Training == nil || n < 2 {
			continue
		}
		s := scaledStage{Stage: c.Stage, Link: link, Best: 1}
		for k := 1; k <= n; k++ {
			s.Steps = append(s.Steps, trainer.Scale(*c.Training, k, link))
			if s.Steps[k-1].Seconds < s.Steps[s.Best-1].Seconds {
				s.Best = k
			}
		}
		list = append(list, s)
	}
	return list
}

func showScaled(w io.Writer, list []scaledStage) {
	for i, s := range list {
		if i == 0 {
			_, _ = fmt.Fprintf(w, "\nranks    over %sbit/s, %.2g ms, %.2g ns of a core a byte (docs/cluster.md)\n%-6s %6s %12s %12s %8s\n", term.Amount(s.Link.Bits), 1e3*s.Link.Latency, 1e9*s.Link.Processor, "", "ranks", "ms a step", "MB sent", "speed")
		}
		for _, k := range s.Steps {
			_, _ = fmt.Fprintf(w, "%-6s %6d %12.1f %12.1f %8s\n", s.Stage, k.Ranks, 1e3*k.Seconds, float64(k.Sent)/1e6, fmt.Sprintf("×%.2f", s.Steps[0].Seconds/k.Seconds))
		}
		if s.Best < len(s.Steps) {
			_, _ = fmt.Fprintf(w, "note     %s: %d is the best number of ranks; more cost more than they bring\n", s.Stage, s.Best)
		}
	}
}
