package checkpoint

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
	"runtime"
	"sync"
)

// ManifestName is the file that makes a directory a checkpoint.
const ManifestName = "manifest.json"

// FormatVersion is the format that this program writes and the newest that it reads. Version 1 had the kernel in the digest, and no class of numerics.
const FormatVersion = 2

// maxManifest bounds what is read before anything is known about the file. // bytes
const maxManifest = 64 << 20

// Manifest says what a checkpoint holds and what it was made from.
type Manifest struct {
	Version     int               `json:"version"` // set by Commit
	Stage       string            `json:"stage"`
	Fingerprint string            `json:"fingerprint"`        // of the stage's recipe slice and inputs
	Parents     map[string]string `json:"parents,omitempty"`  // stage → digest
	Seed        uint64            `json:"seed"`               //
	Numerics    string            `json:"numerics,omitempty"` // class of the arithmetic that made it
	Kernel      string            `json:"kernel,omitempty"`   // that computed it, and the level of its processor; from version 2 in no digest
	Versions    map[string]string `json:"versions,omitempty"` // of the program and what it links
	Counters    map[string]int64  `json:"counters,omitempty"` // steps, tokens, calls
	Facts       map[string]string `json:"facts,omitempty"`    // what a reader wants to know without opening a file
	Files       []File            `json:"files"`              // set by Commit, sorted by name
	Created     string            `json:"created,omitempty"`  // RFC 3339; in no digest
}

// File is one file of a checkpoint.
type File struct {
	Name   string `json:"name"` // relative, with forward slashes
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
	Blocks string `json:"blocks,omitempty"` // checksums of its blocks, which say where it differs
}

// onDisk is manifest.json: the manifest, its digest for readers, and a checksum over all of it, so that no flipped byte goes unseen.
type onDisk struct {
	Manifest
	Digest string `json:"digest"`
	Check  string `json:"check"`
}

// Digest returns the hex SHA-256 of the manifest's canonical JSON without the time of its making and the kernel: the stage's digest.
func (m *Manifest) Digest() string {
	c := *m
	c.Created = ""
	if c.Version > 1 {
		c.Kernel = ""
	}
	return hash(canonical(c))
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// canonical is JSON with struct fields in order, map keys sorted, nothing escaped without need and no white space. The types given
// to it hold strings, integers, maps and slices of them, which always encode.
func canonical(v any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// encode gives the bytes of manifest.json.
func (m *Manifest) encode() ([]byte, error) {
	d := onDisk{Manifest: *m, Digest: m.Digest()}
	if d.Files == nil {
		d.Files = []File{}
	}
	d.Check = hash(canonical(d))
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("checkpoint: encode manifest: %w", err)
	}
	return buf.Bytes(), nil
}

// decodeManifest reads manifest.json and demands that it is byte for byte what encode gives for its contents.
func decodeManifest(data []byte) (*Manifest, error) {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("%w: manifest is not JSON: %w", ErrCorrupt, err)
	}
	if head.Version > FormatVersion {
		return nil, fmt.Errorf("%w: version %d, this program reads up to %d", ErrNewer, head.Version, FormatVersion)
	}
	if head.Version < 1 {
		return nil, fmt.Errorf("%w: manifest has version %d", ErrCorrupt, head.Version)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var d onDisk
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("%w: manifest: %w", ErrCorrupt, err)
	}
	again, err := d.encode()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, data) {
		return nil, fmt.Errorf("%w: manifest does not match its own digest", ErrCorrupt)
	}
	for i, f := range d.Files {
		switch {
		case !filepath.IsLocal(filepath.FromSlash(f.Name)) || f.Name == ManifestName:
			return nil, fmt.Errorf("%w: manifest lists file name %q", ErrCorrupt, f.Name)
		case f.Size < 0:
			return nil, fmt.Errorf("%w: manifest gives %s a size of %d", ErrCorrupt, f.Name, f.Size)
		case i > 0 && d.Files[i-1].Name >= f.Name:
			return nil, fmt.Errorf("%w: manifest lists %s out of order", ErrCorrupt, f.Name)
		}
	}
	return &d.Manifest, nil
}

