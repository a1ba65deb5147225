//go:build !linux || (!amd64 && !arm64)

package mpi

import (
	"context"
	"fmt"
	"time"

	"slm/internal/ranks"
)

// World is not there on this system.
type World struct{}

// Open says so.
func Open(func() time.Time) (*World, error) {
	return nil, fmt.Errorf("%w: Open MPI is opened on Linux, amd64 and arm64, alone", ErrUnavailable)
}

func (*World) Rank() int       { return 0 }
func (*World) Size() int       { return 1 }
func (*World) Host(int) string { return "" }
func (*World) Close() error    { return nil }
func (*World) Abort(int)       {}

// Patience says nothing here.
func (*World) Patience(time.Duration) {}

func (*World) Exchange(context.Context, ...ranks.Message) error { return ErrUnavailable }
