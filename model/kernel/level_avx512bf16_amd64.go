package kernel

import "github.com/klauspost/cpuid/v2"

var avx512BF16Level = &level{
	name:      "avx512bf16",
	supported: func() bool { return avx512Level.supported() && cpuid.CPU.Has(cpuid.AVX512BF16) },
	tiles:     true,
	pairs:     true,
	along:     true,
	panels:    gemmAVX512,
	ops:       avx512BF16Ops(avx512Level.ops),
}

func avx512BF16Ops(o ops) ops {
	o.pairProduct = pairProductNative
	return o
}
