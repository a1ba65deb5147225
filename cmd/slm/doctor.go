package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"slm/llm"
	"slm/model/kernel"
	"slm/retrieve"
)

// health is the result of doctor.
type health struct {
	Kernel      string  `json:"kernel"`
	Class       string  `json:"class"`       // of numerics, that a recipe with "numerics: auto" takes for a new run
	GFLOPS      float64 `json:"gflops"`      // of a product of the size that training makes
	Classes     []rate  `json:"classes"`     // those with a contract
	CPU         string  `json:"cpu"`         // level: instruction set of the vector kernels
	CPUHighest  string  `json:"cpu_highest"` // level that the machine has without SLM_CPU
	Tiles       bool    `json:"tiles"`       // the processor has AMX tiles for bf16
	Cores       int     `json:"cores"`
	OneDNN      string  `json:"onednn"` // version; empty when it is not used
	OneDNNWhy   string  `json:"onednn_why,omitempty"`
	Weights     string  `json:"weights"` // model that is ready; empty when none is
	WeightsWhy  string  `json:"weights_why,omitempty"`
	Encoder     string  `json:"encoder"` // of sections and questions, ready; empty when it is not
	EncoderWhy  string  `json:"encoder_why,omitempty"`
	DiskFree    uint64  `json:"disk_free"`   // bytes where runs go
	MemoryFree  uint64  `json:"memory_free"` // bytes; 0 = unknown
	MemoryTotal uint64  `json:"memory_total"`
	Version     string  `json:"version"`
	Writable    bool    `json:"writable"` // runs can be put below --dir
}

// rate is how fast a class of numerics is here.
type rate struct {
	Class  string  `json:"class"`
	Kernel string  `json:"kernel"`
	GFLOPS float64 `json:"gflops"`
}

func newDoctor(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "doctor", GroupID: "look", Args: exact(0, "no arguments"),
		Short: "Show the kernel and its speed, weights, disk, memory",
		Long:  "Shows which kernel, class of numerics and instructions are used, how fast each class is here, whether oneDNN, the weights of the default black box and the encoder are installed, and the free disk space and memory." + exits(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := a.examine(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(h, func(w io.Writer) { showHealth(w, h) })
		},
	}
}

func (a *app) examine(ctx context.Context) (*health, error) {
	be, err := a.backend(kernel.Auto)
	if err != nil {
		return nil, err
	}
	if err := kernel.CheckCPU(); err != nil {
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	h := &health{Kernel: be.Name(), Class: string(be.Class()), CPU: kernel.CPU(), CPUHighest: kernel.HighestCPU(), Tiles: kernel.HasTiles(), Cores: runtime.GOMAXPROCS(0), Version: version}
	if h.GFLOPS, err = a.speed(ctx, be); err != nil {
		return nil, err
	}
	for _, class := range kernel.Contracts() {
		in, err := kernel.OpenClass(class)
		if err != nil {
			return nil, err
		}
		r := rate{Class: string(class), Kernel: in.Name()}
		if r.GFLOPS, err = a.speed(ctx, in); err != nil {
			return nil, err
		}
		h.Classes = append(h.Classes, r)
	}
	if h.OneDNN, err = kernel.OneDNN(); err != nil {
		h.OneDNNWhy = err.Error()
	}
	cfg := llm.Default()
	if s, err := llm.New(cfg, llm.Options{Kernel: be}); err != nil {
		h.WeightsWhy = err.Error()
		if _, why, ok := strings.Cut(h.WeightsWhy, llm.ErrNoWeights.Error()+": "); ok {
			h.WeightsWhy = why
		}
	} else if err := s.Close(); err == nil {
		h.Weights = cfg.Model
	}
	if e, err := retrieve.OpenMiniLM(nil); err != nil {
		_, h.EncoderWhy, _ = strings.Cut(err.Error(), retrieve.ErrNoEncoder.Error()+": ")
	} else if err := e.Close(); err == nil {
		h.Encoder = e.Name()
	}
	h.DiskFree, _ = diskFree(existing(a.dir)) // 0 is shown as unknown
	h.MemoryTotal, h.MemoryFree = memory("/proc/meminfo")
	h.Writable = writable(existing(a.dir))
	return h, nil
}

// speed times the product that training spends its time in, for a quarter of a second. // GFLOP/s
func (a *app) speed(ctx context.Context, be kernel.Backend) (float64, error) {
	if be.Precision() == kernel.BF16 {
		return speedOf[uint16](ctx, be, a.now)
	}
	return speedOf[float32](ctx, be, a.now)
}

// speedOf multiplies 8192 rows by weights of 1024×256, in the tiles that training uses.
func speedOf[T kernel.Elem](ctx context.Context, be kernel.Backend, now func() time.Time) (float64, error) {
	m, n, k, tile := 8192, 1024, 256, 256
	if kernel.CPU() == "generic" {
		m = tile // plain Go takes seconds for more
	}
	values, x, y := make([]float32, max(m, n)*k), make([]T, m*k), make([]T, m*n)
	for i := range values {
		values[i] = float32(i%7) - 3
	}
	kernel.Convert(x, values[:m*k])
	w := kernel.NewWeights[T](be, n, k)
	w.Set(values[:n*k])
	best := 0.0
	for end := now().Add(250 * time.Millisecond); ; {
		if err := context.Cause(ctx); err != nil {
			return 0, err
		}
		start := now()
		kernel.Tiles(m, tile, func(lo, hi int) { kernel.Linear(w, y[lo*n:hi*n], x[lo*k:hi*k], hi-lo, k, n, 0, n, false) })
		if d := now().Sub(start).Seconds(); d > 0 {
			best = max(best, 2*float64(m*n*k)/d/1e9)
		}
		if !now().Before(end) {
			return best, nil
		}
	}
}

// existing is the nearest folder at or above path that is there.
func existing(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	for {
		if info, err := os.Stat(abs); err == nil && info.IsDir() || abs == filepath.Dir(abs) {
			return abs
		}
		abs = filepath.Dir(abs)
	}
}

// writable tries to make a file.
func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".slm-*")
	if err != nil {
		return false
	}
	return errors.Join(f.Close(), os.Remove(f.Name())) == nil
}

