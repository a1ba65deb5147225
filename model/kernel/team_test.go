package kernel

import (
	"sync/atomic"
	"testing"
)

func TestTeam_WorkersSeeWhatTheStepsBeforeHaveDone(t *testing.T) {
	for _, size := range []int{0, 1, 2, 3, 7} {
		const steps, tiles = 300, 11
		var done [steps][tiles]int
		var workers atomic.Int32
		RunTeam(size, func(w *Worker) {
			workers.Add(1)
			for s := range steps {
				w.Parallel(s%tiles+1, func(tile int) {
					done[s][tile]++
					if s > 0 {
						for before := range (s-1)%tiles + 1 {
							if done[s-1][before] != 1 {
								t.Errorf("%d workers: tile %d of step %d was done %d times", size, before, s-1, done[s-1][before])
							}
						}
					}
				})
			}
		})
		n := int32(size)
		if size == 0 {
			n = int32(Threads())
		}
		if workers.Load() != n {
			t.Errorf("%d workers: %d, want %d", size, workers.Load(), n)
		}
		for s := range done {
			for tile, times := range done[s] {
				if want := 0; tile <= s%tiles {
					if times != 1 {
						t.Fatalf("%d workers: tile %d of step %d was done %d times", size, tile, s, times)
					}
				} else if times != want {
					t.Fatalf("%d workers: step %d has a tile %d", size, s, tile)
				}
			}
		}
	}
}

func TestTeam_TilesCoverTheRows(t *testing.T) {
	var rows [40]atomic.Int32
	RunTeam(3, func(w *Worker) {
		w.Tiles(39, 7, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				rows[i].Add(1)
			}
		})
	})
	for i := range rows {
		if want := int32(1); i < 39 && rows[i].Load() != want {
			t.Errorf("row %d: %d times", i, rows[i].Load())
		}
	}
}
