package pack

import (
	"fmt"
	"slices"
	"testing"
)

func TestPackPairs_RowsStandInPairsAndEveryPairIsThereOnce(t *testing.T) {
	const cols = 16
	ex := examples(3, 60, 40) // some are longer than a row
	var pairs []Pair
	for i := 0; i < len(ex); i += 2 {
		pairs = append(pairs, Pair{ex[i], ex[i+1], float64(i)})
	}
	var got []string
	p := PackPairs(pairs, 4, cols)
	for i := range p.Len() {
		b, err := p.Batch(i)
		if err != nil || b.Rows != len(b.Docs) || b.Rows != 2*len(b.References) || b.Units() != len(b.References) || b.Rows > 8 || i < p.Len()-1 && b.Rows < 8 {
			t.Fatalf("%d rows, %d documents, %d references: %v", b.Rows, len(b.Docs), len(b.References), err)
		}
		for r, d := range b.Docs {
			if d.Row != r || d.Start != 0 || b.References[r/2] != float32(pairOf(b.IDs[r])) {
				t.Errorf("row %d: %+v of %s, reference %g", r, d, b.IDs[r], b.References[r/2])
			}
		}
		got = append(got, b.IDs...)
	}
	var want []string
	for _, pair := range pairs {
		if pair.Trained(cols) {
			want = append(want, pair.Chosen.ID, pair.Rejected.ID)
		}
	}
	if !slices.Equal(got, want) || len(want) == len(ex) || len(want) < 10 {
		t.Errorf("%v\nwant %v", got, want)
	}
	if PackPairs(nil, 4, cols).Len() != 0 {
		t.Error("nothing was packed into something")
	}
}

// pairOf is the number that the pair of an example has as its reference.
func pairOf(id string) (n int) {
	_, _ = fmt.Sscan(id, &n)
	return n &^ 1
}
