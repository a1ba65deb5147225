package schedule

import (
	"math"
	"slices"
	"testing"

	"slm/rng"
)

func TestPieces_ShortPromptsComeFirstAndTheOldestGoesOn(t *testing.T) {
	long, short, medium := &place{last: 2048}, &place{last: 12}, &place{last: 40}
	rows := func(all []*place, n int) (out []int) {
		for _, s := range pieces(all, n, false) {
			out = append(out, s.rows)
		}
		return out
	}
	for _, c := range []struct {
		all  []*place
		rows int
		want []int
	}{
		{[]*place{long, short, medium}, 64, []int{16, 12, 36}},
		{[]*place{long, short}, 64, []int{52, 12}},
		{[]*place{long}, 8, []int{8}},
		{[]*place{short, long}, 1, []int{1}},
		{nil, 64, nil},
	} {
		if got := rows(c.all, c.rows); !slices.Equal(got, c.want) {
			t.Errorf("of %d rows, %v are given, want %v", c.rows, got, c.want)
		}
	}
}

func TestBudget_OneLongPromptAtMostDoublesAPass(t *testing.T) {
	s := &Scheduler{opt: Options{Piece: 64}}
	for _, c := range []struct{ generating, reading, want int }{{0, 1, 256}, {1, 1, 8}, {16, 1, 16}, {64, 1, 64}, {1, 5, 40}, {1, 63, 64}} {
		if got := s.budget(c.generating, c.reading); got != c.want {
			t.Errorf("%d rows of prompts beside %d answers with %d prompts, want %d", got, c.generating, c.reading, c.want)
		}
	}
}

func TestQueue_ClientsShareEqually(t *testing.T) {
	var q queue
	of := func(client string) *place { return &place{req: Request{Client: client}} }
	for range 4 {
		q.push(of("many"))
	}
	q.push(of("one"))
	q.push(of("two"))
	var order []string
	var placed []*place
	for turn := uint64(1); q.head() != nil; turn++ {
		p := q.head()
		q.pop(p, turn)
		order, placed = append(order, p.req.Client), append(placed, p)
	}
	if want := []string{"many", "one", "two", "many", "many", "many"}; !slices.Equal(order, want) {
		t.Errorf("%v, want %v", order, want)
	}
	for _, p := range placed {
		q.leave(p)
	}
	if len(q.clients) != 0 || q.waiting != 0 {
		t.Errorf("clients are left: %+v", q)
	}
}

func TestChoose_NucleusIsTheFewestThatSuffice(t *testing.T) {
	p := []float32{0.05, 0.5, 0.15, 0.3}
	seen := map[int32]int{}
	for i := range 1000 {
		seen[nucleus(p, 0.75, (float64(i)+0.5)/1000)]++
	}
	if len(seen) != 2 || math.Abs(float64(seen[1])-625) > 2 || math.Abs(float64(seen[3])-375) > 2 {
		t.Errorf("%v, want token 1 in 625 and token 3 in 375 of 1000", seen)
	}
}

func TestLargest_IsTheBeginningOfTheSortedOrder(t *testing.T) {
	s := rng.New(1, "largest")
	x := make([]float32, 200)
	for i := range x {
		x[i] = float32(s.At(uint64(i)).IntN(40))
	}
	want := make([]int32, len(x))
	for i := range want {
		want[i] = int32(i)
	}
	slices.SortFunc(want, func(a, b int32) int { return likelier(x, a, b) })
	for _, n := range []int{0, 1, 5, 200, 300} {
		if got := largest(x, n); !slices.Equal(got, want[:min(n, len(x))]) {
			t.Errorf("the %d largest are %v", n, got)
		}
	}
}
