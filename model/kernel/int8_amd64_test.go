package kernel

import "github.com/klauspost/cpuid/v2"

// ways8 are the ways to compute products of bytes that this machine has beside the reference, whatever the height.
func ways8() map[string]func(*Weights8, share8) {
	ways := map[string]func(*Weights8, share8){}
	if avx2Level.supported() {
		ways["avx2"] = linear8AVX2
	}
	if avx512Level.supported() && cpuid.CPU.Has(cpuid.AVX512VNNI) {
		ways["rows"] = linear8Rows
	}
	if haveTiles8() {
		ways["tiles"] = linear8Tiles
	}
	return ways
}
