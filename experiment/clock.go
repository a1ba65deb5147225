package experiment

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// maxEvent bounds a line of events.jsonl, in bytes.
const maxEvent = 1 << 24

// EachEvent calls f with every line of a run's events. No file, no events. A line that a killed process has torn is whatever is left of it.
func EachEvent(events string, f func(line []byte)) error {
	file, err := os.Open(events)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("experiment: events: %w", err)
	}
	defer func() { _ = file.Close() }() // read only
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		f(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("experiment: events: %w", err)
	}
	return nil
}

// stageEvent is what Spent and Clock read of an event.
type stageEvent struct {
	T, Type, Stage, Phase string
	Step                  int64
}

// walk calls f with the events of stages, after it has added the time since the event before to spent, in seconds by stage. An event "stage" opens a sitting: the time
// before it belongs to nothing, and where the stage runs from its beginning, its earlier time is forgotten. A torn line is passed over.
func walk(events string, spent map[string]float64, f func(stageEvent)) error {
	var stage string // of the event before, and
	var last time.Time
	return EachEvent(events, func(line []byte) {
		var e stageEvent
		if json.Unmarshal(line, &e) != nil {
			stage = ""
			return
		}
		at, err := time.Parse(time.RFC3339Nano, e.T)
		if err != nil || e.Stage == "" && e.Type != "exit" { // calls of the black box belong to the stage around them
			return
		}
		switch {
		case e.Type == "stage" && e.Phase == "run":
			delete(spent, e.Stage)
		case e.Type == "stage", e.Stage == "":
		case e.Stage == stage && at.After(last):
			spent[e.Stage] += at.Sub(last).Seconds()
		}
		f(e)
		stage, last = e.Stage, at
	})
}

// Spent is what each stage of a run took in seconds over all sittings, as far as its events tell.
func Spent(events string) (map[string]float64, error) {
	spent := map[string]float64{}
	return spent, walk(events, spent, func(stageEvent) {})
}

// Clock says what each stage of a run had taken when it had done so many steps, in seconds over all sittings: by stage, then by step.
func Clock(events string) (map[string]map[int64]float64, error) {
	out, spent := map[string]map[int64]float64{}, map[string]float64{}
	return out, walk(events, spent, func(e stageEvent) {
		switch {
		case e.Type == "stage" && e.Phase == "run":
			delete(out, e.Stage)
		case e.Type == "step" && e.Phase == "":
			if out[e.Stage] == nil {
				out[e.Stage] = map[int64]float64{}
			}
			out[e.Stage][e.Step] = spent[e.Stage]
		}
	})
}
