// Package proxy steers a model without touching its weights, by what tuning has changed in a smaller one (proxy-tuning, Liu et al. 2024,
// arXiv 2401.08565, equation 1; DExperts, arXiv 2105.03023): the next token comes from
//
//	softmax( s_M + α·(s_M⁺ − s_M⁻) )
//
// where s are logits, M is the large model, M⁺ the tuned small one and M⁻ the small one before it was tuned. All three have one vocabulary.
//
// There are three ways to see the large model. With all its logits the formula is exact (Combine). A server that gives the k likeliest tokens is combined
// on these, with an equal share of what is left for every other token (Shown, Far). One that gives text alone can have several answers ranked by what tuning thinks
// of them (Rerank); that is no proxy-tuning.
//
// It knows no questions and trains nothing.
package proxy

import (
	"errors"
	"fmt"

	"slm/data/tokenizer"
	"slm/model/decode"
)

// ErrVocabulary says that the models do not have one vocabulary: a token of one is another one, or none, of the next.
var ErrVocabulary = errors.New("proxy: the models have different vocabularies")

// Model is a model that takes part.
type Model struct {
	Name      string          // in errors
	Decoder   *decode.Decoder // nil = not loaded yet, for OneVocabulary
	Tokenizer *tokenizer.Tokenizer
}

// Proxy is a large model steered by two small ones. Its methods may be called from several goroutines.
type Proxy struct {
	models [3]*decode.Decoder // in the order of the roles; M is nil where it is far
	far    Far                // M; nil = it is here
	vocab  int                // of the tokenizer; the rows behind it are padding
}

// The roles, as indices.
const (
	base = iota
	tuned
	untuned
)

// New puts M, M⁺ and M⁻ together. ErrVocabulary: their tokenizers differ, by digest, or a model has fewer rows than the tokenizer has tokens. A
// vocabulary that is padded with rows behind the last token is cut to the tokenizer's.
func New(m, plus, minus Model) (*Proxy, error) {
	if err := OneVocabulary(m, plus, minus); err != nil {
		return nil, err
	}
	return &Proxy{vocab: m.Tokenizer.Vocab(), models: [3]*decode.Decoder{m.Decoder, plus.Decoder, minus.Decoder}}, nil
}

// OneVocabulary returns ErrVocabulary where New does. The rows of a model that is not loaded yet are not looked at.
func OneVocabulary(m, plus, minus Model) error {
	vocab := m.Tokenizer.Vocab()
	for _, x := range []Model{m, plus, minus} {
		if x.Tokenizer.Digest() != m.Tokenizer.Digest() {
			return fmt.Errorf("%w: %s has the tokenizer %.12s… of %d tokens, %s %.12s… of %d", ErrVocabulary,
				x.Name, x.Tokenizer.Digest(), x.Tokenizer.Vocab(), m.Name, m.Tokenizer.Digest(), vocab)
		}
		if x.Decoder != nil && x.Decoder.Config().Vocab < vocab {
			return fmt.Errorf("%w: %s has %d rows for the tokenizer's %d tokens", ErrVocabulary, x.Name, x.Decoder.Config().Vocab, vocab)
		}
	}
	return nil
}

// Prompts are the tokens that each model continues. The paper gives a tuned model that knows a form of its own that form, and the others the plain prompt.
type Prompts struct{ Base, Tuned, Untuned []int32 }

// Same is one prompt for all three.
func Same(tokens []int32) Prompts { return Prompts{tokens, tokens, tokens} }

func (p Prompts) of(role int) []int32 { return [...][]int32{p.Base, p.Tuned, p.Untuned}[role] }

// Setting is how the models are combined. The zero value is M alone.
type Setting struct {
	Alpha float64 // how far M is moved along what tuning has changed: the paper's α, 1 there unless stated
	Top   int     // M shows so many of its likeliest tokens, as a server does; 0 = all its logits. Of one that is far: as many as it shows
	Tau   float64 // a token that M does not show is generated only if all those together have more than this probability by M
}
