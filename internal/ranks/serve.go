package ranks

import (
	"context"
	"encoding/binary"
	"fmt"
)

// Order is what another rank does when rank 0 gives an order of one kind. It is called in the turn in which rank 0 gives orders, and takes part in every
// exchange that belongs to this one; over says that it has heard the last order of all within.
type Order func(ctx context.Context, team *Team, data []byte) (over bool, err error)

// exit is the order that ends Serve.
const exit = 'x'

// Dismissed says that an order is the last one of all.
func Dismissed(kind byte) bool { return kind == exit }

// Serve does what rank 0 orders, by kind, until it dismisses the others: the work of every other rank.
func Serve(ctx context.Context, team *Team, orders map[byte]Order) error {
	for {
		kind, data, err := team.Hear(ctx)
		if err != nil {
			return err
		}
		if Dismissed(kind) {
			return nil
		}
		do, ok := orders[kind]
		if !ok {
			return fmt.Errorf("%w: an order %q that nobody knows", ErrLost, kind)
		}
		if over, err := do(ctx, team, data); err != nil || over {
			return err
		}
	}
}

// Dismiss ends Serve on all other ranks.
func (t *Team) Dismiss(ctx context.Context) error { return t.Tell(ctx, exit) }

// Divide gives every other rank its part of some work, as an order of a kind, does its own by mine meanwhile, and returns what the others give back (Give), by rank. It
// may be called from several goroutines, one of which waits for the other.
func (t *Team) Divide(ctx context.Context, kind byte, parts [][]byte, mine func()) (given [][]byte, err error) {
	t.turn.Lock()
	defer t.turn.Unlock()
	if err := t.Tell(ctx, kind, parts...); err != nil {
		return nil, err
	}
	mine()
	sizes, given := make([][8]byte, t.Size()), make([][]byte, t.Size())
	var list []Message
	t.Others(func(r int) { list = append(list, Message{Peer: r, Receive: true, Data: sizes[r][:]}) })
	if err := t.Exchange(ctx, list...); err != nil {
		return nil, err
	}
	list = list[:0]
	var bad error
	t.Others(func(r int) {
		n := binary.LittleEndian.Uint64(sizes[r][:])
		if n > limit {
			bad = fmt.Errorf("%w: rank %d gives %d bytes", ErrLost, r, n)
			return
		}
		if given[r] = make([]byte, n); n > 0 {
			list = append(list, Message{Peer: r, Receive: true, Data: given[r]})
		}
	})
	if bad != nil {
		return nil, bad
	}
	return given, t.Exchange(ctx, list...)
}

// Give sends rank 0 what a part of its work has come to.
func (t *Team) Give(ctx context.Context, data []byte) error {
	list := []Message{{Data: binary.LittleEndian.AppendUint64(nil, uint64(len(data)))}}
	if len(data) > 0 {
		list = append(list, Message{Data: data})
	}
	return t.Exchange(ctx, list...)
}
