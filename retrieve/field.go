package retrieve

import "slm/internal/elementary"

// The constants of BM25, the usual ones.
const (
	saturation = 1.2  // k1
	byLength   = 0.75 // b
)

// field is an inverted index of one text a document, in memory: 8 bytes for each term of each document.
type field struct {
	documents int
	postings  map[string][]posting // of a term, by document
	lengths   []int                // terms of each document
}

type posting struct {
	document int32
	count    float32
}

// newField indexes the terms of documents, one call of each document after the other.
func newField(documents int, of func(i int) []string) *field {
	f := &field{documents: documents, postings: map[string][]posting{}, lengths: make([]int, documents)}
	for i := range documents {
		list := of(i)
		f.lengths[i] = len(list)
		for _, term := range list {
			p := f.postings[term]
			if n := len(p); n > 0 && p[n-1].document == int32(i) {
				p[n-1].count++
				continue
			}
			f.postings[term] = append(p, posting{int32(i), 1})
		}
	}
	return f
}

// scores adds up the BM25 of each document for the terms of a query, each term counted once (Robertson and Zaragoza 2009, with the inverse document
// frequency of Lucene, which is never negative).
func (f *field) scores(query []string) []float64 {
	return f.scoresWithout(query, func(string, int) bool { return false })
}

// scoresWithout is scores where a term may count for nothing in a document.
func (f *field) scoresWithout(query []string, mute func(term string, document int) bool) []float64 {
	out := make([]float64, f.documents)
	mean := 0.0
	for _, n := range f.lengths {
		mean += float64(n) / float64(f.documents)
	}
	seen := map[string]bool{}
	for _, term := range query {
		if seen[term] {
			continue
		}
		seen[term] = true
		list := f.postings[term]
		idf := elementary.Log(1 + (float64(f.documents-len(list))+0.5)/(float64(len(list))+0.5))
		for _, p := range list {
			if mute(term, int(p.document)) {
				continue
			}
			count := float64(p.count)
			out[p.document] += idf * count * (saturation + 1) / (count + float64(saturation*(1-byLength+byLength*float64(f.lengths[p.document])/mean)))
		}
	}
	return out
}

// rarity says how much a word tells: the logarithm of how many documents there are for each that has it.
func (f *field) rarity(word string) float64 {
	return elementary.Log(1 + float64(f.documents)/float64(1+len(f.postings[word])))
}
