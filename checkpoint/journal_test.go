package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

var goldenEntries = [][]byte{[]byte("first"), {}, []byte("third, with the mark " + frameMark + " inside"), bytes.Repeat([]byte{7}, 100)}

func goldenJournal(t testing.TB) string {
	return golden(t, "journal.wal", func(path string) error {
		_ = os.Remove(path)
		j, _, err := OpenJournal(path)
		if err != nil {
			return err
		}
		return errors.Join(j.Append(goldenEntries...), j.Close())
	})
}

// openBytes opens a journal with these contents.
func openBytes(t testing.TB, data []byte) (*Journal, [][]byte, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "j.wal")
	write(t, path, data)
	return OpenJournal(path)
}

func TestJournal_GivesBackWhatWasAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.wal")
	j, got, err := OpenJournal(path)
	if err != nil || len(got) != 0 || j.Torn != 0 {
		t.Fatal(got, err)
	}
	for i, e := range goldenEntries {
		if err := j.Append(e); err != nil {
			t.Fatal(err)
		}
		other, got, err := OpenJournal(path) // as after a kill: j was not closed
		if err != nil || len(got) != i+1 || !bytes.Equal(got[i], e) || other.Torn != 0 {
			t.Fatalf("after %d entries: %q, torn %d, %v", i+1, got, other.Torn, err)
		}
		_ = other.Close()
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, path), read(t, goldenJournal(t))) {
		t.Error("the same entries gave other bytes than the golden file")
	}
	if err := j.Append([]byte("x")); err == nil {
		t.Error("appended to a closed journal")
	}
}

func TestEntry_IsReadWhereItBeginsAndNowhereElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.wal")
	j, _, err := OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	starts, err := j.Put(goldenEntries...)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := OpenJournal(path)
	if err != nil || !reflect.DeepEqual(again.Starts, starts) {
		t.Fatalf("put at %v, opened %v, %v", starts, again.Starts, err)
	}
	at := map[int64][]byte{}
	for i, s := range starts {
		at[s] = goldenEntries[i]
	}
	for s := int64(-1); s <= j.end+1; s++ {
		want, begins := at[s]
		for _, j := range []*Journal{j, again} {
			got, err := j.Entry(s)
			if begins && (err != nil || !bytes.Equal(got, want)) || !begins && !errors.Is(err, ErrCorrupt) {
				t.Errorf("byte %d: %q, %v", s, got, err)
			}
		}
	}
	if err := errors.Join(j.Close(), again.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Entry(starts[0]); err == nil {
		t.Error("a closed journal is read")
	}
}

func TestJournal_CutAtEveryByteKeepsTheWholeEntriesAndGoesOn(t *testing.T) {
	whole := read(t, goldenJournal(t))
	ends := []int{len(journalMagic)}
	for _, e := range goldenEntries {
		ends = append(ends, ends[len(ends)-1]+frameHead+len(e))
	}
	for n := range len(whole) + 1 {
		keep, end := 0, 0
		for i, e := range ends {
			if e <= n {
				keep, end = i, e
			}
		}
		j, got, err := openBytes(t, whole[:n])
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if len(got) != keep || keep > 0 && !reflect.DeepEqual(got, goldenEntries[:keep]) || j.Torn != int64(n-end) {
			t.Fatalf("%d bytes: %d entries of %d, torn %d", n, len(got), keep, j.Torn)
		}
		if err := errors.Join(j.Append([]byte("next")), j.Close()); err != nil {
			t.Fatal(err)
		}
		again, got, err := OpenJournal(j.f.Name())
		if err != nil || len(got) != keep+1 || string(got[keep]) != "next" || again.Torn != 0 || again.Skipped != 0 {
			t.Fatalf("%d bytes, after another entry: %q %v", n, got, err)
		}
		_ = again.Close()
	}
}

func TestJournal_DamagedEntryCostsNoOtherEntry(t *testing.T) {
	whole := read(t, goldenJournal(t))
	first := len(journalMagic)
	second := first + frameHead + len(goldenEntries[0])
	for i := first; i < second; i++ {
		bad := bytes.Clone(whole)
		bad[i] ^= 0x10
		j, got, err := openBytes(t, bad)
		if err != nil || !reflect.DeepEqual(got, goldenEntries[1:]) || j.Skipped != int64(second-first) || j.Torn != 0 {
			t.Fatalf("byte %d: %q, skipped %d, torn %d, %v", i, got, j.Skipped, j.Torn, err)
		}
		_ = j.Close()
	}
}

