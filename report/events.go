package report

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
const maxEvent = 1 << 20

// secondsByStage adds up the time between one event of a stage and the next. A "stage" event opens a sitting: the time before it
// belongs to nothing, and when the stage runs from its beginning the time of earlier attempts is forgotten. A torn line, which a
// killed process leaves, is passed over. No file, no times.
func secondsByStage(path string) (map[string]float64, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("report: read events: %w", err)
	}
	defer func() { _ = f.Close() }()
	out := map[string]float64{}
	var lastStage string
	var last time.Time
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 0, 1<<16), maxEvent)
	for lines.Scan() {
		var e struct{ T, Type, Stage, Phase string }
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			lastStage = ""
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, e.T)
		if err != nil || e.Stage == "" && e.Type != "exit" { // calls of the black box belong to the stage around them
			continue
		}
		switch {
		case e.Type == "stage" && e.Phase == "run":
			delete(out, e.Stage)
		case e.Type == "stage", e.Stage == "":
		case e.Stage == lastStage && at.After(last):
			out[e.Stage] += at.Sub(last).Seconds()
		}
		lastStage, last = e.Stage, at
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("report: read events: %w", err)
	}
	return out, nil
}
