package schedule

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"slm/model/decode"
)

// share is what a request adds to a pass.
type share struct {
	p    *place
	rows int // of the prompt; 0: the token that it has chosen
}

// idlePieces is how many pieces a pass takes where no answer waits for its next token: a new request waits as long.
const idlePieces = 4

// fixedRows is about what a pass costs whoever is in it, in rows.
const fixedRows = 8

// pass computes the next rows of the requests that have places, once through the model.
func (s *Scheduler) pass() {
	shares := s.plan()
	parts := make([]decode.Part, len(shares))
	for i, sh := range shares {
		if sh.rows > 0 {
			parts[i] = sh.p.piece(sh.rows, s.width)
		} else {
			parts[i] = sh.p.step()
		}
	}
	var err error
	if len(parts) > 0 {
		err = s.d.Advance(context.Background(), parts, func(part, row int, logits []float32) { shares[part].p.take(row, logits) })
	}
	s.passes++
	for _, sh := range shares {
		if err != nil {
			s.leave(sh.p, fmt.Errorf("schedule: %w", err))
			continue
		}
		before := sh.p.result.New
		complete := sh.p.tell(sh.rows)
		s.stats.Read += uint64(sh.rows)
		s.stats.New += uint64(sh.p.result.New - before)
		if complete {
			s.leave(sh.p, nil)
		}
	}
	s.show()
}

// plan says who is in the next pass: the next token of every answer, and pieces of prompts. Where a pass holds one request, they take turns.
func (s *Scheduler) plan() []share {
	var out []share
	var reading []*place
	for _, p := range s.live {
		switch {
		case !p.reading():
			out = append(out, share{p: p})
		case p.read > 0 || s.borrow(p):
			reading = append(reading, p)
		}
	}
	if !s.together {
		return s.one(append(out, pieces(reading, s.opt.Piece, true)...))
	}
	return append(out, pieces(reading, s.budget(len(out), len(reading)), false)...)
}

// budget is how many rows of prompts a pass has. Rows cost about the same, whether they are read or generated; a pass has a fixed cost of some rows
// besides, that of reading the weights. So one long prompt at most doubles what others wait for their next token; where many wait for their first
// one, they count as much as those that wait for the next.
func (s *Scheduler) budget(generating, reading int) int {
	if generating == 0 {
		return idlePieces * s.opt.Piece
	}
	return min(s.opt.Piece, max(generating, fixedRows*reading))
}

// pieces divides rows among prompts: the oldest gets a quarter, so that it comes to its end; the others those that have the least left first, so that
// short prompts need not wait for long ones. With fixed, each gets that many.
func pieces(reading []*place, rows int, fixed bool) (out []share) {
	given := make([]int, len(reading))
	give := func(i, n int) {
		n = min(n, reading[i].last-reading[i].read-given[i])
		given[i] += n
		rows -= n
	}
	order := make([]int, len(reading))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(reading[a].last-reading[a].read, reading[b].last-reading[b].read)
	})
	whole := rows
	for n, i := range order {
		if fixed {
			rows = whole
		} else if n == 0 {
			give(0, max(1, whole/4))
		}
		give(i, rows)
	}
	for i, p := range reading {
		if given[i] > 0 {
			out = append(out, share{p, given[i]})
		}
	}
	return out
}

// one returns the share of the request whose turn it is.
func (s *Scheduler) one(all []share) []share {
	slices.SortFunc(all, func(a, b share) int { return cmp.Compare(a.p.arrived, b.p.arrived) })
	for _, sh := range all {
		if sh.p.arrived > s.turn {
			s.turn = sh.p.arrived
			return []share{sh}
		}
	}
	if len(all) == 0 {
		return nil
	}
	s.turn = all[0].p.arrived
	return all[:1]
}
