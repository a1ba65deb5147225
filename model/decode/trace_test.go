package decode

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"slm/model/kernel"
)

func TestTrace_IsTheScoreOfEveryToken(t *testing.T) {
	d := New(sharp(tiny), backend(t, "go"))
	ctx := context.Background()
	for _, n := range []int{1, 2, 17, 300} {
		text := tokens(uint64(n), n, tiny.Vocab)
		traced, err := d.Trace(ctx, text, 5)
		if err != nil || len(traced) != n-1 {
			t.Fatal(len(traced), err)
		}
		logits, err := d.Logits(ctx, text)
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range traced {
			row := logits[i*tiny.Vocab : (i+1)*tiny.Vocab]
			relative(t, fmt.Sprintf("length %d, token %d", n, i+1), at.LogProb, float64(row[text[i+1]])-float64(kernel.LogSumExp(row)), 1e-5)
			want := make([]int32, tiny.Vocab)
			for j := range want {
				want[j] = int32(j)
			}
			slices.SortStableFunc(want, func(a, b int32) int { // the plain way
				switch {
				case row[a] > row[b]:
					return -1
				case row[a] < row[b]:
					return 1
				}
				return 0
			})
			for j, top := range at.Top {
				if top.Token != want[j] || j > 0 && top.LogProb > at.Top[j-1].LogProb {
					t.Fatalf("length %d, token %d: the likeliest are %v, want %v first", n, i+1, at.Top, want[:5])
				}
			}
			if len(at.Top) != 5 || at.LogProb > at.Top[0].LogProb {
				t.Fatalf("length %d, token %d: %v", n, i+1, at)
			}
		}
		if n < 3 {
			continue
		}
		sum := 0.0
		for _, at := range traced[n/2-1:] {
			sum += at.LogProb
		}
		scores, err := d.Score(ctx, []ScoreRequest{{Prefix: text[:n/2], Continuations: [][]int32{text[n/2:]}}})
		if err != nil {
			t.Fatal(err)
		}
		relative(t, fmt.Sprintf("length %d, sum", n), sum, scores[0][0], 1e-6)
	}
	if _, err := d.Trace(ctx, make([]int32, tiny.Context+1), 0); !errors.Is(err, ErrTooLong) {
		t.Error(err)
	}
}
