package schedule

import (
	"context"
	"math"
	"slices"

	"slm/model/decode"
)

// place is a request, from its arrival to its end.
type place struct {
	req     Request
	ctx     context.Context
	stream  *Stream
	client  *client
	arrived uint64

	soft  int // rows of the soft prompt
	rows  int // of the prompt, soft ones included
	last  int // rows that are to be read: all, or all but the last where nothing is generated
	limit int // tokens to generate

	seq    *decode.Sequence // nil while the request waits
	bytes  int              // that seq takes
	read   int              // rows of the prompt that are computed
	copied int
	echoed int     // tokens of the prompt that are told
	echo   []Token // those of this pass, from echoed on
	answer []int32
	fresh  Token     // chosen in this pass; ID is -1 if none is
	room   []float32 // of choose
	result Result
}

func newPlace(ctx context.Context, r Request, d *decode.Decoder, arrived uint64) *place {
	c := d.Config()
	p := &place{req: r, ctx: ctx, stream: newStream(), arrived: arrived, soft: len(r.Soft) / c.Width, rows: r.rows(c.Width), limit: r.limit(c.Width, c.Context)}
	p.last = p.rows
	if p.limit == 0 {
		p.last--
	}
	if p.limit == 0 && !p.scored() {
		p.last = 0
	}
	p.fresh.ID = -1
	p.result = Result{Read: p.rows, Stop: Token{ID: -1}}
	return p
}

// scored says that the prompt's log-probabilities are wanted.
func (p *place) scored() bool { return p.req.Echo && p.req.logProbs() }

func (p *place) reading() bool { return p.read < p.last }

// shareable is how many rows may come from another request: those whose logits nobody needs.
func (p *place) shareable() int {
	if p.scored() {
		return max(0, p.soft-1)
	}
	return max(0, p.rows-1)
}

// piece is the next n rows of the prompt.
func (p *place) piece(n, width int) decode.Part {
	lo, hi := p.read, p.read+n
	part := decode.Part{
		Seq: p.seq, From: n,
		Soft:   p.req.Soft[min(lo, p.soft)*width : min(hi, p.soft)*width],
		Tokens: p.req.Prompt[max(lo, p.soft)-p.soft : max(hi, p.soft)-p.soft],
	}
	switch {
	case p.scored():
		part.From = max(0, p.soft-1-lo)
	case hi == p.rows:
		part.From = n - 1
	}
	p.hear(hi)
	return part
}

// hear makes room for the tokens of the prompt that can be told when some of its rows are read.
func (p *place) hear(read int) {
	if !p.req.Echo {
		return
	}
	p.echo = make([]Token, p.heard(read)-p.echoed)
	for i := range p.echo {
		p.echo[i] = Token{ID: p.req.Prompt[p.echoed+i], Prompt: true, LogProb: math.NaN()}
	}
}

// heard is how many tokens of the prompt these are: a row says how likely the token behind it is.
func (p *place) heard(read int) int { return min(max(0, read+1-p.soft), len(p.req.Prompt)) }

// step is the token that was chosen last.
func (p *place) step() decode.Part {
	return decode.Part{Seq: p.seq, Tokens: p.answer[len(p.answer)-1:], Chosen: true}
}

// take takes logits over: row of the part that the place had in this pass. Rows of a place come from several goroutines, each to its own token.
func (p *place) take(row int, logits []float32) {
	if p.reading() {
		if at := p.read + row + 1 - p.soft; at < len(p.req.Prompt) {
			p.echo[at-p.echoed] = p.req.token(p.req.Prompt[at], logits, true)
			return
		}
	}
	p.fresh = p.req.token(p.req.choose(logits, len(p.answer), &p.room), logits, false)
}

// tell hands over what a pass that read n rows has brought, and says whether the answer is complete.
func (p *place) tell(n int) (complete bool) {
	p.read += n
	if len(p.echo) > 0 {
		p.stream.put(p.echo...)
		p.echoed += len(p.echo)
		p.echo = nil
	}
	if p.fresh.ID < 0 {
		p.result.Reason = Length
		return p.limit == 0 && !p.reading()
	}
	t := p.fresh
	p.fresh.ID = -1
	if slices.Contains(p.req.Stop, t.ID) {
		p.result.Reason, p.result.Stop = Stop, t
		return true
	}
	p.answer = append(p.answer, t.ID)
	p.result.New++
	p.stream.put(t)
	switch {
	case p.req.Until != nil && p.req.Until(p.answer):
		p.result.Reason = Stop
		return true
	case len(p.answer) == p.limit:
		p.result.Reason = Length
		return true
	}
	return false
}
