package bpo

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"slm/checkpoint"
	"slm/data/tokenizer"
	"slm/model"
	"slm/rng"
)

// ErrTrial says that the search has no such trial.
var ErrTrial = errors.New("bpo: no such trial")

// Words is a prompt in words as the small model sees it in front of a question: the embeddings [n,width] of its tokens.
func Words(tok *tokenizer.Tokenizer, p *model.Params, prompt string) []float32 {
	var out []float32
	width := p.Config.Width
	for _, id := range tok.Encode(prompt) {
		out = append(out, p.Embed[int(id)*width:(int(id)+1)*width]...)
	}
	return out
}

// project is the projection that a run's search uses.
func project(cfg Soft, p *model.Params, seed uint64) *Projection {
	return NewProjection(cfg, p.Embed, p.Config.Width, rng.New(seed, "bpo", "projection"))
}

// PromptOf gives the soft tokens [n,width] of any trial of a finished search, empty for z = 0. name is the trial's number in the search, or in a
// control: "17", "random/3", "text/12".
func PromptOf(dir, name string, cfg Soft, tok *tokenizer.Tokenizer, p *model.Params, seed uint64) ([]float32, error) {
	arm, number := armSearch, name
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		arm, number = name[:i], name[i+1:]
	}
	trial, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: %q is no number", ErrTrial, number)
	}
	rows, _, err := checkpoint.ReadTable[TrialRow](filepath.Join(dir, TrialsFile))
	if err != nil {
		return nil, err
	}
	most := int64(-1)
	for _, r := range rows {
		if r.Arm != arm {
			continue
		}
		if r.Trial != trial {
			most = max(most, r.Trial)
			continue
		}
		if r.Prompt != "" {
			return Words(tok, p, r.Prompt), nil
		}
		if len(r.Z) != cfg.Dim {
			return nil, fmt.Errorf("bpo: %s: %w: trial %s has %d coordinates, the recipe %d", dir, checkpoint.ErrCorrupt, name, len(r.Z), cfg.Dim)
		}
		return project(cfg, p, seed).Soft(r.Z), nil
	}
	if most < 0 {
		return nil, fmt.Errorf("%w: the search had no %s (stages.bpo.controls)", ErrTrial, arm)
	}
	return nil, fmt.Errorf("%w: %s; the last one is %d", ErrTrial, name, most)
}
