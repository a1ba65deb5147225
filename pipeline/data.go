package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"slm/model/kernel"
	"slm/stages"
)

// Data is a data checkpoint to read before a run.
type Data struct {
	Folder    string
	Made      bool   // for the moment; else it was there
	temporary string // folder around it
}

// Close removes what was made for the moment. Nobody may read it any more.
func (d Data) Close() {
	if d.temporary != "" {
		_ = os.RemoveAll(d.temporary)
	}
}

// Data finds the data checkpoint that a plan will use, or runs the data stage into a temporary folder. The caller closes it.
func (p *Plan) Data(ctx context.Context, be kernel.Backend, now func() time.Time) (Data, error) {
	i := p.index(stages.Data)
	switch pl := p.Stages[i]; {
	case pl.Source != "":
		return Data{Folder: pl.Source}, nil
	case pl.Digest != "":
		return Data{Folder: p.folder(stages.Data)}, nil
	}
	tmp, err := os.MkdirTemp("", "slm-plan-")
	if err != nil {
		return Data{}, fmt.Errorf("pipeline: plan: %w", err)
	}
	d := Data{Folder: filepath.Join(tmp, stages.Data), Made: true, temporary: tmp}
	env := &stages.Env{
		Run: tmp, Seed: p.job.Steps[i].Seed, Fingerprint: p.Stages[i].Fingerprint, Kernel: be, Log: slog.New(slog.DiscardHandler), Now: now, Emit: func(stages.Event) {},
	}
	if err := guard(ctx, p.job.Steps[i].Stage, env); err != nil {
		d.Close()
		return Data{}, fmt.Errorf("%s: %w", stages.Data, err)
	}
	return d, nil
}
