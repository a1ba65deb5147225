package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// figures are what a soak came to.
type figures struct {
	same, degraded, refused, gaveUp, outages, reloads atomic.Int64

	mu            sync.Mutex
	wrong         []string // replies, the first few
	wrongs        int
	errs          []error
	before, after state
	memory        []resident     // of the process, over the time
	kinds         map[string]int // of failures in the server's log
}

// resident is what a process has in memory, of its own and of files; MB.
type resident struct{ all, own, files float64 }

// state is what an idle server holds.
type state struct{ goroutines, active, waiting, heap float64 }

// count takes a reply.
func (f *figures) count(r request, status int, text string, err error) {
	switch {
	case err == nil && status == http.StatusTooManyRequests:
		f.refused.Add(1)
	case err == nil && r.needs && (status == http.StatusServiceUnavailable || strings.Contains(text, `"degraded":"`) || strings.Contains(text, `"code":"llm_unavailable"`)):
		f.degraded.Add(1)
	case err == nil && status == http.StatusOK && (r.alone == "" || text == r.alone):
		f.same.Add(1)
	default:
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.wrongs++; len(f.wrong) < 5 {
			f.wrong = append(f.wrong, fmt.Sprintf("%s\n  gives %d %s (%v)\n  alone %s", r.body, status, text, err, r.alone))
		}
	}
}

func (f *figures) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, err)
}

// String is the figures as text.
func (f *figures) String() string {
	second, last := f.quarters()
	return fmt.Sprintf("%d replies as they are alone, %d other bytes; %d while the LLM was away said so, %d were refused, %d given up; %d outages, %d newer runs\n"+
		"idle before and after: goroutines %.0f and %.0f, places %.0f and %.0f, waiting %.0f and %.0f, heap in MB %.1f and %.1f; memory in the second quarter %.1f MB (%.1f of its own, %.1f of files), in the last %.1f (%.1f, %.1f)\n"+
		"failures in the log: %v\n",
		f.same.Load(), f.wrongs, f.degraded.Load(), f.refused.Load(), f.gaveUp.Load(), f.outages.Load(), f.reloads.Load(),
		f.before.goroutines, f.after.goroutines, f.before.active, f.after.active, f.before.waiting, f.after.waiting, f.before.heap, f.after.heap,
		second.all, second.own, second.files, last.all, last.own, last.files, f.kinds)
}

// quarters are medians of the process's memory in the second and in the last quarter.
func (f *figures) quarters() (second, last resident) {
	n := len(f.memory) / 4
	if n == 0 {
		return second, last
	}
	median := func(part []resident, of func(resident) float64) float64 {
		var x []float64
		for _, r := range part {
			x = append(x, of(r))
		}
		slices.Sort(x)
		return x[len(x)/2]
	}
	all := func(part []resident) resident {
		return resident{
			median(part, func(r resident) float64 { return r.all }), median(part, func(r resident) float64 { return r.own }),
			median(part, func(r resident) float64 { return r.files }),
		}
	}
	return all(f.memory[n : 2*n]), all(f.memory[3*n:])
}

// Bounds of what may be left: goroutines of connections that are being closed, memory that the collector has not given back.
const (
	spareGoroutines = 4
	spareMemory     = 1.05
)

// check is what is wrong.
func (f *figures) check() error {
	err := errors.Join(f.errs...)
	if f.wrongs > 0 {
		err = errors.Join(err, fmt.Errorf("%d replies are wrong, such as\n%s", f.wrongs, strings.Join(f.wrong, "\n")))
	}
	if f.same.Load() == 0 || f.reloads.Load() == 0 || f.outages.Load() == 0 {
		err = errors.Join(err, errors.New("too short to say anything"))
	}
	if f.after.goroutines > f.before.goroutines+spareGoroutines || f.after.active > 0 || f.after.waiting > 0 {
		err = errors.Join(err, errors.New("goroutines or places are left"))
	}
	if second, last := f.quarters(); last.all > spareMemory*second.all {
		err = errors.Join(err, fmt.Errorf("memory grows from %.1f to %.1f MB", second.all, last.all))
	}
	return err
}

// measure notes the memory of the server's process.
func (s *soak) measure(ctx context.Context, f *figures) {
	for wait(ctx, time.Second) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.server.Process.Pid))
		if err != nil {
			continue // not every system tells
		}
		var now resident
		for line := range strings.Lines(string(text)) {
			for name, to := range map[string]*float64{"VmRSS": &now.all, "RssAnon": &now.own, "RssFile": &now.files} {
				var kb float64
				if n, _ := fmt.Sscanf(line, name+": %f", &kb); n == 1 {
					*to = kb / 1024
				}
			}
		}
		f.memory = append(f.memory, now)
	}
}

// idle reads the server's own figures when its work is done.
func (s *soak) idle() (now state, err error) {
	http.DefaultClient.CloseIdleConnections()
	for range 20 { // what clients have given up may still be leaving, and so may an old run
		time.Sleep(500 * time.Millisecond)
		if now, err = s.metrics(); err == nil && now.active == 0 && now.waiting == 0 {
			continue
		}
	}
	return now, err
}

func (s *soak) metrics() (now state, err error) {
	resp, err := http.Get(s.url + "/metrics")
	if err != nil {
		return now, err
	}
	defer func() { _ = resp.Body.Close() }()
	for lines := bufio.NewScanner(io.LimitReader(resp.Body, 1<<20)); lines.Scan(); {
		for name, to := range map[string]*float64{"go_goroutines": &now.goroutines, "slm_active_requests": &now.active, "slm_waiting_requests": &now.waiting, "go_memstats_heap_inuse_bytes": &now.heap} {
			if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
				if _, err := fmt.Sscan(value, to); err != nil {
					return now, err
				}
			}
		}
	}
	now.heap /= 1 << 20
	return now, nil
}
