package tokenizer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"

	"slm/data/tokenizer/unigram"
)

// ErrFormat is wrapped by every error about a tokenizer that is malformed or cannot be expressed here.
var ErrFormat = errors.New("not a tokenizer that can be used")

// Tokenizer is an immutable vocabulary with its merges. All methods may be called from many goroutines at once.
type Tokenizer struct {
	tokens  []string         // [V] by id, spelt in the byte alphabet; special tokens as they are
	plain   [][]byte         // [V] by id, the bytes it decodes to
	ids     map[string]int32 // token → id
	merges  []pair           // by rank
	ranks   map[pair]merge   // the same, to look up
	added   []added          // by id; the tokens that EncodeSpecial finds in a text
	starts  [256][]int32     // indices of added tokens by their first byte, the longest first
	words   bool             // some added tokens are not special: Encode, too, looks for them
	byteID  [256]int32       // id of each single byte, or the unknown token's, or -1
	unknown string           // stands for bytes that the vocabulary lacks; "" drops them
	pattern Pattern
	cuts    []expression // the pattern's, where it is of cuts

	unknownID  int32   // that token's id, or -2
	start      int32   // what a text begins with, or -1
	wholeWords bool    // Spec.WholeWords
	normal     string  // Spec.Normal
	prefix     Prefix  // Spec.Prefix
	byScore    []int32 // [V] rank of each token, -1: never made by merging; nil: the merges have ranks

	model  *unigram.Model // of Unigram
	parts  *unigramParts  // the same
	scores []float64      // [V] of Unigram

	cache  cache
	digest func() string
}

// added is a token found in the text itself by EncodeSpecial, before the text is cut into words.
type added struct {
	id      int32
	text    string
	special bool // a control token rather than merely an unsplittable word
	norm    bool // the file's "normalized", which nothing here depends on

	lstrip, rstrip bool // white space in front or behind goes with it
}

// pair is two neighbouring ids, left<<32 | right; its order is that of (left, right).
type pair uint64

func pairOf(left, right int32) pair { return pair(uint64(uint32(left))<<32 | uint64(uint32(right))) }
func (p pair) left() int32          { return int32(p >> 32) }
func (p pair) right() int32         { return int32(uint32(p)) }

// merge is what becomes of a pair.
type merge struct {
	rank int32 // 0 = learnt first, applied first
	id   int32 // of the joined token
}

// maxVocab bounds what a file can make us allocate; the largest published vocabularies hold a quarter of it.
const maxVocab = 1 << 20

// Parts are the vocabulary by id, the merges "left right" by rank, and the tokens that EncodeSpecial finds in a text: those of a Spec.
func (t *Tokenizer) Parts() (tokens, merges, special []string) {
	for _, m := range t.merges {
		merges = append(merges, t.tokens[m.left()]+" "+t.tokens[m.right()])
	}
	for _, a := range t.added {
		if a.special {
			special = append(special, a.text)
		}
	}
	return slices.Clone(t.tokens), merges, special
}

// index maps tokens to their ids and refuses empty and repeated ones.
func index(tokens []string) (map[string]int32, error) {
	if len(tokens) > maxVocab {
		return nil, fmt.Errorf("tokenizer: %d tokens, more than %d: %w", len(tokens), maxVocab, ErrFormat)
	}
	ids := make(map[string]int32, len(tokens))
	for id, tok := range tokens {
		if tok == "" {
			return nil, fmt.Errorf("tokenizer: token %d is empty: %w", id, ErrFormat)
		}
		if first, ok := ids[tok]; ok {
			return nil, fmt.Errorf("tokenizer: tokens %d and %d are both %q: %w", first, id, tok, ErrFormat)
		}
		ids[tok] = int32(id)
	}
	return ids, nil
}

