package trainer

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"slm/internal/ranks"
	"slm/stages"
)

// Link is what lies between two ranks.
type Link struct {
	Bits    float64 `json:"bits_per_second"` // in each direction, at the same time
	Latency float64 `json:"latency"`         // seconds of a short message, one way
}

// ParseLink reads a link as "10Gbit/s,0.1ms": bits a second and latency.
func ParseLink(text string) (Link, error) {
	wrong := fmt.Errorf("%q is no link: write bits a second and the time of a short message, as 10Gbit/s,0.1ms", text)
	rate, late, ok := strings.Cut(text, ",")
	if !ok {
		return Link{}, wrong
	}
	number, unit := strings.TrimRight(strings.TrimSuffix(rate, "bit/s"), "kMGT"), 1.0
	for i, letter := range []string{"k", "M", "G", "T"} {
		if strings.HasSuffix(strings.TrimSuffix(rate, "bit/s"), letter) {
			unit = []float64{1e3, 1e6, 1e9, 1e12}[i]
		}
	}
	bits, err := strconv.ParseFloat(number, 64)
	latency, lerr := time.ParseDuration(late)
	if err != nil || lerr != nil || !strings.HasSuffix(rate, "bit/s") || !(bits > 0) || latency < 0 {
		return Link{}, wrong
	}
	return Link{bits * unit, latency.Seconds()}, nil
}

// exchanges of a step, one after the other: rows, losses, slices, sums, rate, and weights at most.
const exchanges = 6

// Scaled is a step on some ranks.
type Scaled struct {
	Ranks   int     `json:"ranks"`
	Seconds float64 `json:"seconds"` // of a step
	Sent    int64   `json:"sent"`    // bytes, by the rank that sends most
}

// Scale estimates a step of a training on n machines like the one that it was measured on. The rank with most leaves is waited for; each gives slices of its
// sums to all others, and its own slice of the whole, while the backward pass of the last rows goes on: what takes longer than that, and the last bucket, is waited for.
func Scale(t stages.Training, n int, link Link) Scaled {
	if n == 1 {
		return Scaled{1, t.Step, 0}
	}
	c := cutOf(t.Rows, t.Shards, t.Pairs)
	_, most := c.busiest(n)
	nodes := 0
	for r := range n {
		nodes = max(nodes, len(c.nodes(r, n, c.rows)))
	}
	slice := float64(t.Gradient) / float64(n)
	sums, weights := float64(slice*float64(n-1)*float64(nodes+1)), float64(float64(t.Weights)/float64(n)*float64(n-1))
	leaves := float64((t.Step - t.Alone - t.Shared) * float64(most) / float64(c.rows))
	seconds := t.Alone + t.Shared/float64(n) + leaves + Waited(t, n, float64(8*sums/link.Bits)) + float64(8*weights/link.Bits) + float64(exchanges*link.Latency)
	return Scaled{n, seconds, int64(sums + weights)}
}

// Waited is what is left to wait for, when the leaves are done, of an exchange of gradients that takes so many seconds by itself: it goes on beside the backward pass of the last rows, but for
// its last bucket.
func Waited(t stages.Training, n int, exchange float64) float64 {
	c := cutOf(t.Rows, t.Shards, t.Pairs)
	rank, most := c.busiest(n)
	run, _ := c.graph(rank, n, max(1, t.Micro), t.Pairs)
	last := float64(exchange * float64(t.Last) / float64(max(1, t.Gradient)))
	return exchange - min(exchange-last, float64(t.Backward*float64(min(run, most))))
}

// Measure is the link between rank 0 and rank 1, by messages of 8 bytes and of 8 MB both ways at once.
func Measure(ctx context.Context, team *ranks.Team, now func() time.Time) (Link, error) {
	probe := func(size, times int) (seconds float64, err error) {
		var each []float64
		for range times + 1 {
			began := now()
			if err := team.Tell(ctx, orderEcho, []byte(strconv.Itoa(size))); err != nil {
				return 0, err
			}
			if err := echo(ctx, team, size); err != nil {
				return 0, err
			}
			each = append(each, now().Sub(began).Seconds())
		}
		slices.Sort(each[1:]) // the first makes the connection
		return each[1:][times/2], nil
	}
	short, err := probe(8, 21)
	if err != nil {
		return Link{}, err
	}
	const size = 8 << 20
	long, err := probe(size, 5)
	return Link{Bits: 8 * size / max(long-short, 1e-9), Latency: short / 2}, err
}

// echo exchanges as many bytes between the ranks 0 and 1.
func echo(ctx context.Context, team *ranks.Team, size int) error {
	if team.Rank() > 1 {
		return nil
	}
	peer, room := 1-team.Rank(), make([]byte, size)
	return team.Exchange(ctx, ranks.Message{Peer: peer, Data: make([]byte, size)}, ranks.Message{Peer: peer, Receive: true, Data: room})
}
