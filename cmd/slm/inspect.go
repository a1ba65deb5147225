package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"slm/checkpoint"
	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/rundir"
	"slm/stages/all"
)

// inspected is the result of inspect for a checkpoint.
type inspected struct {
	Folder   string               `json:"folder"`
	Digest   string               `json:"digest"`
	Manifest *checkpoint.Manifest `json:"manifest"`
	Metrics  []measured           `json:"metrics,omitempty"` // what the stage has come to
	Tensors  []tensor             `json:"tensors,omitempty"`
}

type measured struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

type tensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

func newInspect(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "inspect CHECKPOINT|RUN", GroupID: "look", Args: exact(1, "a checkpoint's folder or a run"),
		Short: "Show files, digests, lineage and tensors of a checkpoint",
		Long: "For a stage's folder (runs/NAME/dp): shows its files with their digests, parents, counters, facts, what it has come to, and tensors with their shapes. For a run:\n" +
			"the digest of each stage, and what is missing or damaged. Nothing is hashed again." + exits(exitCheckpoint),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.inspect(args[0])
		},
	}
}

func (a *app) inspect(name string) error {
	if m, err := checkpoint.Load(name); err == nil {
		return a.inspectCheckpoint(name, m)
	} else if !errors.Is(err, checkpoint.ErrMissing) && !errors.Is(err, checkpoint.ErrIncomplete) {
		return err
	}
	folder, err := rundir.Find(a.dir, name)
	if err != nil {
		return err
	}
	run := rundir.Look(folder)
	return a.print(run, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s\n", sanitize.Line(run.Folder))
		for _, stage := range all.Names() {
			if digest := run.Done[stage]; digest != "" {
				_, _ = fmt.Fprintf(w, "  %-6s %s\n", stage, digest)
			}
		}
		if len(run.Missing) > 0 {
			_, _ = fmt.Fprintf(w, "  missing: %s\n", strings.Join(run.Missing, ", "))
		}
		if run.Damaged != "" {
			_, _ = fmt.Fprintf(w, "  damaged: %s\n", sanitize.Line(run.Damaged))
		}
	})
}

func (a *app) inspectCheckpoint(folder string, m *checkpoint.Manifest) error {
	result := inspected{Folder: folder, Digest: m.Digest(), Manifest: m}
	for _, f := range m.Files {
		if !slices.Contains(checkpoint.TensorFiles, filepath.Base(f.Name)) {
			continue
		}
		weights, err := checkpoint.OpenWeights(filepath.Join(folder, filepath.FromSlash(f.Name)))
		if err != nil {
			return err
		}
		for _, t := range weights.Tensors {
			result.Tensors = append(result.Tensors, tensor{t.Name, t.Shape})
		}
		if err := weights.Close(); err != nil {
			return err
		}
	}
	if def, ok := all.Lookup(m.Stage); ok && def.Metrics != nil {
		list, err := def.Metrics(folder)
		if err != nil {
			return err
		}
		for _, metric := range list {
			result.Metrics = append(result.Metrics, measured{metric.Name, metric.Value})
		}
	}
	return a.print(result, func(w io.Writer) { showCheckpoint(w, result, term.Width(a.out)) })
}

func showCheckpoint(w io.Writer, r inspected, columns int) {
	m := r.Manifest
	line := func(name, value string) {
		_, _ = fmt.Fprintf(w, "%-12s %s\n", sanitize.Line(name), sanitize.Line(value))
	}
	line("stage", m.Stage)
	line("digest", r.Digest)
	line("fingerprint", m.Fingerprint)
	line("numerics", m.Numerics)
	line("kernel", m.Kernel)
	line("seed", fmt.Sprint(m.Seed))
	line("created", m.Created)
	table := func(title string, values map[string]string) {
		keys := slices.Sorted(maps.Keys(values))
		longest := 24
		for _, k := range keys {
			longest = max(longest, len(k))
		}
		for i, k := range keys {
			if i == 0 {
				_, _ = fmt.Fprintln(w, title)
			}
			_, _ = fmt.Fprintf(w, "  %-*s %s\n", longest, sanitize.Line(k), term.Wrap(sanitize.Line(values[k]), columns, longest+3))
		}
	}
	counters := map[string]string{}
	for k, v := range m.Counters {
		counters[k] = fmt.Sprint(v)
	}
	table("parents", m.Parents)
	table("versions", m.Versions)
	table("counters", counters)
	table("facts", m.Facts)
	_, _ = fmt.Fprintln(w, "files")
	for _, f := range m.Files {
		_, _ = fmt.Fprintf(w, "  %-24s %12d  %s\n", sanitize.Line(f.Name), f.Size, f.SHA256)
	}
	if len(r.Metrics) > 0 {
		_, _ = fmt.Fprintln(w, "metrics")
	}
	for _, metric := range r.Metrics {
		_, _ = fmt.Fprintf(w, "  %-44s %.4f\n", sanitize.Line(metric.Name), metric.Value)
	}
	if len(r.Tensors) > 0 {
		_, _ = fmt.Fprintln(w, "tensors")
	}
	for _, t := range r.Tensors {
		_, _ = fmt.Fprintf(w, "  %-44s %v\n", sanitize.Line(t.Name), t.Shape)
	}
}
