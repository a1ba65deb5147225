package audit

import (
	"fmt"
	"strings"

	"slm/checkpoint"
)

// verdict is nil when all that was compared is the same, or close in another class.
func (r *Reproduction) verdict() error {
	r.OK, r.Exact = true, true
	compared := 0
	for _, s := range r.Stages {
		switch s.Result {
		case Same:
			compared++
		case Close:
			compared++
			r.Exact = false
		case NotCompared:
			r.Exact = false
		case Differs:
			r.OK, r.Exact = false, false
			return fmt.Errorf("pipeline: reproduce: %w: %s", ErrDiffers, s.First())
		}
	}
	if compared == 0 {
		r.OK, r.Exact = false, false
		return fmt.Errorf("pipeline: reproduce: %w: the run has no checkpoint to compare with", checkpoint.ErrMissing)
	}
	return nil
}

// First says where a stage begins to differ: the step, the tensor or the row, and by how much.
func (s Reproduced) First() string {
	d := s.Diff
	if d == nil {
		return s.Stage
	}
	parts := []string{s.Stage}
	if m := d.Metric; m != nil {
		parts = append(parts, fmt.Sprintf("first at step %d (%s %s, and was %s)", d.Step, m.Column, m.B, m.A))
	}
	if len(d.Tensors) > 0 {
		t := d.Tensors[0]
		for _, x := range d.Tensors {
			if x.First >= 0 && x.Relative > t.Relative {
				t = x
			}
		}
		if t.First < 0 {
			parts = append(parts, fmt.Sprintf("tensor %s has another shape", t.Name))
		} else {
			parts = append(parts, fmt.Sprintf("%d tensors, most of all %s: first at index %d %s (%v, and was %v), %d of its values, by %.3g of its norm", len(d.Tensors), t.Name, t.First, t.At, t.B, t.A, t.Count, t.Relative))
		}
	}
	for i, r := range d.Rows {
		if i == 3 {
			break
		}
		parts = append(parts, fmt.Sprintf("%s row %d, %s (%s, and was %s)", r.File, r.Row, r.Column, r.B, r.A))
	}
	if len(parts) == 1 && len(d.Files) > 0 {
		parts = append(parts, strings.Join(d.Files, ", "))
	}
	for _, k := range d.Facts {
		if len(parts) == 1 && matters(k.Key) {
			parts = append(parts, fmt.Sprintf("%s (%s, and was %s)", k.Key, k.B, k.A))
		}
	}
	return strings.Join(parts, "; ")
}
