// Package pack turns tokenised examples into rows of fixed length for training, and stores them in shards.
//
// Several documents share a row, each with its own positions from 0 and its own entry in Batch.Docs, from which the document mask
// is made: no document may attend to another. Packing without that mask was measured to make recall worse. Padding is a target of -1,
// never a token with a meaning, so that the end-of-text token is always trained.
package pack

import "slm/data/form"

// Example is one document: tokens with its end-of-text token, of which the first Prompt are read but not trained.
type Example struct {
	Tokens []int32 `arrow:"tokens"`
	Prompt int     `arrow:"prompt"` // tokens before this index are not trained
	ID     string  `arrow:"id"`
}

// Encoder is what packing needs of a tokenizer.
type Encoder interface{ Encode(text string) []int32 }

// Encode makes an example of a prompt and what follows it, with the end-of-text token. Without train the prompt is read, not trained.
func Encode(e Encoder, id, prompt, continuation string, eos int32, train bool) Example {
	tokens := e.Encode(prompt)
	ex := Example{ID: id, Prompt: len(tokens)}
	if train {
		ex.Prompt = 0
	}
	ex.Tokens = append(append(tokens, e.Encode(form.Continuation(continuation))...), eos)
	return ex
}

// Source is a list of examples that are made when they are asked for, so that what is packed need not be in memory. It is a pure
// function of the index.
type Source interface {
	Len() int
	Size(i int) (tokens, prompt int) // len(Tokens) and Prompt of example i, at the price of a look-up
	Example(i int) (Example, error)
}

// Examples is a Source in memory.
type Examples []Example

// Len is the number of examples.
func (e Examples) Len() int { return len(e) }

// Size is that of example i.
func (e Examples) Size(i int) (tokens, prompt int) { return len(e[i].Tokens), e[i].Prompt }

// Example returns example i.
func (e Examples) Example(i int) (Example, error) { return e[i], nil }

var _ Source = Examples(nil)
