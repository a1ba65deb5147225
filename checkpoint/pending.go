package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// Pending is a checkpoint that is being written: a directory beside the final one, locked while its process lives.
type Pending struct {
	final, dir string
	lock       *dirLock
	done       bool
}

// Begin makes an empty temporary directory beside final, for a checkpoint that will take final's place. Leftovers of processes that
// died while they wrote the same checkpoint are removed.
func Begin(final string) (*Pending, error) {
	final = filepath.Clean(final)
	parent := filepath.Dir(final)
	if err := MakeDir(parent); err != nil {
		return nil, fmt.Errorf("checkpoint: begin %s: %w", final, err)
	}
	if err := restore(final); err != nil {
		return nil, fmt.Errorf("checkpoint: begin %s: %w", final, err)
	}
	if err := sweep(final); err != nil {
		return nil, fmt.Errorf("checkpoint: begin %s: remove leftovers: %w", final, err)
	}
	dir, err := theDisk.tempDir(parent, "."+filepath.Base(final)+".tmp-")
	if err != nil {
		return nil, fmt.Errorf("checkpoint: begin %s: %w", final, err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, errors.Join(fmt.Errorf("checkpoint: begin %s: %w", final, err), theDisk.remove(dir))
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("checkpoint: begin %s: %w", final, err), theDisk.remove(dir))
	}
	return &Pending{final: final, dir: dir, lock: lock}, nil
}

// MakeDir makes a folder and those above it that are missing, and syncs each folder that got a new one: what is written in it later, and
// synced, must not vanish with its name.
func MakeDir(path string) error {
	path = filepath.Clean(path)
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is not a folder", path)
		}
		return nil
	}
	parent := filepath.Dir(path)
	if parent == path {
		return fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	if err := MakeDir(parent); err != nil {
		return err
	}
	if err := theDisk.mkdir(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return theDisk.syncDir(parent)
}

// Path returns where the file of that name is to be written, and makes the folders in front of it.
func (p *Pending) Path(name string) string {
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	if filepath.Dir(path) != p.dir {
		_ = os.MkdirAll(filepath.Dir(path), 0o777) // the write that follows says what is wrong
	}
	return path
}

// Commit hashes and syncs every file written below Path, fills m's Version and Files, writes the manifest last, and puts the
// directory in final's place. On an error nothing at final has changed and the temporary directory is gone.
func (p *Pending) Commit(m *Manifest) (err error) {
	if p.done {
		return fmt.Errorf("checkpoint: commit %s: already committed or aborted", p.final)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("checkpoint: commit %s: %w", p.final, err), p.Abort())
		}
	}()
	files, err := seal(p.dir)
	if err != nil {
		return err
	}
	m.Version, m.Files = FormatVersion, files
	data, err := m.encode()
	if err != nil {
		return err
	}
	return p.place(data)
}

// place writes the manifest and puts the directory in final's place.
func (p *Pending) place(manifest []byte) error {
	if err := writeSynced(filepath.Join(p.dir, ManifestName), manifest); err != nil {
		return err
	}
	if err := theDisk.syncDir(p.dir); err != nil {
		return err
	}
	if err := replaceDir(p.dir, p.final); err != nil {
		return err
	}
	p.done = true
	p.lock.release()
	return nil
}

// Restore is Commit for a checkpoint that was made elsewhere, of whatever format: the bytes of its manifest.json are kept. ErrCorrupt: they are no manifest, or the files below Path are not those that it lists.
func (p *Pending) Restore(manifest []byte) (err error) {
	if p.done {
		return fmt.Errorf("checkpoint: restore %s: already committed or aborted", p.final)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("checkpoint: restore %s: %w", p.final, err), p.Abort())
		}
	}()
	m, err := decodeManifest(manifest)
	if err != nil {
		return err
	}
	files, err := seal(p.dir)
	if err != nil {
		return err
	}
	if !slices.EqualFunc(files, m.Files, func(a, b File) bool { return a.Name == b.Name && a.Size == b.Size && a.SHA256 == b.SHA256 }) {
		return fmt.Errorf("%w: its files are not those of the manifest", ErrCorrupt)
	}
	return p.place(manifest)
}

// Abort removes what was written. After Commit, or a second time, it does nothing.
func (p *Pending) Abort() error {
	if p.done {
		return nil
	}
	p.done = true
	err := theDisk.remove(p.dir)
	p.lock.release()
	if err != nil {
		return fmt.Errorf("checkpoint: abort %s: %w", p.final, err)
	}
	return nil
}

