package serve

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// row is what one side did with one load.
type row struct {
	Side     string  `json:"side"`
	Clients  int     `json:"clients"`
	TokS     float64 `json:"tok_s"`
	First50  float64 `json:"first_p50_ms"`
	First99  float64 `json:"first_p99_ms"`
	Next50   float64 `json:"next_p50_ms"`
	Next99   float64 `json:"next_p99_ms"`
	Long     float64 `json:"long_first_ms,omitempty"`
	Process  float64 `json:"processor_ms_per_token"`
	Ratio    float64 `json:"ratio"` // of the first side's tokens/s to this one's
	measured bool
}

func (r row) String() string {
	s := fmt.Sprintf("%2d clients, %s: %.1f tokens/s, first token %.0f ms (p99 %.0f), next %.0f (p99 %.0f), processor %.1f ms/token",
		r.Clients, r.Side, r.TokS, r.First50, r.First99, r.Next50, r.Next99, r.Process)
	if r.Long > 0 {
		s += fmt.Sprintf(", long prompt %.0f ms", r.Long)
	}
	return s
}

// better takes the better of each figure of two rounds: others use the machine as well.
func (r row) better(other row) row {
	if !other.measured {
		return r
	}
	r.TokS = max(r.TokS, other.TokS)
	for _, f := range []struct{ mine, theirs *float64 }{
		{&r.First50, &other.First50}, {&r.First99, &other.First99}, {&r.Next50, &other.Next50}, {&r.Next99, &other.Next99}, {&r.Long, &other.Long}, {&r.Process, &other.Process},
	} {
		*f.mine = min(*f.mine, *f.theirs)
	}
	return r
}

// timed has a load answered.
func timed(ctx context.Context, s side, l load) (row, error) {
	processor, began := s.processor(), time.Now()
	times, err := s.answer(ctx, l)
	if err != nil {
		return row{}, err
	}
	took := time.Since(began).Seconds()
	r := row{measured: true}
	if l.long != "" {
		r.Long = 1000 * times[len(times)-1][0]
		times = times[:len(times)-1]
	}
	var first, next []float64
	n := 0
	for _, t := range times {
		if len(t) == 0 {
			return row{}, fmt.Errorf("an answer has no token")
		}
		n += len(t)
		first = append(first, 1000*t[0])
		for i := 1; i < len(t); i++ {
			next = append(next, 1000*(t[i]-t[i-1]))
		}
	}
	r.TokS, r.Process = float64(n)/took, 1000*(s.processor()-processor)/float64(n)
	r.First50, r.First99 = quantile(first, 0.5), quantile(first, 0.99)
	r.Next50, r.Next99 = quantile(next, 0.5), quantile(next, 0.99)
	return r, nil
}

// quantile is the smallest value that a share of x does not exceed; x is sorted.
func quantile(x []float64, share float64) float64 {
	if len(x) == 0 {
		return 0
	}
	slices.Sort(x)
	return x[min(len(x)-1, max(0, int(share*float64(len(x))+0.999999)-1))]
}

func printRows(rows []row, out io.Writer) {
	fmt.Fprintln(out, "| clients | side | tokens/s | ratio | first token p50, p99 ms | next token p50, p99 ms | processor ms/token |\n|---|---|---|---|---|---|---|")
	for _, r := range rows {
		fmt.Fprintf(out, "| %d | %s | %.1f | %.2f | %.0f, %.0f | %.0f, %.0f | %.1f |\n", r.Clients, r.Side, r.TokS, r.Ratio, r.First50, r.First99, r.Next50, r.Next99, r.Process)
	}
}
