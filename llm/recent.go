package llm

import (
	"container/list"
	"encoding/json"
	"fmt"

	"slm/checkpoint"
)

// recent says which of the replies that a run has bought are in memory: those that were asked for last. Replies of other runs that this one has not
// used yet are none of them, and stay.
type recent struct {
	room, held int64                    // bytes; room 0 = all stay
	order      *list.List               // keys, the last one in front
	where      map[string]*list.Element // in order
	start      map[string]int64         // where each begins in the journal
	pinned     map[string]int           // keys that requests under way need, and by how many
}

func newRecent() recent {
	return recent{order: list.New(), where: map[string]*list.Element{}, start: map[string]int64{}, pinned: map[string]int{}}
}

// size is about what an entry takes in memory; bytes.
func (e entry) size() int64 {
	const fixed, score = 512, 16
	n := fixed + len(e.Request.Prompt) + len(e.Reply.Text) + score*len(e.Reply.Scores)
	for _, list := range [][]string{e.Request.Options, e.Request.Stop} {
		for _, text := range list {
			n += len(text)
		}
	}
	if e.Reply.None != nil {
		n += len(e.Reply.None.Said)
	}
	return int64(n)
}

// has reports whether a reply is stored. The caller holds the lock.
func (s *store) has(key string) bool {
	if _, here := s.entries[key]; here {
		return true
	}
	_, there := s.recent.start[key]
	return there
}

// remember takes note that an entry is in memory, and begins at start in the journal if there is one. The caller holds the lock.
func (s *store) remember(e entry, start int64) {
	r := &s.recent
	if r.room == 0 || s.journal == nil && !e.Paid { // without a journal, what others have paid for would have to be bought again
		return
	}
	if s.journal != nil {
		r.start[e.Key] = start
	}
	s.drop(e.Key) // an answer may come after none
	s.entries[e.Key] = e
	r.where[e.Key] = r.order.PushFront(e)
	r.held += e.size()
	s.shrink()
}

// drop takes an entry out of memory.
func (s *store) drop(key string) {
	r := &s.recent
	if el, ok := r.where[key]; ok {
		r.held -= el.Value.(entry).size()
		r.order.Remove(el)
		delete(r.where, key)
		delete(s.entries, key)
	}
}

// shrink takes the entries out of memory that were not asked for the longest, until there is room. What no journal has is forgotten.
func (s *store) shrink() {
	r := &s.recent
	for el := r.order.Back(); el != nil && r.held > r.room; {
		key := el.Value.(entry).Key
		el = el.Prev()
		if r.pinned[key] > 0 {
			continue
		}
		s.drop(key)
		if _, there := r.start[key]; !there {
			s.forget(key)
		}
	}
}

func (s *store) forget(key string) {
	s.drop(key)
	delete(s.recent.start, key)
	delete(s.kept, key)
	for _, keys := range s.uses {
		delete(keys, key)
	}
}

// load returns a stored entry, from memory or from the journal. The caller holds the lock.
func (s *store) load(key string) (entry, error) {
	r := &s.recent
	if e, here := s.entries[key]; here {
		if el, ok := r.where[key]; ok {
			r.order.MoveToFront(el)
		}
		return e, nil
	}
	start, there := r.start[key]
	if !there || s.journal == nil {
		return entry{}, fmt.Errorf("llm: no reply %.12s…", key)
	}
	var e entry
	frame, err := s.journal.Entry(start)
	if err == nil {
		err = json.Unmarshal(frame, &e)
	}
	if err == nil && (e.Key != key || e.check() != nil) {
		err = checkpoint.ErrCorrupt
	}
	if err != nil {
		s.forget(key)
		return e, fmt.Errorf("llm: read a stored reply: %w", err)
	}
	s.remember(e, start)
	return e, nil
}

// pin keeps what is stored under some keys, or will be, until done is called.
func (s *store) pin(keys []string) (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recent.room == 0 {
		return func() {}
	}
	for _, k := range keys {
		s.recent.pinned[k]++
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, k := range keys {
			if s.recent.pinned[k]--; s.recent.pinned[k] == 0 {
				delete(s.recent.pinned, k)
			}
		}
		s.shrink()
	}
}
