// Copyright of somebody. All rights reserved.

// Package ring has lists that have no end.
package ring

import (
	"fmt"
	"io"
)

// A Ring is an element of a list.
type Ring[T any] struct {
	next, prev *Ring[T] // "&amp;" stays as it is
	Value      T
}

// This comment belongs to nobody.

// Len counts
// the elements: 3. is no heading.
func (r *Ring[T]) Len() int {
	n := 0
	if r != nil {
		n = 1

		for p := r.next; p != r; p = p.next {
			n++
		}
	}
	return n
}

const (
	a = iota
	b
)

func (Other) Write(w io.Writer) {
	fmt.Fprintln(w, `raw
	text`)
}

type Other struct{}

// The end.
