package kernel

// ops is the table of a level: one function an operation, of the arguments and the meaning of its plain reference, which is the generic
// level's. Callers have checked the lengths of slices. A level changes what it does faster and inherits the rest from the one below.
//
// Every operation is in the conformance tests (TestLevels_…), which range over this table and over all levels.
type ops struct {
	// Conversions to and from bf16.
	toBF16    func(dst []uint16, src []float32)
	fromBF16  func(dst []float32, src []uint16)
	scaleBF16 func(x []uint16, a float32)

	// Arithmetic.
	dot    func(x, y []float32) float32
	dot3   func(a, b, c []float32) float32
	axpy   func(y, x []float32, a float32)
	add    func(dst, a, b []float32)
	scale  func(x []float32, a float32)
	maxAbs func(x []float32) float32
	argMax func(x []float32) int // x is not empty

	// Exponentials and softmax.
	expAffine   func(dst, x []float32, scale, shift, mul float32)
	expStoreSum func(x []float32, scale, shift float32) float32
	expSum      func(x []float32, shift float32) float32
	scaledMax   func(x []float32, scale float32) float32
	softmaxGrad func(ds, p, dp []float32, dsum, scale float32)

	// Norms.
	normScale     func(dst, x, w []float32, rstd float32)
	normScaleBF16 func(dst []uint16, x, w []float32, rstd float32)
	normGrad      func(dx, dw, dy, x, w []float32, rstd, coef float32)

	// SwiGLU.
	swiglu             func(dst, gate, up []float32)
	swigluBF16         func(dst, gate, up []uint16)
	swigluGrad         func(dgate, dup, dh, gate, up []float32)
	swigluGradBF16     func(dgate, dup, dh, gate, up []uint16)
	swigluGradKeepBF16 func(dgate, dup, h, dh, gate, up []uint16)

	gelu func(dst, x []float32)

	// Rotary positions of n ≥ 1 pairs. Heads are short: six slices are eighteen words, which would go through memory twice.
	rope       func(y1, y2, x1, x2, cos, sin *float32, n int)
	ropeBF16   func(y1, y2, x1, x2 *uint16, cos, sin *float32, n int)
	ropeToBF16 func(y1, y2 *uint16, x1, x2, cos, sin *float32, n int)

	adamW func(w, m, v, g []float32, c adamCoef)

	// Products.
	sgemm     func(c, a, b []float32, s gemmShape, accumulate bool)
	transpose func(dst, src []float32, rows, cols, ld int)

	// Products with quantised weights.
	quantise     func(upper, lower []byte, x []float32, inverse float32)
	linear8      func(w *Weights8, s share8)
	roundBlocks  func(records []uint32, x []float32)
	linearBlocks func(w *BlockWeights, s blockShare)

	// Products of bf16 in pairs of terms, and their operands.
	pairProduct, stepProduct      func(s pairShare)
	packPairRows, packPairColumns func(dst, src []uint16, ld, steps int)
	rowShares                     func(p []uint16, s []float32, n int, scale float32, stats *[2]float32)
	rowGrads                      func(p, ds []uint16, s, dp []float32, n int, r rowGrad)

	// Attention over a cache.
	decodeAttention func(out, q []float32, k, v, next []uint16, scores []float32, wide *[]float32)

	pause func(n int) // tells the processor n ≥ 1 times that this thread is waiting
}
