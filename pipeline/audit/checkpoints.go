package audit

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
)

// compareCheckpoints compares two checkpoints: files by their digests, and what differs in it by tensors, rows and lines.
func compareCheckpoints(a, b string) (*StageDiff, error) {
	ma, err := checkpoint.Load(a)
	if err != nil {
		return nil, err
	}
	mb, err := checkpoint.Load(b)
	if err != nil {
		return nil, err
	}
	s := &StageDiff{Stage: ma.Stage, A: ma.Digest(), B: mb.Digest(), Facts: compareFacts(ma, mb), Files: []string{}, Tensors: []checkpoint.TensorDiff{}, Rows: []TableDiff{}}
	sums := map[string]string{}
	for _, f := range mb.Files {
		sums[f.Name] = f.SHA256
	}
	for _, f := range ma.Files {
		sum, both := sums[f.Name]
		delete(sums, f.Name)
		inA, inB := filepath.Join(a, filepath.FromSlash(f.Name)), filepath.Join(b, filepath.FromSlash(f.Name))
		if sum == f.SHA256 {
			same, err := sameBytes(inA, inB)
			if err != nil {
				return nil, err
			}
			if same {
				continue
			}
		}
		s.Files = append(s.Files, f.Name)
		if !both {
			continue
		}
		if err := s.file(f.Name, inA, inB); err != nil {
			return nil, err
		}
	}
	s.Files = append(s.Files, slices.Sorted(maps.Keys(sums))...)
	slices.SortStableFunc(s.Tensors, func(x, y checkpoint.TensorDiff) int { return cmp.Compare(y.Relative, x.Relative) })
	s.Same = len(s.Files) == 0 && !slices.ContainsFunc(s.Facts, func(k KeyDiff) bool { return matters(k.Key) })
	return s, nil
}

// sameBytes compares files of the same sum in their manifests: one of them may be damaged since.
func sameBytes(a, b string) (bool, error) {
	sumA, _, err := checkpoint.HashFile(a)
	if err != nil {
		return false, fmt.Errorf("pipeline: compare: %w", err)
	}
	sumB, _, err := checkpoint.HashFile(b)
	if err != nil {
		return false, fmt.Errorf("pipeline: compare: %w", err)
	}
	return sumA == sumB, nil
}

// matters tells what of a manifest is a result from what says by which program, and from what, it was made.
func matters(key string) bool {
	return !strings.HasPrefix(key, "versions.") && !strings.HasPrefix(key, "parents.") && key != "fingerprint" && key != "numerics" && key != "kernel"
}

func compareFacts(a, b *checkpoint.Manifest) []KeyDiff {
	flat := func(m *checkpoint.Manifest) map[string]string {
		out := map[string]string{"fingerprint": m.Fingerprint, "numerics": m.Numerics, "kernel": m.Kernel, "seed": fmt.Sprint(m.Seed), "stage": m.Stage}
		for prefix, values := range map[string]map[string]string{"versions.": m.Versions, "facts.": m.Facts, "parents.": m.Parents} {
			for k, v := range values {
				out[prefix+k] = v
			}
		}
		for k, v := range m.Counters {
			out["counters."+k] = fmt.Sprint(v)
		}
		return out
	}
	return compareMaps("", flat(a), flat(b))
}

// file finds out where two files of the same name differ.
func (s *StageDiff) file(name, a, b string) error {
	switch {
	case slices.Contains(checkpoint.TensorFiles, filepath.Base(name)):
		tensors, err := checkpoint.CompareWeights(a, b)
		if err != nil {
			return err
		}
		s.Tensors = append(s.Tensors, tensors...)
	case strings.HasSuffix(name, ".arrow"):
		row, err := checkpoint.CompareTables(a, b)
		if err != nil {
			return err
		}
		if row == nil {
			return nil // same values in other bytes; the file is listed
		}
		if name == "metrics.arrow" {
			s.Step, s.Metric = row.Row+1, row
			return nil
		}
		s.Rows = append(s.Rows, TableDiff{name, *row})
	default:
		row, err := compareText(a, b)
		if err != nil {
			return err
		}
		s.Rows = append(s.Rows, TableDiff{name, row})
	}
	return nil
}

// compareText finds the first line, from 0, in which two files differ.
func compareText(a, b string) (checkpoint.RowDiff, error) {
	ta, err := os.ReadFile(a)
	if err != nil {
		return checkpoint.RowDiff{}, err
	}
	tb, err := os.ReadFile(b)
	if err != nil {
		return checkpoint.RowDiff{}, err
	}
	la, lb := bytes.Split(ta, []byte("\n")), bytes.Split(tb, []byte("\n"))
	at := 0
	for at < len(la) && at < len(lb) && bytes.Equal(la[at], lb[at]) {
		at++
	}
	line := func(lines [][]byte) string {
		if at >= len(lines) {
			return "no more lines"
		}
		return strings.ToValidUTF8(string(lines[at][:min(len(lines[at]), 100)]), "\uFFFD")
	}
	return checkpoint.RowDiff{Row: at, Column: "line", A: line(la), B: line(lb)}, nil
}
