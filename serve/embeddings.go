package serve

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"
)

// embeddingRequest is what is read of a request for vectors.
type embeddingRequest struct {
	Model      string          `json:"model"`
	Input      texts           `json:"input"`
	Format     string          `json:"encoding_format"`
	Dimensions *int            `json:"dimensions"`
	SLM        json.RawMessage `json:"slm"`
}

// mostTexts is how many texts a request may have, as OpenAI has it.
const mostTexts = 2048

type embeddingResponse struct {
	Object string      `json:"object"`
	Data   []embedding `json:"data"`
	Model  string      `json:"model"`
	Usage  embedUsage  `json:"usage"`
}

type embedding struct {
	Object string `json:"object"`
	Index  int    `json:"index"`
	Vector any    `json:"embedding"` // []float32, or base64 of them, little-endian
}

// embedUsage is what OpenAI's clients expect. Encoders do not say how many tokens they have read: it is 0.
type embedUsage struct {
	PromptTokens int64 `json:"prompt_tokens"`
	TotalTokens  int64 `json:"total_tokens"`
}

// embeddings answers /v1/embeddings.
func (s *Server) embeddings(ctx context.Context, x *exchange) error {
	var r embeddingRequest
	if err := parse(x.body, "", &r, neutral{"user": {anything}}); err != nil {
		return err
	}
	var o struct {
		As string `json:"as"` // "question" or "section"
	}
	if r.SLM != nil {
		if err := parse(r.SLM, "slm.", &o, nil); err != nil {
			return err
		}
	}
	switch {
	case r.Model == "":
		return wrong("model", "missing")
	case r.Model != Embeddings || !x.run.HasEncoder(ctx):
		return notFound()
	case len(r.Input) == 0 || len(r.Input) > mostTexts:
		return wrong("input", "1 to %d texts", mostTexts)
	case r.Format != "" && r.Format != "float" && r.Format != "base64":
		return wrong("encoding_format", "float or base64")
	case o.As != "" && o.As != "question" && o.As != "section":
		return wrong("slm.as", "question or section")
	}
	x.model = Embeddings
	for _, t := range r.Input {
		if strings.TrimSpace(t) == "" {
			return wrong("input", "a text is empty")
		}
	}
	vectors, err := x.run.Embed(ctx, r.Input, o.As == "question")
	if err != nil {
		return err
	}
	if d := r.Dimensions; d != nil && *d != len(vectors[0]) {
		return wrong("dimensions", "the encoder's vectors have %d", len(vectors[0]))
	}
	out := embeddingResponse{Object: "list", Model: r.Model, Usage: embedUsage{}}
	for i, v := range vectors {
		e := embedding{Object: "embedding", Index: i, Vector: v}
		if r.Format == "base64" {
			raw := make([]byte, 0, 4*len(v))
			for _, f := range v {
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(f))
			}
			e.Vector = base64.StdEncoding.EncodeToString(raw)
		}
		out.Data = append(out.Data, e)
	}
	return x.send(out)
}
