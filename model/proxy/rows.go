package proxy

import (
	"context"
	"fmt"
	"slices"

	"slm/model/decode"
)

// step is what the three models say of one next token: logits [V].
type step [3][]float32

// combine writes the combined scores of all tokens to out [V], up to a constant, and says which one is generated.
func (s step) combine(out []float64, by Setting) (best int32) {
	if by.Top == 0 {
		Combine(out, s[base], s[tuned], s[untuned], by.Alpha)
		return argMax(out)
	}
	shown := Show(s[base], by.Top)
	shown.Combine(out, s[tuned], s[untuned], by.Alpha)
	return shown.Best(out, by.Tau)
}

// reading is a text on its way through the three models.
type reading struct {
	p    *Proxy
	seqs [3]*decode.Sequence
	text []int32 // that M has read
	last step    // of the token after what was read
}

// read reads the prompts, with room for some tokens behind them.
func (p *Proxy) read(ctx context.Context, prompts Prompts, room int) (*reading, error) {
	r := &reading{p: p, text: slices.Clone(prompts.Base)}
	for role, d := range p.models {
		if d == nil {
			continue
		}
		prompt := prompts.of(role)
		r.seqs[role] = d.NewSequence(len(prompt) + room)
		part := decode.Part{Seq: r.seqs[role], Tokens: prompt, From: max(0, len(prompt)-1)}
		if err := r.advance(ctx, role, part, func(_ int, logits []float32) { r.last[role] = p.keep(logits) }); err != nil {
			r.free()
			return nil, err
		}
	}
	return r, nil
}

// add feeds all three a token that was generated.
func (r *reading) add(ctx context.Context, token int32) error {
	r.text = append(r.text, token)
	for role, d := range r.p.models {
		if d == nil {
			continue
		}
		part := decode.Part{Seq: r.seqs[role], Tokens: []int32{token}, Chosen: true}
		if err := r.advance(ctx, role, part, func(_ int, logits []float32) { copy(r.last[role], logits) }); err != nil {
			return err
		}
	}
	return nil
}

// follow is what the models say along continuations of what was read: a step for each of their tokens. What was read stays as it is.
func (r *reading) follow(ctx context.Context, continuations [][]int32) ([][]seen, error) {
	out := make([][]seen, len(continuations))
	for i, c := range continuations {
		if out[i] = make([]seen, len(c)); len(c) > 0 {
			out[i][0].step = r.last
		}
	}
	if r.p.far != nil {
		if err := r.along(ctx, continuations, out); err != nil {
			return nil, err
		}
	}
	for role, d := range r.p.models {
		if d == nil {
			continue
		}
		var parts []decode.Part
		var of []int // continuations
		read := r.seqs[role].Len()
		for i, c := range continuations {
			if len(c) < 2 { // what follows the last token is not asked
				continue
			}
			seq := d.NewSequence(read + len(c) - 1)
			defer seq.Free()
			seq.Copy(r.seqs[role], read)
			parts, of = append(parts, decode.Part{Seq: seq, Tokens: c[:len(c)-1]}), append(of, i)
		}
		if len(parts) == 0 {
			continue
		}
		if err := d.Advance(ctx, parts, func(part, row int, logits []float32) { out[of[part]][row+1].step[role] = r.p.keep(logits) }); err != nil {
			return nil, fmt.Errorf("proxy: %w", err)
		}
	}
	return out, nil
}

func (r *reading) advance(ctx context.Context, role int, part decode.Part, each func(row int, logits []float32)) error {
	if err := r.p.models[role].Advance(ctx, []decode.Part{part}, func(_, row int, logits []float32) { each(row, logits[:r.p.vocab]) }); err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	return nil
}

// keep copies logits, which belong to the decoder, without the padding behind them.
func (p *Proxy) keep(logits []float32) []float32 { return append([]float32(nil), logits[:p.vocab]...) }

func (r *reading) free() {
	for _, s := range r.seqs {
		if s != nil {
			s.Free()
		}
	}
}
