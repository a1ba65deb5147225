package bpo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/data/tokenizer"
	"slm/model"
	"slm/rng"
	"slm/stages/delivery"
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
	row, knobs, err := trialOf(dir, name)
	if err != nil {
		return nil, err
	}
	if row.Prompt != "" {
		return Words(tok, p, row.Prompt), nil
	}
	z := row.Z
	if len(knobs) > 0 { // the rest of the point is the delivery
		soft := 0
		if knobs[0].Part == delivery.Prompt {
			soft = cfg.Dim
		}
		if len(z) < soft {
			return nil, fmt.Errorf("bpo: %s: %w: trial %s has %d coordinates", dir, checkpoint.ErrCorrupt, name, len(z))
		}
		if z = z[:soft]; soft == 0 {
			return nil, nil
		}
	}
	if len(z) != cfg.Dim {
		return nil, fmt.Errorf("bpo: %s: %w: trial %s has %d coordinates, the recipe %d", dir, checkpoint.ErrCorrupt, name, len(z), cfg.Dim)
	}
	return project(cfg, p, seed).Soft(z), nil
}

// DeliveryOf is how knowledge reached the black box in any trial of a finished search, nil where the soft prompt alone was searched. items are those
// of the run's exams, scores says that the black box scores options.
func DeliveryOf(dir, name string, cfg Config, items []exam.Item, scores bool) (*delivery.Delivery, error) {
	row, knobs, err := trialOf(dir, name)
	if err != nil || len(knobs) == 0 {
		return nil, err
	}
	space := cfg.space(cfg.dev(items), scores)
	if dims := space.Dims(); len(row.Z) > 0 && len(row.Z) != len(dims) || !slices.Equal(dims, spaceOf(knobs)) {
		return nil, fmt.Errorf("bpo: %s: %w: trial %s is of another space than the recipe's", dir, checkpoint.ErrCorrupt, name)
	}
	d := space.Delivery(row.Z)
	return &d, nil
}

// trialOf finds a trial in the tables of a finished search, and what was searched if that was more than the soft prompt.
func trialOf(dir, name string) (TrialRow, []KnobRow, error) {
	arm, number := armSearch, name
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		arm, number = name[:i], name[i+1:]
	}
	trial, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return TrialRow{}, nil, fmt.Errorf("%w: %q is no number", ErrTrial, number)
	}
	rows, _, err := checkpoint.ReadTable[TrialRow](filepath.Join(dir, TrialsFile))
	if err != nil {
		return TrialRow{}, nil, err
	}
	knobs, err := readKnobs(dir)
	if err != nil {
		return TrialRow{}, nil, err
	}
	most := int64(-1)
	for _, r := range rows {
		if r.Arm == arm && r.Trial == trial {
			return r, knobs, nil
		}
		if r.Arm == arm {
			most = max(most, r.Trial)
		}
	}
	if most < 0 {
		return TrialRow{}, nil, fmt.Errorf("%w: the search had no %s (stages.bpo.controls)", ErrTrial, arm)
	}
	return TrialRow{}, nil, fmt.Errorf("%w: %s; the last one is %d", ErrTrial, name, most)
}

// readKnobs reads what was searched; nil = the soft prompt alone.
func readKnobs(dir string) ([]KnobRow, error) {
	if _, err := os.Stat(filepath.Join(dir, KnobsFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	knobs, _, err := checkpoint.ReadTable[KnobRow](filepath.Join(dir, KnobsFile))
	return knobs, err
}
