package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/report/ladder"
	"slm/stages/knowledge"
)

// entry is a frame of the journal of partial work: its first says what the work belongs to, the others hold a piece of knowledge or a
// row that is done.
type entry struct {
	Key    string           `json:"key,omitempty"`    // of the whole journal
	System string           `json:"system,omitempty"` // that wrote Piece
	Item   string           `json:"item,omitempty"`
	Piece  *knowledge.Piece `json:"piece,omitempty"`
	Row    *ladder.Row      `json:"row,omitempty"`
	Used   int              `json:"used,omitempty"` // replies that had been used when the row was done
}

// work is what an evaluation has done so far. With a file behind it, a killed evaluation goes on from there. The zero value keeps
// everything in memory only.
type work struct {
	log    *checkpoint.Journal
	used   func() int                    // replies used so far; nil: nobody counts
	pieces map[[2]string]knowledge.Piece // by system and item
	rows   map[[2]string]ladder.Row      // by system and item
}

// openWork opens the journal in a folder. One that belongs to other work (another key) is thrown away, and so are rows that were built on more
// replies than there are now.
func openWork(dir, key string, used func() int) (work, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return work{}, fmt.Errorf("eval: keep partial work: %w", err)
	}
	path := filepath.Join(dir, "journal")
	log, frames, err := checkpoint.OpenJournal(path)
	if err != nil {
		return work{}, fmt.Errorf("eval: keep partial work: %w", err)
	}
	w := work{log: log, used: used}
	if w.replay(frames, key) {
		return w, nil
	}
	if len(frames) > 0 {
		if err := errors.Join(log.Close(), os.Remove(path)); err != nil {
			return work{}, fmt.Errorf("eval: throw away partial work of another evaluation: %w", err)
		}
		if w.log, _, err = checkpoint.OpenJournal(path); err != nil {
			return work{}, fmt.Errorf("eval: keep partial work: %w", err)
		}
	}
	w.pieces, w.rows = nil, nil
	err = w.append(entry{Key: key})
	return w, err
}

// replay takes over a journal's frames. It reports whether they belong to this work.
func (w *work) replay(frames [][]byte, key string) bool {
	for i, f := range frames {
		var e entry
		if json.Unmarshal(f, &e) != nil || (i == 0) != (e.Key != "") || (i == 0 && e.Key != key) {
			return false
		}
		if e.Used <= w.replies() {
			w.take(e)
		}
	}
	return len(frames) > 0
}

func (w *work) replies() int {
	if w.used == nil {
		return 0
	}
	return w.used()
}

func (w *work) take(e entry) {
	if w.pieces == nil {
		w.pieces, w.rows = map[[2]string]knowledge.Piece{}, map[[2]string]ladder.Row{}
	}
	switch {
	case e.Piece != nil:
		w.pieces[[2]string{e.System, e.Item}] = *e.Piece
	case e.Row != nil:
		w.rows[[2]string{e.Row.System, e.Row.Item}] = *e.Row
	}
}

// append keeps entries: on disk when it returns, if there is a file.
func (w *work) append(entries ...entry) error {
	frames := make([][]byte, len(entries))
	for i, e := range entries {
		b, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("eval: keep partial work: %w", err)
		}
		frames[i] = b
	}
	if w.log != nil {
		if err := w.log.Append(frames...); err != nil {
			return fmt.Errorf("eval: keep partial work: %w", err)
		}
	}
	for _, e := range entries {
		w.take(e)
	}
	return nil
}

// restore fills a block of rows from the partial work, if all of them are there.
func (w *work) restore(block []ladder.Row) bool {
	kept := make([]ladder.Row, len(block))
	for j, r := range block {
		row, ok := w.rows[[2]string{r.System, r.Item}]
		if !ok {
			return false
		}
		kept[j] = row
	}
	copy(block, kept)
	return true
}

func (w *work) close() error {
	if w.log == nil {
		return nil
	}
	return w.log.Close()
}
