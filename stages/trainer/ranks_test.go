package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"slm/internal/ranks"
	"slm/model"
	"slm/model/kernel"
	"slm/optim"
	"slm/stages"
)

// among trains on n ranks in this process; as rank 0 it is w. lost says that a rank ends before the job does.
func (w *training) among(n int, stop int, change func(*Job)) (*model.Params, *Summary, error) {
	w.t.Helper()
	worlds := ranks.Local(n)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, n)
	open := func(kernel.Class) (kernel.Backend, error) { return w.Kernel, nil }
	for _, world := range worlds[1:] {
		go func() { ended <- ranks.Serve(ctx, ranks.New(world), Orders(open, time.Now)) }()
	}
	w.Ranks = ranks.New(worlds[0])
	p, sum, err := w.train(stop, change)
	if err != nil {
		cancel()
	} else if err := w.Ranks.Dismiss(ctx); err != nil {
		w.t.Fatal(err)
	}
	for range worlds[1:] {
		if ferr := <-ended; err == nil && ferr != nil {
			w.t.Error(ferr)
		}
	}
	w.Ranks = nil
	return p, sum, err
}

// sharded has ten rows a step, of which the last step of an epoch has six, in leaves of some rows.
func sharded(name optim.Name, shards int) func(*Job) {
	return func(j *Job) { j.Batch, j.Shards, j.Optim.Name, j.Epochs = 10*context16, shards, name, 3 }
}

func TestRanks_AnyNumberOfThemEndsInTheSameBits(t *testing.T) {
	for _, backend := range []string{"go", "pair"} {
		for _, c := range []struct {
			name   optim.Name
			shards int
		}{{"adamw", 10}, {"muon", 4}, {"adamw", 3}} {
			want, whole, err := newTraining(t, backend).train(0, sharded(c.name, c.shards))
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{2, 3, 4, 8, 11} {
				what := fmt.Sprintf("%s, %s, %d shards on %d ranks", backend, c.name, c.shards, n)
				w := newTraining(t, backend)
				got, sum, err := w.among(n, 0, sharded(c.name, c.shards))
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				sameWeights(t, what, got, want)
				sameSummary(t, what, sum, whole)
				last := stages.Event{}
				for _, e := range w.Events {
					if e.Type == "step" {
						last = e
					}
				}
				if last.Ranks != n || last.Sent == 0 {
					t.Errorf("%s: the events say %d ranks and %d bytes", what, last.Ranks, last.Sent)
				}
			}
		}
	}
}

// The shards are of the recipe, since each number of them has bits of its own; one shard has those of rows in order.
func TestRanks_ShardsChangeTheBits(t *testing.T) {
	train := func(shards int) (string, *model.Params) {
		p, sum, err := newTraining(t, "go").train(0, sharded("adamw", shards))
		if err != nil {
			t.Fatal(err)
		}
		return rows(sum.Metrics), p
	}
	one, p := train(1)
	none, q := train(0)
	sameWeights(t, "no shards", p, q)
	if eight, _ := train(10); one != none || one == eight {
		t.Errorf("one shard: same as none %v, same as ten %v", one == none, one == eight)
	}
}

// rounded trains in a class that rounds sums of gradients.
func rounded16(t *testing.T) *training {
	w := newTraining(t, "go")
	w.Kernel = (w.Kernel.Class() + kernel.HalfSums).On(w.Kernel)
	return w
}

func TestRanks_RoundedSumsEndInTheSameBitsOnAnyNumberOfRanks(t *testing.T) {
	for _, c := range []struct {
		name          optim.Name
		shards, micro int
	}{{"adamw", 10, 0}, {"muon", 4, 0}, {"adamw", 3, 2 * context16}} { // leaves of one row, of three, and of four that go through the graph in two parts
		change := func(j *Job) {
			sharded(c.name, c.shards)(j)
			j.MicroBatchTokens, j.Epochs = c.micro, 1
		}
		want, whole := rounded16(t).finish(change)
		if plain, _ := newTraining(t, "go").finish(change); sameBits(plain.Tensors(), want.Tensors()) == nil {
			t.Fatal("rounding changes nothing")
		}
		for _, n := range []int{2, 3, 8} {
			what := fmt.Sprintf("%s, %d shards on %d ranks", c.name, c.shards, n)
			got, sum, err := rounded16(t).among(n, 0, change)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			sameWeights(t, what, got, want)
			sameSummary(t, what, sum, whole)
		}
	}
}

