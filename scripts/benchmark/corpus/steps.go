package corpus

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// shape makes text a recipe that trains; the rest of the shape of recipes/legal.yaml comes by flags.
const shape = `
stages: {dp: {tokens: %d, batch: 4096, optim: {name: muon, lr: 5e-3}, save: {minutes: 60}}}
`

// steps trains the first steps on the corpus that whole has prepared, and returns the peak of resident memory, 2^20 bytes. That peak has the
// held-out loss in it, which is measured between the steps.
func (b *bench) steps(ctx context.Context, n int) (r result, err error) {
	recipe := filepath.Join(b.dir, "steps.yaml")
	data := fmt.Sprintf(text, "steps", filepath.Join(b.texts, "*"))
	if err := os.WriteFile(recipe, []byte(data+fmt.Sprintf(shape, n*4096)), 0o644); err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, b.slm, "train", recipe, "--dir", filepath.Join(b.dir, "runs-whole"), "--until", "dp",
		"-s", "model.layers=6", "-s", "model.width=256", "-s", "model.heads=4", "-s", "model.context=512")
	cmd.Stderr = b.log
	start := time.Now()
	err = cmd.Run()
	r.Seconds = time.Since(start).Seconds()
	if use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.PeakMB = use.Maxrss >> 10 // Linux counts in units of 2^10 bytes
	}
	return r, err
}
