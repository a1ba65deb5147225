package kernel

import (
	"github.com/klauspost/cpuid/v2"

	"slm/model/kernel/internal/avx2"
)

var avx2Level = &level{
	name:      "avx2",
	supported: func() bool { return cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.F16C) },
	along:     true,
	panels:    gemmAVX2,
	ops:       avx2Ops(generic.ops),
}

var gemmAVX2 = &packedGemm{
	width:    16,
	tiles:    []gemmTile{{6, avx2.Gemm6Rows}, {4, avx2.Gemm4Rows}, {2, avx2.Gemm2Rows}, {1, avx2.Gemm1Rows}},
	packRows: avx2.PackRows, packSquares: avx2.PackSquares,
}

func avx2Ops(o ops) ops {
	o.toBF16, o.fromBF16, o.scaleBF16 = avx2.ToBF16, avx2.FromBF16, avx2.ScaleBF16
	o.dot, o.dot3, o.axpy, o.add, o.scale, o.maxAbs, o.argMax = avx2.Dot, avx2.Dot3, avx2.Axpy, avx2.Add, avx2.Scale, avx2.MaxAbs, avx2.ArgMax
	o.expAffine, o.expStoreSum, o.expSum = avx2.ExpAffine, avx2.ExpStoreSum, avx2.ExpSum
	o.scaledMax, o.softmaxGrad = avx2.ScaledMax, avx2.SoftmaxGrad
	o.normScale, o.normScaleBF16, o.normGrad = avx2.NormScale, avx2.NormScaleBF16, avx2.NormGrad
	o.swiglu, o.swigluBF16, o.swigluGrad = avx2.Swiglu, avx2.SwigluBF16, avx2.SwigluGrad
	o.swigluGradBF16, o.swigluGradKeepBF16 = avx2.SwigluGradBF16, avx2.SwigluGradKeepBF16
	o.gelu = avx2.Gelu
	o.rope, o.ropeBF16, o.ropeToBF16 = avx2.Rope, avx2.RopeBF16, avx2.RopeToBF16
	o.adamW = func(w, m, v, g []float32, c adamCoef) { avx2.AdamW(w, m, v, g, &c.gscale) }
	o.sgemm, o.transpose = gemmAVX2.multiply, transposeAVX2
	o.pairProduct, o.stepProduct = widePairsAVX2.product, wideStepsAVX2.product
	o.packPairRows, o.packPairColumns = packPairRowsAVX2, packPairColumnsAVX2
	o.rowShares, o.rowGrads = rowSharesAVX2, rowGradsAVX2
	o.quantise, o.linear8 = quantiseAVX2, linear8AVX2
	o.roundBlocks, o.linearBlocks = roundBlocksAVX2, linearBlocksAVX2
	o.pause = avx2.Pause
	return o
}
