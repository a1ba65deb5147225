package estimate

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stopwatch times what this process does as if it had the machine for itself: by the clock, less what its threads, ready to run, had to wait
// for a core that other programs had.
type stopwatch struct {
	now   func() time.Time
	sched func() (schedule, bool) // false = the system does not tell
	total schedule                // of all that was timed
}

// schedule is how long all threads of a process have run, and how long they were ready and waited.
type schedule struct{ ran, waited time.Duration }

func (s schedule) minus(o schedule) schedule { return schedule{s.ran - o.ran, s.waited - o.waited} }

// free is the share of the time that a free machine would have needed.
func (s schedule) free() float64 {
	if s.ran <= 0 || s.waited <= 0 {
		return 1
	}
	return float64(s.ran) / float64(s.ran+s.waited)
}

// once times one call. // seconds
func (w *stopwatch) once(f func() error) (float64, error) {
	before, told := w.sched()
	start := w.now()
	if err := f(); err != nil {
		return 0, err
	}
	took := w.now().Sub(start).Seconds()
	if after, ok := w.sched(); ok && told {
		s := after.minus(before)
		w.total = schedule{w.total.ran + max(0, s.ran), w.total.waited + max(0, s.waited)}
		took *= s.free()
	}
	return took, nil
}

// A measurement is made of several windows of some length, unless a turn takes longer, and takes their median: one burst of another program
// must not be multiplied by thousands of steps.
const (
	windows  = 3
	shortest = 400 * time.Millisecond
	longest  = 6 * time.Second
)

// repeat times a turn of f, after one to warm up. // seconds
func (w *stopwatch) repeat(ctx context.Context, f func() error) (float64, error) {
	if err := f(); err != nil {
		return 0, err
	}
	var turns []float64
	begun := w.now()
	for len(turns) < windows && (len(turns) == 0 || w.now().Sub(begun) < longest) {
		n := 0
		took, err := w.once(func() error {
			start := w.now()
			for n == 0 || n < 1000 && w.now().Sub(start) < shortest {
				if err := context.Cause(ctx); err != nil {
					return err
				}
				if err := f(); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		turns = append(turns, took/float64(n))
	}
	slices.Sort(turns)
	return turns[len(turns)/2], nil
}

// Processor is how long all threads of this process have run, as Linux tells it; 0 elsewhere.
func Processor() time.Duration {
	s, _ := threads()
	return s.ran
}

// threads sums the schedules of this process's threads, as Linux tells them. A thread that has ended is no longer counted.
func threads() (sum schedule, ok bool) {
	files, err := filepath.Glob("/proc/self/task/*/schedstat")
	if err != nil {
		return sum, false
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		fields := strings.Fields(string(text))
		if err != nil || len(fields) < 2 {
			continue
		}
		ran, err1 := strconv.ParseInt(fields[0], 10, 64)
		waited, err2 := strconv.ParseInt(fields[1], 10, 64)
		if err1 == nil && err2 == nil {
			sum, ok = schedule{sum.ran + time.Duration(ran), sum.waited + time.Duration(waited)}, true
		}
	}
	return sum, ok
}
