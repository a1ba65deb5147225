package decode

import (
	"context"
	"fmt"

	"slm/model/kernel"
)

// Sequence is a text on its way through the network: the keys and values of what was read and generated so far. It belongs to one goroutine.
type Sequence struct {
	d     *Decoder
	cache *cache
}

// NewSequence returns an empty sequence with room for a number of positions, or a few more. Free gives its memory back.
func (d *Decoder) NewSequence(room int) *Sequence {
	return &Sequence{d, d.engine.newCache(roundUp(room))}
}

// SequenceBytes is what the keys and values of a sequence with some room take.
func (d *Decoder) SequenceBytes(room int) int { return roundUp(room) * d.engine.cacheBytes() }

// BatchInvariant says that a row has the same bits whatever is computed beside it.
func (d *Decoder) BatchInvariant() bool { return d.engine.invariant() }

// Len is the number of positions that are computed, Room how many there is memory for.
func (s *Sequence) Len() int  { return s.cache.length }
func (s *Sequence) Room() int { return s.cache.room }

// Copy makes the first n positions of s those of another sequence of the same Decoder. Those after them are forgotten.
func (s *Sequence) Copy(from *Sequence, n int) {
	if n > from.cache.length || n > s.cache.room {
		panic(fmt.Sprintf("decode: %d positions of a sequence with %d, into room for %d", n, from.cache.length, s.cache.room))
	}
	s.d.engine.copyPrefix(s.cache, from.cache, n)
}

// Free gives the memory back. The sequence must not be used any more.
func (s *Sequence) Free() {
	s.d.engine.free(s.cache)
	s.cache = nil
}

// Part is what a sequence adds to a batch: the next piece of what it reads, or the one token that it has chosen.
type Part struct {
	Seq    *Sequence
	Tokens []int32
	Soft   []float32 // [n,C], in front of Tokens
	Chosen bool      // Tokens is one token that was generated
	From   int       // the first row, soft ones counted, whose logits are asked for; at least as many as there are: none
}

func (p *Part) rows(width int) int { return len(p.Soft)/width + len(p.Tokens) }

// Advance computes the next rows of some sequences together and calls each with the logits [V] of those that are asked for, from several goroutines
// and in no order; row counts within the part. A text may be read in any pieces, beside any others: where the Decoder is BatchInvariant, a row's
// logits have the same bits. After an error the sequences are as before.
func (d *Decoder) Advance(ctx context.Context, parts []Part, each func(part, row int, logits []float32)) error {
	rows := 0
	for i := range parts {
		if err := d.checkPart(i, &parts[i]); err != nil {
			return err
		}
		rows += parts[i].rows(d.config.Width)
	}
	b := d.newBatch(rows)
	var ends []int
	var owners []struct{ part, row int }
	for i := range parts {
		p := &parts[i]
		if p.Chosen {
			b.step(p.Tokens[0], p.Seq.cache)
		} else {
			b.piece(p.Tokens, p.Soft, p.Seq.cache)
		}
		s := b.spans[i]
		for row := p.From; row < s.trunk; row++ {
			ends = append(ends, s.first+row)
			owners = append(owners, struct{ part, row int }{i, row})
		}
	}
	if err := d.hand(ctx, b, ends, func(i int, logits []float32) { each(owners[i].part, owners[i].row, logits) }); err != nil {
		return err
	}
	for _, s := range b.spans {
		s.cache.length += s.trunk
	}
	return nil
}

func (d *Decoder) checkPart(i int, p *Part) error {
	name := fmt.Sprintf("part %d", i)
	if err := d.check(name, p.Tokens, p.Soft); err != nil {
		return err
	}
	n := p.rows(d.config.Width)
	switch {
	case p.From < 0:
		return fmt.Errorf("%w: %s asks for row %d", ErrRequest, name, p.From)
	case p.Chosen && (n != 1 || len(p.Tokens) != 1 || p.Seq.Len() == 0):
		return fmt.Errorf("%w: %s is not one token that follows others", ErrRequest, name)
	case p.Seq.Len()+n > min(p.Seq.Room(), d.config.Context):
		return fmt.Errorf("%w: %s ends at position %d, and its sequence has room for %d", ErrTooLong, name, p.Seq.Len()+n, p.Seq.Room())
	}
	return nil
}

// hand runs a batch and hands logits over, those of many rows some at a time.
func (d *Decoder) hand(ctx context.Context, b *batch, ends []int, each func(i int, logits []float32)) error {
	room := d.rooms.Get().(*[]float32)
	defer d.rooms.Put(room)
	if len(ends) > 0 && len(ends) <= headRows {
		return d.engine.next(ctx, b, ends, room, each)
	}
	if err := d.engine.layers(ctx, b); err != nil {
		return err
	}
	for lo := 0; lo < len(ends); lo += headRows {
		part := ends[lo:min(lo+headRows, len(ends))]
		logits := d.engine.logits(room, b.gather(part), len(part))
		kernel.Parallel(len(part), func(i int) { each(lo+i, logits[i*d.config.Vocab:(i+1)*d.config.Vocab]) })
	}
	return nil
}
