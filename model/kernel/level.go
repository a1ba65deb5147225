package kernel

import (
	"fmt"
	"os"
	"strings"
)

// level is a kind of processor that the kernels are written for: its name and its table of operations. Each has a file of its own
// (level_*.go) and its line in levels.
type level struct {
	name      string
	supported func() bool // by the processor and by the operating system
	tiles     bool        // AMX tiles may be used beside it
	pairs     bool        // it multiplies pairs of bf16 in one instruction
	along     bool        // its products of bf16 by fused steps are fast where a left operand has its terms along rows
	panels    *packedGemm // how it multiplies float32 from panels; nil = from operands where they lie
	ops
}

// cpu is the level in use: chosen once, when the program starts.
var (
	cpu    *level
	cpuErr error
)

func init() { cpu, cpuErr = chooseLevel(os.Getenv(cpuVariable), levels) }

// cpuVariable forces a lower level than the machine has, for tests and for comparing machines.
const cpuVariable = "SLM_CPU"

// CPU names the instruction set that the vector kernels use: "avx512bf16", "avx512", "avx2", "neon" or "generic". The bits of a
// class with a contract do not depend on it; those of a class "fast-…" may.
func CPU() string { return cpu.name }

// HighestCPU names the level that CPU would be without SLM_CPU.
func HighestCPU() string {
	l, _ := chooseLevel("", levels) // no wish, no error
	return l.name
}

// HasTiles reports whether the processor multiplies bf16 on AMX tiles, whatever SLM_CPU says.
func HasTiles() bool { return hasTiles() }

// CheckCPU reports an SLM_CPU that names no level; the kernels then run as if it were not set.
func CheckCPU() error { return cpuErr }

// chooseLevel returns the last of all, which are in ascending order, that the machine supports, and none above the one that is wished for.
// A wish lowers only: a level that the machine lacks would end in an illegal instruction.
func chooseLevel(wish string, all []*level) (best *level, err error) {
	if wish != "" && !known(wish, all) {
		wish, err = "", fmt.Errorf("kernel: %s=%q: want one of %s", cpuVariable, wish, strings.Join(levelNames(all), ", "))
	}
	for _, l := range all {
		if l.supported() {
			best = l
		}
		if l.name == wish {
			break
		}
	}
	return best, err
}

func known(name string, all []*level) bool {
	for _, l := range all {
		if l.name == name {
			return true
		}
	}
	return false
}

// levelNames are the names of levels, the highest first.
func levelNames(all []*level) (names []string) {
	for i := len(all) - 1; i >= 0; i-- {
		names = append(names, all[i].name)
	}
	return names
}
