package schedule

import "slices"

// queue holds the requests that wait, those of each client in their order. Of the clients that wait, the one with the fewest places is next, and of
// those with equally many the one that got a place longest ago. It is guarded by the scheduler's lock.
type queue struct {
	clients []*client
	waiting int
}

type client struct {
	name    string
	waiting []*place
	placed  int
	turn    uint64 // when it got a place last
}

func (q *queue) client(name string) *client {
	for _, c := range q.clients {
		if c.name == name {
			return c
		}
	}
	c := &client{name: name}
	q.clients = append(q.clients, c)
	return c
}

// of is how many requests a client has, waiting and placed.
func (q *queue) of(name string) int {
	for _, c := range q.clients {
		if c.name == name {
			return len(c.waiting) + c.placed
		}
	}
	return 0
}

func (q *queue) push(p *place) {
	p.client = q.client(p.req.Client)
	p.client.waiting = append(p.client.waiting, p)
	q.waiting++
}

// head is the request whose turn it is, nil if none waits.
func (q *queue) head() *place {
	var next *client
	for _, c := range q.clients {
		if len(c.waiting) > 0 && (next == nil || c.placed < next.placed || c.placed == next.placed && c.turn < next.turn) {
			next = c
		}
	}
	if next == nil {
		return nil
	}
	return next.waiting[0]
}

// pop gives the head its place.
func (q *queue) pop(p *place, turn uint64) {
	c := p.client
	c.waiting = c.waiting[1:]
	c.placed++
	c.turn = turn
	q.waiting--
}

// leave takes a place back.
func (q *queue) leave(p *place) {
	p.client.placed--
	q.forget(p.client)
}

// drop removes those that wait and fit, and returns them.
func (q *queue) drop(fits func(*place) bool) []*place {
	var out []*place
	for _, c := range slices.Clone(q.clients) {
		c.waiting = slices.DeleteFunc(c.waiting, func(p *place) bool {
			if fits(p) {
				out = append(out, p)
				return true
			}
			return false
		})
		q.forget(c)
	}
	q.waiting -= len(out)
	return out
}

// forget removes a client that has nothing here any more.
func (q *queue) forget(c *client) {
	if c.placed == 0 && len(c.waiting) == 0 {
		q.clients = slices.DeleteFunc(q.clients, func(other *client) bool { return other == c })
	}
}
