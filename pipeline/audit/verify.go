// Package audit says whether a run is what it was: verify hashes it again, reproduce runs it again, diff sets it beside another.
package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"slm/checkpoint"
	"slm/pipeline"
	"slm/pipeline/rundir"
	"slm/stages/all"
)

// ErrDiffers says that something is not what it should be: verify and reproduce found a difference.
var ErrDiffers = errors.New("a difference was found")

// Difference is one thing that is not as it was written.
type Difference struct {
	Stage string `json:"stage,omitempty"` // empty: of the run itself
	File  string `json:"file,omitempty"`
	Where string `json:"where,omitempty"` // tensor and index, column and row, or line
	What  string `json:"what"`
}

// String is the difference in one line.
func (d Difference) String() string {
	var parts []string
	if file := strings.TrimPrefix(d.Stage+"/"+d.File, "/"); d.File != "" {
		parts = append(parts, file)
	} else if d.Stage != "" {
		parts = append(parts, d.Stage)
	}
	if d.Where != "" {
		parts = append(parts, d.Where)
	}
	return strings.Join(append(parts, d.What), ": ")
}

// Verified is what verify found. Its JSON depends on neither time nor place.
type Verified struct {
	Version     int               `json:"v"`
	OK          bool              `json:"ok"`
	Numerics    string            `json:"numerics"`         // class of the run's arithmetic, as plan.json says; empty: it does not say, or an older program wrote it
	Digests     map[string]string `json:"digests"`          // stage → digest
	Missing     []string          `json:"missing"`          // stages without a checkpoint
	Before      []string          `json:"before,omitempty"` // of an update, the runs that it goes back to, the latest first, which are verified too
	Differences []Difference      `json:"differences"`
	Notes       []string          `json:"-"` // what could not be checked, or is left over
}

// Verify hashes a run again, from the recipe to the evaluation, and follows the digests by which each checkpoint names those that it was
// made from. It writes nothing. What differs is in the result; an error deps that nothing can be said: there is no run, a newer format, or
// files that cannot be read.
func Verify(folder string) (*Verified, error) {
	v := newVerifier(folder)
	if err := v.all(); err != nil {
		return nil, err
	}
	v.out.OK = len(v.out.Differences) == 0
	return v.out, nil
}

// all checks everything of a run, and of those that it goes back to.
func (v *verifier) all() error {
	class, _ := pipeline.Recorded(v.folder)
	v.out.Numerics = string(class)
	if by, locked := rundir.Locked(v.folder); locked {
		v.note("the run is in use by %s: what it is writing now is not checked", by)
	}
	if err := v.contents(); err != nil {
		return err
	}
	v.parents()
	return v.before(v.chain())
}

func newVerifier(folder string) *verifier {
	return &verifier{folder: folder, out: &Verified{Version: 1, Digests: map[string]string{}, Missing: []string{}, Differences: []Difference{}}}
}

// contents compares every file with what its manifest, the seal or its own checksums say of it.
func (v *verifier) contents() error {
	if err := v.seal(); err != nil {
		return err
	}
	audits := make([]audited, len(all.Names()))
	var wg sync.WaitGroup
	for i, stage := range all.Names() {
		wg.Go(func() {
			a := &audits[i]
			a.manifest, a.faults, a.err = checkpoint.Audit(filepath.Join(v.folder, stage))
		})
	}
	wg.Wait()
	for i, stage := range all.Names() {
		if err := v.stage(stage, audits[i]); err != nil {
			return err
		}
	}
	v.work()
	v.events()
	if err := v.replies(); err != nil {
		return err
	}
	v.report()
	v.confidence()
	v.strays()
	return nil
}

type verifier struct {
	folder    string
	sealed    *rundir.Seal // nil = none that can be read
	manifests map[string]*checkpoint.Manifest
	plan      *pipeline.Plan
	chained   []string // folders of the updates that have led here
	out       *Verified
}

// found adds a difference, without the run's place in what the system says of it.
func (v *verifier) found(d Difference) {
	d.What = strings.ReplaceAll(d.What, v.folder+string(filepath.Separator), "")
	v.out.Differences = append(v.out.Differences, d)
}

func (v *verifier) note(format string, args ...any) {
	v.out.Notes = append(v.out.Notes, fmt.Sprintf(format, args...))
}

// seal compares the run's own files with what they were when the last command ended.
func (v *verifier) seal() error {
	s, err := rundir.ReadSeal(v.folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		v.note("there is no %s: %s have nothing to be compared with", rundir.SealFile, strings.Join(rundir.SealedFiles(v.folder), ", "))
		return nil
	case errors.Is(err, checkpoint.ErrNewer):
		return fmt.Errorf("pipeline: verify %s: %w", v.folder, err)
	case err != nil:
		v.found(Difference{File: rundir.SealFile, What: err.Error()})
		return nil
	}
	v.sealed = s
	if s.Open {
		v.note("the run's last command did not come to its end; slm train goes on")
	}
	for _, name := range s.Names() {
		if what := s.Differs(v.folder, name); what != "" {
			v.found(Difference{File: name, What: what})
		}
	}
	return nil
}

// audited is what hashing a checkpoint has given.
type audited struct {
	manifest *checkpoint.Manifest
	faults   []checkpoint.Fault
	err      error
}

// stage takes up what hashing a checkpoint has given.
func (v *verifier) stage(stage string, a audited) error {
	dir, m, faults, err := filepath.Join(v.folder, stage), a.manifest, a.faults, a.err
	switch {
	case errors.Is(err, checkpoint.ErrMissing):
		if slices.Contains(rundir.Stages(v.folder), stage) {
			v.out.Missing = append(v.out.Missing, stage)
		}
		if v.sealed != nil && v.sealed.Stages[stage] != "" {
			v.found(Difference{Stage: stage, What: "its checkpoint is gone"})
		}
		return nil
	case errors.Is(err, checkpoint.ErrIncomplete), errors.Is(err, checkpoint.ErrCorrupt):
		_, what, _ := strings.Cut(err.Error(), dir+": ")
		v.found(Difference{Stage: stage, What: what})
		return nil
	case err != nil: // a newer format, or a file system that fails
		return err
	}
	if v.manifests == nil {
		v.manifests = map[string]*checkpoint.Manifest{}
	}
	v.manifests[stage], v.out.Digests[stage] = m, m.Digest()
	if m.Stage != stage {
		v.found(Difference{Stage: stage, What: fmt.Sprintf("holds a checkpoint of %s", m.Stage)})
	}
	if s := v.sealed; s != nil && !s.Open && s.Stages[stage] != m.Digest() {
		v.found(Difference{Stage: stage, File: checkpoint.ManifestName, What: fmt.Sprintf("has digest %.12s…, and had %.12s… when the run's last command ended", m.Digest(), s.Stages[stage])})
	}
	return v.files(stage, m, faults)
}

// files takes up what differs in a checkpoint's folder.
func (v *verifier) files(stage string, m *checkpoint.Manifest, faults []checkpoint.Fault) error {
	for _, f := range faults {
		v.found(Difference{Stage: stage, File: f.File, Where: f.Where, What: f.What})
	}
	strays, err := checkpoint.Strays(filepath.Join(v.folder, stage), m)
	if err != nil {
		return fmt.Errorf("pipeline: verify: %w", err)
	}
	for _, name := range strays {
		v.found(Difference{Stage: stage, File: name, What: "is named by no manifest"})
	}
	return nil
}
