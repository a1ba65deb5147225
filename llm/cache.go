package llm

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"sync"

	"slm/checkpoint"
)

// entry is one stored reply: what the journal holds, as JSON.
type entry struct {
	V       int     `json:"v"`
	Key     string  `json:"key"`
	Info    Info    `json:"info"`
	Request Request `json:"request"`
	Reply   Reply   `json:"reply"`
	USD     float64 `json:"usd,omitempty"`
	Paid    bool    `json:"paid"`          // by this run; else it was replayed from another's file
	Use     string  `json:"use,omitempty"` // by whom, if anybody has given a label
}

// mark is a frame of the journal that says that a stored reply was used under a further label.
type mark struct {
	V   int    `json:"v"`
	Key string `json:"mark"`
	Use string `json:"use"`
}

// waste is a frame of the journal for a call that the server knows of and that brought no reply.
type waste struct {
	V     int    `json:"v"`
	Spent *Usage `json:"spent"`
}

const entryVersion = 1

// check says what is wrong with an entry that was read: nothing that a damaged file or another program put there is taken for a reply.
func (e entry) check() error {
	switch k, err := e.Info.key(e.Request); {
	case err != nil:
		return err
	case k != e.Key:
		return errors.New("it is not what its key says")
	case e.Reply.None != nil && (e.Reply.None.Reason == "" || len(e.Reply.Scores) > 0):
		return errors.New("it has an answer and none")
	case e.Reply.None == nil && len(e.Reply.Scores) != len(e.Request.Options):
		return fmt.Errorf("%d scores for %d options", len(e.Reply.Scores), len(e.Request.Options))
	case e.Reply.None == nil && e.Request.peek() && (len(e.Reply.Shown) != e.Request.places() || len(e.Reply.Read) != e.Request.named()):
		return fmt.Errorf("next tokens at %d places of %d", len(e.Reply.Shown), e.Request.places())
	case !sane(e.Reply.PromptTokens) || !sane(e.Reply.OutputTokens):
		return errors.New("its number of tokens is none")
	}
	for _, s := range e.Reply.Scores {
		if s.Tokens < 1 || !sane(s.Tokens) || !isLogProb(s.LogProb) {
			return errors.New("a score is no log-probability of a text")
		}
	}
	return nil
}

// sane says that a number can be one of tokens or calls, and fits into replies.arrow.
func sane[N int | int64](n N) bool { return n >= 0 && n <= math.MaxInt32 }

// isLogProb allows for rounding above 0.
func isLogProb(x float64) bool {
	const slack = 0.1 // of a long text, summed
	return x <= slack && !math.IsInf(x, 0)
}

// store is the cache: replies by content address, each on disk before it is given out.
type store struct {
	mu      sync.Mutex
	entries map[string]entry
	kept    map[string]bool            // keys that are in the journal; the others were replayed and not used yet
	failed  map[string]bool            // keys that another process got no answer to and that may have one now; nil = they are not asked again
	uses    map[string]map[string]bool // by label, the keys of what was used under it
	journal *checkpoint.Journal
	flights map[string]chan struct{} // keys that somebody is asking for; closed when he is done
	lenders map[string][]*lender     // by key, the tables of other runs that have the reply and were not read yet, in their order
	recent  recent                   // which of the entries are in memory
}

// emptyStore is a store without entries. offline = questions that had no answer before have none now.
func emptyStore(offline bool) *store {
	s := &store{entries: map[string]entry{}, kept: map[string]bool{}, uses: map[string]map[string]bool{}, flights: map[string]chan struct{}{}, lenders: map[string][]*lender{}, recent: newRecent()}
	if !offline {
		s.failed = map[string]bool{}
	}
	return s
}

// add takes in an entry that another process wrote. The caller holds the lock or is alone.
func (s *store) add(e entry) {
	s.entries[e.Key] = e
	if s.failed != nil && e.Reply.None.passing() {
		s.failed[e.Key] = true
	}
}

// openStore reads a journal, if a path is given, and says what its replies took. room is that of recent.
func openStore(path string, offline bool, room int64) (*store, Usage, error) {
	s := emptyStore(offline)
	s.recent.room = room
	var used Usage
	if path == "" {
		return s, used, nil
	}
	j, frames, err := checkpoint.OpenJournal(path)
	if err != nil {
		return nil, used, fmt.Errorf("llm: %w", err)
	}
	s.journal = j
	for i, frame := range frames {
		s.read(frame, j.Starts[i], &used)
	}
	return s, used, nil
}

