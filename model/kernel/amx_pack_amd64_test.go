package kernel

import "testing"

// TestPacking_HalvesStandWhereTilesReadThem needs vectors, and no tiles: both orders of a right operand and a transposed left one, on whole
// and on hanging steps.
func TestPacking_HalvesStandWhereTilesReadThem(t *testing.T) {
	if !avx512Level.supported() {
		t.Skip("this machine has no AVX-512")
	}
	ar := newArena(t)
	for seed, size := range [][2]int{{32, 32}, {32, 96}, {37, 70}, {5, 40}, {64, 33}, {96, 64}, {1, 1}} {
		n, k := size[0], size[1]
		ar.start(uint64(seed), seed%2 == 1)
		along, across := ar.halves(n*k), ar.halves(n*k) // [n,k] and [k,n]
		for i := range n {
			for j := range k {
				along[i*k+j] = uint16(ar.rng.Uint32())
				across[j*n+i] = along[i*k+j]
			}
		}
		steps := (k + tileSide - 1) / tileSide
		var columns, rows amxPanels
		pack(&columns, &halves, along, n, k, k, true)
		pack(&rows, &halves, across, n, k, n, false)
		var buf []uint16
		left := amxLeftOperand(&buf, across, Shape{M: n, K: k, LDA: n, TransA: true})
		ar.intact()
		for i := range (n + tileSide - 1) / tileSide * tileSide {
			for j := range steps * tileSide {
				want := uint16(0)
				if i < n && j < k {
					want = along[i*k+j]
				}
				step := (i/tileSide*steps + j/tileSide) * stepSize
				right := step + i%tileSide/16*512 + j%tileSide/2*32 + i%16*2 + j%2
				if columns.data[right] != want || rows.data[right] != want {
					t.Fatalf("%d by %d: term %d of column %d is %#x and %#x, want %#x", n, k, j, i, columns.data[right], rows.data[right], want)
				}
				if got := left.data[step+i%tileSide*tileSide+j%tileSide]; got != want {
					t.Fatalf("%d by %d: term %d of row %d is %#x, want %#x", n, k, j, i, got, want)
				}
			}
		}
	}
}
