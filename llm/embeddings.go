package llm

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
)

var embeddingsProvider = Provider{
	Name: Embeddings, Meaning: "vectors of texts, by any server of OpenAI's protocol: it answers no question", Keys: []string{"url", "query", "key_env", "key_header", "headers"},
	Metered: true, Elsewhere: true, Vectors: true,
	validate: Config.validateRemote,
	open: func(c Config, opt Options) (provider, error) {
		p, err := newOpenAI(c, opt)
		if err != nil {
			return nil, err
		}
		p.id.Provider, p.id.CanScore = Embeddings, false
		e := &embeddings{openAI: p}
		e.most.Store(textsAtOnce)
		return e, nil
	},
}

// textsAtOnce is how many texts go together at first; servers that take fewer are given half as many.
const textsAtOnce = 32

// embeddings asks a server for vectors of texts. A vector is kept as the text of a reply, so that all that serves replies serves it too: base64 of
// its float32 values, little-endian, brought to length 1. A text counts as a call.
type embeddings struct {
	*openAI
	most atomic.Int64
}

func (e *embeddings) group() int { return int(e.most.Load()) }

func (e *embeddings) fewer(n int) {
	for {
		now := e.most.Load()
		if int64(n) >= now || e.most.CompareAndSwap(now, int64(max(n, 1))) {
			return
		}
	}
}

func (e *embeddings) ask(ctx context.Context, r Request) (Reply, error) {
	replies, err := e.askGroup(ctx, []Request{r})
	if err != nil {
		return Reply{}, err
	}
	return replies[0], nil
}

// embeddingRequest and embeddingReply are what goes over the wire.
type embeddingRequest struct {
	Model string   `json:"model"`
	Input []string `json:"input"`
}

type embeddingReply struct {
	Model string          `json:"model"`
	Data  []wireEmbedding `json:"data"`
	Usage *wireUsage      `json:"usage"`
}

type wireEmbedding struct {
	Index  *int       `json:"index"` // of the text; absent = in order
	Values []*float64 `json:"embedding"`
}

// askGroup makes one HTTP call for some texts.
func (e *embeddings) askGroup(ctx context.Context, reqs []Request) ([]Reply, error) {
	texts := make([]string, len(reqs))
	for i, r := range reqs {
		texts[i] = r.Prompt
	}
	got, err := e.exchange(ctx, call{path: "/embeddings", body: embeddingRequest{e.cfg.Model, texts}, patience: e.cfg.Timeout})
	if err != nil {
		f := asFault(err)
		f.none = nil // a text without a vector has no place in a table of vectors: the run ends
		return nil, f
	}
	replies, err := e.read(got.raw, reqs)
	if err != nil {
		return nil, got.heard(err)
	}
	replies[0].said = got.said
	return replies, nil
}

// read makes replies of a body: a vector for each text, all of one length, of finite numbers.
func (e *embeddings) read(raw []byte, reqs []Request) ([]Reply, error) {
	var got embeddingReply
	if err := e.parse(raw, &got); err != nil {
		return nil, err
	}
	if got.Data == nil {
		return nil, e.unusable("the reply speaks another protocol: it has no field \"data\"", false)
	}
	if err := e.byModel(got.Model); err != nil {
		return nil, err
	}
	if len(got.Data) != len(reqs) {
		return nil, e.unusable(fmt.Sprintf("%d vectors for %d texts", len(got.Data), len(reqs)), true)
	}
	replies := make([]Reply, len(reqs))
	for i, d := range got.Data {
		at := i
		if d.Index != nil {
			at = *d.Index
		}
		switch {
		case at < 0 || at >= len(reqs) || replies[at].Text != "":
			return nil, e.unusable(fmt.Sprintf("a vector has the index %d, which is none of the %d texts or stands twice", at, len(reqs)), true)
		case len(d.Values) != len(got.Data[0].Values):
			return nil, e.unusable(fmt.Sprintf("vectors of %d and of %d values", len(got.Data[0].Values), len(d.Values)), true)
		}
		text, err := packVector(d.Values)
		if err != nil {
			return nil, e.unusable(fmt.Sprintf("vector %d: %v", at, err), true)
		}
		replies[at].Text = text
	}
	shareTokens(replies, reqs, got.Usage)
	return replies, nil
}

// shareTokens gives each reply its part of the tokens that a call has taken, by the length of its text; the worst case where none are reported.
func shareTokens(replies []Reply, reqs []Request, u *wireUsage) {
	total, bytes := 0, 0
	for _, r := range reqs {
		bytes += len(r.Prompt)
	}
	if u != nil && sane(u.PromptTokens) {
		total = u.PromptTokens
	}
	left := total
	for i, r := range reqs {
		if replies[i].PromptTokens = int(r.Worst().PromptTokens); total > 0 {
			replies[i].PromptTokens = int(int64(total) * int64(len(r.Prompt)) / int64(bytes))
			left -= replies[i].PromptTokens
		}
	}
	if total > 0 {
		replies[0].PromptTokens += left
	}
}

// packVector brings a vector to length 1 and writes it as text.
func packVector(values []*float64) (string, error) {
	const most = 1 << 16
	if len(values) == 0 || len(values) > most {
		return "", fmt.Errorf("%d values, not 1 to %d", len(values), most)
	}
	sum := 0.0
	for _, v := range values {
		if v == nil {
			return "", errors.New("a value is null")
		}
		sum += float64(*v * *v)
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return "", fmt.Errorf("its length is %v", math.Sqrt(sum))
	}
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(*v/math.Sqrt(sum))))
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

// unpackVector reads what packVector wrote.
func unpackVector(text string) ([]float32, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 || len(raw)%4 != 0 {
		return nil, errors.New("it is no vector")
	}
	v := make([]float32, len(raw)/4)
	sum := 0.0
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		sum += float64(float64(v[i]) * float64(v[i]))
	}
	if !(math.Abs(sum-1) < 1e-3) { // also NaN
		return nil, fmt.Errorf("it is a vector of length %.3g, not 1", math.Sqrt(sum))
	}
	return v, nil
}

// Vectors returns a vector of length 1 for each text, by a client of provider embeddings. All have the same number of values.
func Vectors(ctx context.Context, c Client, texts []string) ([][]float32, error) {
	if p := c.Info().Provider; p != Embeddings {
		return nil, fmt.Errorf("llm: %w: provider %s makes no vectors", ErrRequest, p)
	}
	reqs := make([]Request, len(texts))
	for i, t := range texts {
		if strings.TrimSpace(t) == "" {
			t = " " // servers refuse what is empty
		}
		reqs[i] = Request{Prompt: t, MaxTokens: 1} // of which it uses none
	}
	replies, err := c.Do(ctx, reqs)
	if err != nil {
		return nil, err
	}
	out := make([][]float32, len(replies))
	for i, r := range replies {
		if out[i], err = unpackVector(r.Text); err != nil {
			return nil, fmt.Errorf("llm: %w: the stored reply to %q: %w", ErrReply, clip(texts[i], 60), err)
		}
		if len(out[i]) != len(out[0]) {
			return nil, fmt.Errorf("llm: %w: vectors of %d and of %d values; has the server's model changed?", ErrReply, len(out[0]), len(out[i]))
		}
	}
	return out, nil
}

var _ grouper = (*embeddings)(nil)
