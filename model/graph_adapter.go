package model

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"slm/model/op"
)

// updates puts the adapter of a layer into the graph: learnt makes a node of a matrix [·,width] that holds others of those heights, one below the
// other.
func (p *Params) updates(layer int, learnt func(name string, rows []int, data []float32, width int) *G.Node) (to [matrixCount]*op.Update) {
	if p.Adapter == nil {
		return to
	}
	rank := p.Adapter.LoRA.Rank
	for m, matrix := range p.Config.matrices() {
		u := p.Adapter.Layers[layer][m]
		if len(u.Parts) == 0 {
			continue
		}
		name := fmt.Sprintf("layer%d.%s.", layer, matrix.name)
		to[m] = &op.Update{Scale: p.Adapter.LoRA.Scale(), Rank: rank, A: learnt(name+"a", slices.Repeat([]int{rank}, len(u.Parts)), u.A, matrix.width)}
		for i, part := range u.Parts {
			b := learnt(fmt.Sprintf("%sb%d", name, i), []int{part.To - part.From}, part.B, rank)
			to[m].Parts = append(to[m].Parts, op.UpdatePart{From: part.From, To: part.To, B: b})
		}
	}
	return to
}
