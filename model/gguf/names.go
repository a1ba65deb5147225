package gguf

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"slm/model"
	"slm/model/weights"
)

// names pairs the parts of Hugging Face's tensor names with GGUF's. A part stands before those that it holds.
var names = []string{
	"model.embed_tokens", "token_embd",
	"model.layers.", "blk.",
	"post_attention_layernorm", "ffn_norm",
	"input_layernorm", "attn_norm",
	"self_attn.q_norm", "attn_q_norm",
	"self_attn.k_norm", "attn_k_norm",
	"self_attn.qkv_proj", "attn_qkv",
	"self_attn.q_proj", "attn_q",
	"self_attn.k_proj", "attn_k",
	"self_attn.v_proj", "attn_v",
	"self_attn.o_proj", "attn_output",
	"mlp.gate_proj", "ffn_gate",
	"mlp.up_proj", "ffn_up",
	"mlp.down_proj", "ffn_down",
	"model.norm", "output_norm",
	"lm_head", "output",
}

// postNames are those of models with norms behind attention and MLP; they go before names.
var postNames = []string{
	"post_attention_layernorm", "post_attention_norm",
	"pre_feedforward_layernorm", "ffn_norm",
	"post_feedforward_layernorm", "post_ffw_norm",
}

var (
	toGGUF   = strings.NewReplacer(names...)
	fromGGUF = strings.NewReplacer(swapped(names)...)
	fromPost = strings.NewReplacer(swapped(append(slices.Clone(postNames), names...))...)
)

// swapped exchanges the members of pairs.
func swapped(pairs []string) []string {
	out := make([]string, len(pairs))
	for i := range pairs {
		out[i] = pairs[i^1]
	}
	return out
}

// known is what tensors that have a place in some model are called.
var known = regexp.MustCompile(`^(?:model\.embed_tokens\.weight|model\.norm\.weight|lm_head\.weight|rope_freqs\.weight|` +
	`model\.layers\.\d+\.(?:input_layernorm|post_attention_layernorm|pre_feedforward_layernorm|post_feedforward_layernorm|` +
	`self_attn\.[qk]_norm|self_attn\.(?:qkv|o)_proj|mlp\.(?:gate|up|down)_proj)\.weight|model\.layers\.\d+\.self_attn\.[qkv]_proj\.(?:weight|bias))$`)

// view is a tensor, or some rows of one, under Hugging Face's name.
type view struct {
	name string
	Tensor
}

// views lists the model's tensors in the order of the file's names. What the architecture fuses is parted.
func (f *File) views(c model.Config) ([]view, error) {
	from := fromGGUF
	if c.PostNorm {
		from = fromPost
	}
	var all []view
	for _, key := range slices.Sorted(maps.Keys(f.tensors)) {
		t, name := f.tensors[key], from.Replace(key)
		switch {
		case !known.MatchString(name):
			return nil, fmt.Errorf("%w: %s: tensor %s has no place in the models that can be run", weights.ErrUnsupported, f.name, weights.Clip(key))
		case strings.HasSuffix(key, ".attn_qkv.weight"):
			parted, err := f.part(t, name, "qkv_proj", []string{"q_proj", "k_proj", "v_proj"}, []int{c.QWidth(), c.KVWidth(), c.KVWidth()})
			if err != nil {
				return nil, err
			}
			all = append(all, parted...)
		case strings.HasSuffix(key, ".ffn_up.weight") && !f.has(strings.Replace(key, "ffn_up", "ffn_gate", 1)):
			parted, err := f.part(t, name, "up_proj", []string{"gate_proj", "up_proj"}, []int{c.Hidden, c.Hidden})
			if err != nil {
				return nil, err
			}
			all = append(all, parted...)
		default:
			all = append(all, view{name, t})
		}
	}
	return all, nil
}

// part cuts a matrix into matrices of so many rows; in their names, other takes the place of own.
func (f *File) part(t Tensor, name, own string, other []string, rows []int) ([]view, error) {
	total := 0
	for _, n := range rows {
		total += n
	}
	if len(t.Shape) != 2 || t.Shape[0] != total {
		return nil, fmt.Errorf("%w: %s: tensor %s has shape %v, not %d rows", weights.ErrFormat, f.name, t.Name, t.Shape, total)
	}
	stride, at := len(t.data)/total, 0
	var all []view
	for i, n := range rows {
		p := t
		p.Shape = []int{n, t.Shape[1]}
		if t.data != nil {
			p.data = t.data[at*stride : (at+n)*stride]
		}
		all = append(all, view{strings.Replace(name, own, other[i], 1), p})
		at += n
	}
	return all, nil
}
