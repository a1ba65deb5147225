package rundir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"slm/result"
	"slm/stages"
)

// Summary reads a run's evaluation; nil when it has none.
func Summary(folder string) (*result.Summary, error) {
	s, err := ReadSummary(filepath.Join(folder, stages.Eval))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return s, err
}

// ReadSummary reads the summary in a checkpoint of the evaluation.
func ReadSummary(dir string) (*result.Summary, error) {
	f, err := os.Open(filepath.Join(dir, result.SummaryFile))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	return result.Parse(f)
}
