package eval

import (
	"path/filepath"

	"slm/llm"
	"slm/result"
	"slm/stages"
	"slm/stages/knowledge"
	"slm/stages/systems"
)

// entry is a piece of an evaluation's work: a piece of knowledge or a row that is done.
type entry struct {
	System string           `json:"system,omitempty"` // whose small model wrote Piece
	Item   string           `json:"item,omitempty"`
	Piece  *knowledge.Piece `json:"piece,omitempty"`
	Row    *result.Row      `json:"row,omitempty"`
}

// work is what an evaluation has done so far. With a file behind it, a killed evaluation goes on from there. The zero value keeps
// everything in memory only.
type work struct {
	log    *stages.Partial[entry]
	pieces map[[2]string]knowledge.Piece // by system and item
	rows   map[[2]string]result.Row      // by system and item
}

// openWork opens the journal in a folder. One that belongs to other work (another key) is thrown away.
func openWork(dir, key string, client llm.Client) (*work, error) {
	log, entries, err := stages.OpenPartial[entry](filepath.Join(dir, "journal"), key, client)
	if err != nil {
		return nil, err
	}
	w := &work{log: log}
	for _, e := range entries {
		w.take(e)
	}
	return w, nil
}

func (w *work) take(e entry) {
	if w.pieces == nil {
		w.pieces, w.rows = map[[2]string]knowledge.Piece{}, map[[2]string]result.Row{}
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
	if err := w.log.Append(entries...); err != nil {
		return err
	}
	for _, e := range entries {
		w.take(e)
	}
	return nil
}

// Piece implements systems.Journal.
func (w *work) Piece(speaker, item string) (knowledge.Piece, bool) {
	p, ok := w.pieces[[2]string{speaker, item}]
	return p, ok
}

// Keep implements systems.Journal.
func (w *work) Keep(speaker string, items []string, pieces []knowledge.Piece) error {
	entries := make([]entry, len(items))
	for i, item := range items {
		entries[i] = entry{System: speaker, Item: item, Piece: &pieces[i]}
	}
	return w.append(entries...)
}

// keepRows keeps a block of rows.
func (w *work) keepRows(rows []result.Row) error {
	entries := make([]entry, len(rows))
	for i := range rows {
		entries[i] = entry{Row: &rows[i]}
	}
	return w.append(entries...)
}

// restore returns a system's rows for a block of items, if all of them are there. One without an answer may have one now: whether it is asked for
// again is the black box's to know.
func (w *work) restore(system string, block []systems.Question) ([]result.Row, bool) {
	var kept []result.Row
	for _, q := range block {
		row, ok := w.rows[[2]string{system, q.ID}]
		if !ok || row.NoAnswer != "" {
			return nil, false
		}
		kept = append(kept, row)
	}
	return kept, true
}

var _ systems.Journal = (*work)(nil)
