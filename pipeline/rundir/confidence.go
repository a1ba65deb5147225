package rundir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/stages/systems"
)

const (
	confidenceVersion = 2       // 1: of places that the model spelled freely, without their margins
	maxConfidence     = 1 << 20 // bytes
)

// confidence is confidence.json: what was fitted on a run's development questions, which takes a while and depends on its checkpoints alone.
type confidence struct {
	Version  int                           `json:"v"`
	Of       map[string]string             `json:"digests"`  // of the checkpoints, by stage
	Speakers map[string]systems.Confidence `json:"speakers"` // by the system whose small model spoke
	Check    string                        `json:"check"`    // of all the above
}

// WriteConfidence keeps confidences that were fitted on checkpoints of these digests.
func WriteConfidence(folder string, digests map[string]string, speakers map[string]systems.Confidence) error {
	data, err := confidence{Version: confidenceVersion, Of: digests, Speakers: speakers}.encode()
	if err == nil {
		err = checkpoint.WriteFileAtomic(filepath.Join(folder, ConfidenceFile), data)
	}
	if err != nil {
		return fmt.Errorf("pipeline: keep confidences: %w", err)
	}
	return nil
}

func (c confidence) encode() ([]byte, error) {
	c.Check = ""
	sum, err := checkpoint.HashJSON(c)
	if err != nil {
		return nil, err
	}
	c.Check = sum
	data, err := json.MarshalIndent(c, "", "  ")
	return append(data, '\n'), err
}

// ReadConfidence returns the confidences that were fitted on checkpoints of these digests; none when the file is not there, of others, or of an
// older program.
func ReadConfidence(folder string, digests map[string]string) (map[string]systems.Confidence, error) {
	c, err := loadConfidence(folder)
	if err != nil || c.Version < confidenceVersion || !maps.Equal(c.Of, digests) {
		return nil, err
	}
	return c.Speakers, nil
}

// CheckConfidence reports whether the file, if it is there, is as it was written.
func CheckConfidence(folder string) error {
	_, err := loadConfidence(folder)
	return err
}

func loadConfidence(folder string) (c confidence, err error) {
	path := filepath.Join(folder, ConfidenceFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil && info.Size() > maxConfidence {
		return c, fmt.Errorf("%w: %s has %d bytes", checkpoint.ErrCorrupt, ConfidenceFile, info.Size())
	}
	if err != nil {
		return c, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	return decodeConfidence(data)
}

func decodeConfidence(data []byte) (c confidence, err error) {
	if err := json.Unmarshal(data, &c); err != nil {
		return confidence{}, fmt.Errorf("%w: %s: %w", checkpoint.ErrCorrupt, ConfidenceFile, err)
	}
	if c.Version > confidenceVersion {
		return confidence{}, fmt.Errorf("%w: %s has version %d, this program reads %d", checkpoint.ErrNewer, ConfidenceFile, c.Version, confidenceVersion)
	}
	if whole, err := c.encode(); err != nil || string(whole) != string(data) {
		return confidence{}, fmt.Errorf("%w: %s does not match its checksum", checkpoint.ErrCorrupt, ConfidenceFile)
	}
	return c, nil
}
