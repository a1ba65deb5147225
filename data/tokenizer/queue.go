package tokenizer

// candidate is a pair that may be merged next.
type candidate struct {
	pair  pair
	count int64   // when it was queued; the true one may have fallen since
	step  int     // in which it was queued; only to make the order total
	words []int32 // that hold the pair, ascending
}

// queue is a heap (container/heap) of candidates: most frequent first, then the smallest pair.
type queue []candidate

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	a, b := &q[i], &q[j]
	if a.count != b.count {
		return a.count > b.count
	}
	if a.pair != b.pair {
		return a.pair < b.pair
	}
	return a.step < b.step
}

func (q *queue) Push(x any) { *q = append(*q, x.(candidate)) }

func (q *queue) Pop() any {
	old := *q
	last := len(old) - 1
	c := old[last]
	old[last] = candidate{} // drop the word list
	*q = old[:last]
	return c
}
