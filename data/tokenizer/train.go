package tokenizer

import (
	"container/heap"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// TrainOptions says what to learn.
type TrainOptions struct {
	Vocab   int      // tokens wanted in all: the special ones, 256 bytes, and merges
	Special []string // take the first ids, in this order; not looked for in the texts
	Pattern Pattern
}

// ErrOptions is wrapped by errors about TrainOptions.
var ErrOptions = errors.New("cannot train a tokenizer with these options")

// Train learns merges from texts. The result has fewer tokens than wanted when the texts run out of pairs to merge.
//
// Method: Sennrich et al. 2016 (algorithm 1) over bytes; in each step the most frequent pair of neighbours is joined, of equally
// frequent ones the pair of smallest ids. Counts are kept up to date by visiting only the words that hold the pair, so a step costs
// what it changes. Memory grows with the number of different words, not with the texts. The merges are those of BpeTrainer in
// `tokenizers` 0.23.3 with ByteLevel.alphabet() as initial alphabet; they do not depend on the order of the texts.
func Train(texts iter.Seq[string], opt TrainOptions) (*Tokenizer, error) {
	pattern, err := opt.Pattern.resolve()
	if err != nil {
		return nil, err
	}
	if cuts[pattern] != nil || pattern == Unigram {
		return nil, fmt.Errorf("tokenizer: train: pattern %s is only read: %w", pattern, ErrOptions)
	}
	if opt.Vocab > maxVocab {
		return nil, fmt.Errorf("tokenizer: train: vocab %d is above %d: %w", opt.Vocab, maxVocab, ErrOptions)
	}
	tr := &trainer{ids: map[string]int32{}, counts: map[pair]int64{}}
	for _, s := range opt.Special {
		if _, twice := tr.ids[s]; s == "" || twice {
			return nil, fmt.Errorf("tokenizer: train: special token %q is empty or named twice: %w", s, ErrOptions)
		}
		tr.id(s)
	}
	bytes := tr.addAlphabet()
	if opt.Vocab < len(tr.tokens) {
		return nil, fmt.Errorf("tokenizer: train: vocab %d is below %d (256 bytes and %d special tokens): %w",
			opt.Vocab, len(tr.tokens), len(opt.Special), ErrOptions)
	}
	tr.readWords(texts, pattern, bytes)
	tr.countPairs()
	for len(tr.tokens) < opt.Vocab {
		if !tr.step() {
			break
		}
	}
	return tr.tokenizer(opt.Special, pattern)
}

// trainer is the state between two merges.
type trainer struct {
	tokens []string
	ids    map[string]int32
	merges []pair // as learnt; the newest of equal ones counts

	words []trainWord
	// counts says how often each pair occurs, over all words. A pair that was merged keeps the count it had: it can come again only
	// when two merges give the same token, and then the reference counts on from there.
	counts map[pair]int64
	queue  queue
	fresh  map[pair]int // pairs that the running step has made more frequent → index in batch
	batch  []candidate
	steps  int
}

// trainWord is a distinct word of the texts.
type trainWord struct {
	ids   []int32
	count int64
}

// id returns a token's id, giving it the next one when it is new.
func (tr *trainer) id(token string) int32 {
	id, ok := tr.ids[token]
	if !ok {
		id = int32(len(tr.tokens))
		tr.ids[token] = id
		tr.tokens = append(tr.tokens, token)
	}
	return id
}

// addAlphabet gives ids to the 256 bytes in the order of the characters that spell them, and returns them by byte.
func (tr *trainer) addAlphabet() (bytes [256]int32) {
	sorted := alphabet
	slices.Sort(sorted[:])
	for _, r := range sorted {
		tr.id(string(r))
	}
	for b, r := range alphabet {
		bytes[b] = tr.ids[string(r)]
	}
	return bytes
}

// readWords cuts the texts into words, counts them, and spells each distinct one in bytes.
func (tr *trainer) readWords(texts iter.Seq[string], pattern Pattern, bytes [256]int32) {
	index := map[string]int{}
	for text := range texts {
		text = lossy(text)
		for i := 0; i < len(text); {
			end := pattern.next(text, i)
			n, ok := index[text[i:end]]
			if !ok {
				n = len(tr.words)
				word := strings.Clone(text[i:end]) // a part of text would hold all of it
				index[word] = n
				ids := make([]int32, len(word))
				for k := range ids {
					ids[k] = bytes[word[k]]
				}
				tr.words = append(tr.words, trainWord{ids: ids})
			}
			tr.words[n].count++
			i = end
		}
	}
}

// countPairs fills the queue from the spelt words.
func (tr *trainer) countPairs() {
	tr.fresh = map[pair]int{}
	for w, word := range tr.words {
		for i := 1; i < len(word.ids); i++ {
			tr.add(pairOf(word.ids[i-1], word.ids[i]), w, word.count)
		}
	}
	tr.flush()
}

// add counts a pair that a word has gained.
func (tr *trainer) add(p pair, word int, n int64) {
	tr.counts[p] += n
	i, ok := tr.fresh[p]
	if !ok {
		i = len(tr.batch)
		tr.fresh[p] = i
		tr.batch = append(tr.batch, candidate{pair: p, step: tr.steps})
	}
	// Words come one after the other, so a repetition can only be the newest entry.
	if at := tr.batch[i].words; len(at) == 0 || at[len(at)-1] != int32(word) {
		tr.batch[i].words = append(at, int32(word))
	}
}

// flush moves the pairs that a step has made more frequent into the queue.
func (tr *trainer) flush() {
	for _, c := range tr.batch {
		if c.count = tr.counts[c.pair]; c.count > 0 {
			heap.Push(&tr.queue, c)
		}
	}
	clear(tr.fresh)
	clear(tr.batch) // drop the word lists
	tr.batch = tr.batch[:0]
}

// step merges the most frequent pair; it returns false when there is none left.
func (tr *trainer) step() bool {
	for tr.queue.Len() > 0 {
		top := &tr.queue[0]
		if now := tr.counts[top.pair]; top.count != now { // counted before other merges took some of its occurrences
			top.count = now
			heap.Fix(&tr.queue, 0)
			continue
		}
		if top.count < 1 {
			return false
		}
		c := heap.Pop(&tr.queue).(candidate)
		tr.merges = append(tr.merges, c.pair)
		id := tr.id(tr.tokens[c.pair.left()] + tr.tokens[c.pair.right()])
		tr.steps++
		for _, w := range c.words {
			tr.mergeWord(int(w), c.pair, id)
		}
		tr.flush()
		return true
	}
	return false
}

// mergeWord joins a pair wherever it stands in a word, from left to right, and counts the neighbours anew.
func (tr *trainer) mergeWord(w int, p pair, id int32) {
	word := &tr.words[w]
	ids, n := word.ids, word.count
	left, right := p.left(), p.right()
	out := 0 // ids[:out] are done; the gap up to i shrinks the word in place
	for i := 0; i < len(ids); i++ {
		if ids[i] != left || i+1 == len(ids) || ids[i+1] != right {
			ids[out] = ids[i]
			out++
			continue
		}
		if out > 0 {
			tr.counts[pairOf(ids[out-1], left)] -= n
			tr.add(pairOf(ids[out-1], id), w, n)
		}
		if i+2 < len(ids) {
			tr.counts[pairOf(right, ids[i+2])] -= n
			tr.add(pairOf(id, ids[i+2]), w, n)
		}
		ids[out] = id
		out++
		i++
	}
	word.ids = ids[:out]
}

// tokenizer turns what was learnt into a Tokenizer.
func (tr *trainer) tokenizer(special []string, pattern Pattern) (*Tokenizer, error) {
	newest := make(map[pair]int, len(tr.merges))
	for i, p := range tr.merges {
		newest[p] = i
	}
	var merges [][2]string
	for i, p := range tr.merges {
		if newest[p] == i {
			merges = append(merges, [2]string{tr.tokens[p.left()], tr.tokens[p.right()]})
		}
	}
	var add []added
	for _, s := range special {
		add = append(add, added{id: tr.ids[s], text: s, special: true})
	}
	return assemble(tr.tokens, tr.ids, merges, add, "", pattern)
}
