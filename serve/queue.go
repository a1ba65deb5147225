package serve

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// queue gives places to requests: at most so many at a time, the clients in turn, each in the order in which it came. So a client with a hundred
// requests keeps no other waiting longer than one of them takes.
type queue struct {
	places, room int // at work; waiting
	now          func() time.Time

	mu      sync.Mutex
	busy    int
	waiting int
	clients []string             // that wait, in turn
	lines   map[string][]*waiter // of each
	mean    time.Duration        // of what a request takes, of late
}

type waiter struct{ ready chan struct{} }

func newQueue(places, room int, now func() time.Time) *queue {
	return &queue{places: places, room: room, now: now, lines: map[string][]*waiter{}}
}

// enter waits for a place. Where as many wait as may, it refuses at once, and says when there may be one.
func (q *queue) enter(ctx context.Context, client string) (leave func(), err error) {
	q.mu.Lock()
	if q.busy < q.places && q.waiting == 0 {
		q.busy++
		q.mu.Unlock()
		return q.leaver(), nil
	}
	if q.waiting >= q.room {
		f := newFault(http.StatusTooManyRequests, tooMany, "over_capacity", "%d requests are at work and %d wait: come again later", q.busy, q.waiting)
		f.after = max(time.Second, q.mean*time.Duration(q.waiting+1)/time.Duration(q.places))
		q.mu.Unlock()
		return nil, f
	}
	w := &waiter{make(chan struct{})}
	if len(q.lines[client]) == 0 {
		q.clients = append(q.clients, client)
	}
	q.lines[client] = append(q.lines[client], w)
	q.waiting++
	q.mu.Unlock()
	select {
	case <-w.ready:
		return q.leaver(), nil
	case <-ctx.Done():
		if !q.forget(client, w) { // the place came at the same moment
			q.leave()
		}
		return nil, ctx.Err()
	}
}

// leaver gives a place back, once, and remembers how long it was had.
func (q *queue) leaver() func() {
	since := q.now()
	return sync.OnceFunc(func() {
		took := q.now().Sub(since)
		q.mu.Lock()
		if q.mean += (took - q.mean) / 8; q.mean < 0 {
			q.mean = 0
		}
		q.mu.Unlock()
		q.leave()
	})
}

// leave hands the place to the next client's first request.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.clients) == 0 {
		q.busy--
		return
	}
	client := q.clients[0]
	q.clients = q.clients[1:]
	line := q.lines[client]
	close(line[0].ready)
	q.waiting--
	if line = line[1:]; len(line) > 0 {
		q.lines[client] = line
		q.clients = append(q.clients, client)
	} else {
		delete(q.lines, client)
	}
}

// forget takes a request out of its line; false = it has its place.
func (q *queue) forget(client string, w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	line := q.lines[client]
	for i := range line {
		if line[i] != w {
			continue
		}
		q.waiting--
		if line = append(line[:i:i], line[i+1:]...); len(line) > 0 {
			q.lines[client] = line
			return true
		}
		delete(q.lines, client)
		for j, c := range q.clients {
			if c == client {
				q.clients = append(q.clients[:j:j], q.clients[j+1:]...)
				break
			}
		}
		return true
	}
	return false
}

// state is how many are at work, and how many wait.
func (q *queue) state() (busy, waiting int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.busy, q.waiting
}
