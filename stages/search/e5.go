package search

import (
	"context"

	"slm/retrieve"
)

// e5Spec is multilingual-e5-small in this process.
var e5Spec = EncoderSpec{
	Name:  retrieve.E5Name,
	Doc:   "multilingual-e5-small in this process, for a hundred languages; `scripts/setup e5` fetches it",
	Chars: serverChars, // within the 512 tokens that it reads, in a script without spaces too
	Start: 1.5,
	Ready: retrieve.E5Ready,
	Open:  func(context.Context, Source) (retrieve.Encoder, error) { return opened(retrieve.OpenE5(nil)) },
	Cost:  costOf(retrieve.OpenE5, serverChars),
}
