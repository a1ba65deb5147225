package retrieve

import (
	"context"
	"fmt"

	"slm/llm"
)

// Endpoint encodes texts by a server of OpenAI's protocol, through a client that stores, paces and pays for its replies (llm.New with provider
// embeddings): what was asked once is not asked again. Sections and questions are encoded alike.
type Endpoint struct {
	name   string
	client llm.Client
	dim    int
}

// probe is the text that tells the number of values.
const probe = "dimension"

// OpenEndpoint opens an encoder over a client, and has one text encoded to learn how many values a vector has.
func OpenEndpoint(ctx context.Context, name string, client llm.Client) (*Endpoint, error) {
	v, err := llm.Vectors(ctx, client, []string{probe})
	if err != nil {
		return nil, fmt.Errorf("retrieve: %s: %w", name, err)
	}
	return &Endpoint{name, client, len(v[0])}, nil
}

// Name is the encoder's name.
func (e *Endpoint) Name() string { return e.name }

// Dim is the number of values of a vector.
func (e *Endpoint) Dim() int { return e.dim }

// Sections encodes sections.
func (e *Endpoint) Sections(ctx context.Context, texts []string) ([][]float32, error) {
	v, err := llm.Vectors(ctx, e.client, texts)
	if err != nil {
		return nil, fmt.Errorf("retrieve: %s: %w", e.name, err)
	}
	for i := range v {
		if len(v[i]) != e.dim {
			return nil, fmt.Errorf("retrieve: %s: %w: a vector of %d values, where others have %d; has the server's model changed?", e.name, llm.ErrReply, len(v[i]), e.dim)
		}
	}
	return v, nil
}

// Questions encodes questions.
func (e *Endpoint) Questions(ctx context.Context, texts []string) ([][]float32, error) {
	return e.Sections(ctx, texts)
}

// Close does nothing: the client belongs to whoever opened it.
func (e *Endpoint) Close() error { return nil }

var (
	_ Encoder = (*BERT)(nil)
	_ Encoder = (*Endpoint)(nil)
)
