package kernel

import "github.com/klauspost/cpuid/v2"

// levels of amd64, in ascending order: each processor that supports one supports those before it.
var levels = []*level{generic, avx2Level, avx512Level, avx512BF16Level}

// hasTiles reports whether the processor multiplies bf16 on AMX tiles.
func hasTiles() bool { return cpuid.CPU.Supports(cpuid.AMXBF16) }
