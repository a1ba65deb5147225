package trainer

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"slm/internal/pairwise"
	"slm/internal/ranks"
	"slm/model"
	"slm/model/op"
	"slm/stages/stagetest"
)

func init() { bucketNumbers = 2000 } // several of them in a tiny model

func TestBuckets_HoldWholeAccumulatorsInOrder(t *testing.T) {
	sizes := func(list ...int) (s op.Sums) {
		for _, n := range list {
			s = append(s, make([]float32, n))
		}
		return s
	}
	for _, c := range []struct {
		s    op.Sums
		want []int
	}{
		{sizes(), nil}, {sizes(1), []int{1}}, {sizes(1999, 1, 5000, 3, 1997, 1), []int{2, 3, 5, 6}}, {sizes(4000, 4000), []int{1, 2}},
	} {
		if got := buckets(c.s); !slices.Equal(got, c.want) {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
}

// watched tells when it begins to exchange.
type watched struct {
	ranks.World
	begins func()
}

func (w *watched) Exchange(ctx context.Context, m ...ranks.Message) error {
	w.begins()
	return w.World.Exchange(ctx, m...)
}

// The last accumulator is held back until both ranks have begun to exchange: that would never be, if the exchange waited for it.
func TestMeet_ExchangeBeginsBeforeTheLeavesAreDone(t *testing.T) {
	const rows = 4
	var begun, ended sync.WaitGroup
	begun.Add(2)
	both := make(chan struct{})
	go func() { begun.Wait(); close(both) }()
	be, sums := newTraining(t, "go").Kernel, make([]op.Sums, 2)
	for r, world := range ranks.Local(2) {
		ended.Add(1)
		go func() {
			defer ended.Done()
			team := ranks.New(&watched{world, sync.OnceFunc(begun.Done)})
			u := setup{Config: tinyConfig(true), Rows: rows, Shards: rows, Context: context16, Micro: rows}
			w, err := u.gatherer(model.New(u.Config, 3), be, team)
			if err != nil {
				t.Error(err)
				return
			}
			nodes := [][]pairwise.Node{w.cut.nodes(0, 2, rows), w.cut.nodes(1, 2, rows)}
			m := w.meet(context.Background(), team, nodes)
			if _, err := w.sum(layOut(stagetest.Batch(t, lesson(0), rows/2, context16, r)), nodes[r], rows, 1, func(acc int) {
				if acc == len(w.home)-1 {
					select {
					case <-both:
					case <-time.After(time.Minute):
						t.Errorf("rank %d sends nothing before all is computed", r)
					}
				}
				m.whole(acc)
			}); err != nil {
				t.Error(err)
			}
			if err := m.end(); err != nil {
				t.Error(err)
			}
			sums[r] = w.home
		}()
	}
	ended.Wait()
	for i := range sums[0] {
		if !slices.Equal(sums[0][i], sums[1][i]) {
			t.Errorf("the ranks differ in sum %d", i)
		}
	}
}
