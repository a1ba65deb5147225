package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/stages/all"
)

// work checks what interrupted stages have kept.
func (v *verifier) work() {
	root := filepath.Join(v.folder, rundir.WorkFolder)
	for _, manifest := range rundir.Glob(root, "*", "*", checkpoint.ManifestName) {
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
	for _, stage := range all.Names() {
		v.Stamp(filepath.Join(rundir.WorkFolder, stage+rundir.StampExt))
		for _, name := range append(rundir.Glob(root, stage, "*.journal"), filepath.Join(root, stage, "journal")) {
			v.journal(filepath.Join(rundir.WorkFolder, stage, filepath.Base(name)))
		}
		if _, err := os.Stat(filepath.Join(root, stage)); err == nil {
			v.note("%s was interrupted and goes on with slm train", stage)
		}
	}
}

// stamp checks the mark of a work area, which tells what it is good for.
func (v *verifier) Stamp(name string) {
	text, err := os.ReadFile(filepath.Join(v.folder, name))
	if err == nil && !rundir.StampIsWhole(string(text)) {
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
	for _, name := range rundir.Journals(v.folder) {
		v.journal(name)
	}
	v.journal(rundir.AskedJournal)
	v.journal(rundir.AskedServer)
	dir := filepath.Join(v.folder, rundir.AskedFolder)
	m, faults, err := checkpoint.Audit(dir)
	switch {
	case errors.Is(err, checkpoint.ErrMissing):
		return nil
	case errors.Is(err, checkpoint.ErrIncomplete), errors.Is(err, checkpoint.ErrCorrupt):
		v.found(Difference{File: rundir.AskedFolder, What: err.Error()})
		return nil
	case err != nil:
		return err
	}
	return v.files(rundir.AskedFolder, m, faults)
}

// events reads what the seal may not cover yet: each line has its checksum, and the last one may be what a killed process left of one.
func (v *verifier) events() {
	data, err := os.ReadFile(filepath.Join(v.folder, rundir.EventsFile))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			v.found(Difference{File: rundir.EventsFile, What: err.Error()})
		}
		return
	}
	lines := bytes.Split(data, []byte("\n"))
	last := lines[len(lines)-1]
	for i, line := range lines[:len(lines)-1] {
		if !rundir.EventIsWhole(line) {
			v.found(Difference{File: rundir.EventsFile, Where: fmt.Sprintf("line %d", i+1), What: "does not match the checksum at its end"})
		}
	}
	switch {
	case len(last) == 0:
	case !rundir.EventIsCut(last):
		v.found(Difference{File: rundir.EventsFile, Where: fmt.Sprintf("line %d", len(lines)), What: "does not match the checksum at its end"})
	default:
		v.note("%s ends in %d bytes of an unfinished line, which the next command cuts off", rundir.EventsFile, len(last))
	}
}

// report checks that the page is as it was written. One without a checksum is of an older program.
func (v *verifier) report() {
	page, err := os.ReadFile(filepath.Join(v.folder, rundir.ReportFile))
	_, whole := rundir.ReadPage(page)
	switch {
	case err != nil || whole:
	case v.sealed == nil:
		v.note("%s has no checksum", rundir.ReportFile)
	default:
		v.found(Difference{File: rundir.ReportFile, What: "does not match the checksum at its end; slm train writes it again when it is gone"})
	}
}

// confidence checks what ask has kept.
func (v *verifier) confidence() {
	if err := rundir.CheckConfidence(v.folder); err != nil {
		v.found(Difference{File: rundir.ConfidenceFile, What: err.Error() + "; ask writes it again when it is gone"})
	}
}

// strays notes what lies in the run's folder and is none of its files.
func (v *verifier) strays() {
	known := slices.Concat(rundir.SealedFiles(v.folder), all.Names(), []string{rundir.ReportFile, rundir.SealFile, rundir.LockFile, rundir.WorkFolder, rundir.AskedJournal, rundir.AskedServer, rundir.AskedFolder, rundir.ConfidenceFile})
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
