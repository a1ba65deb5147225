package corpus

import "math"

// Index finds, among the signatures added so far, those likely to be at least as similar as a threshold: locality-sensitive
// hashing by bands of rows (Leskovec, Rajaraman & Ullman, "Mining of Massive Datasets", §3.4). Memory is 512 bytes a signature
// and one map entry a band.
type Index struct {
	bands, rows int
	threshold   float64
	signatures  []MinHash
	buckets     []map[uint64][]int32
}

// NewIndex returns an index for a similarity threshold in (0,1]. The bands are the fewest that let at most one pair in a hundred
// at the threshold go unseen; what they find too much is sorted out by Similarity.
func NewIndex(threshold float64) *Index {
	bands, rows := bandsFor(threshold)
	x := &Index{bands: bands, rows: rows, threshold: threshold, buckets: make([]map[uint64][]int32, bands)}
	for i := range x.buckets {
		x.buckets[i] = map[uint64][]int32{}
	}
	return x
}

// bandsFor picks the longest bands whose chance to miss a pair at similarity t, (1-t^rows)^bands, is at most 1 %.
func bandsFor(t float64) (bands, rows int) {
	for rows = 32; rows > 1; rows /= 2 {
		bands = Permutations / rows
		if math.Pow(1-math.Pow(t, float64(rows)), float64(bands)) <= 0.01 {
			return bands, rows
		}
	}
	return Permutations, 1
}

// Len is the number of signatures added.
func (x *Index) Len() int { return len(x.signatures) }

// Add stores a signature and returns its number, counted from 0.
func (x *Index) Add(m MinHash) int {
	n := len(x.signatures)
	x.signatures = append(x.signatures, m)
	for b := range x.bands {
		key := x.key(m, b)
		x.buckets[b][key] = append(x.buckets[b][key], int32(n))
	}
	return n
}

// Nearest returns the most similar signature at or above the threshold, the earlier one of two alike, or -1.
func (x *Index) Nearest(m MinHash) (number int, similarity float64) {
	number = -1
	for c := range x.candidates(m) {
		s := Similarity(m, x.signatures[c])
		if s >= x.threshold && (s > similarity || s == similarity && int(c) < number) {
			number, similarity = int(c), s
		}
	}
	return number, similarity
}

// Candidates calls f once for each stored signature that shares a band with m. The order is not defined.
func (x *Index) Candidates(m MinHash, f func(number int)) {
	for c := range x.candidates(m) {
		f(int(c))
	}
}

func (x *Index) candidates(m MinHash) map[int32]struct{} {
	found := map[int32]struct{}{}
	for b := range x.bands {
		for _, c := range x.buckets[b][x.key(m, b)] {
			found[c] = struct{}{}
		}
	}
	return found
}

func (x *Index) key(m MinHash, band int) uint64 {
	h := uint64(band)
	for _, v := range m[band*x.rows : (band+1)*x.rows] {
		h = mix(h ^ uint64(v))
	}
	return h
}
