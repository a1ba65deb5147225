package stages

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/llm"
)

// Partial keeps what a stage has worked out so far, piece by piece, so that one that is killed goes on from there. It is a journal, whose first
// frame says what the work belongs to. Each other one says how many replies of the black box had been used by then: a copy of a run that is
// made while it works has its replies of one moment and its partial work of a later one, and what was built on replies that are missing does
// not count. A nil Partial keeps nothing.
type Partial[E any] struct {
	file   *checkpoint.Journal
	client llm.Client
}

type partialFrame[E any] struct {
	Key  string `json:"key,omitempty"`
	Used int    `json:"used,omitempty"`
	Work *E     `json:"work,omitempty"`
}

// OpenPartial opens the journal at path, makes its folder, and returns the pieces in it. Work of another key is thrown away. client
// counts replies; nil counts none.
func OpenPartial[E any](path, key string, client llm.Client) (*Partial[E], []E, error) {
	p := &Partial[E]{client: client}
	pieces, err := p.open(path, key)
	if err != nil {
		return nil, nil, fmt.Errorf("stages: keep partial work: %w", errors.Join(err, p.Close()))
	}
	return p, pieces, nil
}

func (p *Partial[E]) open(path, key string) ([]E, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	var frames [][]byte
	var err error
	if p.file, frames, err = checkpoint.OpenJournal(path); err != nil {
		return nil, err
	}
	pieces, ours := p.read(frames, key)
	if ours {
		return pieces, nil
	}
	if len(frames) > 0 {
		if err := errors.Join(p.Close(), os.Remove(path)); err != nil {
			return nil, err
		}
		if p.file, _, err = checkpoint.OpenJournal(path); err != nil {
			return nil, err
		}
	}
	return nil, p.write(partialFrame[E]{Key: key})
}

// read decodes frames and reports whether they belong to the key.
func (p *Partial[E]) read(frames [][]byte, key string) (pieces []E, ours bool) {
	for i, text := range frames {
		var f partialFrame[E]
		if json.Unmarshal(text, &f) != nil || (i == 0) != (f.Work == nil) || i == 0 && f.Key != key {
			return nil, false
		}
		if i > 0 && f.Used <= llm.Used(p.client) {
			pieces = append(pieces, *f.Work)
		}
	}
	return pieces, len(frames) > 0
}

// Append keeps pieces: they are on disk when it returns.
func (p *Partial[E]) Append(pieces ...E) error {
	if p == nil {
		return nil
	}
	frames := make([]partialFrame[E], len(pieces))
	for i := range pieces {
		frames[i] = partialFrame[E]{Used: llm.Used(p.client), Work: &pieces[i]}
	}
	if err := p.write(frames...); err != nil {
		return fmt.Errorf("stages: keep partial work: %w", err)
	}
	return nil
}

func (p *Partial[E]) write(frames ...partialFrame[E]) error {
	texts := make([][]byte, len(frames))
	for i, f := range frames {
		var err error
		if texts[i], err = json.Marshal(f); err != nil {
			return err
		}
	}
	return p.file.Append(texts...)
}

// Close ends the journal; what is in it stays.
func (p *Partial[E]) Close() error {
	if p == nil || p.file == nil {
		return nil
	}
	file := p.file
	p.file = nil
	return file.Close()
}
