package kernel

import (
	"slm/model/kernel/internal/avx2"
	"slm/model/kernel/internal/avx512"
)

func packPairRowsAVX2(dst, src []uint16, ld, steps int) {
	avx2.PackPairRows(bytesOf(dst), bytesOf(src), 2*ld, steps)
}

// packPairColumnsAVX2 transposes pairs of terms as if they were float32.
func packPairColumnsAVX2(dst, src []uint16, ld, steps int) {
	for j := 0; j < pairColumns; j += 8 {
		avx2.PackSquares(&words(dst[2*j:])[0], &words(src[j*ld:])[0], 2*steps, 2*ld, 4*pairColumns)
	}
}

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
