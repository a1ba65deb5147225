package pack

// Pair are two answers to one prompt, of which the first is preferred.
type Pair struct {
	Chosen, Rejected Example
	Reference        float64 // log π_ref(Chosen) − log π_ref(Rejected) of the tokens behind the prompts, nats
}

// Trained reports whether rows of cols tokens hold a trained token of both answers.
func (p Pair) Trained(cols int) bool {
	return inputs(len(p.Chosen.Tokens), p.Chosen.Prompt, cols) > 0 && inputs(len(p.Rejected.Tokens), p.Rejected.Prompt, cols) > 0
}

// PairPacking lays pairs out, two rows each. Batches are made when they are asked for.
type PairPacking struct {
	pairs     []Pair
	per, cols int
}

// PackPairs puts pairs into batches of at most per pairs, in their order: row 2k of a batch is the chosen answer of its pair k, row 2k+1 the rejected
// one, each from the row's start. Answers longer than cols are cut, and pairs without a trained token on either side left out.
func PackPairs(pairs []Pair, per, cols int) *PairPacking {
	p := &PairPacking{per: max(1, per), cols: cols}
	for _, pair := range pairs {
		if pair.Trained(cols) {
			p.pairs = append(p.pairs, pair)
		}
	}
	return p
}

// Len is the number of batches.
func (p *PairPacking) Len() int { return (len(p.pairs) + p.per - 1) / p.per }

// Batch lays out batch i, 0 ≤ i < Len().
func (p *PairPacking) Batch(i int) (Batch, error) {
	part := p.pairs[i*p.per : min((i+1)*p.per, len(p.pairs))]
	var from Examples
	var rows [][]int32
	references := make([]float32, len(part))
	for k, pair := range part {
		from, references[k] = append(from, pair.Chosen, pair.Rejected), float32(pair.Reference)
		rows = append(rows, []int32{int32(2 * k)}, []int32{int32(2*k + 1)})
	}
	b, err := fill(from, rows, p.cols)
	b.References = references
	return b, err
}