func TestJournal_OtherFileIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	write(t, path, []byte("my notes, not yours"))
	if _, _, err := OpenJournal(path); !errors.Is(err, ErrCorrupt) {
		t.Errorf("%v", err)
	}
	if got := string(read(t, path)); got != "my notes, not yours" {
		t.Errorf("now %q", got)
	}
}

func TestJournal_FailedAppendIsTakenBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.wal")
	j, _, err := OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append([]byte("paid")); err != nil {
		t.Fatal(err)
	}
	good := j.f
	if j.f, err = os.Open(path); err != nil { // read only: every write fails
		t.Fatal(err)
	}
	if err := j.Append([]byte("lost")); err == nil {
		t.Fatal("written to a file opened for reading")
	}
	if err := j.Append([]byte("later")); err == nil {
		t.Error("went on after a failure that could not be taken back")
	}
	_ = errors.Join(j.f.Close(), good.Close())
	_, got, err := OpenJournal(path)
	if err != nil || len(got) != 1 || string(got[0]) != "paid" {
		t.Errorf("%q %v", got, err)
	}
}

// TestJournal_DamagedLastEntryIsNotTakenForAnUnfinishedOne flips each byte of a journal: behind a kill there is no seal that covers its end.
func TestJournal_DamagedLastEntryIsNotTakenForAnUnfinishedOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wal")
	j, _, err := OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Append([]byte("first"), []byte("second")), j.Append([]byte("the last one")), j.Close()); err != nil {
		t.Fatal(err)
	}
	whole := read(t, path)
	for i := range whole {
		for bit := range 8 {
			hurt := bytes.Clone(whole)
			hurt[i] ^= 1 << bit
			write(t, path, hurt)
			if _, _, damaged, err := ReadJournal(path); err == nil && damaged == 0 {
				t.Errorf("bit %d of byte %d: not noticed", bit, i)
			}
		}
	}
	for n := len(journalMagic); n < len(whole); n++ {
		write(t, path, whole[:n])
		if _, torn, damaged, err := ReadJournal(path); err != nil || damaged > 0 || torn == 0 && n != len(journalMagic) && n != len(journalMagic)+17 && n != len(journalMagic)+35 {
			t.Errorf("cut to %d bytes: %d torn, %d damaged, %v", n, torn, damaged, err)
		}
	}
	for from := len(whole) - 12; from < len(whole); from++ { // the power went, and the length of the file was written before its end
		lost := append(bytes.Clone(whole[:from]), make([]byte, 64+len(whole)-from)...)
		write(t, path, lost)
		if _, torn, damaged, err := ReadJournal(path); err != nil || torn == 0 || damaged > 0 {
			t.Errorf("zeros from %d: %d torn, %d damaged, %v", from, torn, damaged, err)
		}
	}
}

func FuzzJournal_AnyFileIsReadOrRefused(f *testing.F) {
	whole := read(f, filepath.Join("testdata", "journal.wal"))
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add([]byte(journalMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !bytes.HasPrefix(data, []byte(journalMagic)) {
			data = append([]byte(journalMagic), data...)
		}
		entries, starts, end, skipped := frames(data)
		total := len(journalMagic) + int(skipped)
		for i, e := range entries {
			total += frameHead + len(e)
			if again, whole := frameAt(data[starts[i]:]); !whole || !bytes.Equal(again, e) {
				t.Fatalf("entry %d does not begin at %d", i, starts[i])
			}
		}
		if total != end || end > len(data) {
			t.Fatal(fmt.Sprint("bytes do not add up: ", total, end, len(data)))
		}
		path := filepath.Join(t.TempDir(), "fuzz.wal")
		write(t, path, data)
		got, torn, damaged, err := ReadJournal(path)
		if err != nil || len(got) != len(entries) || int(torn+damaged) != int(skipped)+len(data)-end {
			t.Fatalf("%d entries of %d, %d torn, %d damaged: %v", len(got), len(entries), torn, damaged, err)
		}
	})
}
