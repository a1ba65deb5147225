package proxy

import (
	"context"
	"slices"
)

// Result is an answer.
type Result struct {
	Tokens  []int32 // without the stop token
	Stopped bool    // by a stop token
	Moved   int     // tokens, the stop token counted, that M alone would not have chosen at their places
}

// Generate continues the prompts by the likeliest token at each step, the first of equals, up to a stop token, most tokens, or the end of a model's context.
// heard is told the tokens so far after each; it may be nil. Errors are those of decode.
func (p *Proxy) Generate(ctx context.Context, prompts Prompts, by Setting, most int, stop []int32, heard func([]int32)) (Result, error) {
	for role, d := range p.models {
		if d != nil {
			most = min(most, d.Config().Context-len(prompts.of(role)))
		}
	}
	r, err := p.read(ctx, prompts, max(most, 0))
	if err != nil {
		return Result{}, err
	}
	defer r.free()
	var out Result
	room, alone := make([]float64, p.vocab), Setting{Top: by.Top, Tau: by.Tau}
	for len(out.Tokens) < most {
		next, err := r.next(ctx)
		if err != nil {
			return Result{}, err
		}
		token := next.combine(room, by)
		if token != next.combine(room, alone) {
			out.Moved++
		}
		if slices.Contains(stop, token) {
			out.Stopped = true
			break
		}
		if out.Tokens = append(out.Tokens, token); heard != nil {
			heard(out.Tokens)
		}
		if len(out.Tokens) == most {
			break
		}
		if err := r.add(ctx, token); err != nil {
			return Result{}, err
		}
	}
	return out, nil
}