// memory reads total and available memory from Linux's table; 0 where there is none. // bytes
func memory(path string) (total, free uint64) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0
	}
	defer func() { _ = f.Close() }() // read only
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) < 2 {
			continue
		}
		kb, err := strconv.ParseUint(fields[1], 10, 64)
		if err != nil {
			continue
		}
		switch fields[0] {
		case "MemTotal:":
			total = kb << 10
		case "MemAvailable:":
			free = kb << 10
		}
	}
	return total, free
}

// gflops has a digit behind the point where there is none before it.
func gflops(v float64) string {
	if v < 1 {
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// more says what the machine has beyond the level in use, and what a new machine could bring.
func more(h *health) string {
	text := ""
	if h.CPU != h.CPUHighest {
		text = fmt.Sprintf("; the machine has %s, and SLM_CPU lowers it", h.CPUHighest)
	}
	switch {
	case h.Tiles:
		return text + "; with AMX tiles"
	case runtime.GOARCH != "amd64":
		return text + "; vector code exists for amd64 and arm64 only"
	case h.CPUHighest == "avx512bf16":
		return text + "; no AMX tiles"
	}
	return text + "; no AVX-512 with bf16, which makes bf16-pair fast, and no AMX tiles"
}

func showHealth(w io.Writer, h *health) {
	line := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(w, "%-9s%s\n", name, fmt.Sprintf(format, args...))
	}
	line("kernel", "%s, %s GFLOP/s", h.Kernel, gflops(h.GFLOPS))
	line("numerics", "auto takes %s", h.Class)
	for _, r := range h.Classes {
		line("", "%-9s %s GFLOP/s (%s)", r.Class, gflops(r.GFLOPS), r.Kernel)
	}
	line("cpu", "%d cores, %s%s", h.Cores, h.CPU, more(h))
	if h.OneDNN != "" {
		use := "in use"
		if !strings.HasPrefix(h.Kernel, "onednn") {
			use = "not needed"
		}
		line("oneDNN", "%s, %s", h.OneDNN, use)
	} else {
		line("oneDNN", "none: %s", h.OneDNNWhy)
		if !strings.HasPrefix(h.Kernel, "amx") && os.Getenv("SLM_ONEDNN") != "off" {
			line("", "on Debian: apt install libdnnl2 (from 13 on libdnnl3)")
		}
	}
	line("weights", "%s", cmp.Or(h.Weights, h.WeightsWhy))
	line("encoder", "%s", cmp.Or(h.Encoder, h.EncoderWhy))
	line("disk", "%.1f GB free, writable: %v", float64(h.DiskFree)/1e9, h.Writable)
	line("memory", "%.1f of %.1f GB free", float64(h.MemoryFree)/1e9, float64(h.MemoryTotal)/1e9)
	line("program", "slm %s", h.Version)
}
