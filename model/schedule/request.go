package schedule

import (
	"context"
	"errors"
	"fmt"
	"math"

	"slm/model/decode"
)

var (
	// ErrBusy says that the queue, or a client's share of it, is full.
	ErrBusy = errors.New("schedule: too many requests")
	// ErrClosed says that the scheduler takes no more requests, or has ended before this one was answered.
	ErrClosed = errors.New("schedule: closed")
	// ErrMemory says that a request could never be answered within the memory for keys and values.
	ErrMemory = errors.New("schedule: longer than the memory for keys and values")
)

// Request asks for a continuation of a prompt, or for the log-probabilities of the prompt itself. Its slices must
// not change any more: prompts are kept.
type Request struct {
	Client string // whose turn it is: clients share places equally
	Prompt []int32
	Soft   []float32 // [n,C], in front of the prompt's embeddings

	MaxNew      int                       // most tokens to generate, 0 for none; the context's end also ends an answer
	Stop        []int32                   // tokens that end the answer
	Until       func(answer []int32) bool // ends the answer when it says so, told of all tokens so far; may be nil. It is called between passes and must be quick
	Temperature float64                   // 0: the most likely token, the first of equals; else draws from softmax(logits/Temperature)
	TopP        float64                   // draws from the most likely tokens that have this much probability together; 0 and 1: from all
	Seed        uint64                    // of the draws: token i is a function of the seed, i and the logits

	LogProbs bool // tokens have log-probabilities
	Top      int  // this many of the most likely tokens at each position, most likely first; implies LogProbs
	Echo     bool // the prompt's tokens come first; but for the first one, they have log-probabilities if LogProbs or Top ask for them
}

// Token is a token of an answer, or of a prompt that is echoed.
type Token struct {
	ID      int32
	Prompt  bool
	LogProb float64     // log p of the token after those before it, at temperature 1; NaN where nobody asked or nothing stands before it
	Top     []Candidate // the most likely tokens in its place
}

// Candidate is a token that could have stood in a place.
type Candidate struct {
	ID      int32
	LogProb float64
}

// Reason says why an answer ended.
type Reason string

// The reasons are those of OpenAI's API.
const (
	Stop   Reason = "stop"   // by a token of Stop, or by Until
	Length Reason = "length" // MaxNew, or the context's end
)

// Result is what there is to say of an answer besides its tokens.
type Result struct {
	Reason Reason
	Stop   Token // the token of Stop that ended the answer, which is not among its tokens; ID is -1 if none did
	Read   int   // rows of the prompt, soft ones included
	Copied int   // of them, those that had been read for another request
	New    int   // tokens generated, without the stop token
}

func (r *Request) logProbs() bool { return r.LogProbs || r.Top > 0 }

// rows of the prompt.
func (r *Request) rows(width int) int { return len(r.Soft)/width + len(r.Prompt) }

// limit is the number of tokens that an answer may have.
func (r *Request) limit(width, context int) int { return min(r.MaxNew, context-r.rows(width)) }

func (r *Request) check(d *decode.Decoder) error {
	if err := d.Check(r.Prompt, r.Soft); err != nil {
		return err
	}
	switch {
	case r.MaxNew < 0:
		return fmt.Errorf("%w: %d new tokens", decode.ErrRequest, r.MaxNew)
	case !(r.Temperature >= 0) || math.IsInf(r.Temperature, 0):
		return fmt.Errorf("%w: temperature %v", decode.ErrRequest, r.Temperature)
	case !(r.TopP >= 0 && r.TopP <= 1):
		return fmt.Errorf("%w: top p %v", decode.ErrRequest, r.TopP)
	case r.Top < 0:
		return fmt.Errorf("%w: the %d most likely tokens", decode.ErrRequest, r.Top)
	}
	return nil
}

// Answer is a complete answer.
type Answer struct {
	Tokens []Token
	Result
}

// Do submits a request and waits for its answer.
func (s *Scheduler) Do(ctx context.Context, r Request) (Answer, error) {
	stream, err := s.Submit(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	var a Answer
	for t := range stream.Tokens() {
		a.Tokens = append(a.Tokens, t)
	}
	a.Result, err = stream.Result()
	return a, err
}
