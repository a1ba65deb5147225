package trainer

import (
	"math"
	"testing"
	"time"

	"slm/internal/ranks"
	"slm/model"
	"slm/model/kernel"
	"slm/stages"
)

func TestParseLink_ReadsBitsAndLatency(t *testing.T) {
	for text, want := range map[string]Link{
		"10Gbit/s,0.1ms": {1e10, 1e-4, UsualProcessor}, "1Gbit/s,50us": {1e9, 5e-5, UsualProcessor}, "2.5Mbit/s,0s": {2.5e6, 0, UsualProcessor}, "800bit/s,1s,0ns": {800, 1, 0},
		"1Gbit/s,0s,0.25ns": {1e9, 0, .25e-9},
	} {
		if got, err := ParseLink(text); err != nil || math.Abs(got.Bits-want.Bits) > 1 || math.Abs(got.Latency-want.Latency) > 1e-12 || math.Abs(got.Processor-want.Processor) > 1e-15 {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "10Gbit/s", "10G,1ms", "-1Gbit/s,1ms", "Gbit/s,1ms", "1Gbit/s,-1ms", "1Gbit/s,5", "xGbit/s,1ms", "1Gbit/s,1ms,1", "1Gbit/s,1ms,-1ns", "1Gbit/s,1ms,1ns,1ns"} {
		if got, err := ParseLink(text); err == nil {
			t.Errorf("%q is %+v", text, got)
		}
	}
}

func TestScale_WorkedByHand(t *testing.T) {
	tr := stages.Training{Step: 1, Alone: .2, Gradient: 100e6, Rows: 8, Shards: 8}
	link := Link{Bits: 1e9, Latency: 1e-3}
	for n, want := range map[int]Scaled{
		1: {1, 1, 0},
		2: {2, .2 + .8/2 + .8 + .006, 100e6},         // half of the gradient there, the other half of the sum back
		4: {4, .2 + .8/4 + 1.2 + .006, 150e6},        // three quarters each way
		3: {3, .2 + .8*3/8 + 1.6 + .006, 200e6},      // three rows at most; a rank in the middle has two subtrees to give
		8: {8, .2 + .8/8 + 8*.175 + .006, 175000000}, // seven eighths
	} {
		if got := Scale(tr, n, link); got.Ranks != n || math.Abs(got.Seconds-want.Seconds) > 1e-6 || math.Abs(float64(got.Sent-want.Sent)) > 2 {
			t.Errorf("%d ranks: %+v, want %+v", n, got, want)
		}
	}
}

func TestScale_ExchangeIsHiddenBehindTheBackwardPassButForTheLastBucket(t *testing.T) {
	tr := stages.Training{Step: 1, Gradient: 100e6, Last: 20e6, Rows: 8, Shards: 8, Micro: 4}
	for _, c := range []struct{ backward, want float64 }{
		{0, .5 + .8}, {.1, .5 + .4}, {.2, .5 + .16}, {9, .5 + .16}, // of .8 s; four rows go together
	} {
		tr.Backward = c.backward
		if got := Scale(tr, 2, Link{Bits: 1e9}); math.Abs(got.Seconds-c.want) > 1e-6 || got.Sent != 100e6 {
			t.Errorf("%g s a row: %+v, want %g", c.backward, got, c.want)
		}
	}
}

// Of 100 MB that each of two ranks sends and receives, at 2 ns of a core a byte, .4 s are of the processor and .8 s of the wire.
func TestScale_ProcessorTimeOfTheLinkIsTakenFromTheLeaves(t *testing.T) {
	link := Link{Bits: 1e9, Processor: 2e-9}
	for _, c := range []struct {
		backward float64 // of a row; four go together
		cores    int
		want     float64
	}{
		{0, 1, .5 + .8},              // nothing goes beside
		{9, 1, .5 + .8*.4 + .2*.8},   // all but the last fifth
		{9, 4, .5 + .8*.1 + .2*.8},   // of four cores one is taken
		{.05, 1, .5 + .5*.4 + .5*.8}, // the backward pass takes .2 s and, while half of the exchange goes beside it, .2 s more
	} {
		tr := stages.Training{Step: 1, Gradient: 100e6, Last: 20e6, Rows: 8, Shards: 8, Micro: 4, Backward: c.backward, Cores: c.cores}
		if got := Scale(tr, 2, link); math.Abs(got.Seconds-c.want) > 1e-6 {
			t.Errorf("%g s a row, %d cores: %+v, want %g", c.backward, c.cores, got, c.want)
		}
	}
	tr := stages.Training{Step: 1, Gradient: 100e6, Rows: 8, Shards: 8, Cores: 1}
	if got := Scale(tr, 2, Link{Bits: 1e12, Processor: 2e-9}); math.Abs(got.Seconds-.9) > 1e-3 { // a fast wire is no faster than its ends
		t.Errorf("%+v", got)
	}
}

func TestScale_OptimisersShareIsDivided(t *testing.T) {
	tr := stages.Training{Step: 1, Alone: .1, Shared: .3, Gradient: 100e6, Weights: 80e6, Rows: 8, Shards: 8}
	if got, want := Scale(tr, 2, Link{Bits: 1e9}), .1+.15+.3+8*.14; math.Abs(got.Seconds-want) > 1e-6 || got.Sent != 140e6 {
		t.Errorf("%+v, want %v", got, want)
	}
}

// What Scale says is sent is what the ranks count, but for rows, losses and orders.
func TestScale_SentIsWhatRanksSend(t *testing.T) {
	for _, n := range []int{2, 3, 4} {
		w := newTraining(t, "go")
		if _, _, err := w.among(n, 0, func(j *Job) { sharded("adamw", 8)(j); j.Batch = 8 * context16 }); err != nil {
			t.Fatal(err)
		}
		w.Ranks = nil
		r, err := Rehearse(w.Env, func() Job { j := tinyJob(model.New(tinyConfig(true), 1)); j.Batch, j.Shards = 8*context16, 8; return j }())
		if err != nil {
			t.Fatal(err)
		}
		gradient := int64(0)
		for _, data := range r.s.home {
			gradient += int64(4 * len(data))
		}
		most := Scale(stages.Training{Gradient: gradient, Rows: 8, Shards: 8, Step: 1}, n, Link{Bits: 1e9}).Sent
		var last stages.Event
		for _, e := range w.Events {
			if e.Type == "step" {
				last = e
			}
		}
		each := float64(last.Sent) / float64(last.Of) / float64(n)
		// The events count before the last step; weights are sent once.
		if each > 1.3*float64(most) || each < .5*float64(most) {
			t.Errorf("%d ranks: each sends %.0f bytes a step, Scale says %d at most", n, each, most)
		}
	}
}

func TestMeasure_LinkOfALocalWorldIsFast(t *testing.T) {
	worlds := ranks.Local(3)
	ended := make(chan error, 2)
	for _, w := range worlds[1:] {
		go func() {
			ended <- ranks.Serve(t.Context(), ranks.New(w), Orders(func(kernel.Class) (kernel.Backend, error) { return kernel.Open("go") }, time.Now))
		}()
	}
	team := ranks.New(worlds[0])
	ticks := time.Unix(0, 0)
	clock := func() time.Time { // a millisecond each time that it is asked
		ticks = ticks.Add(time.Millisecond)
		return ticks
	}
	busy := time.Duration(0)
	link, err := Measure(t.Context(), team, clock, func() time.Duration { busy += 16 * time.Millisecond; return busy })
	if err != nil || link.Latency != .0005 || !(link.Bits > 1e9) || math.Abs(link.Processor-.016/(16<<20)) > 1e-15 {
		t.Errorf("%+v, %v", link, err)
	}
	if err := team.Dismiss(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range worlds[1:] {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
