package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Slm builds the program slm in a folder, as `make build` does, and returns its path.
func Slm(ctx context.Context, folder string, log io.Writer) (string, error) {
	path := filepath.Join(folder, "slm")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", path, "./cmd/slm")
	cmd.Env, cmd.Stderr = append(os.Environ(), "CGO_ENABLED=0"), log
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go build ./cmd/slm: %w", err)
	}
	return path, nil
}

// InTemp does work in a temporary folder, which is then removed.
func InTemp(name string, work func(folder string) error) error {
	folder, err := os.MkdirTemp("", "bench-"+name+"-")
	if err != nil {
		return err
	}
	return errors.Join(work(folder), os.RemoveAll(folder))
}

// Cache is the folder in which the benchmarks and `make setup` keep what they fetch and make: $XDG_CACHE_HOME/slm or ~/.cache/slm.
func Cache() (string, error) {
	folder, err := os.UserCacheDir()
	return filepath.Join(folder, "slm"), err
}
