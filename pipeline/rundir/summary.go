package rundir

import (
	"errors"
	"io/fs"
	"path/filepath"

	"slm/result"
	"slm/stages"
)

// Summary reads a run's evaluation; nil when it has none.
func Summary(folder string) (*result.Summary, error) {
	s, err := result.ReadSummary(filepath.Join(folder, stages.Eval))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return s, err
}