// seal syncs every file and folder below dir and returns the files, sorted by name.
func seal(dir string) ([]File, error) {
	files := []File{}
	var dirs []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		switch {
		case e.IsDir():
			if path != dir {
				dirs = append(dirs, path)
			}
			return nil
		case !e.Type().IsRegular():
			return fmt.Errorf("%s is not a regular file", rel)
		case rel == ManifestName:
			return fmt.Errorf("%s is written by Commit alone", rel)
		case isTemporary(e.Name()):
			return fmt.Errorf("%s was never closed", strings.TrimPrefix(rel, "."))
		}
		if err := theDisk.syncFile(path); err != nil {
			return err
		}
		sum, err := sumFile(path)
		if err != nil {
			return err
		}
		files = append(files, File{Name: filepath.ToSlash(rel), Size: sum.size, SHA256: sum.sha256, Blocks: sum.blocks})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := len(dirs) - 1; i >= 0; i-- {
		if err := theDisk.syncDir(dirs[i]); err != nil {
			return nil, err
		}
	}
	sort.Slice(files, func(i, j int) bool { return files[i].Name < files[j].Name })
	return files, nil
}

// replaceDir puts dir in final's place and removes what was there. Where the system can exchange two names in one step there is always
// a checkpoint at final; elsewhere the old one stands aside under another name for a moment, and restore brings it back after a crash.
func replaceDir(dir, final string) error {
	parent := filepath.Dir(final)
	_, err := os.Lstat(final)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := theDisk.rename(dir, final); err != nil {
			return err
		}
		if err := theDisk.syncDir(parent); err != nil {
			return errors.Join(err, theDisk.rename(final, dir))
		}
		return nil
	case err != nil:
		return err
	}
	if err := theDisk.exchange(dir, final); err == nil {
		if err := theDisk.syncDir(parent); err != nil {
			return errors.Join(err, theDisk.exchange(dir, final))
		}
		_ = theDisk.remove(dir) // it now names the old checkpoint; what is left of it is swept by the next Begin
		return nil
	}
	return replaceInTwoSteps(dir, final)
}

// replaceInTwoSteps is replaceDir for file systems that cannot exchange names.
func replaceInTwoSteps(dir, final string) error {
	parent := filepath.Dir(final)
	lock, err := lockDir(final) // tells restore in another process to leave it
	if err != nil {
		return err
	}
	defer lock.release()
	old := filepath.Join(parent, strings.Replace(filepath.Base(dir), ".tmp-", ".old-", 1))
	if err := theDisk.rename(final, old); err != nil {
		return err
	}
	if err := theDisk.rename(dir, final); err != nil {
		return errors.Join(err, theDisk.rename(old, final))
	}
	if err := theDisk.syncDir(parent); err != nil {
		return errors.Join(err, theDisk.rename(final, dir), theDisk.rename(old, final))
	}
	_ = theDisk.remove(old) // swept by the next Begin
	return nil
}

// restore brings back an old checkpoint that a crash between the two steps of replaceInTwoSteps left under its other name.
func restore(final string) error {
	final = filepath.Clean(final)
	if _, err := os.Lstat(final); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, old := range beside(final, ".old-") {
		if lock := tryLockDir(old); lock != nil {
			err := theDisk.rename(old, final)
			lock.release()
			return err
		}
	}
	return nil
}

// Sweep removes what processes that died while they wrote the checkpoint at final have left beside it.
func Sweep(final string) error {
	final = filepath.Clean(final)
	if err := errors.Join(restore(final), sweep(final)); err != nil {
		return fmt.Errorf("checkpoint: sweep %s: %w", final, err)
	}
	return nil
}

// sweep removes temporary and replaced directories of final whose process is dead.
func sweep(final string) error {
	for _, kind := range []string{".tmp-", ".old-"} {
		for _, dir := range beside(final, kind) {
			lock := tryLockDir(dir)
			if lock == nil {
				continue
			}
			err := theDisk.remove(dir)
			lock.release()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// beside lists the directories that stand for final under a kind of other name, in order.
func beside(final, kind string) []string {
	entries, err := os.ReadDir(filepath.Dir(final))
	if err != nil {
		return nil
	}
	var dirs []string
	prefix := "." + filepath.Base(final) + kind
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), prefix) {
			dirs = append(dirs, filepath.Join(filepath.Dir(final), e.Name()))
		}
	}
	return dirs
}