// assemble checks that all parts fit and builds the look-up tables.
func assemble(tokens []string, ids map[string]int32, merges [][2]string, add []added, unknown string, p Pattern) (*Tokenizer, error) {
	p, err := p.resolve()
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{
		tokens: slices.Clone(tokens), ids: ids, pattern: p, cuts: expressions()[p], unknown: unknown, unknownID: -2, start: -1,
		plain:  make([][]byte, len(tokens)),
		merges: make([]pair, len(merges)),
		ranks:  make(map[pair]merge, len(merges)),
	}
	for i, m := range merges {
		left, okL := ids[m[0]]
		right, okR := ids[m[1]]
		id, okJ := ids[m[0]+m[1]]
		if !okL || !okR || !okJ {
			return nil, fmt.Errorf("tokenizer: merge %d (%q, %q) names a token outside the vocabulary: %w", i, m[0], m[1], ErrFormat)
		}
		k := pairOf(left, right)
		if old, ok := t.ranks[k]; ok {
			return nil, fmt.Errorf("tokenizer: merges %d and %d are both (%q, %q): %w", old.rank, i, m[0], m[1], ErrFormat)
		}
		t.merges[i], t.ranks[k] = k, merge{rank: int32(i), id: id}
	}
	for id, tok := range tokens {
		if t.plain[id] = spell(tok); p == Pieces || p == Unigram {
			t.plain[id] = spellPiece(tok)
		}
	}
	if err := t.setBytes(); err != nil {
		return nil, err
	}
	if err := t.setAdded(add); err != nil {
		return nil, err
	}
	t.cache.init()
	t.digest = sync.OnceValue(func() string {
		sum := sha256.Sum256(t.encodeFile())
		return hex.EncodeToString(sum[:])
	})
	return t, nil
}

// setBytes finds the id that each byte of a word starts as.
func (t *Tokenizer) setBytes() error {
	missing := int32(-1)
	if t.unknown != "" {
		id, ok := t.ids[t.unknown]
		if !ok {
			return fmt.Errorf("tokenizer: unknown token %q is not in the vocabulary: %w", t.unknown, ErrFormat)
		}
		missing, t.unknownID = id, id
	}
	for b := range 256 {
		t.byteID[b] = missing
		spelt := string(alphabet[b])
		if t.pattern == Pieces || t.pattern == Unigram {
			spelt = fmt.Sprintf("<0x%02X>", b)
		}
		if id, ok := t.ids[spelt]; ok {
			t.byteID[b] = id
		}
	}
	return nil
}

// setAdded sorts the added tokens by id and lets them decode to their own text.
func (t *Tokenizer) setAdded(add []added) error {
	t.added = slices.Clone(add)
	slices.SortFunc(t.added, func(a, b added) int { return int(a.id) - int(b.id) })
	for i, a := range t.added {
		if a.text == "" || int(a.id) < 0 || int(a.id) >= len(t.tokens) || t.tokens[a.id] != a.text {
			return fmt.Errorf("tokenizer: added token %q does not have the id %d: %w", a.text, a.id, ErrFormat)
		}
		if i > 0 && t.added[i-1].id == a.id {
			return fmt.Errorf("tokenizer: added token %q is named twice: %w", a.text, ErrFormat)
		}
		t.plain[a.id] = []byte(a.text)
		t.starts[a.text[0]] = append(t.starts[a.text[0]], int32(i))
		t.words = t.words || !a.special
	}
	for _, list := range t.starts {
		slices.SortStableFunc(list, func(a, b int32) int { return len(t.added[b].text) - len(t.added[a].text) })
	}
	return nil
}

// Vocab returns the number of tokens; ids are 0 … Vocab()-1.
func (t *Tokenizer) Vocab() int { return len(t.tokens) }

// ID returns the id of a token as the vocabulary spells it (special tokens as they are, others in the byte alphabet).
func (t *Tokenizer) ID(token string) (int32, bool) {
	id, ok := t.ids[token]
	return id, ok
}

// Token returns a token as the vocabulary spells it, or "" for an id outside it.
func (t *Tokenizer) Token(id int32) string {
	if id < 0 || int(id) >= len(t.tokens) {
		return ""
	}
	return t.tokens[id]
}

// Pattern returns how text is cut into words.
func (t *Tokenizer) Pattern() Pattern { return t.pattern }

// Digest returns the hex SHA-256 of the file that Save writes: equal digests mean equal ids for every text.
func (t *Tokenizer) Digest() string { return t.digest() }
