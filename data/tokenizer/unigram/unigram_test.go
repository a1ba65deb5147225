package unigram

import (
	"errors"
	"math"
	"slices"
	"testing"
)

func vocabulary() Vocabulary {
	return Vocabulary{
		Pieces: []string{"<s>", "</s>", "<unk>", "▁", "▁a", "ab", "b", "▁ab", "c", "法", "▁法律", "律"},
		Scores: []float32{0, 0, 0, -3, -2, -2.5, -3, -4.9, -3, -4, -5, -4},
		Normal: map[rune]string{'Ａ': "a", '\n': " ", '\t': " ", '\u200b': ""},
		Before: 0, After: 1, Unknown: 2,
	}
}

func TestEncode_TakesTheLikeliestOfAllCuts(t *testing.T) {
	tok, err := New(vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]int32{
		"":              {0, 1},
		"  \n ":         {0, 1},
		"ab":            {0, 7, 1},             // -4.9, before ▁a b with -5 and ▁ ab with -5.5
		"a\tb":          {0, 4, 3, 6, 1},       // two words
		"Ａ\u200bb":      {0, 7, 1},             // made normal
		"法律律":           {0, 10, 11, 1},        //
		"aéèb":          {0, 4, 2, 6, 1},       // neighbours that no piece has are one
		"é a é":         {0, 3, 2, 4, 3, 2, 1}, //
		"<s>":           {0, 3, 2, 1},          // text, not the token
		"c\xffc":        {0, 3, 8, 8, 1},       // no UTF-8
		"法\uFFFD ab a":  {0, 3, 9, 7, 4, 1},    //
		"ab ab ab ab":   {0, 7, 7, 7, 1},       // cut off
		"acccccccccccc": {0, 4, 8, 8, 1},       //
	} {
		if got := tok.Encode(text, 5+2*btoi(text == "é a é")+btoi(text == "法\uFFFD ab a")); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestNew_VocabulariesThatCannotBeUsedAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Vocabulary){
		"a score is missing":   func(v *Vocabulary) { v.Scores = v.Scores[1:] },
		"no pieces":            func(v *Vocabulary) { *v = Vocabulary{} },
		"a score is no number": func(v *Vocabulary) { v.Scores[4] = float32(math.NaN()) },
		"two pieces are equal": func(v *Vocabulary) { v.Pieces[5] = "b" },
		"a token beyond":       func(v *Vocabulary) { v.After = 12 },
	} {
		v := vocabulary()
		change(&v)
		if _, err := New(v); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
