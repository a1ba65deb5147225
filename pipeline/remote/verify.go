package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"slm/checkpoint"
	"slm/store"
)

// Verified is what was found of a run in a store.
type Verified struct {
	Run         string            `json:"run"`
	Store       string            `json:"store"`
	Stages      map[string]string `json:"digests"`
	Files       int               `json:"files"`
	Bytes       int64             `json:"bytes"`
	Differences []string          `json:"differences"` // what is missing or damaged
}

// Verify reads every file of a run in a store and compares it with its digest, and the checkpoints' digests with each other's parents. Errors are those of reaching the store.
func Verify(ctx context.Context, s *store.Store, run string) (*Verified, error) {
	x, _, err := ReadIndex(ctx, s, run)
	if err != nil {
		return nil, err
	}
	v := &Verified{Run: run, Store: s.String(), Stages: map[string]string{}, Differences: []string{}}
	known := map[string]bool{} // the same file may be in several places
	check := func(place string, f File, to io.Writer) error {
		if known[f.SHA256] && to == io.Discard {
			return nil
		}
		v.Files, v.Bytes = v.Files+1, v.Bytes+f.Size
		switch err := s.Read(ctx, f.SHA256, f.Size, to); {
		case err == nil:
			known[f.SHA256] = true
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, checkpoint.ErrCorrupt):
			v.Differences = append(v.Differences, fmt.Sprintf("%s: %v", place, err))
		default:
			return err
		}
		return nil
	}
	parents := map[string]map[string]string{}
	for _, st := range x.Stages {
		v.Stages[st.Stage] = st.Digest
		var text bytes.Buffer
		if err := check(st.Stage+"/"+checkpoint.ManifestName, st.Manifest, &text); err != nil {
			return nil, err
		}
		m, err := checkpoint.ReadManifest(text.Bytes())
		if err != nil || m.Digest() != st.Digest || m.Fingerprint != st.Fingerprint {
			v.Differences = append(v.Differences, fmt.Sprintf("%s: its manifest is not the one that the index names", st.Stage))
			continue
		}
		parents[st.Stage] = m.Parents
		for _, f := range m.Files {
			if err := check(st.Stage+"/"+f.Name, File{f.Name, f.Size, f.SHA256}, io.Discard); err != nil {
				return nil, err
			}
		}
	}
	for _, stage := range slices.Sorted(maps.Keys(parents)) {
		for _, parent := range slices.Sorted(maps.Keys(parents[stage])) {
			if d, ok := v.Stages[parent]; ok && d != parents[stage][parent] {
				v.Differences = append(v.Differences, fmt.Sprintf("%s was made from another %s than the store has", stage, parent))
			}
		}
	}
	for _, f := range x.Files {
		if err := check(f.Name, f, io.Discard); err != nil {
			return nil, err
		}
	}
	return v, nil
}
