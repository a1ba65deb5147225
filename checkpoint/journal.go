package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

// A journal file is journalMagic and then frames: frameMark, length and CRC-32C of (length, payload), both little-endian uint32, payload.
// The mark lets a reader find the next frame behind a damaged one.
const (
	journalMagic = "SLMWAL1\n"
	frameMark    = "\xf5JR\xa7"
	frameHead    = len(frameMark) + 8
	maxFrame     = 1 << 28 // bytes
	maxJournal   = 1 << 40 // bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Journal is an append-only file whose entries are on disk when Append returns. It is not safe for concurrent use.
type Journal struct {
	// Torn is how many bytes of an unfinished last entry OpenJournal cut off. Skipped is how many damaged bytes between whole
	// entries it passed over; they stay in the file.
	Torn, Skipped int64

	// Starts are where the entries begin that OpenJournal has returned, for Entry.
	Starts []int64

	f      file
	end    int64 // length of what is known to be good
	broken error // set when a failed append could not be taken back
}

// OpenJournal opens or creates a journal and returns its entries in order. An entry that a crash left unfinished at the end is cut off;
// a damaged one in the middle is passed over, and the ones behind it are kept. A file that is not a journal is ErrCorrupt and untouched.
func OpenJournal(path string) (*Journal, [][]byte, error) {
	data, err := readCapped(path, maxJournal)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("checkpoint: open journal %s: %w", path, err)
	}
	created := err != nil
	j := &Journal{}
	var entries [][]byte
	switch {
	case len(data) < len(journalMagic) && bytes.HasPrefix([]byte(journalMagic), data):
		j.Torn = int64(len(data)) // empty, or cut while it was created
	case !bytes.HasPrefix(data, []byte(journalMagic)):
		return nil, nil, fmt.Errorf("checkpoint: open journal %s: %w: not a journal", path, ErrCorrupt)
	default:
		var end int
		entries, j.Starts, end, j.Skipped = frames(data)
		j.end, j.Torn = int64(end), int64(len(data)-end)
	}
	if j.f, err = theDisk.open(path, os.O_RDWR|os.O_CREATE); err != nil {
		return nil, nil, fmt.Errorf("checkpoint: open journal %s: %w", path, err)
	}
	if err := j.prepare(created); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("checkpoint: open journal %s: %w", path, err), j.f.Close())
	}
	return j, entries, nil
}

// ReadJournal returns the entries of a journal as OpenJournal does, and changes nothing. torn is what a crash has left of a last entry;
// skipped are the damaged bytes between whole entries, and behind the last one those that no crash can have left.
func ReadJournal(path string) (entries [][]byte, torn, skipped int64, err error) {
	data, err := readCapped(path, maxJournal)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("checkpoint: read journal %s: %w", path, err)
	}
	if !bytes.HasPrefix(data, []byte(journalMagic)) {
		if bytes.HasPrefix([]byte(journalMagic), data) {
			return nil, int64(len(data)), 0, nil
		}
		return nil, 0, 0, fmt.Errorf("checkpoint: read journal %s: %w: not a journal", path, ErrCorrupt)
	}
	entries, _, end, skipped := frames(data)
	if tail := data[end:]; unfinished(tail) {
		torn = int64(len(tail))
	} else {
		skipped += int64(len(tail))
	}
	return entries, torn, skipped, nil
}

// unfinished reports whether what lies behind the last whole frame can be what a crash has left of a write: the beginning of a frame, or
// one of which parts never reached the disk and are read as zeros.
func unfinished(tail []byte) bool {
	n := min(len(tail), len(frameMark))
	switch {
	case bytes.Contains(tail, make([]byte, 64)):
		return true
	case string(tail[:n]) != frameMark[:n]:
		return false
	case len(tail) < frameHead:
		return true
	}
	long, rest := binary.LittleEndian.Uint32(tail[4:]), tail[frameHead:]
	if long > maxFrame || int(long) <= len(rest) {
		return false // it is all there, or no frame begins so
	}
	var length [4]byte // of a whole frame whose length alone is damaged
	binary.LittleEndian.PutUint32(length[:], uint32(len(rest)))
	return binary.LittleEndian.Uint32(tail[8:]) != frameSum(length[:], rest)
}

