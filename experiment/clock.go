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

// Clock says from a run's events what each stage had taken when it had done so many steps, in seconds over all sittings: by stage, then by step. What stood still between
// two sittings is not counted; a stage that began anew counts from there. Events that are not there tell nothing, and a line that a killed process has torn is passed over.
func Clock(events string) (map[string]map[int64]float64, error) {
	f, err := os.Open(events)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("experiment: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	out, spent := map[string]map[int64]float64{}, map[string]float64{}
	var stage string // of the event before, and
	var last time.Time
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var e struct {
			T, Type, Stage, Phase string
			Step                  int64
		}
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			stage = ""
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, e.T)
		if err != nil || e.Stage == "" && e.Type != "exit" { // calls of the black box belong to the stage around them
			continue
		}
		switch {
		case e.Type == "stage" && e.Phase == "run":
			delete(out, e.Stage)
			delete(spent, e.Stage)
		case e.Type == "stage", e.Stage == "":
		case e.Stage == stage && at.After(last):
			spent[e.Stage] += at.Sub(last).Seconds()
		}
		if e.Type == "step" && e.Phase == "" {
			if out[e.Stage] == nil {
				out[e.Stage] = map[int64]float64{}
			}
			out[e.Stage][e.Step] = spent[e.Stage]
		}
		stage, last = e.Stage, at
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("experiment: events: %w", err)
	}
	return out, nil
}
