package ranks

import (
	"context"
	"fmt"
)

// Local makes a world of n ranks in this process, for tests: each is used by a goroutine of its own.
func Local(n int) []World {
	lines := make([][]chan []byte, n) // from, to
	for i := range lines {
		lines[i] = make([]chan []byte, n)
		for j := range lines[i] {
			lines[i][j] = make(chan []byte, 1<<16)
		}
	}
	worlds := make([]World, n)
	for i := range worlds {
		worlds[i] = &local{rank: i, lines: lines}
	}
	return worlds
}

type local struct {
	rank  int
	lines [][]chan []byte
}

func (l *local) Rank() int { return l.rank }
func (l *local) Size() int { return len(l.lines) }

func (l *local) Exchange(ctx context.Context, messages ...Message) error {
	for _, m := range messages {
		if !m.Receive {
			l.lines[l.rank][m.Peer] <- append([]byte{}, m.Data...)
		}
	}
	for _, m := range messages {
		if !m.Receive {
			continue
		}
		select {
		case data := <-l.lines[m.Peer][l.rank]:
			if len(data) != len(m.Data) {
				return fmt.Errorf("%w: %d bytes from rank %d, there is room for %d", ErrLost, len(data), m.Peer, len(m.Data))
			}
			copy(m.Data, data)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
