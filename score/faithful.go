package score

import (
	"slices"
	"strings"
	"unicode"

	"slm/data/rouge"
)

// Supported is the share of a sentence's content words that must stand in the passages.
const Supported = 2. / 3

// Faithful is the share of a reply's sentences that its passages support, in [0,1]; false where no sentence says anything that could be supported. A
// sentence is supported if at least two thirds of its content words stand somewhere in the passages: of scripts without spaces, pairs of characters.
//
// It is a measure by words: it sees what is made up of other words, and not what is said of the same words wrongly, nor what is said rightly in others.
func Faithful(said string, passages string) (share float64, ok bool) {
	have := NewPassages(passages)
	sentences, held := 0, 0
	for _, sentence := range Sentences(said) {
		support, ok := have.Support(sentence)
		if !ok {
			continue
		}
		if sentences++; support >= Supported {
			held++
		}
	}
	if sentences == 0 {
		return 0, false
	}
	return float64(held) / float64(sentences), true
}

// Passages are texts that sentences are compared with.
type Passages struct{ have map[string]bool }

// NewPassages reads texts.
func NewPassages(texts ...string) Passages {
	p := Passages{map[string]bool{}}
	for _, text := range texts {
		for _, w := range content(text) {
			p.have[w] = true
		}
	}
	return p
}

// Support is the share of a sentence's content words that stand somewhere in the passages, in [0,1]; false where it has none.
func (p Passages) Support(sentence string) (share float64, ok bool) {
	words := content(sentence)
	if len(words) == 0 {
		return 0, false
	}
	found := 0
	for _, w := range words {
		if p.have[w] {
			found++
		}
	}
	return float64(found) / float64(len(words)), true
}

// ends are what sentences end in.
const ends = ".!?。！？…"

// Sentences cuts a text after the marks that end sentences, where a space follows, and of scripts without spaces after any such mark; and at line breaks.
func Sentences(text string) (out []string) {
	runes := []rune(text)
	from := 0
	cut := func(to int) {
		if s := strings.TrimSpace(string(runes[from:to])); s != "" {
			out = append(out, s)
		}
		from = to
	}
	for i, r := range runes {
		switch {
		case r == '\n':
			cut(i + 1)
		case !strings.ContainsRune(ends, r):
		case r > unicode.MaxLatin1 || i+1 == len(runes) || unicode.IsSpace(runes[i+1]):
			cut(i + 1)
		}
	}
	cut(len(runes))
	return out
}

// content are the words of a text that say what it is about: all but the smallest words of some languages. Runs of characters of scripts without
// spaces give their pairs.
func content(text string) (out []string) {
	before := ""
	for _, w := range rouge.Words(text) {
		if alone := len([]rune(w)) == 1 && []rune(w)[0] > unicode.MaxLatin1; alone {
			if before != "" {
				out = append(out, before+w)
			}
			before = w
			continue
		}
		if before = ""; !slices.Contains(small, w) {
			out = append(out, w)
		}
	}
	return out
}

// small are words that stand in every text of English, German and French.
var small = strings.Fields(`a an the and or of in to for is are was were be by on at as it its this that these those with from not no yes you your i
	we he she they them their if then than so do does did can may must shall will would should has have had which what who when where how there
	der die das den dem des ein eine einer eines einem einen und oder von zu im in ist sind war mit auf für nicht es sie er wir ihr als auch wenn
	le la les un une des du de et ou à au aux en est sont était pour par sur ne pas ce cette ces il elle ils elles qui que dans avec se s l d`)
