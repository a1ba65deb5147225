// Package retrieve finds the sections of a corpus that a question is about. It is what the small model is held against, and what a run
// falls back on where the small model is not sure.
//
// It knows sections by their index and nothing of how they are put into words: that is data/form.
package retrieve

import "context"

// Hit is one section found.
type Hit struct {
	Section int     // index into the sections that the retriever was opened on
	Cited   bool    // the query names the section, as 刑法第二十条 does: these come first
	Score   float64 // larger is better; comparable within one query only
}

// Retriever finds sections.
type Retriever interface {
	// Search returns the k best sections, best first; fewer when there are fewer. Any string is a legal query.
	Search(ctx context.Context, query string, k int) ([]Hit, error)
	Close() error
}
