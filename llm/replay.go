package llm

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"slm/checkpoint"
)

// journalExt is the ending of a run's journal of replies.
const journalExt = ".wal"

// replay adds the replies of an exported file, or of a journal, to what is known, without paying or storing them again.
func (s *store) replay(path string) error {
	if filepath.Ext(path) == journalExt {
		return s.replayJournal(path)
	}
	entries, err := readReplies(path)
	if err != nil {
		return fmt.Errorf("llm: replay: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		if !s.has(e.Key) {
			s.add(e)
		}
	}
	return nil
}

// readReplies reads an exported file. ErrCorrupt: a row that no program wrote.
func readReplies(path string) ([]entry, error) {
	rows, _, err := checkpoint.ReadTable[replyRow](path)
	if err != nil {
		return nil, err
	}
	out := make([]entry, len(rows))
	for i, r := range rows {
		if out[i], err = r.entry(); err != nil {
			return nil, fmt.Errorf("%s: %w: row %d: %w", path, checkpoint.ErrCorrupt, i+1, err)
		}
	}
	return out, nil
}

// entry is the inverse of the row that export writes. Nobody has paid for it here.
func (r replyRow) entry() (entry, error) {
	e := entry{
		V: entryVersion, Key: r.Key, USD: r.USD, Info: Info{Provider: r.Provider, Model: r.Model, Digest: r.Digest},
		Request: Request{Prompt: r.Prompt, Options: r.Options, MaxTokens: int(r.MaxTokens), Stop: r.Stop, Chat: r.Chat},
		Reply:   Reply{Text: r.Text, Cut: r.Cut, PromptTokens: int(r.PromptTokens), OutputTokens: int(r.OutputTokens)},
	}
	if r.NoAnswer != "" {
		e.Reply.None = &NoAnswer{Reason(r.NoAnswer), r.Said}
	}
	if r.More != "" {
		var told Reply
		if err := errors.Join(json.Unmarshal([]byte(r.More), &e.Request), json.Unmarshal([]byte(r.Shown), &told)); err != nil {
			return e, err
		}
		e.Reply.Shown, e.Reply.Read = told.Shown, told.Read
	}
	if len(r.LogProbs) != len(r.Tokens) {
		return e, errors.New("not as many log-probabilities as numbers of tokens")
	}
	for o := range r.LogProbs {
		e.Reply.Scores = append(e.Reply.Scores, Score{r.LogProbs[o], int(r.Tokens[o])})
	}
	return e, e.check()
}

// replayJournal adds the replies of another run's journal to what is known, without paying or storing them again. It changes nothing in
// that run. A damaged frame is an error: replies of a run that is reproduced must all be there.
func (s *store) replayJournal(path string) error {
	frames, _, skipped, err := checkpoint.ReadJournal(path)
	if err != nil {
		return fmt.Errorf("llm: replay: %w", err)
	}
	if skipped > 0 {
		return fmt.Errorf("llm: replay %s: %w: %d bytes between its entries are damaged", path, checkpoint.ErrCorrupt, skipped)
	}
	if err := s.replayFrames(frames); err != nil {
		return fmt.Errorf("llm: replay %s: %w: %w", path, checkpoint.ErrCorrupt, err)
	}
	return nil
}

func (s *store) replayFrames(frames [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, frame := range frames {
		var e entry
		if err := json.Unmarshal(frame, &e); err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
		if e.V != entryVersion || e.Key == "" { // of another version, a mark of a further use, or a call without a reply
			continue
		}
		if err := e.check(); err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
		if !s.has(e.Key) {
			e.Paid = false
			s.add(e)
		}
	}
	return nil
}
