// Package setup makes what a benchmark needs beside itself: a Python environment for the program that it is compared with, and the program slm.
package setup

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"
)

// Python is the Python that a benchmark's peer runs in. It is made below the cache folder when it is needed first.
type Python struct {
	Venv     string   // folder of the environment in the cache
	Packages []string // NAME==VERSION
	Options  []string // of pip
	Env      []string // of pip, as KEY=VALUE
	Given    string   // by --python: another Python that has the packages
}

// AddFlag adds --python.
func (p *Python) AddFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.Given, "python", "", "a Python that has "+strings.Join(p.Packages, ", ")+" (default: an environment of its own in the cache)")
}

// Path returns the Python's path, and makes the environment if it is not there.
func (p *Python) Path(ctx context.Context, log io.Writer) (string, error) {
	if p.Given != "" {
		return p.Given, nil
	}
	cmd := exec.CommandContext(ctx, "scripts/venv", append([]string{p.Venv, strings.Join(p.Packages, " ")}, p.Options...)...)
	cmd.Env, cmd.Stderr = append(os.Environ(), p.Env...), log
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("scripts/venv %s: %w", p.Venv, err)
	}
	return strings.TrimSpace(string(out)), nil
}