// read takes in the frame of the run's own journal that begins at start. One of another version, or a stray one, is not an answer to anything that is asked now.
func (s *store) read(frame []byte, start int64, used *Usage) {
	var m mark
	if json.Unmarshal(frame, &m) == nil && m.V == entryVersion && m.Key != "" {
		s.use(m.Use, m.Key)
		return
	}
	var w waste
	if json.Unmarshal(frame, &w) == nil && w.V == entryVersion && w.Spent != nil {
		if u := w.Spent; sane(u.Calls) && sane(u.PromptTokens) && sane(u.OutputTokens) && sane(u.Retries) {
			used.add(*u)
		}
		return
	}
	var e entry
	if json.Unmarshal(frame, &e) != nil || e.V != entryVersion || e.check() != nil {
		return
	}
	delete(s.failed, e.Key) // the journal's last word counts
	s.add(e)
	s.kept[e.Key] = true
	s.use(e.Use, e.Key)
	s.remember(e, start)
	if e.Paid {
		used.add(e.Reply.usage())
	}
}

// use takes note that a reply was used under a label.
func (s *store) use(label, key string) {
	if s.uses[label] == nil {
		s.uses[label] = map[string]bool{}
	}
	s.uses[label][key] = true
}

// used counts the replies used under a label.
func (s *store) used(label string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.uses[label])
}

// get returns a stored reply; the caller may change its copy. ErrCorrupt: it is no longer where it was stored, and is forgotten.
func (s *store) get(key string) (Reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.load(key)
	if err != nil {
		return Reply{}, err
	}
	e.Reply.Scores = slices.Clone(e.Reply.Scores)
	if n := e.Reply.None; n != nil {
		e.Reply.None = &NoAnswer{n.Reason, n.Said}
	}
	return e.Reply, nil
}

// spend remembers a call that brought no reply, so that the budget of a run holds over all its restarts.
func (s *store) spend(u Usage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal == nil {
		return nil
	}
	u.USD = 0 // follows from the tokens and the price
	frame, err := canonical(waste{entryVersion, &u})
	if err == nil {
		err = s.journal.Append(frame)
	}
	if err != nil {
		return fmt.Errorf("llm: store a call: %w", err)
	}
	return nil
}

// put stores replies as used under a label: on disk first, then for use.
func (s *store) put(label string, entries ...entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	frames := make([][]byte, len(entries))
	for i := range entries {
		entries[i].Use = label
		frame, err := canonical(entries[i])
		if err != nil {
			return fmt.Errorf("llm: store reply: %w", err)
		}
		frames[i] = frame
	}
	starts := make([]int64, len(entries))
	if s.journal != nil {
		var err error
		if starts, err = s.journal.Put(frames...); err != nil {
			return fmt.Errorf("llm: store reply: %w", err)
		}
	}
	for i, e := range entries {
		s.entries[e.Key], s.kept[e.Key] = e, true
		delete(s.failed, e.Key)
		s.use(e.Use, e.Key)
		s.remember(e, starts[i])
	}
	return nil
}

// keep puts those of the keys into the journal that came from another run's file, so that this run has all that it used, and marks those
// that were used under other labels only.
func (s *store) keep(label string, keys []string) error {
	var loose []entry
	var frames [][]byte
	s.mu.Lock()
	fresh := map[string]bool{}
	for _, k := range keys {
		switch {
		case !s.has(k) || fresh[k]:
		case !s.kept[k]:
			e := s.entries[k]
			e.Paid = false
			loose = append(loose, e)
			fresh[k] = true
		case label != "" && !s.uses[label][k]:
			frame, err := canonical(mark{entryVersion, k, label})
			if err != nil {
				s.mu.Unlock()
				return fmt.Errorf("llm: store reply: %w", err)
			}
			frames = append(frames, frame)
			s.use(label, k)
		}
	}
	var err error
	if s.journal != nil && len(frames) > 0 {
		err = s.journal.Append(frames...)
	}
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("llm: store reply: %w", err)
	}
	if len(loose) == 0 {
		return nil
	}
	return s.put(label, loose...)
}