// ReadManifest reads the bytes of a manifest.json that is not in its checkpoint's folder. ErrCorrupt, ErrNewer.
func ReadManifest(data []byte) (*Manifest, error) {
	m, err := decodeManifest(data)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	return m, nil
}

// Load reads a checkpoint's manifest and checks that each file is there with its size; it opens none of them. Errors:
// ErrMissing, ErrIncomplete, ErrNewer, ErrCorrupt, or what the file system says.
func Load(dir string) (*Manifest, error) {
	if err := restore(dir); err != nil {
		return nil, fmt.Errorf("checkpoint: load %s: %w", dir, err)
	}
	data, err := readCapped(filepath.Join(dir, ManifestName), maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		if _, serr := os.Stat(dir); serr == nil {
			return nil, fmt.Errorf("checkpoint: load %s: %w: it has no %s (a run was stopped before it was whole)", dir, ErrIncomplete, ManifestName)
		}
		return nil, fmt.Errorf("checkpoint: load %s: %w", dir, ErrMissing)
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: load %s: %w", dir, err)
	}
	m, err := decodeManifest(data)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: load %s: %w", dir, err)
	}
	for _, f := range m.Files {
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(f.Name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("checkpoint: load %s: %w: %s is gone", dir, ErrIncomplete, f.Name)
		case err != nil:
			return nil, fmt.Errorf("checkpoint: load %s: %w", dir, err)
		case !info.Mode().IsRegular() || info.Size() != f.Size:
			return nil, fmt.Errorf("checkpoint: load %s: %w: %s has %d bytes, not %d", dir, ErrIncomplete, f.Name, info.Size(), f.Size)
		}
	}
	return m, nil
}

// Verify loads a checkpoint and hashes every file again. The error names the first file that differs and where it does: the tensor and
// its first index, the row, or the line.
func Verify(dir string) error {
	_, faults, err := Audit(dir)
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return fmt.Errorf("checkpoint: verify %s: %w: %s", dir, ErrCorrupt, faults[0])
	}
	return nil
}

// VerifyFile is Verify for one file alone. ErrMissing: the manifest names none of that name.
func VerifyFile(dir, name string) error {
	m, err := Load(dir)
	if err != nil {
		return err
	}
	for _, f := range m.Files {
		if f.Name != name {
			continue
		}
		fault, err := f.fault(dir)
		if err == nil && fault != nil {
			err = fmt.Errorf("%w: %s", ErrCorrupt, fault)
		}
		if err != nil {
			return fmt.Errorf("checkpoint: verify %s: %w", dir, err)
		}
		return nil
	}
	return fmt.Errorf("checkpoint: verify %s: %w: it has no %s", dir, ErrMissing, name)
}

// Audit loads a checkpoint and hashes every file again, several at a time. It returns every file that differs from the manifest, in the
// manifest's order. Errors are Load's, and what the file system says.
func Audit(dir string) (*Manifest, []Fault, error) {
	m, err := Load(dir)
	if err != nil {
		return nil, nil, err
	}
	found := make([]*Fault, len(m.Files))
	errs := make([]error, len(m.Files))
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, f := range m.Files {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer wg.Done()
			found[i], errs[i] = f.fault(dir)
			<-slots
		}()
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, nil, fmt.Errorf("checkpoint: verify %s: %w", dir, err)
	}
	var faults []Fault
	for _, f := range found {
		if f != nil {
			faults = append(faults, *f)
		}
	}
	return m, faults, nil
}

// Strays lists the files and links below a checkpoint's folder that its manifest does not name, with forward slashes, sorted.
func Strays(dir string, m *Manifest) ([]string, error) {
	known := map[string]bool{ManifestName: true}
	for _, f := range m.Files {
		known[f.Name] = true
	}
	var strays []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if name := filepath.ToSlash(rel); err == nil && !known[name] {
			strays = append(strays, name)
		}
		return err
	})
	return strays, err
}

// readCapped reads a whole file and refuses one of more than max bytes before it allocates.
func readCapped(path string, max int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > max {
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrCorrupt, filepath.Base(path), info.Size())
	}
	return io.ReadAll(io.LimitReader(f, max))
}
