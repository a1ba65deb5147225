package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/pipeline/rundir"
)

// writeHead writes what the run was asked for. The seal is open from before the first file is written until the run ends.
func (p *Plan) writeHead() error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("pipeline: plan: %w", err)
	}
	head := map[string][]byte{rundir.RecipeFile: p.job.Recipe, rundir.PlanFile: append(text, '\n')}
	if err := rundir.WriteSeal(p.Folder(), true, head); err != nil {
		return err
	}
	for _, name := range []string{rundir.RecipeFile, rundir.PlanFile} {
		if old, err := os.ReadFile(filepath.Join(p.Folder(), name)); err == nil && bytes.Equal(old, head[name]) {
			continue
		}
		if err := checkpoint.WriteFileAtomic(filepath.Join(p.Folder(), name), head[name]); err != nil {
			return fmt.Errorf("pipeline: %w", err)
		}
	}
	return nil
}
