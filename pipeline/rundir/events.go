package rundir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"reflect"
	"sync"
	"time"

	"slm/stages"
)

// EventVersion is the version of a line of events.jsonl. Since version 2 a line ends in a checksum.
const EventVersion = 2

// The end of a line: the CRC-32C of all that stands before it.
const (
	sumStart = `,"crc":"`
	sumSize  = len(sumStart) + 8 + len(`"}`) // bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func lineSum(text []byte) []byte {
	return fmt.Appendf(nil, sumStart+`%08x"}`, crc32.Checksum(text, castagnoli))
}

// encodeEvent gives an event's line, without its end.
func encodeEvent(e stages.Event) ([]byte, error) {
	text, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	text = text[:len(text)-1] // the closing brace comes back with the checksum
	return append(text, lineSum(text)...), nil
}

// EventIsWhole reports whether a line is what encodeEvent gives, or what version 1 did, which had no checksums.
func EventIsWhole(line []byte) bool {
	var e stages.Event
	if json.Unmarshal(line, &e) != nil || e.Type == "" {
		return false
	}
	at := len(line) - sumSize
	if at < 0 || !bytes.HasPrefix(line[at:], []byte(sumStart)) {
		return e.V == 1
	}
	return bytes.Equal(line[at:], lineSum(line[:at]))
}

// EventIsCut reports whether a line without its end can be what a stopped write left.
func EventIsCut(line []byte) bool {
	at := bytes.LastIndex(line, []byte(sumStart))
	return at < 0 || bytes.HasPrefix(lineSum(line[:at]), line[at:])
}

// EventLog appends events to a run's events.jsonl and hands them to a viewer. It may be used from several goroutines.
type EventLog struct {
	mu   sync.Mutex
	f    *os.File
	now  func() time.Time
	view Viewer
	err  error // the first failed write
}

// Viewer shows events to the user.
type Viewer interface {
	// Event is called for each event in turn, never twice at once.
	Event(e stages.Event)
	// Close ends the display.
	Close()
}

// OpenEvents opens the log for appending. What a killed process left of a line is cut off first.
func OpenEvents(path string, now func() time.Time, view Viewer) (*EventLog, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("pipeline: events: %w", err)
	}
	if err := cutLine(f); err != nil {
		return nil, errors.Join(fmt.Errorf("pipeline: events: %w", err), f.Close())
	}
	return &EventLog{f: f, now: now, view: view}, nil
}

// cutLine ends a file with its last whole line.
func cutLine(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	buf := make([]byte, 4096)
	for end := size; end > 0; {
		from := max(0, end-int64(len(buf)))
		part := buf[:end-from]
		if _, err := f.ReadAt(part, from); err != nil {
			return err
		}
		if at := bytes.LastIndexByte(part, '\n'); at >= 0 {
			if from += int64(at) + 1; from == size {
				return nil
			}
			return f.Truncate(from)
		}
		end = from
	}
	return f.Truncate(0)
}

// Emit writes one event. A failed write is kept for Close: a full disk must not lose the state that the stage is about to save.
func (l *EventLog) Emit(e stages.Event) {
	e.V, e.T = EventVersion, l.now().UTC().Format(time.RFC3339Nano)
	finite(&e)
	l.mu.Lock()
	defer l.mu.Unlock()
	text, err := encodeEvent(e)
	if err == nil {
		_, err = l.f.Write(append(text, '\n'))
	}
	if l.err == nil && err != nil {
		l.err = fmt.Errorf("pipeline: events: %w", err)
	}
	if l.view != nil {
		l.view.Event(e)
	}
}

// Failed returns the first failed write.
func (l *EventLog) Failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *EventLog) Close() error {
	return errors.Join(l.Failed(), l.f.Sync(), l.f.Close())
}

// finite replaces numbers that JSON cannot hold by 0 and says so.
func finite(e *stages.Event) {
	v := reflect.ValueOf(e).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		if f.CanFloat() && (math.IsNaN(f.Float()) || math.IsInf(f.Float(), 0)) {
			f.SetFloat(0)
			e.Message += fmt.Sprintf(" (%s is not finite)", v.Type().Field(i).Name)
		}
	}
}
