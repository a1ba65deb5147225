package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"slm/checkpoint"
)

const (
	sealName = "seal.json"
	maxSeal  = 1 << 20 // bytes
)

// seal is what a run folder's own files were when its last command ended: a stage's files are in its manifest, these are in no other. It is
// written under the run's lock.
type seal struct {
	Version int               `json:"v"`
	Open    bool              `json:"open"`    // a command has begun and has not ended: it still runs, or was killed
	Stages  map[string]string `json:"digests"` // of the checkpoints that stood
	Files   []sealed          `json:"files"`
	Check   string            `json:"check"` // of all the above
}

// sealed is a file, or for one that only grows its beginning.
type sealed struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// grows tells the files to which entries are only ever added.
var grows = map[string]bool{eventsName: true, repliesName: true}

const (
	recipeName  = "recipe.yaml"
	planName    = "plan.json"
	eventsName  = "events.jsonl"
	repliesName = "replies.wal"
	reportName  = "report.html"
)

// writeSeal writes down what a run folder holds. An open seal names no stages, since they may be replaced at any time.
func writeSeal(folder string, open bool, names ...string) error {
	s := seal{Version: 1, Open: open, Stages: map[string]string{}, Files: []sealed{}}
	for _, name := range names {
		size, sum, err := sumBeginning(filepath.Join(folder, name), -1)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("pipeline: seal: %w", err)
		}
		s.Files = append(s.Files, sealed{name, size, sum})
	}
	if !open {
		s.Stages = Look(folder).Done
	}
	data, err := s.encode()
	if err != nil {
		return fmt.Errorf("pipeline: seal: %w", err)
	}
	if err := checkpoint.WriteFileAtomic(filepath.Join(folder, sealName), data); err != nil {
		return fmt.Errorf("pipeline: seal: %w", err)
	}
	return nil
}

// encode gives the bytes of seal.json.
func (s seal) encode() ([]byte, error) {
	s.Check = ""
	sum, err := digestOf(s)
	if err != nil {
		return nil, err
	}
	s.Check = sum
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// readSeal reads a run's seal and demands that it is byte for byte what writeSeal writes. fs.ErrNotExist: a program that knew no seals
// made the run.
func readSeal(folder string) (*seal, error) {
	path := filepath.Join(folder, sealName)
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
	var s seal
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", checkpoint.ErrCorrupt, err)
	}
	if s.Version > 1 {
		return nil, fmt.Errorf("%w: seal of version %d", checkpoint.ErrNewer, s.Version)
	}
	again, err := s.encode()
	if err != nil || !bytes.Equal(again, data) {
		return nil, fmt.Errorf("%w: it does not match its own digest", checkpoint.ErrCorrupt)
	}
	return &s, nil
}

// holds reports whether a file is sealed and still what it was.
func (s *seal) holds(folder, name string) bool {
	for _, f := range s.Files {
		if f.Name == name {
			return f.differs(folder) == ""
		}
	}
	return false
}

// differs says how a file differs from its seal; "" = it does not.
func (f sealed) differs(folder string) string {
	path := filepath.Join(folder, f.Name)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is gone"
	case err != nil:
		return err.Error()
	case info.Size() < f.Size, info.Size() > f.Size && !grows[f.Name]:
		return fmt.Sprintf("has %d bytes, not %d", info.Size(), f.Size)
	}
	_, sum, err := sumBeginning(path, f.Size)
	if err != nil {
		return err.Error()
	}
	if sum != f.SHA256 {
		return fmt.Sprintf("differs from what it was when the run's last command ended (sha256 %.12s…, not %.12s…)", sum, f.SHA256)
	}
	return ""
}

// sumBeginning hashes the first n bytes of a file, all of it for n < 0.
func sumBeginning(path string, n int64) (size int64, sum string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = f.Close() }() // read only
	var r io.Reader = f
	if n >= 0 {
		r = io.LimitReader(f, n)
	}
	h := sha256.New()
	if size, err = io.Copy(h, r); err != nil {
		return 0, "", err
	}
	return size, hex.EncodeToString(h.Sum(nil)), nil
}

// reportMark ends a page, before its own checksum.
const reportMark = "\n<!-- sha256 "

// signPage puts a page's checksum at its end, where a browser does not show it.
func signPage(page []byte) []byte {
	sum := sha256.Sum256(page)
	return append(page, reportMark+hex.EncodeToString(sum[:])+" -->\n"...)
}

// pageIsWhole reports whether a page is what signPage made.
func pageIsWhole(page []byte) bool {
	at := bytes.LastIndex(page, []byte(reportMark))
	return at >= 0 && bytes.Equal(signPage(bytes.Clone(page[:at])), page)
}