func TestRanks_RoundedSumsTakeHalfTheBytes(t *testing.T) {
	train := func(w *training) (sent int64) {
		eight := func(j *Job) { j.Batch, j.Shards, j.Epochs = 8*context16, 8, 1 } // two steps, a subtree a rank
		if _, _, err := w.among(2, 0, eight); err != nil {
			t.Fatal(err)
		}
		for _, e := range w.Events {
			sent = max(sent, e.Sent)
		}
		return sent
	}
	c := tinyConfig(true)
	gradient := c.Count() + int64(c.Vocab*c.Width)                                                                       // numbers, with the head's
	if saved := train(newTraining(t, "go")) - train(rounded16(t)); saved != 2*2*2*gradient-int64(len(kernel.HalfSums)) { // the class has a longer name
		t.Errorf("two ranks send %d bytes less in two steps, want two of each number", saved)
	}
}

func TestRanks_PreferencesEndInTheSameBits(t *testing.T) {
	w := newTraining(t, "go")
	job := preferring(t, w)
	change := func(j *Job) {
		job(j)
		j.Shards = 4
	}
	want, whole := w.finish(change)
	for _, n := range []int{2, 3, 5} {
		got, sum, err := newTraining(t, "go").among(n, 0, change)
		if err != nil {
			t.Fatal(err)
		}
		sameWeights(t, fmt.Sprintf("%d ranks", n), got, want)
		sameSummary(t, fmt.Sprintf("%d ranks", n), sum, whole)
	}
}

func TestRanks_AdaptersEndInTheSameBits(t *testing.T) {
	change := func(j *Job) {
		adapted(j)
		j.Shards = 4
	}
	want, whole := newTraining(t, "go").finish(change)
	got, sum, err := newTraining(t, "go").among(3, 0, change)
	if err != nil {
		t.Fatal(err)
	}
	if err := sameBits(got.Learnt(), want.Learnt()); err != nil {
		t.Error(err)
	}
	sameSummary(t, "3 ranks", sum, whole)
}

func TestRanks_StoppedRunGoesOnWithAnotherNumberOfThem(t *testing.T) {
	want, whole, err := newTraining(t, "go").train(0, sharded("muon", 8))
	if err != nil {
		t.Fatal(err)
	}
	w := newTraining(t, "go")
	for i, n := range []int{3, 2, 8} {
		if _, _, err := w.among(n, i+1, sharded("muon", 8)); !errors.Is(err, context.Canceled) {
			t.Fatalf("%d ranks: %v", n, err)
		}
	}
	got, sum, err := w.train(0, sharded("muon", 8))
	if err != nil {
		t.Fatal(err)
	}
	if first := w.FirstStep(); first != 4 {
		t.Errorf("went on with step %d", first)
	}
	sameWeights(t, "four numbers of ranks", got, want)
	sameSummary(t, "four numbers of ranks", sum, whole)
}

// failing is a world in which a rank is lost after some exchanges.
type failing struct {
	ranks.World
	left int
}

func (f *failing) Exchange(ctx context.Context, m ...ranks.Message) error {
	if f.left--; f.left < 0 {
		return fmt.Errorf("%w: rank 1", ranks.ErrLost)
	}
	return f.World.Exchange(ctx, m...)
}

func TestRanks_StateIsSavedWhenOneIsLost(t *testing.T) {
	want, whole, err := newTraining(t, "go").train(0, sharded("adamw", 8))
	if err != nil {
		t.Fatal(err)
	}
	open := func(kernel.Class) (kernel.Backend, error) { return kernel.Open("go") }
	resumed := 0
	for after := 1; after < 30; after += 3 {
		worlds := ranks.Local(2)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- ranks.Serve(ctx, ranks.New(worlds[1]), Orders(open, time.Now)) }()
		w := newTraining(t, "go")
		w.Ranks = ranks.New(&failing{worlds[0], after})
		_, _, err := w.train(0, sharded("adamw", 8))
		cancel()
		if ferr := <-ended; ferr == nil {
			t.Error("the other rank ended as if all were well")
		}
		if !errors.Is(err, ranks.ErrLost) || !strings.Contains(err.Error(), "rank 1") {
			t.Fatalf("after %d exchanges: %v", after, err)
		}
		w.Ranks = nil
		got, sum, err := w.train(0, sharded("adamw", 8))
		if err != nil {
			t.Fatal(err)
		}
		if w.FirstStep() > 1 {
			resumed++
		}
		sameWeights(t, fmt.Sprintf("lost after %d exchanges", after), got, want)
		sameSummary(t, "lost", sum, whole)
	}
	if resumed == 0 {
		t.Error("no training went on from a save")
	}
}

func TestRanks_LossThatIsNoNumberOnAnyRankIsDivergence(t *testing.T) {
	w := newTraining(t, "go")
	w.hook = func(step int, p *model.Params) {
		if step == 2 {
			p.Norm[0] = float32(math.Inf(1)) // of rank 0 alone: the others have finite losses
		}
	}
	if _, _, err := w.among(3, 0, sharded("adamw", 8)); !errors.Is(err, ErrDiverged) {
		t.Error(err)
	}
}

