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
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, frame := range frames {
		var e entry
		if err := json.Unmarshal(frame, &e); err != nil {
			return fmt.Errorf("llm: replay %s: %w: entry %d: %w", path, checkpoint.ErrCorrupt, i+1, err)
		}
		if e.V != entryVersion || e.Key == "" { // of another version, or a mark of a further use
			continue
		}
		if k, err := e.Info.key(e.Request); err != nil || k != e.Key {
			return fmt.Errorf("llm: replay %s: %w: entry %d is not what its key says", path, checkpoint.ErrCorrupt, i+1)
		}
		if _, known := s.entries[e.Key]; !known {
			e.Paid = false
			s.entries[e.Key] = e
		}
	}
	return nil
}
