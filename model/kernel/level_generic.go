package kernel

// generic is plain Go: it runs where nothing else does, and is the reference of all other levels.
var generic = &level{
	name:      "generic",
	supported: func() bool { return true },
	ops: ops{
		toBF16: toBF16Go, fromBF16: fromBF16Go, scaleBF16: scaleBF16Go,
		dot: dotGo, dot3: dot3Go, axpy: axpyGo, add: addGo, scale: scaleGo, maxAbs: maxAbsGo, argMax: argMaxGo,
		expAffine: expAffineGo, expStoreSum: expStoreSumGo, expSum: expSumGo, scaledMax: scaledMaxGo, softmaxGrad: softmaxGradGo,
		normScale: normScaleGo, normScaleBF16: normScaleBF16Go, normGrad: normGradGo,
		swiglu: swigluGo, swigluBF16: swigluBF16Go, swigluGrad: swigluGradGo,
		swigluGradBF16: swigluGradBF16Go, swigluGradKeepBF16: swigluGradKeepBF16Go,
		gelu: geluGo,
		rope: ropeGo, ropeBF16: ropeBF16Go, ropeToBF16: ropeToBF16Go,
		adamW: adamWGo,
		sgemm: sgemmGo, transpose: transposeGo,
		quantise: quantiseGo, linear8: linear8Go, roundBlocks: roundBlocksGo, linearBlocks: linearBlocksGo,
		pairProduct: pairProductGo, stepProduct: stepProductGo, packPairRows: packPairRowsGo, packPairColumns: packPairColumnsGo,
		rowShares: rowSharesGo, rowGrads: rowGradsGo,
		decodeAttention: decodeAttentionGo,
		pause:           func(int) {},
	},
}
