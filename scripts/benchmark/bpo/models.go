package bpo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"slm/scripts/benchmark/setup"
)

// models are the small models that are compared when no runs are given.
var models = []struct {
	name, recipe, stage string // trained up to the stage
	settings            []string
}{
	{"early-licences", "legal", "kit", []string{"stages.dp.tokens=1M"}},
	{"licences", "legal", "kit", nil},
	{"early-statutes", statutes, "dp", []string{"stages.dp.tokens=1.6M", "stages.dp.batch=2048", "stages.dp.mix.places=0.6"}}, // recites 65 % word for word
	{"statutes", statutes, "kit", nil},
}

const statutes = "statutes-cn"

// trainAll trains the models in a folder, unless they are there, and returns NAME=RUN of each.
func trainAll(ctx context.Context, work string, log io.Writer) (runs []string, err error) {
	if err := os.MkdirAll(work, 0o755); err != nil {
		return nil, err
	}
	data := os.Getenv("SLM_DATA")
	if data == "" {
		if data, err = filepath.Abs("../shared/data"); err != nil {
			return nil, err
		}
	}
	slm, err := setup.Slm(ctx, work, log)
	if err != nil {
		return nil, err
	}
	for _, m := range models {
		if _, err := os.Stat(filepath.Join(data, "lexeval")); m.recipe == statutes && errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(log, "%s is left out: there are no statutes in %s (slm data pull statutes-cn)\n", m.name, data)
			continue
		}
		args := []string{"train", "recipes/" + m.recipe + ".yaml", "--dir", work, "--until", m.stage, "-s", "name=" + m.name}
		for _, s := range m.settings {
			args = append(args, "-s", s)
		}
		cmd := exec.CommandContext(ctx, slm, args...)
		cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), "SLM_DATA="+data), log, log
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		run, err := newest(filepath.Join(work, "runs", m.name+"-*"))
		if err != nil {
			return nil, err
		}
		runs = append(runs, m.name+"="+run)
	}
	return runs, nil
}

// newest is the folder of a pattern that was changed last.
func newest(pattern string) (newest string, err error) {
	folders, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	var last os.FileInfo
	for _, f := range folders {
		info, err := os.Stat(f)
		if err != nil {
			return "", err
		}
		if last == nil || info.ModTime().After(last.ModTime()) {
			newest, last = f, info
		}
	}
	if last == nil {
		return "", fmt.Errorf("%s: no run", pattern)
	}
	return newest, nil
}
