package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// parts of a run, in their order: it is in the first before it has told anything, and in the last when its stages are done.
var parts = []string{"start", "data", "dp", "kit filter", "kit", "bpo", "eval", "report"}

func part(name string) int { return slices.Index(parts, name) }

// happened is as much of an event as says where a run is.
type happened struct {
	T                  time.Time
	Type, Stage, Phase string
}

// after is the part that a run is in after an event.
func (e happened) after(at int) int {
	switch {
	case e.Type == "exit":
		return part("report")
	case e.Type == "stage" && e.Stage == "kit":
		return part("kit filter")
	case e.Type == "stage":
		return max(0, part(e.Stage))
	case e.Type == "step" && e.Stage == "kit" && e.Phase != "filter":
		return part("kit")
	}
	return at
}

// follower reads the events of one process as they come.
type follower struct {
	pattern string
	from    int64 // offset behind the last whole line that was read
	part    int
}

// follow begins behind the events that are there: behind the last whole line, since what a kill has left of one is cut off.
func follow(home string) *follower {
	f := &follower{pattern: filepath.Join(home, "runs", "*", "events.jsonl")}
	f.each(func(happened) {})
	return f
}

// each hands out the events that have come since the last call.
func (f *follower) each(do func(happened)) {
	files, _ := filepath.Glob(f.pattern) // the pattern is well-formed
	if len(files) == 0 {
		return
	}
	info, err := os.Stat(files[0])
	if err != nil || info.Size() <= f.from {
		return
	}
	data, err := os.ReadFile(files[0])
	if err != nil || int64(len(data)) <= f.from {
		return
	}
	data = data[f.from:]
	data = data[:bytes.LastIndexByte(data, '\n')+1]
	f.from += int64(len(data))
	for line := range bytes.Lines(data) {
		var e happened
		if json.Unmarshal(line, &e) == nil {
			do(e)
		}
	}
}

// now is the part that the process is in.
func (f *follower) now() int {
	f.each(func(e happened) { f.part = e.after(f.part) })
	return f.part
}

// durations is how long each part of a run took that was left alone from start to end.
func durations(home string, start, end time.Time) map[int]time.Duration {
	lasts := map[int]time.Duration{}
	f := follow(home)
	f.from = 0
	at, since := 0, start
	f.each(func(e happened) {
		if next := e.after(at); next != at {
			lasts[at] += e.T.Sub(since)
			at, since = next, e.T
		}
	})
	lasts[at] += end.Sub(since)
	return lasts
}

// writing reports whether a checkpoint, or a file, is just being put in its place.
func writing(home string) bool {
	for _, pattern := range []string{"runs/*/.*.tmp-*", "runs/*/work/*/.*.tmp-*"} {
		if found, err := filepath.Glob(filepath.Join(home, filepath.FromSlash(pattern))); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}

// remaining is the first part for which a run has no checkpoint yet.
func remaining(home string) int {
	next := part("data")
	for i, stage := range []string{"data", "dp", "kit", "bpo", "eval"} {
		if found, err := filepath.Glob(filepath.Join(home, "runs", "*", stage, "manifest.json")); err != nil || len(found) == 0 {
			return next
		}
		next = []int{part("dp"), part("kit filter"), part("bpo"), part("eval"), part("report")}[i]
	}
	return next
}
