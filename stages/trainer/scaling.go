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
	Bits      float64 `json:"bits_per_second"` // in each direction, at the same time
	Latency   float64 `json:"latency"`         // seconds of a short message, one way
	Processor float64 `json:"processor"`       // seconds of processor time for a byte, at its sender and at its receiver: those of a core that computes otherwise
}

// UsualProcessor is about that of TCP on a Zen 3 (docs/cluster.md), for a link of which nobody says it.
const UsualProcessor = 1e-9

// ParseLink reads a link as "10Gbit/s,0.1ms" or "10Gbit/s,0.1ms,0.5ns": bits a second, latency, and processor time for a byte.
func ParseLink(text string) (Link, error) {
	wrong := fmt.Errorf("%q is no link: write bits a second and the time of a short message, and perhaps the processor time of a byte, as 10Gbit/s,0.1ms,0.5ns", text)
	parts := strings.Split(text, ",")
	if len(parts) < 2 || len(parts) > 3 {
		return Link{}, wrong
	}
	rate := parts[0]
	number, unit := strings.TrimRight(strings.TrimSuffix(rate, "bit/s"), "kMGT"), 1.0
	for i, letter := range []string{"k", "M", "G", "T"} {
		if strings.HasSuffix(strings.TrimSuffix(rate, "bit/s"), letter) {
			unit = []float64{1e3, 1e6, 1e9, 1e12}[i]
		}
	}
	bits, err := strconv.ParseFloat(number, 64)
	latency, lerr := time.ParseDuration(parts[1])
	link := Link{bits * unit, latency.Seconds(), UsualProcessor}
	if len(parts) == 3 {
		nanoseconds, perr := strconv.ParseFloat(strings.TrimSuffix(parts[2], "ns"), 64) // shorter than a Duration tells
		if link.Processor = nanoseconds * 1e-9; perr != nil || !strings.HasSuffix(parts[2], "ns") || !(nanoseconds >= 0) {
			return Link{}, wrong
		}
	}
	if err != nil || lerr != nil || !strings.HasSuffix(rate, "bit/s") || !(bits > 0) || latency < 0 {
		return Link{}, wrong
	}
	return link, nil
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
	seconds := t.Alone + t.Shared/float64(n) + leaves + exchanged(t, n, sums, link) + link.seconds(weights) + float64(exchanges*link.Latency)
	return Scaled{n, seconds, int64(sums + weights)}
}

// wire and busy are the seconds that so many bytes each way take on the link, and of a core.
func (l Link) wire(bytes float64) float64 { return float64(8*bytes) / l.Bits }
func (l Link) busy(bytes float64) float64 { return float64(2 * bytes * l.Processor) }

// seconds are those of bytes for which everybody waits.
func (l Link) seconds(bytes float64) float64 { return max(l.wire(bytes), l.busy(bytes)) }

// exchanged is how much longer the leaves take with an exchange of gradients, of so many bytes each way. But for its last bucket it goes on beside the backward pass of the
// last rows, which takes longer by what it takes of the processor; what does not fit in there is waited for.
func exchanged(t stages.Training, n int, bytes float64, link Link) float64 {
	c := cutOf(t.Rows, t.Shards, t.Pairs)
	rank, most := c.busiest(n)
	run, _ := c.graph(rank, n, max(1, t.Micro), t.Pairs)
	backward := float64(t.Backward * float64(min(run, most)))
	all, slower := link.seconds(bytes), link.busy(bytes)/float64(max(1, t.Cores))
	beside := 1 - float64(t.Last)/float64(max(1, t.Gradient)) // the share of the exchange: what is all·beside fits into backward + slower·beside
	if float64((all-slower)*beside) > backward {
		beside = backward / (all - slower)
	}
	return float64(slower*beside) + float64(all*(1-beside))
}

// Measure is the link between rank 0 and rank 1, by messages of 8 bytes and of 8 MB both ways at once. busy is the processor time of this process so far; where it does not move, nobody
// knows it, and the usual is taken.
func Measure(ctx context.Context, team *ranks.Team, now func() time.Time, busy func() time.Duration) (Link, error) {
	var room echoes
	probe := func(size, times int) (seconds, processor float64, err error) {
		var each, used []float64
		for range times + 1 {
			began, before := now(), busy()
			if err := team.Tell(ctx, orderEcho, []byte(strconv.Itoa(size))); err != nil {
				return 0, 0, err
			}
			if err := room.exchange(ctx, team, size); err != nil {
				return 0, 0, err
			}
			each, used = append(each, now().Sub(began).Seconds()), append(used, (busy()-before).Seconds())
		}
		slices.Sort(each[1:]) // the first makes the connection
		slices.Sort(used[1:])
		return each[1:][times/2], used[1:][times/2], nil
	}
	short, _, err := probe(8, 21)
	if err != nil {
		return Link{}, err
	}
	const size = 8 << 20
	long, used, err := probe(size, 5)
	link := Link{Bits: 8 * size / max(long-short, 1e-9), Latency: short / 2, Processor: UsualProcessor}
	if used > 0 {
		link.Processor = used / (2 * size)
	}
	return link, err
}

// echoes exchange bytes between the ranks 0 and 1, in memory that the system has given once.
type echoes struct{ out, in []byte }

func (e *echoes) exchange(ctx context.Context, team *ranks.Team, size int) error {
	if team.Rank() > 1 {
		return nil
	}
	if len(e.out) < size {
		e.out, e.in = make([]byte, size), make([]byte, size)
	}
	peer := 1 - team.Rank()
	return team.Exchange(ctx, ranks.Message{Peer: peer, Data: e.out[:size]}, ranks.Message{Peer: peer, Receive: true, Data: e.in[:size]})
}
