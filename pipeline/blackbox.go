package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"slm/checkpoint"
	"slm/llm"
	"slm/model/gguf"
	"slm/model/kernel"
	"slm/stages"
)

// BlackBox is a run's black box: opened at first use, shared by the stages, with its replies stored in the run's folder.
type BlackBox struct {
	Config  llm.Config
	Offline bool   // answers from stored replies only
	Seed    uint64 // of the jitter of retries
	Keep    string // folder that the replies are stored in; empty = in memory
	Others  string // folder with runs/, whose replies are answers too; empty = none

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
		opt.Journal = filepath.Join(b.Keep, "replies.wal")
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
	if err := b.whole(); err != nil {
		return nil, err
	}
	s, err := llm.New(b.Config, opt)
	if err != nil {
		return nil, err
	}
	b.service = s
	return s, nil
}

// whole opens and closes a file of weights that the recipe names: whether it is one should be known before anything is trained.
func (b *BlackBox) whole() error {
	file, ok := strings.CutPrefix(b.Config.Model, "gguf:")
	if !ok || b.Config.Provider != llm.Local || b.Offline {
		return nil
	}
	f, err := gguf.Open(file)
	if err != nil {
		return fmt.Errorf("pipeline: llm.model: %w: %w", llm.ErrNoWeights, err)
	}
	return f.Close()
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

// replies exports what the box has stored.
func (b *BlackBox) replies(path string) error {
	s, err := b.open(nil, nil)
	if err != nil {
		return err
	}
	return s.ExportArrow(path)
}

// replays lists the replies that other runs have exported: what was answered once need not be asked again.
func (b *BlackBox) replays() []string {
	if b.Others == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(escape(b.Others), "runs", "*", stages.BPO, "replies.arrow"))
	if err != nil {
		return nil
	}
	var whole []string
	for _, f := range files {
		if _, err := checkpoint.Load(filepath.Dir(f)); err == nil {
			whole = append(whole, f)
		}
	}
	return whole
}
