package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"sync"
	"time"

	"slm/stages"
)

// EventVersion is the version of a line of events.jsonl.
const EventVersion = 1

// eventLog appends events to a run's events.jsonl and hands them to a viewer. It may be used from several goroutines.
type eventLog struct {
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

// openEvents opens the log for appending. A line that a killed process left unfinished is closed first, so that it spoils only itself.
func openEvents(path string, now func() time.Time, view Viewer) (*eventLog, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("pipeline: events: %w", err)
	}
	if end, err := f.Seek(0, io.SeekEnd); err == nil && end > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, end-1); err == nil && last[0] != '\n' {
			_, err = f.Write([]byte("\n"))
			if err != nil {
				return nil, errors.Join(fmt.Errorf("pipeline: events: %w", err), f.Close())
			}
		}
	}
	return &eventLog{f: f, now: now, view: view}, nil
}

// emit writes one event. A failed write is kept for close: a full disk must not lose the state that the stage is about to save.
func (l *eventLog) emit(e stages.Event) {
	e.V, e.T = EventVersion, l.now().UTC().Format(time.RFC3339Nano)
	finite(&e)
	l.mu.Lock()
	defer l.mu.Unlock()
	text, err := json.Marshal(e)
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

// failed returns the first failed write.
func (l *eventLog) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *eventLog) close() error {
	return errors.Join(l.failed(), l.f.Sync(), l.f.Close())
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
