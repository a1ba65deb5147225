package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// maxEvent bounds a line of events.jsonl, in bytes.
const maxEvent = 1 << 20

// eachEvent calls f with every line of a run's events. No file, no events. A line that a killed process has torn is whatever is left of it.
func eachEvent(path string, f func(line []byte)) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("report: read events: %w", err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 0, 1<<16), maxEvent)
	for lines.Scan() {
		f(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("report: read events: %w", err)
	}
	return nil
}

// Took is what each stage of a run has taken, in seconds, as far as its events tell.
func Took(dir string) (map[string]float64, error) {
	return secondsByStage(filepath.Join(dir, eventsFile))
}

// Foretold is what was expected of each stage of a run, in seconds; nothing where it was not planned, or its events cannot be read.
func Foretold(dir string) map[string]float64 {
	out := map[string]float64{}
	_ = eachEvent(filepath.Join(dir, eventsFile), func(line []byte) { // what cannot be read was not foretold
		var e struct {
			Type, Stage string
			Seconds     float64
		}
		if json.Unmarshal(line, &e) == nil && e.Type == "estimate" && e.Stage != "" {
			out[e.Stage] = e.Seconds
		}
	})
	return out
}

// secondsByStage adds up the time between one event of a stage and the next. A "stage" event opens a sitting: the time before it
// belongs to nothing, and when the stage runs from its beginning the time of earlier attempts is forgotten. A torn line is passed over.
func secondsByStage(path string) (map[string]float64, error) {
	out := map[string]float64{}
	var lastStage string
	var last time.Time
	return out, eachEvent(path, func(line []byte) {
		var e struct{ T, Type, Stage, Phase string }
		if json.Unmarshal(line, &e) != nil {
			lastStage = ""
			return
		}
		at, err := time.Parse(time.RFC3339Nano, e.T)
		if err != nil || e.Stage == "" && e.Type != "exit" { // calls of the black box belong to the stage around them
			return
		}
		switch {
		case e.Type == "stage" && e.Phase == "run":
			delete(out, e.Stage)
		case e.Type == "stage", e.Stage == "":
		case e.Stage == lastStage && at.After(last):
			out[e.Stage] += at.Sub(last).Seconds()
		}
		lastStage, last = e.Stage, at
	})
}
