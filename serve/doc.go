// Package serve answers OpenAI's protocol over HTTP with a run: its systems by chat completions, its small model and the local weights behind it by
// completions with exact log-probabilities, and its encoder by embeddings.
//
// Nothing of a request is ignored: a field that cannot be honoured is an error that names it. Nothing of a question or of the corpus is logged. A
// reply depends on its request and the run alone, so it is the same alone or beside others.
package serve
