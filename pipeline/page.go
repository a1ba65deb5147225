package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/report"
	"slm/stages/all"
)

// Report writes report.html if it is not of the checkpoints that stand, and returns its path. What it shows is hashed before.
func Report(folder string) (string, error) {
	path := filepath.Join(folder, rundir.ReportFile)
	of, err := checkpoint.HashJSON(rundir.Look(folder).Done)
	if err != nil {
		return "", fmt.Errorf("pipeline: report: %w", err)
	}
	if page, err := os.ReadFile(path); err == nil {
		if was, whole := rundir.ReadPage(page); whole && was == of {
			return path, nil
		}
	}
	for _, stage := range all.Names() {
		if err := checkpoint.Verify(filepath.Join(folder, stage)); err != nil && !errors.Is(err, checkpoint.ErrMissing) {
			return "", err
		}
	}
	run, err := report.Load(folder)
	if err != nil {
		return "", err
	}
	var page bytes.Buffer
	if err := report.Render(&page, run); err != nil {
		return "", err
	}
	return path, checkpoint.WriteFileAtomic(path, rundir.SignPage(page.Bytes(), of))
}
