package decode

import (
	"fmt"

	"slm/model"
	"slm/model/kernel"
)

// takeRows prepares the matrices as a file has them, and returns that of the embeddings, which is the head where they are tied.
func (n *net[T]) takeRows(p *model.Params, rows RowsOf) (*kernel.BlockWeights, error) {
	var failed error
	take := func(k int, names ...string) (m matrix[T]) {
		var all []kernel.BlockRow
		for _, name := range names {
			part, err := rows(name)
			if err != nil && failed == nil {
				failed = fmt.Errorf("decode: %w", err)
			}
			all = append(all, part...)
		}
		if failed == nil {
			var err error
			if m.blocks, err = kernel.NewBlockWeights(all, k); err != nil {
				failed = fmt.Errorf("decode: %s: %w", names[0], err)
			}
		}
		return m
	}
	c := p.Config
	embed := take(c.Width, "model.embed_tokens.weight") // the largest first, beside which nothing is in memory yet
	for i, l := range p.Layers {
		at := func(name string) string { return fmt.Sprintf("model.layers.%d.%s.weight", i, name) }
		n.layer = append(n.layer, layer[T]{
			attnNorm: l.AttnNorm, mlpNorm: l.MLPNorm, extras: l.Extras,
			qkv: take(c.Width, at("self_attn.q_proj"), at("self_attn.k_proj"), at("self_attn.v_proj")), out: take(c.QWidth(), at("self_attn.o_proj")),
			gate: take(c.Width, at("mlp.gate_proj")), up: take(c.Width, at("mlp.up_proj")), down: take(c.Hidden, at("mlp.down_proj")),
		})
	}
	if n.head = embed; !c.Tied {
		n.head = take(c.Width, "lm_head.weight")
	}
	return embed.blocks, failed
}
