package checkpoint

import (
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// world is a folder on a disk that can lose its power. Files really lie in root; beside them it keeps what a disk that was promised
// nothing more would still hold: the contents at the last sync of each file, and of each folder the names at its last sync, with the
// changes since then, each of which may or may not have reached the disk.
type world struct {
	t    testing.TB
	root string
	top  *node
	ops  int                                 // so far
	hook func(op int, kind string) (e error) // what becomes of an operation; nil = it is done
	off  bool                                // the power is off: nothing is done any more
}

type node struct {
	names   map[string]*node // of a folder, as it is now; nil = a file
	durable map[string]*node
	changes []func(map[string]*node) // since the last sync
	synced  []byte                   // contents of a file at its last sync
}

func newDirNode() *node { return &node{names: map[string]*node{}, durable: map[string]*node{}} }

// change alters a folder now, and perhaps on the disk.
func (n *node) change(f func(names map[string]*node)) {
	f(n.names)
	n.changes = append(n.changes, f)
}

var errOff = errors.New("the power is off")

// real is the operating system's disk.
var real = theDisk

// newWorld replaces the real disk by one of that kind until the test ends.
func newWorld(t testing.TB) *world {
	w := &world{t: t, root: t.TempDir(), top: newDirNode()}
	theDisk = disk{
		open: func(path string, flag int) (file, error) {
			if err := w.step("open"); err != nil {
				return nil, err
			}
			f, err := real.open(path, flag)
			if err != nil {
				return nil, err
			}
			w.file(path)
			return &worldFile{f, w}, nil
		},
		temp: func(dir, pattern string) (file, error) {
			if err := w.step("create"); err != nil {
				return nil, err
			}
			f, err := real.temp(dir, pattern)
			if err != nil {
				return nil, err
			}
			w.file(f.Name())
			return &worldFile{f, w}, nil
		},
		tempDir: func(dir, pattern string) (string, error) {
			if err := w.step("mkdir"); err != nil {
				return "", err
			}
			path, err := real.tempDir(dir, pattern)
			if err == nil {
				w.folder(path)
			}
			return path, err
		},
		mkdir: func(path string) error {
			if err := w.step("mkdir"); err != nil {
				return err
			}
			err := real.mkdir(path)
			if err == nil {
				w.folder(path)
			}
			return err
		},
		rename: func(from, to string) error {
			if err := w.step("rename"); err != nil {
				return err
			}
			w.node(from)
			if err := real.rename(from, to); err != nil {
				return err
			}
			a, b := filepath.Base(from), filepath.Base(to)
			w.node(filepath.Dir(to)).change(func(names map[string]*node) {
				if n, ok := names[a]; ok {
					names[b] = n
					delete(names, a)
				}
			})
			return nil
		},
		exchange: func(a, b string) error {
			if err := w.step("exchange"); err != nil {
				return err
			}
			if err := real.exchange(a, b); err != nil {
				return err
			}
			x, y := filepath.Base(a), filepath.Base(b)
			w.node(filepath.Dir(a)).change(func(names map[string]*node) {
				if names[x] != nil && names[y] != nil {
					names[x], names[y] = names[y], names[x]
				}
			})
			return nil
		},
		remove: func(path string) error {
			if err := w.step("remove"); err != nil {
				return err
			}
			name := filepath.Base(path)
			w.node(filepath.Dir(path)).change(func(names map[string]*node) { delete(names, name) })
			return real.remove(path)
		},
		syncFile: func(path string) error {
			err := w.step("sync")
			if err == nil {
				w.sync(path)
			}
			return unlessLost(err)
		},
		syncDir: func(path string) error {
			err := w.step("sync folder")
			if err == nil {
				n := w.node(path)
				n.durable, n.changes = maps.Clone(n.names), nil
			}
			return unlessLost(err)
		},
	}
	t.Cleanup(func() { theDisk = real })
	return w
}

// errLost is a sync that says it was done and was not.
var errLost = errors.New("lost")

func unlessLost(err error) error {
	if errors.Is(err, errLost) {
		return nil
	}
	return err
}

func (w *world) step(kind string) error {
	if w.off {
		return errOff
	}
	w.ops++
	if w.hook == nil {
		return nil
	}
	err := w.hook(w.ops, kind)
	if errors.Is(err, errOff) {
		w.off = true
	}
	return err
}

// node finds a folder or a file. One that was made behind the disk's back, as stages write their files, is taken up as unsynced.
func (w *world) node(path string) *node {
	rel, err := filepath.Rel(w.root, path)
	if err != nil || strings.HasPrefix(rel, "..") {
		w.t.Fatalf("%s is not in the world", path)
	}
	n := w.top
	if rel == "." {
		return n
	}
	at := w.root
	for _, name := range strings.Split(filepath.ToSlash(rel), "/") {
		at = filepath.Join(at, name)
		if n.names[name] == nil {
			made := &node{}
			if info, err := os.Stat(at); err == nil && info.IsDir() {
				made = newDirNode()
			}
			n.change(func(names map[string]*node) { names[name] = made })
		}
		n = n.names[name]
	}
	return n
}

func (w *world) file(path string) { w.node(path) }

func (w *world) folder(path string) { w.node(path) }

func (w *world) sync(path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.node(path).synced = data
}

// worldFile is a file of the world.
type worldFile struct {
	file
	w *world
}

func (f *worldFile) Write(p []byte) (int, error) {
	if err := f.w.step("write"); err != nil {
		n := 0
		if !f.w.off {
			n, _ = f.file.Write(p[:len(p)/2]) // a short write
		}
		return n, err
	}
	return f.file.Write(p)
}

func (f *worldFile) WriteAt(p []byte, at int64) (int, error) {
	if err := f.w.step("write"); err != nil {
		n := 0
		if !f.w.off {
			n, _ = f.file.WriteAt(p[:len(p)/2], at)
		} else { // power goes in the middle of a write
			n, _ = f.file.WriteAt(p[:len(p)/3], at)
		}
		return n, err
	}
	return f.file.WriteAt(p, at)
}

func (f *worldFile) Truncate(size int64) error {
	if err := f.w.step("truncate"); err != nil {
		return err
	}
	return f.file.Truncate(size)
}

func (f *worldFile) Sync() error {
	err := f.w.step("sync")
	if err == nil {
		f.w.sync(f.Name())
	}
	return unlessLost(err)
}

// after writes into a new folder what the disk may hold after the power was lost. Without chance it is what was promised and nothing more.
func (w *world) after(chance *rand.Rand) string {
	out := w.t.TempDir()
	w.put(w.top, w.root, out, chance)
	return out
}

func (w *world) put(n *node, from, to string, chance *rand.Rand) {
	names := maps.Clone(n.durable)
	for _, c := range n.changes {
		if chance != nil && chance.Float64() < 0.5 {
			c(names)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		child, path := names[name], filepath.Join(to, name)
		if child.names != nil {
			if err := os.Mkdir(path, 0o777); err != nil {
				w.t.Fatal(err)
			}
			w.put(child, "", path, chance)
			continue
		}
		data := child.synced
		if now := w.find(w.top, w.root, child); now != "" && chance != nil && chance.Float64() < 0.5 {
			if all, err := os.ReadFile(now); err == nil && len(all) >= len(data) {
				data = append(slices.Clone(data), all[len(data):len(data)+chance.IntN(len(all)-len(data)+1)]...)
			}
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			w.t.Fatal(err)
		}
	}
}

// find returns where a node lies now; "" = nowhere.
func (w *world) find(n *node, at string, want *node) string {
	if n == want {
		return at
	}
	for name, child := range n.names {
		if found := w.find(child, filepath.Join(at, name), want); found != "" {
			return found
		}
	}
	return ""
}

// powerOff turns the power off at an operation.
func powerOff(at int) func(int, string) error {
	return func(op int, _ string) error {
		if op >= at {
			return errOff
		}
		return nil
	}
}

// states are what may be found after a loss of power: what was promised, and some of what else may be there.
func (w *world) states(n int) []string {
	out := []string{w.after(nil)}
	for i := range n {
		out = append(out, w.after(rand.New(rand.NewPCG(uint64(i), uint64(w.ops)))))
	}
	return out
}

func textAt(t testing.TB, dir string) (string, error) {
	t.Helper()
	world := theDisk
	theDisk = real // the power is back
	defer func() { theDisk = world }()
	if err := Verify(dir); err != nil {
		return "", err
	}
	return string(read(t, filepath.Join(dir, "a.txt"))), nil
}

func TestCommit_WhenThePowerGoesTheOldCheckpointIsThereOrTheNewOneWhole(t *testing.T) {
	for _, swaps := range []bool{true, false} {
		for at := 1; ; at++ {
			w := newWorld(t)
			if !swaps {
				theDisk.exchange = func(string, string) error { return errors.ErrUnsupported }
			}
			dp := filepath.Join(w.root, "runs", "x", "dp")
			if err := commitText(dp, "old"); err != nil {
				t.Fatal(err)
			}
			first := w.ops
			w.hook = powerOff(first + at)
			err := commitText(dp, "new")
			for i, state := range w.states(6) {
				got, verr := textAt(t, filepath.Join(state, "runs", "x", "dp"))
				if verr != nil || got != "new" && (err == nil || got != "old") {
					t.Fatalf("power off at operation %d, swaps %v, state %d: %q %v (commit: %v)", at, swaps, i, got, verr, err)
				}
			}
			if !w.off {
				break
			}
		}
	}
}

func TestSaves_WhenThePowerGoesTheNewestThatWasFinishedIsFound(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		w.hook = powerOff(at)
		work := filepath.Join(w.root, "work", "dp")
		finished := -1
		for i, text := range []string{"0", "1", "2", "3"} {
			if commitText(filepath.Join(work, "save-"+text), text) != nil {
				break
			}
			finished = i
			if i >= 2 {
				_ = theDisk.remove(filepath.Join(work, "save-"+string(rune('0'+i-2)))) // pruned, as training does
			}
		}
		for i, state := range w.states(6) {
			newest := newestSave(t, filepath.Join(state, "work", "dp"))
			if newest < finished {
				t.Fatalf("power off at operation %d, state %d: save %d was finished and %d is found", at, i, finished, newest)
			}
		}
		if !w.off {
			break
		}
	}
}

// newestSave is the number of the newest save that is whole; −1 = none.
func newestSave(t testing.TB, work string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(work, "save-?"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	slices.Reverse(found)
	for _, dir := range found {
		number := strings.TrimPrefix(filepath.Base(dir), "save-")
		if text, err := textAt(t, dir); err == nil {
			if text != number {
				t.Fatalf("save %s holds %q", number, text)
			}
			return int(number[0] - '0')
		}
	}
	return -1
}

func TestSaves_LostSyncCostsOneAtMostAndIsNoticed(t *testing.T) {
	for lost := 1; ; lost++ {
		w := newWorld(t)
		work := filepath.Join(w.root, "work", "dp")
		if err := MakeDir(work); err != nil {
			t.Fatal(err)
		}
		syncs := 0
		w.hook = func(_ int, kind string) error {
			if strings.HasPrefix(kind, "sync") {
				if syncs++; syncs == lost {
					return errLost
				}
			}
			return nil
		}
		for _, text := range []string{"0", "1", "2"} {
			if err := commitText(filepath.Join(work, "save-"+text), text); err != nil {
				t.Fatal(err)
			}
		}
		for i, state := range w.states(4) {
			if newest := newestSave(t, filepath.Join(state, "work", "dp")); newest < 1 {
				t.Fatalf("sync %d lost, state %d: the newest whole save is %d of 2", lost, i, newest)
			}
		}
		if syncs < lost {
			break
		}
	}
}

func TestJournal_WhenThePowerGoesEveryAppendedEntryIsThere(t *testing.T) {
	for at := 1; ; at++ {
		w := newWorld(t)
		w.hook = powerOff(at)
		path := filepath.Join(w.root, "replies.wal")
		var kept []string
		if j, _, err := OpenJournal(path); err == nil {
			for _, text := range []string{"one", "two", "three", "four"} {
				if j.Append([]byte(text)) == nil {
					kept = append(kept, text)
				}
			}
			_ = j.Close()
		}
		off := w.off
		for i, state := range w.states(6) {
			w.hook, w.off = nil, false
			entries, _, skipped, err := ReadJournal(filepath.Join(state, "replies.wal"))
			if errors.Is(err, fs.ErrNotExist) && len(kept) == 0 {
				continue
			}
			if err != nil || skipped > 0 || len(entries) < len(kept) || len(entries) > len(kept)+1 {
				t.Fatalf("power off at operation %d, state %d: %q of %q, %d damaged bytes, %v", at, i, entries, kept, skipped, err)
			}
			for k := range kept {
				if string(entries[k]) != kept[k] {
					t.Fatalf("power off at operation %d: %q, want %q", at, entries, kept)
				}
			}
		}
		if !off {
			break
		}
	}
}

func TestCommit_FaultOfTheDiskIsToldAndCostsNothing(t *testing.T) {
	for _, fault := range []error{syscall.ENOSPC, syscall.EIO} {
		for at := 1; ; at++ {
			w := newWorld(t)
			dp := filepath.Join(w.root, "runs", "dp")
			if err := commitText(dp, "old"); err != nil {
				t.Fatal(err)
			}
			first, struck := w.ops, ""
			w.hook = func(op int, kind string) error {
				if op == first+at {
					struck = kind
					return &fs.PathError{Op: kind, Path: "x", Err: fault}
				}
				return nil
			}
			err := commitTable(dp, "new")
			w.hook = nil
			got, verr := textAt(t, dp)
			switch {
			case verr != nil:
				t.Fatalf("%v at operation %d (%s): %v", fault, at, struck, verr)
			case err != nil && (!errors.Is(err, fault) || got != "old"):
				t.Fatalf("%v at operation %d (%s): %q and error %v", fault, at, struck, got, err)
			case err == nil && got != "new":
				t.Fatalf("%v at operation %d (%s): %q without an error", fault, at, struck, got)
			}
			if err := commitTable(dp, "newer"); err != nil {
				t.Fatalf("after %v at operation %d (%s): %v", fault, at, struck, err)
			}
			if left := names(t, filepath.Join(w.root, "runs")); left != "dp" {
				t.Fatalf("after %v at operation %d (%s): left over: %s", fault, at, struck, left)
			}
			if struck == "" {
				break
			}
		}
	}
}

// commitTable is commitText with an Arrow file beside the text.
func commitTable(dir, text string) error {
	p, err := Begin(dir)
	if err != nil {
		return err
	}
	write := func() error {
		if err := WriteWeights(p.Path("weights.arrow"), nil, []Tensor{{Name: "w", Shape: []int{2}, Data: []float32{1, 2}}}); err != nil {
			return err
		}
		return WriteFileAtomic(p.Path("a.txt"), []byte(text))
	}
	if err := write(); err != nil {
		_ = p.Abort()
		return err
	}
	return p.Commit(testManifest())
}

func TestJournal_FaultWhileAppendingLeavesItAsItWas(t *testing.T) {
	for at := 1; at < 8; at++ {
		w := newWorld(t)
		path := filepath.Join(w.root, "j")
		j, _, err := OpenJournal(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Append([]byte("one")); err != nil {
			t.Fatal(err)
		}
		first := w.ops
		w.hook = func(op int, kind string) error {
			if op == first+at {
				return &fs.PathError{Op: kind, Path: path, Err: syscall.ENOSPC}
			}
			return nil
		}
		want := "one"
		for _, text := range []string{"two", "three"} {
			if j.Append([]byte(text)) == nil {
				want += " " + text
			}
		}
		w.hook = nil
		if err := j.Append([]byte("four")); err != nil {
			t.Fatal(err)
		}
		want += " four"
		entries, torn, skipped, err := ReadJournal(path)
		var got []string
		for _, e := range entries {
			got = append(got, string(e))
		}
		if err != nil || torn+skipped > 0 || strings.Join(got, " ") != want {
			t.Errorf("fault at operation %d: %q, want %q (%d torn, %d damaged, %v)", at, got, want, torn, skipped, err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
}
