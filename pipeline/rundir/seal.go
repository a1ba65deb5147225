package rundir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"slm/checkpoint"
)

const maxSeal = 1 << 20 // bytes

// sealVersion is written; version 1 had no Due.
const sealVersion = 2

// Seal is what a run folder's own files were when its last command ended, or while it is open when that began: a stage's files are in its
// manifest, these are in no other. It is written under the run's lock.
type Seal struct {
	Version int               `json:"v"`
	Open    bool              `json:"open"`    // a command has begun and has not ended: it still runs, or was killed
	Stages  map[string]string `json:"digests"` // of the checkpoints that stood
	Files   []Sealed          `json:"files"`
	Check   string            `json:"check"` // of all the above
}

// Sealed is a file, or for one that only grows its beginning. A file that the command was to write has two: as it was and as it will be.
type Sealed struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
	Due    bool   `json:"due,omitempty"` // as it will be
}

// SealedFiles are the files that a seal covers.
func SealedFiles(folder string) []string {
	return append([]string{RecipeFile, PlanFile, EventsFile}, Journals(folder)...)
}

// sealable says whether a seal may name a file, and grows whether entries are only ever added to it.
func sealable(name string) bool { return name == RecipeFile || name == PlanFile || grows(name) }
func grows(name string) bool {
	return name == EventsFile || name == RepliesFile || isOtherJournal(name)
}

// WriteSeal writes down what a run folder Holds. An open seal names no stages, since they may be replaced at any time; due are the files
// that are written behind it.
func WriteSeal(folder string, open bool, due map[string][]byte) error {
	s := Seal{Version: sealVersion, Open: open, Stages: map[string]string{}, Files: []Sealed{}}
	for _, name := range SealedFiles(folder) {
		sum, size, err := checkpoint.HashFile(filepath.Join(folder, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("pipeline: seal: %w", err)
		}
		if err == nil {
			s.Files = append(s.Files, Sealed{Name: name, Size: size, SHA256: sum})
		}
		if text, ok := due[name]; ok {
			s.Files = append(s.Files, Sealed{name, int64(len(text)), checkpoint.HashBytes(text), true})
		}
	}
	if !open {
		s.Stages = Look(folder).Done
	}
	data, err := s.Encode()
	if err != nil {
		return fmt.Errorf("pipeline: seal: %w", err)
	}
	if err := checkpoint.WriteFileAtomic(filepath.Join(folder, SealFile), data); err != nil {
		return fmt.Errorf("pipeline: seal: %w", err)
	}
	return nil
}

// Encode gives the bytes of seal.json.
func (s Seal) Encode() ([]byte, error) {
	s.Check = ""
	sum, err := checkpoint.HashJSON(s)
	if err != nil {
		return nil, err
	}
	s.Check = sum
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// ReadSeal reads a run's seal. fs.ErrNotExist: a program that knew no seals made the run.
func ReadSeal(folder string) (*Seal, error) {
	path := filepath.Join(folder, SealFile)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSeal {
		return nil, fmt.Errorf("%w: %d bytes are no seal", checkpoint.ErrCorrupt, info.Size())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return decodeSeal(data)
}

// decodeSeal demands that the bytes are those that Encode gives.
func decodeSeal(data []byte) (*Seal, error) {
	var s Seal
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", checkpoint.ErrCorrupt, err)
	}
	if s.Version > sealVersion {
		return nil, fmt.Errorf("%w: seal of version %d", checkpoint.ErrNewer, s.Version)
	}
	again, err := s.Encode()
	if err != nil || !bytes.Equal(again, data) {
		return nil, fmt.Errorf("%w: it does not match its own digest", checkpoint.ErrCorrupt)
	}
	for _, f := range s.Files {
		if !sealable(f.Name) {
			return nil, fmt.Errorf("%w: it names %q", checkpoint.ErrCorrupt, f.Name)
		}
	}
	return &s, nil
}

// Names lists the files that the seal covers.
func (s *Seal) Names() (names []string) {
	for _, f := range s.Files {
		if !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
	}
	return names
}

// Differs says how a file differs from what the seal has of it; "" = it does not, or the seal does not have it.
func (s *Seal) Differs(folder, name string) (what string) {
	written := false // before the command
	for _, f := range s.Files {
		if f.Name != name {
			continue
		}
		w := f.differs(folder)
		if w == "" {
			return ""
		}
		if what == "" {
			what = w
		}
		written = written || !f.Due
	}
	if what != "" && !written && s.Starting(folder) {
		return ""
	}
	return what
}

// Starting reports whether a first command was stopped before it had written what it was asked for: events come after that.
func (s *Seal) Starting(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, EventsFile))
	return s.Open && errors.Is(err, fs.ErrNotExist)
}

// Holds reports whether a file is sealed and still what it was.
func (s *Seal) Holds(folder, name string) bool {
	return slices.ContainsFunc(s.Files, func(f Sealed) bool { return f.Name == name }) && s.Differs(folder, name) == ""
}

// differs says how a file differs from one state of it.
func (f Sealed) differs(folder string) string {
	path := filepath.Join(folder, f.Name)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is gone"
	case err != nil:
		return err.Error()
	case info.Size() < f.Size, info.Size() > f.Size && !grows(f.Name):
		return fmt.Sprintf("has %d bytes, not %d", info.Size(), f.Size)
	}
	sum, _, err := checkpoint.HashStart(path, f.Size)
	if err != nil {
		return err.Error()
	}
	if sum != f.SHA256 {
		return fmt.Sprintf("differs from what the run's last command left (sha256 %.12s…, not %.12s…)", sum, f.SHA256)
	}
	return ""
}
