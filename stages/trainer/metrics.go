package trainer

import (
	"path/filepath"

	"slm/checkpoint"
	"slm/stages"
)

// tolerance is how far the final losses of two kernels may lie apart, by the loss itself.
const tolerance = 0.02

// ReadMetrics reads the steps of a training stage's checkpoint; fs.ErrNotExist where there is none.
func ReadMetrics(dir string) ([]Metric, error) {
	rows, _, err := checkpoint.ReadTable[Metric](filepath.Join(dir, metricsFile))
	return rows, err
}

// Metrics reads what a training stage's checkpoint has come to, from the last line of metrics.arrow.
func Metrics(dir string) ([]stages.Metric, error) {
	rows, err := ReadMetrics(dir)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	last := rows[len(rows)-1]
	list := []stages.Metric{{Name: "steps", Value: float64(last.Step)}, {Name: "loss", Value: last.Loss, Near: tolerance}}
	if last.HeldOut != nil {
		list = append(list, stages.Metric{Name: "held_out", Value: *last.HeldOut, Near: -1})
	}
	return list, nil
}
