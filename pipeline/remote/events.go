package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/store"
)

// order says which of two runs has gone on from the other.
type order int

const (
	same   order = iota
	ahead        // the run here has gone on from that in the store
	behind       // the store's has gone on from this one
	apart
)

// events reads the events of a run here, as far as they are whole lines: a killed process may have left half of one, which the next cuts off. There may be none.
func events(folder string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(folder, rundir.EventsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("remote: %w", err)
	}
	return text[:bytes.LastIndexByte(text, '\n')+1], nil
}

// compare says how the run here stands to that in the store.
func compare(ctx context.Context, s *store.Store, x *Index, here []byte) (order, error) {
	f := x.file(rundir.EventsFile)
	switch {
	case f == nil || f.Size == 0:
		if len(here) == 0 {
			return same, nil
		}
		return ahead, nil
	case int64(len(here)) >= f.Size:
		if checkpoint.HashBytes(here[:f.Size]) != f.SHA256 {
			return apart, nil
		}
		if int64(len(here)) > f.Size {
			return ahead, nil
		}
		return same, nil
	case len(here) == 0:
		return behind, nil
	}
	var there bytes.Buffer
	if err := s.Read(ctx, f.SHA256, f.Size, &there); err != nil {
		return apart, err
	}
	if bytes.HasPrefix(there.Bytes(), here) {
		return behind, nil
	}
	return apart, nil
}
