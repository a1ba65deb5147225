package kernel

import (
	"fmt"
	"os"

	"github.com/klauspost/cpuid/v2"
)

// level orders the instruction sets that the vector kernels are written for.
type level int

const (
	levelGeneric level = iota // plain Go
	levelAVX2                 // AVX2 + FMA
	levelAVX512               // AVX-512 F, BW, DQ, VL
)

var levelNames = [...]string{"generic", "avx2", "avx512"}

func (l level) String() string { return levelNames[l] }

// cpuVariable forces a lower level than the machine has, for tests and for comparing machines.
const cpuVariable = "SLM_CPU"

var cpu, cpuErr = chooseLevel(os.Getenv(cpuVariable), detectLevel())

// CPU names the instruction set that the vector kernels use: "avx512", "avx2" or "generic". Last bits differ between levels, so the
// name belongs in the fingerprint of whatever the kernels computed.
func CPU() string { return cpu.String() }

// CheckCPU reports an SLM_CPU that names no level; the kernels then run as if it were not set.
func CheckCPU() error { return cpuErr }

// detectLevel is the highest level that both the processor and the operating system support.
func detectLevel() level {
	switch c := cpuid.CPU; {
	case !haveAssembly:
		return levelGeneric
	case c.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL):
		return levelAVX512
	case c.Supports(cpuid.AVX2, cpuid.FMA3):
		return levelAVX2
	}
	return levelGeneric
}

// chooseLevel applies the wish in SLM_CPU. It lowers only: a level that the machine lacks would end in an illegal instruction.
func chooseLevel(wish string, have level) (level, error) {
	if wish == "" {
		return have, nil
	}
	for l, name := range levelNames {
		if wish == name {
			return min(level(l), have), nil
		}
	}
	return have, fmt.Errorf("kernel: %s=%q: want avx512, avx2 or generic", cpuVariable, wish)
}
