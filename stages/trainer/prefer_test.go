package trainer

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"

	"slm/data/pack"
	"slm/model"
	"slm/rng"
)

// planted are pairs with one prompt a pair, in which the answer that begins with 7 is preferred to the one that begins with 9.
func planted(t *testing.T, w *training) []pack.Pair {
	t.Helper()
	draw := rng.New(8, "planted")
	var pairs []pack.Pair
	for i := range 10 {
		prompt := []int32{int32(10 + i), int32(1 + draw.IntN(40)), 3}
		answer := func(first int32, n int) pack.Example {
			ex := pack.Example{ID: fmt.Sprintf("pair%d", i), Prompt: len(prompt), Tokens: append(append([]int32{}, prompt...), first)}
			for range n {
				ex.Tokens = append(ex.Tokens, int32(1+draw.IntN(40)))
			}
			ex.Tokens = append(ex.Tokens, 0)
			return ex
		}
		pairs = append(pairs, pack.Pair{Chosen: answer(7, i%3), Rejected: answer(9, i%4)})
	}
	reference, err := LogProbs(t.Context(), w.Env, model.New(tinyConfig(true), 1), pairs, 12)
	if err != nil || len(reference) != len(pairs) {
		t.Fatal(len(reference), err)
	}
	for i, r := range reference {
		pairs[i].Reference = r[0] - r[1]
	}
	return pairs
}

// preferring trains on the planted pairs: three steps an epoch, of four pairs and two.
func preferring(t *testing.T, w *training) func(*Job) {
	pairs := planted(t, w)
	return func(j *Job) {
		j.Phase, j.Batch, j.Context, j.Epochs, j.Epoch, j.Optim.Clip = "dpo", 8*12, 12, 4, nil, 0
		j.Prefer = &Preferences{Beta: .5, Epoch: func(epoch int) ([]pack.Pair, error) {
			out := append([]pack.Pair{}, pairs...)
			rng.New(6, "order").At(uint64(epoch)).Shuffle(len(out), func(i, k int) { out[i], out[k] = out[k], out[i] })
			return out, nil
		}}
	}
}

func TestPrefer_LossFallsAndThePreferredAnswerGainsOnTheOther(t *testing.T) {
	for _, backend := range []string{"go", "onednn-bf16", "amx"} {
		t.Run(backend, func(t *testing.T) {
			w := newTraining(t, backend)
			pairs := planted(t, w)
			p, sum := w.finish(preferring(t, w))
			m := sum.Metrics
			if len(m) != 12 || math.Abs(m[0].Loss-math.Ln2) > 1e-6 || m[11].Loss > .8*math.Ln2 {
				t.Errorf("%d steps, the loss goes from %.6f to %.6f; without a preference it is ln 2", len(m), m[0].Loss, m[len(m)-1].Loss)
			}
			before, err := LogProbs(t.Context(), w.Env, model.New(tinyConfig(true), 1), pairs, 12)
			if err != nil {
				t.Fatal(err)
			}
			after, err := LogProbs(t.Context(), w.Env, p, pairs, 12)
			if err != nil {
				t.Fatal(err)
			}
			rises, gains := 0, 0
			for i := range pairs {
				if after[i][0] > before[i][0] {
					rises++
				}
				if after[i][0]-after[i][1] > pairs[i].Reference {
					gains++
				}
			}
			if gains != len(pairs) || rises < 8 {
				t.Errorf("of %d pairs %d gain and %d preferred answers are more probable", len(pairs), gains, rises)
			}
			if w.Events[0].Phase != "dpo" {
				t.Errorf("the events are of phase %q", w.Events[0].Phase)
			}
		})
	}
}

func TestPrefer_InterruptionsThreadsAndMicroBatchesDoNotChangeIt(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	runtime.GOMAXPROCS(1)
	w := newTraining(t, "go")
	job := preferring(t, w)
	want, whole := w.finish(job)
	runtime.GOMAXPROCS(3)
	for _, stop := range []int{1, 3, 8} {
		w := newTraining(t, "go")
		other, _ := w.finish(nil) // saves of another job of the stage are neither used nor removed
		if _, _, err := w.train(stop, job); err == nil {
			t.Fatal("it was not stopped")
		}
		got, sum := w.finish(job)
		if first := w.FirstStep(); first != stop+1 {
			t.Errorf("stopped after step %d, went on with step %d", stop, first)
		}
		sameWeights(t, fmt.Sprintf("stopped after step %d", stop), got, want)
		sameSummary(t, fmt.Sprintf("stopped after step %d", stop), sum, whole)
		again, _ := w.finish(nil)
		sameWeights(t, "the other job", again, other)
		if w.FirstStep() != 0 {
			t.Error("the other job's save is gone")
		}
	}
	for _, tokens := range []int{1, 5 * 12} { // a pair at a time, and two with padding behind the last
		got, _ := newTraining(t, "go").finish(func(j *Job) { job(j); j.MicroBatchTokens = tokens })
		sameWeights(t, fmt.Sprintf("micro-batches of %d tokens", tokens), got, want)
	}
}

func TestPrefer_LossThatIsNoNumberIsDivergence(t *testing.T) {
	w := newTraining(t, "go")
	job := preferring(t, w)
	w.hook = func(step int, p *model.Params) {
		if step == 2 {
			p.Layers[1].Down[0] = float32(math.NaN())
		}
	}
	if _, _, err := w.train(0, job); !errors.Is(err, ErrDiverged) {
		t.Error(err)
	}
	p := model.New(tinyConfig(true), 1)
	p.Norm[0] = float32(math.NaN())
	if _, err := LogProbs(t.Context(), w.Env, p, planted(t, w), 12); !errors.Is(err, ErrDiverged) {
		t.Error(err)
	}
}