// prepare cuts the torn end and writes the header of a new file.
func (j *Journal) prepare(created bool) error {
	if j.Torn > 0 {
		if err := j.f.Truncate(j.end); err != nil {
			return err
		}
	}
	if j.end == 0 {
		if _, err := j.f.WriteAt([]byte(journalMagic), 0); err != nil {
			return err
		}
		j.end = int64(len(journalMagic))
	} else if j.Torn == 0 {
		return nil
	}
	if err := j.f.Sync(); err != nil {
		return err
	}
	if created {
		return theDisk.syncDir(filepath.Dir(j.f.Name()))
	}
	return nil
}

// frames walks the frames of a journal and returns the payloads (views of data), where their frames begin, the end of the last whole one, and how
// many damaged bytes lie before that end.
func frames(data []byte) (entries [][]byte, starts []int64, end int, skipped int64) {
	end = len(journalMagic)
	for at := end; at < len(data); {
		if payload, ok := frameAt(data[at:]); ok {
			skipped += int64(at - end)
			entries, starts = append(entries, payload), append(starts, int64(at))
			at += frameHead + len(payload)
			end = at
			continue
		}
		next := bytes.Index(data[at+1:], []byte(frameMark))
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return entries, starts, end, skipped
}

// frameAt returns the payload of the frame that data starts with.
func frameAt(data []byte) ([]byte, bool) {
	if len(data) < frameHead || string(data[:len(frameMark)]) != frameMark {
		return nil, false
	}
	n := binary.LittleEndian.Uint32(data[4:])
	if n > maxFrame || int(n) > len(data)-frameHead {
		return nil, false
	}
	payload := data[frameHead : frameHead+int(n) : frameHead+int(n)]
	return payload, binary.LittleEndian.Uint32(data[8:]) == frameSum(data[4:8], payload)
}

func frameSum(length, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(length, castagnoli), castagnoli, payload)
}

// Append writes entries with one write and one sync. When it fails, as on a full disk, none of them is in the journal.
func (j *Journal) Append(entries ...[]byte) error {
	_, err := j.Put(entries...)
	return err
}

// Put is Append, and says where each entry begins, for Entry.
func (j *Journal) Put(entries ...[]byte) (starts []int64, err error) {
	if j.broken != nil {
		return nil, fmt.Errorf("checkpoint: append to journal: %w", j.broken)
	}
	var buf []byte
	for _, e := range entries {
		if len(e) > maxFrame {
			return nil, fmt.Errorf("checkpoint: append to journal: entry of %d bytes is too long", len(e))
		}
		starts = append(starts, j.end+int64(len(buf)))
		var head [8]byte
		binary.LittleEndian.PutUint32(head[:], uint32(len(e)))
		binary.LittleEndian.PutUint32(head[4:], frameSum(head[:4], e))
		buf = append(append(append(buf, frameMark...), head[:]...), e...)
	}
	if len(buf) == 0 {
		return nil, nil
	}
	_, err = j.f.WriteAt(buf, j.end)
	if err == nil {
		err = j.f.Sync()
	}
	if err != nil {
		if terr := j.f.Truncate(j.end); terr != nil {
			j.broken = terr
		}
		return nil, fmt.Errorf("checkpoint: append to journal: %w", err)
	}
	j.end += int64(len(buf))
	return starts, nil
}

// Entry reads the entry that begins where Put or Starts has said. ErrCorrupt: no whole one begins there.
func (j *Journal) Entry(start int64) ([]byte, error) {
	frame := make([]byte, frameHead)
	if start < int64(len(journalMagic)) || start+int64(frameHead) > j.end {
		return nil, fmt.Errorf("checkpoint: read journal %s: %w: it has no byte %d", j.f.Name(), ErrCorrupt, start)
	}
	if _, err := j.f.ReadAt(frame, start); err != nil {
		return nil, fmt.Errorf("checkpoint: read journal: %w", err)
	}
	long := int64(binary.LittleEndian.Uint32(frame[len(frameMark):]))
	if long > min(maxFrame, j.end-start-int64(frameHead)) {
		return nil, fmt.Errorf("checkpoint: read journal %s: %w: at byte %d", j.f.Name(), ErrCorrupt, start)
	}
	frame = append(frame, make([]byte, long)...)
	if _, err := j.f.ReadAt(frame[frameHead:], start+int64(frameHead)); err != nil {
		return nil, fmt.Errorf("checkpoint: read journal: %w", err)
	}
	payload, whole := frameAt(frame)
	if !whole {
		return nil, fmt.Errorf("checkpoint: read journal %s: %w: at byte %d", j.f.Name(), ErrCorrupt, start)
	}
	return payload, nil
}

// Close closes the file; every entry is on disk already.
func (j *Journal) Close() error { return j.f.Close() }
