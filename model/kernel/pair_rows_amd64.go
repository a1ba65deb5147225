package kernel

import (
	"slm/model/kernel/internal/avx2"
	"slm/model/kernel/internal/avx512"
)

func rowSharesAVX2(p []uint16, s []float32, n int, scale float32, stats *[2]float32) {
	avx2.RowShares(&p[0], &s[0], n, scale, &stats[0])
}

func rowSharesAVX512(p []uint16, s []float32, n int, scale float32, stats *[2]float32) {
	avx512.RowShares(&p[0], &s[0], n, scale, &stats[0])
}

func rowGradsAVX2(p, ds []uint16, s, dp []float32, n int, r rowGrad) {
	avx2.RowGrads(&p[0], &ds[0], &s[0], &dp[0], n, r.scale2, r.shift, r.scale, r.mean)
}

func rowGradsAVX512(p, ds []uint16, s, dp []float32, n int, r rowGrad) {
	avx512.RowGrads(&p[0], &ds[0], &s[0], &dp[0], n, r.scale2, r.shift, r.scale, r.mean)
}
