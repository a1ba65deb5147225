// Package ranks is how processes that work on one training talk: few and large messages between numbered peers. What carries them is a World: Open MPI
// (package mpi), or memory within one process for tests (Local). A process by itself has no Team.
package ranks

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
	"unsafe"
)

// Message is bytes for a peer, or room for as many bytes from it. Messages between two peers arrive in the order in which both name them.
type Message struct {
	Peer    int
	Receive bool
	Data    []byte
}

// World carries messages. It is used by one goroutine at a time.
type World interface {
	Rank() int // of this process, from 0
	Size() int
	// Exchange posts all messages at once and returns when they are through. It ends early with the cause when ctx does; then nothing more can be exchanged.
	Exchange(ctx context.Context, messages ...Message) error
}

// ErrLost says that a rank is gone, or that ranks do not agree about what comes next.
var ErrLost = errors.New("ranks: the connection to another rank is lost")

// Team is a world that counts. A nil Team is a process by itself.
type Team struct {
	World
	sent int64
	turn sync.Mutex // of Divide
}

// New makes the team of a world; nil where there is nobody else.
func New(w World) *Team {
	if w == nil || w.Size() < 2 {
		return nil
	}
	return &Team{World: w}
}

// Rank is that of this process; 0 by itself.
func (t *Team) Rank() int {
	if t == nil {
		return 0
	}
	return t.World.Rank()
}

// Size is how many ranks there are; 1 by itself.
func (t *Team) Size() int {
	if t == nil {
		return 1
	}
	return t.World.Size()
}

// Name is a rank for people, with its machine where the world knows it.
func (t *Team) Name(rank int) string {
	if w, ok := t.World.(interface{ Host(rank int) string }); ok {
		return fmt.Sprintf("%d (%s)", rank, w.Host(rank))
	}
	return strconv.Itoa(rank)
}

// Patience is how long a rank may be silent before it counts as lost, where the world can tell. Rank 0 says so for all.
func (t *Team) Patience(d time.Duration) {
	if t == nil {
		return
	}
	if w, ok := t.World.(interface{ Patience(time.Duration) }); ok {
		w.Patience(d)
	}
}

// Sent is how many bytes this rank has sent.
func (t *Team) Sent() int64 {
	if t == nil {
		return 0
	}
	return t.sent
}

// Exchange is the world's, counted.
func (t *Team) Exchange(ctx context.Context, messages ...Message) error {
	for _, m := range messages {
		if !m.Receive {
			t.sent += int64(len(m.Data))
		}
	}
	return t.World.Exchange(ctx, messages...)
}

// Others calls f for each other rank.
func (t *Team) Others(f func(rank int)) {
	for r := range t.Size() {
		if r != t.Rank() {
			f(r)
		}
	}
}

// Gather gives every rank what each has, n bytes a rank, in the order of the ranks: all[r] is room for what r has, and holds this rank's own already.
func (t *Team) Gather(ctx context.Context, all [][]byte) error {
	var list []Message
	t.Others(func(r int) {
		list = append(list, Message{Peer: r, Data: all[t.Rank()]}, Message{Peer: r, Receive: true, Data: all[r]})
	})
	return t.Exchange(ctx, list...)
}

// limit is the largest order, in bytes. What is longer goes without one.
const limit = 1 << 30

// Tell sends an order to every other rank: a kind, and what Told[r] or, with one alone, all are given.
func (t *Team) Tell(ctx context.Context, kind byte, told ...[]byte) error {
	var list []Message
	t.Others(func(r int) {
		data := []byte(nil)
		switch {
		case len(told) == 1:
			data = told[0]
		case len(told) > 1:
			data = told[r]
		}
		head := binary.LittleEndian.AppendUint64(nil, uint64(kind)<<56|uint64(len(data)))
		list = append(list, Message{Peer: r, Data: head})
		if len(data) > 0 {
			list = append(list, Message{Peer: r, Data: data})
		}
	})
	return t.Exchange(ctx, list...)
}

// Hear waits for the next order of rank 0.
func (t *Team) Hear(ctx context.Context) (kind byte, data []byte, err error) {
	var head [8]byte
	if err := t.Exchange(ctx, Message{Receive: true, Data: head[:]}); err != nil {
		return 0, nil, err
	}
	word := binary.LittleEndian.Uint64(head[:])
	kind, n := byte(word>>56), word<<8>>8
	if n > limit {
		return 0, nil, fmt.Errorf("%w: an order of %d bytes", ErrLost, n)
	}
	data = make([]byte, n)
	if n > 0 {
		err = t.Exchange(ctx, Message{Receive: true, Data: data})
	}
	return kind, data, err
}

// Bytes is the memory of numbers. Ranks have processors of one byte order, that of the checkpoints.
func Bytes[T int32 | uint16 | float32 | float64](x []T) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(x[0])))
}
