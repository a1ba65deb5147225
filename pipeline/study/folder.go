package study

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"slm/checkpoint"
	"slm/internal/grid"
	"slm/internal/sanitize"
	"slm/pipeline/rundir"
)

// Folder is an experiment's folder while a command works on it.
type Folder struct {
	Path   string
	Events *rundir.EventLog
	held   *rundir.Lock
}

// OpenFolder makes the folder, takes its lock and opens its events. rundir.ErrLocked: another process works on it.
func OpenFolder(path string, now func() time.Time, view rundir.Viewer) (*Folder, error) {
	if err := checkpoint.MakeDir(path); err != nil {
		return nil, fmt.Errorf("experiment: %w", err)
	}
	held, err := rundir.TakeLock(path)
	if err != nil {
		return nil, err
	}
	events, err := rundir.OpenEvents(filepath.Join(path, rundir.EventsFile), now, view)
	if err != nil {
		return nil, errors.Join(err, held.Release())
	}
	return &Folder{path, events, held}, nil
}

// Close ends the events and gives the lock back.
func (f *Folder) Close() error { return errors.Join(f.Events.Close(), f.held.Release()) }

// WriteJSON writes a file of an experiment.
func WriteJSON(folder, name string, v any) error {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("experiment: %s: %w", name, err)
	}
	return Write(folder, name, append(text, '\n'))
}

// Write writes a file of an experiment, whole or not at all.
func Write(folder, name string, text []byte) error {
	if err := checkpoint.WriteFileAtomic(filepath.Join(folder, name), text); err != nil {
		return fmt.Errorf("experiment: %s: %w", name, err)
	}
	return nil
}

// TableFiles are the tables of an experiment by form, as slm compare prints them.
var TableFiles = []struct{ Name, Form string }{{"table.txt", "text"}, {"table.csv", "csv"}, {"table.md", "markdown"}, {"table.tex", "latex"}}

// Render is tables in a form, with their notes.
func Render(form string, tables []grid.Table, notes []string) string {
	return sanitize.Text(grid.Render(form, tables, notes))
}

// WriteTables writes the tables in every form.
func WriteTables(folder string, tables []grid.Table, notes []string) error {
	for _, f := range TableFiles {
		if err := Write(folder, f.Name, []byte(Render(f.Form, tables, notes))); err != nil {
			return err
		}
	}
	return nil
}

// Exists reports whether there is a file.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
