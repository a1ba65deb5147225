// Package blackbox opens the large model of a run: once, for all that ask it, with its replies stored in the run's folder.
package blackbox

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"slm/checkpoint"
	"slm/internal/ranks"
	"slm/llm"
	"slm/model/kernel"
	"slm/pipeline/rundir"
	"slm/stages"
	"slm/stages/all"
)

// Box is a run's black box: opened at first use, shared by the stages, with its replies stored in the run's folder.
type Box struct {
	Config  llm.Config
	Offline bool        // answers from stored replies only
	Seed    uint64      // of the jitter of retries
	Keep    string      // folder that the replies are stored in; empty = in memory
	Journal string      // name of the file there; empty = replies.wal
	Others  string      // folder with runs/, whose replies are answers too; empty = none
	Replay  []string    // files of replies that are answers too: replies.arrow, or a run's journal
	Room    int64       // bytes of replies that stay in memory, as in llm.Options; 0 = all
	Runs    int         // that share it: its budget is that of so many; 0 = one
	Share   bool        // local weights write the texts of several who ask at the same time together
	Ranks   *ranks.Team // who answers beside this process by local weights; nil = nobody
	From    *Box        // whose replies, budget and weights this one shares; only what it is told and the accounts are its own. nil = it has its own

	mu      sync.Mutex
	service *llm.Service
	others  map[string]*Box
}

// Open returns the box. Later calls return the same one.
func (b *Box) Open(be kernel.Backend, emit func(stages.Event)) (*llm.Service, error) {
	if b == nil {
		return nil, errors.New("pipeline: this run has no black box")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.service != nil {
		return b.service, nil
	}
	if b.From != nil {
		s, err := b.From.Open(be, nil)
		if err != nil {
			return nil, err
		}
		b.service = s.Share(observe(emit))
		return b.service, nil
	}
	opt := llm.Options{Offline: b.Offline, Share: b.Share, Room: b.Room, Ranks: b.Ranks, Seed: b.Seed, Kernel: be, Replay: b.Replay}
	if b.Keep != "" {
		opt.Journal = filepath.Join(b.Keep, cmp.Or(b.Journal, rundir.RepliesFile))
	}
	if b.Others != "" {
		opt.Borrow = Exported(b.Others)
	}
	opt.Observe = observe(emit)
	if emit != nil {
		opt.Note = func(what string) { emit(stages.Event{Type: "warning", Message: what}) }
	}
	cfg := b.Config
	cfg.Budget = cfg.Budget.Times(max(1, b.Runs))
	s, err := llm.New(cfg, opt)
	if err != nil {
		return nil, err
	}
	b.service = s
	return s, nil
}

// Opened is the service, if the box has been opened.
func (b *Box) Opened() (*llm.Service, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.service, b.service != nil
}

// observe tells of calls; nil where nobody is to be told.
func observe(emit func(stages.Event)) func(llm.Call) {
	if emit == nil {
		return nil
	}
	return func(c llm.Call) {
		e := stages.Event{Type: "llm", Calls: int(c.Usage.Calls), Tokens: c.Usage.PromptTokens + c.Usage.OutputTokens}
		if c.Err != nil {
			e.Message = c.Err.Error()
		}
		emit(e)
	}
}

// Other is a black box beside this one, which a stage has in its own section: its replies are stored beside this one's. Later calls with the
// same name return the same one; it is closed with this one.
func (b *Box) Other(o stages.BlackBox) *Box {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.others[o.Name] == nil {
		journal, _ := stages.OtherReplies(o.Name)
		if b.others == nil {
			b.others = map[string]*Box{}
		}
		b.others[o.Name] = b.other(o, journal)
	}
	return b.others[o.Name]
}

func (b *Box) other(o stages.BlackBox, journal string) *Box {
	if b.From != nil {
		return &Box{From: b.From.Other(o)}
	}
	return &Box{Config: o.Config, Offline: b.Offline, Seed: b.Seed, Keep: b.Keep, Journal: journal, Others: b.Others, Replay: b.Replay, Runs: b.Runs, Ranks: b.Ranks}
}

// Usage is what was used so far, by the box and those beside it, in this process and those before it.
func (b *Box) Usage() (sum llm.Usage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.service != nil {
		sum = b.service.Usage()
	}
	for _, name := range slices.Sorted(maps.Keys(b.others)) {
		u := b.others[name].Usage()
		sum = llm.Usage{Calls: sum.Calls + u.Calls, PromptTokens: sum.PromptTokens + u.PromptTokens, OutputTokens: sum.OutputTokens + u.OutputTokens, USD: sum.USD + u.USD, Retries: sum.Retries + u.Retries, Hits: sum.Hits + u.Hits}
	}
	return sum
}

// Client opens the box for use outside a run's stages.
func (b *Box) Client(be kernel.Backend) func(context.Context) (llm.Client, error) {
	return func(context.Context) (llm.Client, error) { return b.Open(be, nil) }
}

// Close ends the box, if it was opened.
func (b *Box) Close() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(b.others)) {
		errs = append(errs, b.others[name].Close())
	}
	if b.service != nil {
		errs = append(errs, b.service.Close())
	}
	b.service, b.others = nil, nil
	return errors.Join(errs...)
}

// Replies exports what the stage that asks now has used.
func (b *Box) Replies(path string) error {
	s, err := b.Open(nil, nil)
	if err != nil {
		return err
	}
	return s.ExportArrow(path)
}

// ExportAsked makes a checkpoint of what the box has stored, if it was opened and there is anything.
func (b *Box) ExportAsked(folder string) error {
	b.mu.Lock()
	s := b.service
	b.mu.Unlock()
	if s == nil || s.Usage().Calls == 0 {
		return nil
	}
	pending, err := checkpoint.Begin(filepath.Join(folder, rundir.AskedFolder))
	if err != nil {
		return err
	}
	s.Label("")
	if err := s.ExportArrow(pending.Path(rundir.RepliesTable)); err != nil {
		return errors.Join(err, pending.Abort())
	}
	return pending.Commit(&checkpoint.Manifest{Stage: rundir.AskedFolder})
}

// Exported lists the tables of replies that the runs below dir/runs have exported, stage by stage: what was answered once need not be asked again.
// A checkpoint that is being written has none: it may move at any time. Each reply says which model it is of, so all boxes answer from all files.
func Exported(dir string) []string {
	return slices.DeleteFunc(rundir.Glob(dir, "runs", "*", "*", repliesTables), func(f string) bool {
		return strings.HasPrefix(filepath.Base(filepath.Dir(f)), ".")
	})
}

// repliesTables are the tables of replies, by the run's black box and by others.
const repliesTables = "replies*.arrow"

// Stored lists the files that hold a run's replies: each stage's own, and the journals.
func Stored(folder string) []string {
	var files []string
	for _, stage := range all.Names() {
		files = append(files, rundir.Glob(folder, stage, repliesTables)...)
	}
	for _, journal := range rundir.Journals(folder) {
		files = append(files, filepath.Join(folder, journal))
	}
	return slices.DeleteFunc(files, func(f string) bool {
		_, err := os.Stat(f)
		return err != nil
	})
}