// claim sorts keys into those that the caller is to ask for and the flights of others that he is to wait for; stored ones are in neither.
func (s *store) claim(keys []string) (mine []int, others []chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.borrow(keys)
	claimed := map[string]bool{}
	for i, k := range keys {
		if s.has(k) && !s.failed[k] || claimed[k] {
			continue
		}
		if f, ok := s.flights[k]; ok {
			others = append(others, f)
			continue
		}
		claimed[k] = true
		s.flights[k] = make(chan struct{})
		mine = append(mine, i)
	}
	return mine, others
}

// land ends the flights of keys, whether their replies came or not.
func (s *store) land(keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		if f, ok := s.flights[k]; ok {
			close(f)
			delete(s.flights, k)
		}
	}
}

// replyRow is a line of replies.arrow. request is the canonical JSON behind the key.
type replyRow struct {
	Key          string    `arrow:"key"`
	Provider     string    `arrow:"provider"`
	Model        string    `arrow:"model"`
	Digest       string    `arrow:"digest"`
	Prompt       string    `arrow:"prompt"`
	Options      []string  `arrow:"options"`
	MaxTokens    int32     `arrow:"max_tokens"`
	Stop         []string  `arrow:"stop"`
	Chat         bool      `arrow:"chat"`
	Text         string    `arrow:"text"`
	Cut          bool      `arrow:"cut,optional"`
	NoAnswer     string    `arrow:"no_answer,optional"` // the reason
	Said         string    `arrow:"said,optional"`      // instead of an answer
	LogProbs     []float64 `arrow:"logprobs"`           // one an option
	Tokens       []int32   `arrow:"tokens"`             // one an option
	PromptTokens int32     `arrow:"prompt_tokens"`
	OutputTokens int32     `arrow:"output_tokens"`
	USD          float64   `arrow:"usd"`
	More         string    `arrow:"request,optional"` // the request, as JSON, where it asks for next tokens or for a draw
	Shown        string    `arrow:"shown,optional"`   // the next tokens that it was told
}

// export writes replies sorted by key: the same replies give the same bytes, in whatever order they came. They are those of the given keys;
// without keys, those used under a label, or without a label all that has been used or paid for.
func (s *store) export(path, label string, keys []string) error {
	s.mu.Lock()
	switch {
	case len(keys) > 0:
	case label == "":
		keys = slices.Collect(maps.Keys(s.kept))
	default:
		keys = slices.Collect(maps.Keys(s.uses[label]))
	}
	keys = slices.Clone(keys)
	sort.Strings(keys)
	keys = slices.Compact(keys)
	rows := make([]replyRow, 0, len(keys))
	for _, k := range keys {
		e, err := s.load(k)
		if err != nil {
			s.mu.Unlock()
			return fmt.Errorf("llm: export %s: %w", path, err)
		}
		rows = append(rows, e.row())
	}
	s.mu.Unlock()
	return checkpoint.WriteTable(path, rows, map[string]string{"format": "slm replies 1"})
}

func (e entry) row() replyRow {
	r := replyRow{
		Key: e.Key, Provider: e.Info.Provider, Model: e.Info.Model, Digest: e.Info.Digest,
		Prompt: e.Request.Prompt, Options: e.Request.Options, MaxTokens: int32(e.Request.MaxTokens), Stop: e.Request.Stop, Chat: e.Request.Chat,
		Text: e.Reply.Text, PromptTokens: int32(e.Reply.PromptTokens), OutputTokens: int32(e.Reply.OutputTokens), USD: e.USD,
	}
	r.Cut = e.Reply.Cut
	if n := e.Reply.None; n != nil {
		r.NoAnswer, r.Said = string(n.Reason), n.Said
	}
	if e.Request.peek() || e.Request.Temperature > 0 {
		more, errMore := canonical(e.Request)
		shown, errShown := canonical(Reply{Shown: e.Reply.Shown, Read: e.Reply.Read})
		if errMore == nil && errShown == nil { // numbers and texts, of which all were read from JSON
			r.More, r.Shown = string(more), string(shown)
		}
	}
	for _, sc := range e.Reply.Scores {
		r.LogProbs, r.Tokens = append(r.LogProbs, sc.LogProb), append(r.Tokens, int32(sc.Tokens))
	}
	return r
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal == nil {
		return nil
	}
	j := s.journal
	s.journal = nil
	return j.Close()
}
