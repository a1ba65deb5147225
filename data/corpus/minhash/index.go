package minhash

import (
	"math"
	"slices"

	"slm/internal/elementary"
)

// Index finds, among the signatures added so far, those likely to be at least as similar as a threshold: locality-sensitive
// hashing by bands of rows (Leskovec, Rajaraman & Ullman, "Mining of Massive Datasets", §3.4). A signature takes its 256 bytes and 5 to 11
// in each band's table.
type Index struct {
	bands, rows int
	threshold   float64
	n           int
	blocks      [][]Signature // of blockSignatures each, so that growing copies nothing
	tables      [][]int32     // [bands][power of two] open addressing with linear probing: number of a signature plus 1, or 0
}

const blockSignatures = 1024

// NewIndex returns an index for a similarity threshold in (0,1]. The bands are the fewest that let at most one pair in a hundred
// at the threshold go unseen; what they find too much is sorted out by Similarity.
func NewIndex(threshold float64) *Index {
	bands, rows := bandsFor(threshold)
	x := &Index{bands: bands, rows: rows, threshold: threshold, tables: make([][]int32, bands)}
	x.grow(64)
	return x
}

// bandsFor picks the longest bands whose chance to miss a pair at similarity t, (1-t^rows)^bands, is at most 1 %, and of these no more than
// it takes: for that chance, and so that of two signatures which are alike in a share t of their places one band is the same.
func bandsFor(t float64) (bands, rows int) {
	seen := func(bands, rows int) bool {
		return elementary.Pow(1-elementary.Pow(t, float64(rows)), float64(bands)) <= 0.01
	}
	for rows = 32; rows > 1 && !seen(Permutations/rows, rows); rows /= 2 {
	}
	bands = min(Permutations/rows, Permutations-int(math.Ceil(t*Permutations))+1)
	for bands < Permutations/rows && !seen(bands, rows) {
		bands++
	}
	return bands, rows
}

// Add stores a signature and returns its number, counted from 0.
func (x *Index) Add(m Signature) int {
	n := x.n
	if n%blockSignatures == 0 {
		x.blocks = append(x.blocks, make([]Signature, 0, blockSignatures))
	}
	last := &x.blocks[len(x.blocks)-1]
	*last = append(*last, m)
	x.n++
	if size := len(x.tables[0]); x.n*4 > size*3 {
		x.grow(2 * size)
		return n
	}
	for b := range x.bands {
		x.put(b, n)
	}
	return n
}

func (x *Index) at(n int) *Signature { return &x.blocks[n/blockSignatures][n%blockSignatures] }

// grow makes tables of a size, a power of two, with all signatures in them.
func (x *Index) grow(size int) {
	for b := range x.tables {
		x.tables[b] = make([]int32, size)
		for n := range x.n {
			x.put(b, n)
		}
	}
}

func (x *Index) put(band, n int) {
	table := x.tables[band]
	at := x.key(x.at(n), band) & uint64(len(table)-1)
	for table[at] != 0 {
		at = (at + 1) & uint64(len(table)-1)
	}
	table[at] = int32(n + 1)
}

// Nearest returns the most similar signature at or above the threshold, the earlier one of two alike, or -1.
func (x *Index) Nearest(m Signature) (number int, similarity float64) {
	number = -1
	x.Candidates(m, func(c int) {
		s := Similarity(m, *x.at(c))
		if s >= x.threshold && (s > similarity || s == similarity && c < number) {
			number, similarity = c, s
		}
	})
	return number, similarity
}

// Candidates calls f once for each stored signature that shares a band with m. The order is not defined.
func (x *Index) Candidates(m Signature, f func(number int)) {
	found := map[int32]struct{}{}
	for b, table := range x.tables {
		mine := m[b*x.rows : (b+1)*x.rows]
		for at := x.key(&m, b) & uint64(len(table)-1); table[at] != 0; at = (at + 1) & uint64(len(table)-1) {
			n := table[at] - 1
			if _, twice := found[n]; !twice && slices.Equal(mine, x.at(int(n))[b*x.rows:(b+1)*x.rows]) {
				found[n] = struct{}{}
				f(int(n))
			}
		}
	}
}

func (x *Index) key(m *Signature, band int) uint64 {
	h := uint64(band)
	for _, v := range m[band*x.rows : (band+1)*x.rows] {
		h = mix(h ^ uint64(v))
	}
	return h
}
