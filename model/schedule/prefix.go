package schedule

import (
	"math"
	"slices"

	"slm/model/decode"
)

// leastShared is the number of rows from which a copy is worth the look-up.
const leastShared = 16

// kept are the keys and values of a prompt, or of its beginning, that was read for a request which is gone.
type kept struct {
	soft   []float32
	prompt []int32
	seq    *decode.Sequence
	bytes  int
	used   uint64
}

// common is the number of rows with which two prompts begin alike. Soft prompts count as a whole.
func common(softA, softB []float32, a, b []int32, width int) int {
	if len(softA) != len(softB) || len(softA) > 0 && &softA[0] != &softB[0] && !sameBits(softA, softB) {
		return 0
	}
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return len(softA)/width + n
}

func sameBits(a, b []float32) bool {
	for i, v := range a {
		if math.Float32bits(v) != math.Float32bits(b[i]) {
			return false
		}
	}
	return true
}

// donor finds whose rows p can take over: those that are there now, and how many there will be when the prompts ahead of it are read.
func (s *Scheduler) donor(p *place) (from *decode.Sequence, now, later int, old *kept) {
	offer := func(seq *decode.Sequence, n, read int, k *kept) {
		n = min(n, p.shareable())
		later = max(later, n)
		if n = min(n, read); n > now {
			from, now, old = seq, n, k
		}
	}
	for _, k := range s.kept {
		n := common(p.req.Soft, k.soft, p.req.Prompt, k.prompt, s.width)
		offer(k.seq, n, n, k)
	}
	for _, q := range s.live {
		if q.arrived < p.arrived && q.seq != nil {
			offer(q.seq, common(p.req.Soft, q.req.Soft, p.req.Prompt, q.req.Prompt, s.width), q.read, nil)
		}
	}
	if !s.together {
		now, later = now/s.opt.Piece*s.opt.Piece, later/s.opt.Piece*s.opt.Piece
	}
	return from, now, later, old
}

// borrow gives a prompt that nobody has begun to read what others have in common with it. It returns false while it pays to wait for them.
func (s *Scheduler) borrow(p *place) (ready bool) {
	from, now, later, old := s.donor(p)
	if later >= now+leastShared {
		return false
	}
	if now >= leastShared {
		p.seq.Copy(from, now)
		p.read, p.copied = now, now
		p.result.Copied = now
		s.stats.Copied += uint64(now)
		if old != nil {
			old.used = s.passes
		}
	}
	return true
}

// keep keeps what a request has read of its prompt, or gives the memory back if that is kept already. Of two kept prompts of which one begins with
// the other, the longer one stays.
func (s *Scheduler) keep(p *place) {
	n := min(p.read, p.rows) - p.soft
	if s.opt.NoPrefixes || n < leastShared {
		s.release(p.seq, p.bytes)
		return
	}
	k := &kept{p.req.Soft, p.req.Prompt[:n], p.seq, p.bytes, s.passes}
	for _, other := range s.kept {
		if common(k.soft, other.soft, k.prompt, other.prompt, s.width) == p.soft+n {
			other.used = s.passes
			s.release(p.seq, p.bytes)
			return
		}
	}
	s.kept = slices.DeleteFunc(s.kept, func(other *kept) bool {
		if common(k.soft, other.soft, k.prompt, other.prompt, s.width) < len(other.soft)/s.width+len(other.prompt) {
			return false
		}
		s.release(other.seq, other.bytes)
		return true
	})
	s.kept = append(s.kept, k)
}

// makeRoom drops kept prompts, the one that was used longest ago first and that which p will take over last, until some bytes are free.
func (s *Scheduler) makeRoom(p *place, bytes int) bool {
	for s.held+bytes > s.opt.Memory {
		if len(s.kept) == 0 {
			return false
		}
		_, _, _, mine := s.donor(p)
		oldest := slices.MinFunc(s.kept, func(a, b *kept) int {
			switch {
			case a == mine:
				return 1
			case b == mine || a.used < b.used:
				return -1
			case a.used > b.used:
				return 1
			}
			return 0
		})
		s.kept = slices.DeleteFunc(s.kept, func(k *kept) bool { return k == oldest })
		s.release(oldest.seq, oldest.bytes)
	}
	return true
}

func (s *Scheduler) release(seq *decode.Sequence, bytes int) {
	seq.Free()
	s.held -= bytes
}
