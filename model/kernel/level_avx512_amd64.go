package kernel

import (
	"github.com/klauspost/cpuid/v2"

	"slm/model/kernel/internal/avx2"
	"slm/model/kernel/internal/avx512"
)

var avx512Level = &level{
	name: "avx512",
	supported: func() bool {
		return avx2Level.supported() && cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL)
	},
	tiles:  true,
	along:  true,
	panels: gemmAVX512,
	ops:    avx512Ops(avx2Level.ops),
}

var gemmAVX512 = &packedGemm{
	width:    32,
	tiles:    []gemmTile{{12, avx512.Gemm12Rows}, {8, avx512.Gemm8Rows}, {4, avx512.Gemm4Rows}, {2, avx512.Gemm2Rows}, {1, avx512.Gemm1Rows}},
	packRows: avx512.PackRows, packSquares: avx2.PackSquares,
}

func avx512Ops(o ops) ops {
	o.toBF16, o.fromBF16, o.scaleBF16 = avx512.ToBF16, avx512.FromBF16, avx512.ScaleBF16
	o.dot, o.dot3, o.axpy, o.add = avx512.Dot, avx512.Dot3, avx512.Axpy, avx512.Add
	o.scale, o.maxAbs, o.argMax = avx512.Scale, avx512.MaxAbs, avx512.ArgMax
	o.expAffine, o.expStoreSum, o.expSum = avx512.ExpAffine, avx512.ExpStoreSum, avx512.ExpSum
	o.scaledMax, o.softmaxGrad = avx512.ScaledMax, avx512.SoftmaxGrad
	o.normScale, o.normScaleBF16, o.normGrad = avx512.NormScale, avx512.NormScaleBF16, avx512.NormGrad
	o.swiglu, o.swigluBF16, o.swigluGrad = avx512.Swiglu, avx512.SwigluBF16, avx512.SwigluGrad
	o.swigluGradBF16, o.swigluGradKeepBF16 = avx512.SwigluGradBF16, avx512.SwigluGradKeepBF16
	o.gelu = avx512.Gelu
	o.rope, o.ropeBF16, o.ropeToBF16 = avx512.Rope, avx512.RopeBF16, avx512.RopeToBF16
	o.adamW = func(w, m, v, g []float32, c adamCoef) { avx512.AdamW(w, m, v, g, &c.gscale) }
	o.sgemm = gemmAVX512.multiply
	o.transpose = transposeSquares
	o.pairProduct, o.stepProduct = widePairsAVX512.product, wideStepsAVX512.product
	o.rowShares, o.rowGrads = rowSharesAVX512, rowGradsAVX512
	o.packPairRows, o.packPairColumns = packPairRows, packPairColumns
	o.quantise = avx512.Quantise
	o.roundBlocks = roundBlocks
	o.decodeAttention = decodeAttention64
	if cpuid.CPU.Has(cpuid.AVX512VNNI) {
		o.linear8, o.linearBlocks = linear8VNNI, linearBlocksVNNI
	}
	return o
}
