package report

import (
	"encoding/json"
	"path/filepath"

	"slm/experiment"
)

// eventsFile is where a run tells what happens.
const eventsFile = "events.jsonl"

// Took is what each stage of a run has taken, in seconds, as far as its events tell.
func Took(dir string) (map[string]float64, error) {
	return experiment.Spent(filepath.Join(dir, eventsFile))
}

// Foretold is what was expected of each stage of a run, in seconds; nothing where it was not planned, or its events cannot be read.
func Foretold(dir string) map[string]float64 {
	out := map[string]float64{}
	_ = experiment.EachEvent(filepath.Join(dir, eventsFile), func(line []byte) { // what cannot be read was not foretold
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