func TestOrders_RefuseAKernelOfAnotherClass(t *testing.T) {
	worlds := ranks.Local(2)
	w := newTraining(t, "go")
	ended := make(chan error)
	go func() {
		pair := func(kernel.Class) (kernel.Backend, error) { return kernel.Open("pair") }
		ended <- ranks.Serve(t.Context(), ranks.New(worlds[1]), Orders(pair, time.Now))
	}()
	ctx, cancel := context.WithCancel(context.Background())
	w.Ranks = ranks.New(worlds[0])
	s, err := open(w.Env, func() Job { j := tinyJob(model.New(tinyConfig(true), 1)); return j }())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.lead(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "rank 1") || !strings.Contains(err.Error(), "bf16-pair") {
		t.Error(err)
	}
	cancel()
}

func TestPace_SlowRankIsNamedOnce(t *testing.T) {
	c := cutOf(8, 8, false)
	p := &pace{}
	named := 0
	for range 4 * paceWindow {
		r, seconds, usual := p.slow(c, []status{{0, .2, 0}, {0, .2, 0}, {0, .5, 0}, {0, .21, 0}})
		if r >= 0 {
			named++
			if r != 2 || math.Abs(seconds-.25) > 1e-9 || math.Abs(usual-.1) > 1e-9 {
				t.Errorf("rank %d takes %v, the others %v", r, seconds, usual)
			}
		}
	}
	if named != 1 {
		t.Errorf("it was named %d times", named)
	}
}

func TestCut_GraphsHoldWholeLeavesOrEqualPartsOfOne(t *testing.T) {
	for _, c := range []struct {
		rows, shards, rank, size, micro int
		pairs                           bool
		leaf, seqs, most                int
	}{
		{8, 8, 0, 1, 8, false, 1, 8, 8},
		{8, 8, 1, 2, 8, false, 1, 4, 4},
		{8, 8, 0, 3, 8, false, 1, 2, 2},
		{8, 8, 1, 3, 8, false, 1, 1, 1}, // leaves 2, 3 and 4: with two at a time a row would be padding
		{8, 1, 0, 1, 8, false, 8, 8, 1},
		{13, 8, 0, 1, 13, false, 2, 13, 8},
		{64, 8, 0, 1, 8, false, 8, 8, 1},
		{80, 8, 0, 1, 8, false, 10, 5, 0},
		{6, 8, 0, 1, 6, false, 1, 6, 8},
		{6, 8, 0, 1, 6, true, 2, 6, 4},
		{2, 8, 5, 8, 2, false, 1, 1, 1},
	} {
		cut := cutOf(c.rows, c.shards, c.pairs)
		if seqs, most := cut.graph(c.rank, c.size, c.micro, c.pairs); cut.leaf != c.leaf || seqs != c.seqs || most != c.most {
			t.Errorf("%+v: leaves of %d rows, %d rows and %d leaves at a time", c, cut.leaf, seqs, most)
		}
	}
}

func TestCut_RanksOwnAllLeavesInFewSubtrees(t *testing.T) {
	for _, c := range []struct {
		leaves, size int
		want         []int // where parts begin
	}{
		{8, 2, []int{0, 4, 8}}, {7, 2, []int{0, 4, 7}}, {5, 2, []int{0, 2, 5}}, {7, 4, []int{0, 2, 4, 6, 7}}, {8, 3, []int{0, 2, 5, 8}}, {3, 4, []int{0, 0, 1, 2, 3}}, {1, 2, []int{0, 0, 1}},
	} {
		cut := cutOf(c.leaves, c.leaves, false)
		for r := range c.size {
			if lo, hi := cut.owned(r, c.size); lo != c.want[r] || hi != c.want[r+1] {
				t.Errorf("%d leaves: rank %d of %d has [%d,%d), want %v", c.leaves, r, c.size, lo, hi, c.want)
			}
		}
	}
}

func TestDecodeRows_EveryCutIsAnError(t *testing.T) {
	b := model.Batch{Tokens: []int32{1, 2, 3, 4}, Targets: []int32{2, -1, 4, -1}, Docs: []int32{0, 0, 2, 2}, References: []float32{.5}}
	data := encodeRows(b, 0, 2, 7, 2, .25)
	got, n, scale, err := decodeRows(data, 2, true)
	if err != nil || n != 7 || scale != .25 || fmt.Sprint(got) != fmt.Sprint(b) {
		t.Fatalf("%v of %d rows, scale %v: %v", got, n, scale, err)
	}
	for i := range data {
		if _, _, _, err := decodeRows(data[:i], 2, true); !errors.Is(err, ranks.ErrLost) {
			t.Fatalf("%d of %d bytes: %v", i, len(data), err)
		}
	}
}
