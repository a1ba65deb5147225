// Package search opens what sections are found with: the keyword index, the vectors of encoders, and what stage find has learned about how to
// weigh them. The stage writes these files; the systems read them.
package search

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/retrieve"
)

// Files of stage find's checkpoint.
const (
	FusionFile    = "fusion.json"
	RetrievalFile = "retrieval.json"
)

// VectorsFile is the file with the vectors of an encoder.
func VectorsFile(encoder string) string { return "vectors-" + encoder + ".arrow" }

// The ways to put signals together.
const (
	None    = "none"    // the run has no stage find
	RRF     = "rrf"     // reciprocal ranks
	Learned = "learned" // weights fitted on questions
)

// FusionVersion is the version of fusion.json.
const FusionVersion = 1

// Fusion says what a run finds sections with.
type Fusion struct {
	Version   int      `json:"v"`
	Fuse      string   `json:"fuse"`              // RRF or Learned
	Dense     []string `json:"dense"`             // names of the encoders
	Signals   []Weight `json:"signals,omitempty"` // of Learned, in order
	Questions int      `json:"questions"`         // that the weights were fitted on

	Aliases map[string][]string `json:"aliases,omitempty"` // other names of documents, by title
}

// Signal is a scorer with its name.
type Signal struct {
	Name   string
	Scorer retrieve.Scorer
	Start  float64 // its weight before any question of a person was seen
}

// Weight is what a signal's standardised score counts.
type Weight struct {
	Signal string  `json:"signal"`
	Weight float64 `json:"weight"`
}

// Write writes fusion.json.
func (f Fusion) Write(path string) error { return writeJSON(path, f) }

// ReadFusion reads fusion.json of a checkpoint of stage find. checkpoint.ErrCorrupt: it is none; checkpoint.ErrNewer: a newer program wrote it.
func ReadFusion(dir string) (f Fusion, err error) {
	err = readJSON(filepath.Join(dir, FusionFile), &f)
	switch {
	case err != nil:
	case f.Version > FusionVersion:
		err = fmt.Errorf("%s: %w: version %d", FusionFile, checkpoint.ErrNewer, f.Version)
	case f.Version < 1 || f.Fuse != RRF && f.Fuse != Learned || f.Fuse == Learned && len(f.Signals) == 0:
		err = fmt.Errorf("%s: %w: version %d, fuse %q, %d signals", FusionFile, checkpoint.ErrCorrupt, f.Version, f.Fuse, len(f.Signals))
	}
	return f, err
}

// WriteRetrieval writes retrieval.json: how well each retriever, and each signal of the fusion, finds the sections of the development questions.
func WriteRetrieval(path string, q []retrieve.Quality) error { return writeJSON(path, q) }

// ReadRetrieval reads retrieval.json of a checkpoint of stage find.
func ReadRetrieval(dir string) (q []retrieve.Quality, err error) {
	return q, readJSON(filepath.Join(dir, RetrievalFile), &q)
}

func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	return checkpoint.WriteFileAtomic(path, append(text, '\n'))
}

func readJSON(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("search: %s: %w: %w", path, checkpoint.ErrCorrupt, err)
	}
	return nil
}
