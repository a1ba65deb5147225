package trainer

import (
	"slm/internal/ranks"
	"slm/model/kernel"
)

// wire is how numbers travel between ranks: as they are or, where sums are rounded, as the bfloat16 that they are then.
type wire struct {
	half    bool
	used    int
	room    [][]uint16 // of what travels; the next bucket uses it again
	landing []landing
}

// landing is a number's place and what arrives for it.
type landing struct {
	at []float32
	by []uint16
}

// begin makes the room free again.
func (w *wire) begin() { w.used = 0 }

// out are numbers as they are sent.
func (w *wire) out(x []float32) []byte {
	if !w.half {
		return ranks.Bytes(x)
	}
	h := take(&w.room, &w.used, len(x))
	kernel.Tiles(len(x), wireTile, func(lo, hi int) { kernel.ToBF16(h[lo:hi], x[lo:hi]) })
	return ranks.Bytes(h)
}

// in is room for numbers as they are received; land puts them into x.
func (w *wire) in(x []float32) []byte {
	if !w.half {
		return ranks.Bytes(x)
	}
	h := take(&w.room, &w.used, len(x))
	w.landing = append(w.landing, landing{x, h})
	return ranks.Bytes(h)
}

// land widens what has arrived since the last time.
func (w *wire) land() {
	for _, l := range w.landing {
		kernel.Tiles(len(l.at), wireTile, func(lo, hi int) { kernel.FromBF16(l.at[lo:hi], l.by[lo:hi]) })
	}
	w.landing = w.landing[:0]
}

// bytes are those of a number.
func (w *wire) bytes() int64 {
	if w.half {
		return 2
	}
	return 4
}

// wireTile is how many numbers a thread converts at a time.
const wireTile = 1 << 16

// take is memory for n numbers from room, of which so many slices are used.
func take[T kernel.Elem](room *[][]T, used *int, n int) []T {
	if *used == len(*room) {
		*room = append(*room, nil)
	}
	if cap((*room)[*used]) < n {
		(*room)[*used] = make([]T, n)
	}
	*used++
	return (*room)[*used-1][:n]
}
