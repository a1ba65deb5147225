package estimate

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"
)

// machine is a clock and a scheduler. A turn takes a second of the machine alone.
type machine struct {
	clock time.Duration
	sched schedule
	busy  func(turn int) float64 // how many times as long a turn takes, because of others
	turn  int
	deaf  bool // it does not tell how its threads are scheduled
}

func (m *machine) watch() *stopwatch {
	return &stopwatch{
		now:   func() time.Time { return time.Unix(0, 0).Add(m.clock) },
		sched: func() (schedule, bool) { return m.sched, !m.deaf },
	}
}

// work is a turn on two threads.
func (m *machine) work() error {
	times := m.busy(m.turn)
	m.turn++
	m.clock += time.Duration(times * float64(time.Second))
	m.sched.ran += 2 * time.Second
	m.sched.waited += time.Duration((times - 1) * float64(2*time.Second))
	return nil
}

func TestStopwatch_ABusyMachineTakesNoLongerThanAFreeOne(t *testing.T) {
	for _, times := range []float64{1, 2, 3.5} {
		m := &machine{busy: func(int) float64 { return times }}
		w := m.watch()
		took, err := w.repeat(context.Background(), m.work)
		if err != nil || math.Abs(took-1) > 1e-9 {
			t.Errorf("%v times as busy: %v s a turn, %v", times, took, err)
		}
		if got := w.total.free(); math.Abs(got-1/times) > 1e-9 {
			t.Errorf("%v times as busy: free %v", times, got)
		}
	}
}

func TestStopwatch_OneBurstIsNotMultiplied(t *testing.T) {
	m := &machine{deaf: true, busy: func(turn int) float64 {
		if turn == 1 {
			return 4
		}
		return 1
	}}
	if took, err := m.watch().repeat(context.Background(), m.work); err != nil || took != 1 {
		t.Errorf("%v s a turn, %v", took, err)
	}
}

func TestStopwatch_ALongTurnIsTimedOnce(t *testing.T) {
	m := &machine{busy: func(int) float64 { return 1 }}
	long := func() error { m.clock += 10 * time.Second; m.turn++; return nil }
	if took, err := m.watch().repeat(context.Background(), long); err != nil || took != 10 || m.turn != 2 {
		t.Errorf("%v s a turn after %d turns, %v", took, m.turn, err)
	}
}

func TestStopwatch_StopsAtAnErrorAndAtTheContextsEnd(t *testing.T) {
	m := &machine{busy: func(int) float64 { return 1 }}
	broken := errors.New("broken")
	if _, err := m.watch().repeat(context.Background(), func() error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(broken)
	if _, err := m.watch().repeat(ctx, m.work); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestThreads_TellThatThisProcessHasRun(t *testing.T) {
	before, ok := threads()
	if !ok {
		t.Skip("this system does not tell how threads are scheduled")
	}
	x := 1.0
	for i := range 20_000_000 {
		x = math.Sqrt(x + float64(i))
	}
	if after, _ := threads(); after.ran <= before.ran || x == 0 {
		t.Errorf("ran %v, and before %v", after.ran, before.ran)
	}
}
