package llm

import (
	"encoding/json"
	"fmt"

	"slm/checkpoint"
)

// journalExt is the ending of a run's journal of replies.
const journalExt = ".wal"

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
		if _, known := s.entries[e.Key]; !known {
			e.Paid = false
			s.add(e)
		}
	}
	return nil
}
