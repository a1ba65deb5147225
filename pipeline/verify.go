package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"slm/checkpoint"
	"slm/pipeline/recipe"
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
	Digests     map[string]string `json:"digests"` // stage → digest
	Missing     []string          `json:"missing"` // stages without a checkpoint
	Differences []Difference      `json:"differences"`
	Notes       []string          `json:"-"` // what could not be checked, or is left over
}

// Verify hashes a run again, from the recipe to the evaluation, and follows the digests by which each checkpoint names those that it was
// made from. It writes nothing. What differs is in the result; an error means that nothing can be said: there is no run, a newer format, or
// files that cannot be read.
func Verify(folder string) (*Verified, error) {
	v := newVerifier(folder)
	if by, locked := Locked(folder); locked {
		v.note("the run is in use by %s: what it is writing now is not checked", by)
	}
	if err := v.contents(); err != nil {
		return nil, err
	}
	v.parents()
	v.chain()
	v.out.OK = len(v.out.Differences) == 0
	return v.out, nil
}

func newVerifier(folder string) *verifier {
	return &verifier{folder: folder, out: &Verified{Version: 1, Digests: map[string]string{}, Missing: []string{}, Differences: []Difference{}}}
}

// contents compares every file with what its manifest, the seal or its own checksums say of it.
func (v *verifier) contents() error {
	if err := v.seal(); err != nil {
		return err
	}
	audits := make([]audit, len(order))
	var wg sync.WaitGroup
	for i, stage := range order {
		wg.Go(func() {
			a := &audits[i]
			a.manifest, a.faults, a.err = checkpoint.Audit(filepath.Join(v.folder, stage))
		})
	}
	wg.Wait()
	for i, stage := range order {
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
	v.strays()
	return nil
}

type verifier struct {
	folder    string
	sealed    *seal // nil = none that can be read
	manifests map[string]*checkpoint.Manifest
	plan      *Plan
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
	s, err := readSeal(v.folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		v.note("there is no %s: %s have nothing to be compared with", sealName, strings.Join(sealedNames, ", "))
		return nil
	case errors.Is(err, checkpoint.ErrNewer):
		return fmt.Errorf("pipeline: verify %s: %w", v.folder, err)
	case err != nil:
		v.found(Difference{File: sealName, What: err.Error()})
		return nil
	}
	v.sealed = s
	if s.Open {
		v.note("the run's last command did not come to its end; slm train goes on")
	}
	for _, name := range sealedNames {
		if what := s.differs(v.folder, name); what != "" {
			v.found(Difference{File: name, What: what})
		}
	}
	return nil
}

// audit is what hashing a checkpoint has given.
type audit struct {
	manifest *checkpoint.Manifest
	faults   []checkpoint.Fault
	err      error
}

// stage takes up what hashing a checkpoint has given.
func (v *verifier) stage(stage string, a audit) error {
	dir, m, faults, err := filepath.Join(v.folder, stage), a.manifest, a.faults, a.err
	switch {
	case errors.Is(err, checkpoint.ErrMissing):
		v.out.Missing = append(v.out.Missing, stage)
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

// parents follows the digests from each checkpoint to those that it was made from.
func (v *verifier) parents() {
	for _, stage := range order {
		m := v.manifests[stage]
		if m == nil {
			continue
		}
		for _, parent := range order {
			was, ok := m.Parents[parent]
			if !ok {
				continue
			}
			switch now := v.out.Digests[parent]; now {
			case was:
			case "":
				v.found(Difference{Stage: stage, What: fmt.Sprintf("was made from %s with digest %.12s…, which is not there", parent, was)})
			default:
				v.found(Difference{Stage: stage, What: fmt.Sprintf("was made from %s with digest %.12s…, which has %.12s… now; slm train goes on from there", parent, was, now)})
			}
		}
	}
}

// chain recomputes the fingerprints from recipe.yaml and compares them with the plan's and the checkpoints'.
func (v *verifier) chain() {
	text, err := os.ReadFile(filepath.Join(v.folder, planName))
	if err == nil {
		v.plan = &Plan{}
		err = json.Unmarshal(text, v.plan)
	}
	if errors.Is(err, fs.ErrNotExist) && v.sealed != nil && v.sealed.starting(v.folder) {
		v.plan = nil
		return
	}
	if err != nil {
		v.plan = nil
		v.found(Difference{File: planName, What: err.Error()})
		return
	}
	inputs := map[string]string{}
	for _, pl := range v.plan.Stages {
		for key, sum := range pl.Inputs {
			inputs[key] = sum
		}
		if m := v.manifests[pl.Stage]; m != nil && m.Fingerprint != pl.Fingerprint {
			v.found(Difference{Stage: pl.Stage, File: checkpoint.ManifestName, What: fmt.Sprintf("has fingerprint %.12s…, and plan.json gives it %.12s…", m.Fingerprint, pl.Fingerprint)})
		}
	}
	r, err := recipe.Load(recipe.Source{Name: filepath.Join(v.folder, recipeName)})
	if err != nil {
		v.found(Difference{File: recipeName, What: err.Error()})
		return
	}
	v.recompute(r, inputs)
	v.inputs(r, inputs)
}

// recompute gives the recipe its fingerprints anew. Another program may have other defaults: with a recipe that is what it was, another
// fingerprint is worth a note only.
func (v *verifier) recompute(r *recipe.Loaded, inputs map[string]string) {
	list := steps(&r.Recipe, inputs)
	formats := map[string]int{}
	for _, pl := range v.plan.Stages {
		formats[pl.Stage] = pl.Format
	}
	for i := range list {
		if f := formats[list[i].Name]; f > 0 {
			list[i].Format = f
		}
	}
	prints, err := fingerprints(list, v.plan.Kernel)
	if err != nil {
		v.found(Difference{File: recipeName, What: err.Error()})
		return
	}
	for _, pl := range v.plan.Stages {
		if prints[pl.Stage] == pl.Fingerprint {
			continue
		}
		if v.sealed != nil && v.sealed.holds(v.folder, recipeName) && v.sealed.holds(v.folder, planName) {
			v.note("this program gives %s of the same recipe another fingerprint: the run was made by another version", pl.Stage)
		} else {
			v.found(Difference{Stage: pl.Stage, File: "", What: fmt.Sprintf("recipe.yaml gives it fingerprint %.12s…, and plan.json %.12s…", prints[pl.Stage], pl.Fingerprint)})
		}
		return // what follows from it differs too
	}
}

// inputs hashes the files that the recipe reads, if they are here.
func (v *verifier) inputs(r *recipe.Loaded, were map[string]string) {
	now, err := inputsOf(&r.Recipe, openDigests("", func() time.Time { return time.Time{} }))
	if err != nil {
		v.note("the files that the recipe reads are not all here, so they are not checked: %v", err)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(were)) {
		if now[key] != were[key] {
			v.found(Difference{File: recipeName, Where: key, What: fmt.Sprintf("names files that have changed since the run (sha256 %.12s…, not %.12s…)", now[key], were[key])})
		}
	}
}

// work checks what interrupted stages have kept.
func (v *verifier) work() {
	root := filepath.Join(v.folder, workName)
	saves, _ := filepath.Glob(filepath.Join(escape(root), "*", "*", checkpoint.ManifestName)) // the pattern is well-formed
	for _, manifest := range saves {
		dir := filepath.Dir(manifest)
		name, err := filepath.Rel(v.folder, dir)
		if err != nil || strings.HasPrefix(filepath.Base(dir), ".") {
			continue
		}
		_, faults, err := checkpoint.Audit(dir)
		if err != nil {
			v.found(Difference{File: filepath.ToSlash(name), What: err.Error()})
		}
		for _, f := range faults {
			v.found(Difference{File: filepath.ToSlash(name) + "/" + f.File, Where: f.Where, What: f.What})
		}
	}
	for _, stage := range order {
		v.stamp(filepath.Join(workName, stage+stampExt))
		for _, name := range []string{"journal", "trials.journal"} {
			v.journal(filepath.Join(workName, stage, name))
		}
		if _, err := os.Stat(filepath.Join(root, stage)); err == nil {
			v.note("%s was interrupted and goes on with slm train", stage)
		}
	}
}

// stamp checks the mark of a work area, which tells what it is good for.
func (v *verifier) stamp(name string) {
	text, err := os.ReadFile(filepath.Join(v.folder, name))
	if err == nil && !stampIsWhole(string(text)) {
		v.found(Difference{File: filepath.ToSlash(name), What: "does not match its checksum"})
	}
}

// journal checks the frames of a journal. A torn end is what a crash leaves; the next command cuts it off.
func (v *verifier) journal(name string) {
	_, torn, skipped, err := checkpoint.ReadJournal(filepath.Join(v.folder, name))
	name = filepath.ToSlash(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		v.found(Difference{File: name, What: err.Error()})
	case skipped > 0:
		v.found(Difference{File: name, What: fmt.Sprintf("%d bytes of its entries are damaged", skipped)})
	case torn > 0:
		v.note("%s ends in %d bytes of an unfinished entry, which the next command cuts off", name, torn)
	}
}

// replies checks what was bought for the run: by its stages, and by ask and eval --items.
func (v *verifier) replies() error {
	v.journal(repliesName)
	v.journal(askedJournal)
	dir := filepath.Join(v.folder, askedFolder)
	m, faults, err := checkpoint.Audit(dir)
	switch {
	case errors.Is(err, checkpoint.ErrMissing):
		return nil
	case errors.Is(err, checkpoint.ErrIncomplete), errors.Is(err, checkpoint.ErrCorrupt):
		v.found(Difference{File: askedFolder, What: err.Error()})
		return nil
	case err != nil:
		return err
	}
	return v.files(askedFolder, m, faults)
}

// events reads what the seal may not cover yet: each line has its checksum, and the last one may be what a killed process left of one.
func (v *verifier) events() {
	data, err := os.ReadFile(filepath.Join(v.folder, eventsName))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			v.found(Difference{File: eventsName, What: err.Error()})
		}
		return
	}
	lines := bytes.Split(data, []byte("\n"))
	last := lines[len(lines)-1]
	for i, line := range lines[:len(lines)-1] {
		if !eventIsWhole(line) {
			v.found(Difference{File: eventsName, Where: fmt.Sprintf("line %d", i+1), What: "does not match the checksum at its end"})
		}
	}
	switch {
	case len(last) == 0:
	case !eventIsCut(last):
		v.found(Difference{File: eventsName, Where: fmt.Sprintf("line %d", len(lines)), What: "does not match the checksum at its end"})
	default:
		v.note("%s ends in %d bytes of an unfinished line, which the next command cuts off", eventsName, len(last))
	}
}

// report checks that the page is as it was written. One without a checksum is of an older program.
func (v *verifier) report() {
	page, err := os.ReadFile(filepath.Join(v.folder, reportName))
	_, whole := readPage(page)
	switch {
	case err != nil || whole:
	case v.sealed == nil:
		v.note("%s has no checksum", reportName)
	default:
		v.found(Difference{File: reportName, What: "does not match the checksum at its end; slm train writes it again when it is gone"})
	}
}

// strays notes what lies in the run's folder and is none of its files.
func (v *verifier) strays() {
	known := slices.Concat(sealedNames, order, []string{reportName, sealName, lockName, workName, askedJournal, askedFolder})
	entries, err := os.ReadDir(v.folder)
	if err != nil {
		v.note("%v", err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case slices.Contains(known, name):
		case strings.HasPrefix(name, ".") && (strings.Contains(name, ".tmp-") || strings.Contains(name, ".old-")):
			v.note("%s was left by a process that was killed; slm train removes it", name)
		default:
			v.note("%s is no file of the run's", name)
		}
	}
}
