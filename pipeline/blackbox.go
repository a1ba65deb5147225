package pipeline

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"

	"slm/checkpoint"
	"slm/llm"
	"slm/model/kernel"
	"slm/stages"
)

// BlackBox is a run's black box: opened at first use, shared by the stages, with its replies stored in the run's folder.
type BlackBox struct {
	Config  llm.Config
	Offline bool     // answers from stored replies only
	Seed    uint64   // of the jitter of retries
	Keep    string   // folder that the replies are stored in; empty = in memory
	Journal string   // name of the file there; empty = replies.wal
	Others  string   // folder with runs/, whose replies are answers too; empty = none
	Replay  []string // files of replies that are answers too: replies.arrow, or a run's journal

	mu      sync.Mutex
	service *llm.Service
}

// open returns the box. Later calls return the same one.
func (b *BlackBox) open(be kernel.Backend, emit func(stages.Event)) (*llm.Service, error) {
	if b == nil {
		return nil, errors.New("pipeline: this run has no black box")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.service != nil {
		return b.service, nil
	}
	opt := llm.Options{Offline: b.Offline, Seed: b.Seed, Kernel: be, Replay: b.replays()}
	if b.Keep != "" {
		opt.Journal = filepath.Join(b.Keep, cmp.Or(b.Journal, repliesName))
	}
	if emit != nil {
		opt.Observe = func(c llm.Call) {
			e := stages.Event{Type: "llm", Calls: int(c.Usage.Calls), Tokens: c.Usage.PromptTokens + c.Usage.OutputTokens}
			if c.Err != nil {
				e.Message = c.Err.Error()
			}
			emit(e)
		}
	}
	s, err := llm.New(b.Config, opt)
	if err != nil {
		return nil, err
	}
	b.service = s
	return s, nil
}

// Client opens the box for use outside a run's stages.
func (b *BlackBox) Client(be kernel.Backend) func(context.Context) (llm.Client, error) {
	return func(context.Context) (llm.Client, error) { return b.open(be, nil) }
}

// Close ends the box, if it was opened.
func (b *BlackBox) Close() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.service == nil {
		return nil
	}
	s := b.service
	b.service = nil
	return s.Close()
}

// replies exports what the stage that asks now has used.
func (b *BlackBox) replies(path string) error {
	s, err := b.open(nil, nil)
	if err != nil {
		return err
	}
	return s.ExportArrow(path)
}

// The replies that ask and eval --items have bought for a run: as they come, and for other programs and runs as a checkpoint of its own.
const (
	askedJournal = "asked.wal"
	askedFolder  = "asked"
	exportedName = "replies.arrow"
)

// exportAsked makes a checkpoint of what the box has stored, if it was opened and there is anything.
func (b *BlackBox) exportAsked(folder string) error {
	b.mu.Lock()
	s := b.service
	b.mu.Unlock()
	if s == nil || s.Usage().Calls == 0 {
		return nil
	}
	pending, err := checkpoint.Begin(filepath.Join(folder, askedFolder))
	if err != nil {
		return err
	}
	s.Label("")
	if err := s.ExportArrow(pending.Path(exportedName)); err != nil {
		return errors.Join(err, pending.Abort())
	}
	return pending.Commit(&checkpoint.Manifest{Stage: askedFolder})
}

// replays lists the replies that runs have exported, stage by stage: what was answered once need not be asked again. A damaged file
// answers nothing.
func (b *BlackBox) replays() []string {
	if b.Others == "" {
		return b.Replay
	}
	files, err := filepath.Glob(filepath.Join(escape(b.Others), "runs", "*", "*", exportedName))
	if err != nil {
		return b.Replay
	}
	whole := slices.Clone(b.Replay)
	for _, f := range files {
		if checkpoint.VerifyFile(filepath.Dir(f), exportedName) == nil {
			whole = append(whole, f)
		}
	}
	return whole
}
