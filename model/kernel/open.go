package kernel

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// ErrNoAMX says that the processor or the system has no AMX tiles for bf16.
var ErrNoAMX = errors.New("this machine has no AMX")

// kind is a backend that can be asked for.
type kind struct {
	name    string
	open    func() (Backend, error)
	fitting func() bool // whether it is a choice where none is named; nil: always, if it opens
}

func never() bool { return false }

// hasPairs reports whether the level in use multiplies pairs of bf16 in hardware.
func hasPairs() bool { return cpu.pairs }

// kinds are the backends, the best first, those of bf16 before those of float32.
var kinds = []kind{
	{"amx", openAMX, nil},
	{"pair", openPair, hasPairs},
	{"onednn-bf16", func() (Backend, error) { return openDNNLIn(BF16) }, never},
	{"tile", openTile, never},
	{"amx-f32", openAMXF32, never},
	{"amx-bf16x3", openAMXBF16x3, never},
	{"onednn-f32", func() (Backend, error) { return openDNNLIn(F32) }, never},
	{"go", func() (Backend, error) { return goBackend{}, nil }, nil},
}

// Names are those of all backends, whether this machine has them or not.
func Names() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// Open returns a backend by name, one of Names, or "" for the best that this machine has ($SLM_KERNEL is asked first).
func Open(name string) (Backend, error) {
	if name == "" {
		name = os.Getenv("SLM_KERNEL")
	}
	for _, k := range kinds {
		switch {
		case name == k.name:
			be, err := k.open()
			if err != nil {
				return nil, fmt.Errorf("kernel: %q: %w", name, err)
			}
			return be, nil
		case name == "" && (k.fitting == nil || k.fitting()):
			if be, err := k.open(); err == nil {
				return be, nil
			}
		}
	}
	return nil, fmt.Errorf("kernel: unknown kernel %q (%s)", name, strings.Join(Names(), ", "))
}

// OpenFloat returns a backend of class f32, which is batch-invariant. A kernel that $SLM_KERNEL names is taken instead if its results have
// float32's accuracy, or nearly, and are batch-invariant too.
func OpenFloat() (Backend, error) {
	if name := os.Getenv("SLM_KERNEL"); name != "" {
		if be, err := Open(name); err != nil {
			return nil, err
		} else if be.Precision() == F32 && be.Traits().BatchInvariant {
			return be, nil
		}
	}
	return goBackend{}, nil
}
