package schedule

import (
	"iter"
	"sync"
)

// Stream is an answer that is coming. It holds what nobody has taken yet, so a slow reader holds up nobody.
type Stream struct {
	mu     sync.Mutex
	ready  []Token
	wake   chan struct{} // room for one: something has changed
	done   chan struct{} // closed when the answer is complete
	result Result
	err    error
}

func newStream() *Stream {
	return &Stream{wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// Next waits for tokens and returns those that have come since the last call, nil when the answer is complete. One goroutine reads a stream.
func (s *Stream) Next() []Token {
	for {
		s.mu.Lock()
		got := s.ready
		s.ready = nil
		s.mu.Unlock()
		if len(got) > 0 {
			return got
		}
		select {
		case <-s.wake:
			continue
		default:
		}
		select {
		case <-s.wake:
		case <-s.done:
			s.mu.Lock()
			got, s.ready = s.ready, nil
			s.mu.Unlock()
			return got
		}
	}
}

// Tokens yields the tokens as they come.
func (s *Stream) Tokens() iter.Seq[Token] {
	return func(yield func(Token) bool) {
		for part := s.Next(); part != nil; part = s.Next() {
			for _, t := range part {
				if !yield(t) {
					return
				}
			}
		}
	}
}

// Done is closed when the answer is complete or has failed.
func (s *Stream) Done() <-chan struct{} { return s.done }

// Result waits for the end of the answer. Errors: the cause that the request's context ended for, ErrClosed, those of the Decoder.
func (s *Stream) Result() (Result, error) {
	<-s.done
	return s.result, s.err
}

func (s *Stream) put(tokens ...Token) {
	s.mu.Lock()
	s.ready = append(s.ready, tokens...)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Stream) end(r Result, err error) {
	s.result, s.err = r, err
	close(s.done)
}
