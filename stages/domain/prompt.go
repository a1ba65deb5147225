package domain

import (
	"fmt"
	"path/filepath"

	"slm/checkpoint"
)

// PromptFile holds the soft prompt that the search has settled on.
const PromptFile = "prompt.arrow"

// LoadPrompt reads the soft prompt [n,C] of a bpo checkpoint; empty when the search settled on none.
func LoadPrompt(dir string) ([]float32, error) {
	type row struct {
		Soft []float32 `arrow:"soft"`
	}
	path := filepath.Join(dir, PromptFile)
	rows, _, err := checkpoint.ReadTable[row](path)
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 {
		return nil, fmt.Errorf("domain: %s: %w: %d prompts, not one", path, checkpoint.ErrCorrupt, len(rows))
	}
	return rows[0].Soft, nil
}
