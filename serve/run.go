package serve

import (
	"context"
	"sync"

	"slm/llm"
	"slm/model/schedule"
	"slm/pipeline/session"
)

// Names of what answers beside a run's systems.
const (
	SmallModel = session.SmallModel // the last one that the run has trained, which continues texts
	BlackBox   = session.BlackBox   // the LLM, to which messages go as they are; where its weights are in this process it continues texts too
)

// Run is what a server asks: a run opened for use. It is called from several goroutines.
type Run interface {
	Ask(ctx context.Context, q session.Question) (*session.Answer, error)
	// Ready opens all that answers are made of: the run's folder may be removed then. The LLM is not asked.
	Ready(ctx context.Context) error
	// Systems lists what answers questions, and which of them where none is named.
	Systems(ctx context.Context) (names []string, usual string, err error)
	// Lacks says why a system of the program is not among them, in the words of ask; nil = it is, or is never among them.
	Lacks(name string) error
	// Tell puts a message to the black box as it is.
	Tell(ctx context.Context, message string, tokens int) (llm.Reply, error)
	// Small is the bare small model; systems.ErrUnavailable: the run has none.
	Small(ctx context.Context) (session.Bare, error)
	// Large is the black box's own weights; systems.ErrUnavailable: they are not in this process.
	Large(ctx context.Context) (session.Bare, error)
	// HasLarge is nil where Large has them; none are loaded.
	HasLarge(ctx context.Context) error
	// Embed makes vectors of length 1 of questions, or of texts of the corpus; systems.ErrUnavailable: the run has no encoder.
	Embed(ctx context.Context, texts []string, questions bool) ([][]float32, error)
	// Document is the section at a source with those around it; none = there is no such source. expert is the run whose corpus is meant, where several answer as one.
	Document(ctx context.Context, expert, source string) ([]session.Part, error)
	HasEncoder(ctx context.Context) bool
	Price() *llm.Price // of the black box; nil = it costs nothing, or is unknown
	// Stats are those of the models that are open in this process, by name.
	Stats() map[string]schedule.Stats
	Stamp() string // that changes when the run's checkpoints do
	Close() error
}

// lease is a run with those who use it: it is closed when it is replaced and the last of them is done.
type lease struct {
	run   Run
	users int
	old   bool
}

// holder holds the run that new requests get.
type holder struct {
	mu  sync.Mutex
	now *lease
	all sync.WaitGroup // leases that are not closed
}

// put makes a run the current one. Requests on the one before go on there.
func (h *holder) put(run Run) {
	h.mu.Lock()
	before := h.now
	h.now = nil
	if run != nil {
		h.now = &lease{run: run}
		h.all.Add(1)
	}
	end := before != nil && before.users == 0
	if before != nil {
		before.old = true
	}
	h.mu.Unlock()
	if end {
		h.close(before)
	}
}

// get is the current run, until done is called; false = there is none yet, or no longer.
func (h *holder) get() (run Run, done func(), ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.now
	if l == nil {
		return nil, nil, false
	}
	l.users++
	return l.run, sync.OnceFunc(func() {
		h.mu.Lock()
		l.users--
		end := l.old && l.users == 0
		h.mu.Unlock()
		if end {
			h.close(l)
		}
	}), true
}

func (h *holder) close(l *lease) {
	defer h.all.Done()
	_ = l.run.Close() // what it has bought is on disk already
}

// end closes the run when all who use it are done.
func (h *holder) end() {
	h.put(nil)
	h.all.Wait()
}
